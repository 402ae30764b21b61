"""What the system tests share: the guest through tools/vm, programs for it, and judges on the host."""
import atexit
import fcntl
import glob
import hashlib
import os
import pty
import random
import re
import select
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
BUILD = os.path.join(TOP, os.environ.get("BUILD", "build"))
VM = os.path.join(TOP, "tools", "vm")
HERE = os.path.dirname(os.path.realpath(__file__))
SHARED = os.path.join(os.path.dirname(TOP), "shared")
KERNELS = {"release": os.path.join(BUILD, "release", "sluice.elf"), "debug": os.path.join(BUILD, "debug", "sluice.elf")}
os.environ["PATH"] += ":/usr/sbin:/sbin"
os.environ["SLUICE_BUILD"] = BUILD

# Seconds for what a guest does at once on an idle host. Nobody waits so long unless something hangs; a busy host takes many times longer.
PATIENCE = 240


def seed():
    """Random numbers: the same on each run, others with SEED=n; a new seed each time under --soak, printed so that SEED=n repeats the run."""
    n = int(os.environ.get("SEED") or (random.randrange(1, 1 << 31) if os.environ.get("SLUICE_SOAK") else 1))
    print("SEED=%d" % n)
    return random.Random(n)


class Result:
    """How a run of tools/vm ended: status, out and err as bytes."""

    def __init__(self, args, status, out, err):
        self.args, self.status, self.out, self.err = args, status, out, err

    @property
    def text(self):
        return self.out.decode("utf-8", "replace")

    @property
    def lines(self):
        return self.text.splitlines()

    def __repr__(self):
        return "%s\n  status %d\n  stdout ...%s\n  stderr ...%s" % (
            shlex.join(self.args)[:600], self.status, self.out[-1500:].decode("utf-8", "replace"), self.err[-3000:].decode("utf-8", "replace"))

    def good(self):
        """Assert exit status 0."""
        assert self.status == 0, repr(self)
        return self


def vm_args(command, add=(), get=(), disk=(), qemu=(), **options):
    args = [VM, "run"]
    for host, guest in add:
        args += ["--add", "%s:%s" % (host, guest)]
    for guest, host in get:
        args += ["--get", "%s:%s" % (guest, host)]
    for d in disk:
        args += ["--disk", str(d)]
    for q in [qemu] if isinstance(qemu, str) else qemu:
        args += ["--qemu", q]
    options.setdefault("timeout", PATIENCE)
    for name, value in options.items():
        if value is not None:
            args += ["--" + name, str(value)]
    return args + (["--", *command] if command else [])


def vm(*command, **options):
    """Run one command in a guest of its own; keywords are the options of tools/vm, add and get take pairs."""
    args = vm_args(command, **options)
    r = subprocess.run(args, stdin=subprocess.DEVNULL, capture_output=True)
    return Result(args, r.returncode, r.stdout, r.stderr)


def script_file(text):
    f = tempfile.NamedTemporaryFile("w", prefix="sluice-script-", suffix=".sh", delete=False)
    f.write(text)
    f.close()
    atexit.register(_unlink, f.name)
    return f.name


def _unlink(path):
    if os.path.exists(path):
        os.unlink(path)


def sh(text, add=(), **options):
    """Run a shell script in a guest of its own."""
    return vm("sh", "/t/script", add=[*add, (script_file(text), "/t/script")], **options)


def as_nice_as_here():
    """A line for a script whose programs run on the host, too, and speak of their priority: the tests may have been started by nice."""
    return "renice %d -p $$ >/dev/null\n" % os.getpriority(os.PRIO_PROCESS, 0)


class Live:
    """A guest that runs while the test acts."""

    def __init__(self, *command, **options):
        self.args = vm_args(command, **options)
        self.p = subprocess.Popen(self.args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.out, self.err = bytearray(), bytearray()
        self.threads = [threading.Thread(target=self._pump, args=pair, daemon=True)
                        for pair in ((self.p.stdout, self.out), (self.p.stderr, self.err))]
        for t in self.threads:
            t.start()

    @staticmethod
    def _pump(f, into):
        while True:
            data = os.read(f.fileno(), 65536)
            if not data:
                return
            into.extend(data)

    def wait_for(self, word, seconds=PATIENCE):
        """Until stdout holds the word."""
        end = time.monotonic() + seconds
        while word.encode() not in bytes(self.out):
            if time.monotonic() > end or (self.p.poll() is not None and not self.threads[0].is_alive()):
                raise AssertionError("no '%s' from the guest: %r" % (word, self.end()))
            time.sleep(0.01)

    def end(self):
        try:
            status = self.p.wait(2 * PATIENCE)
        except subprocess.TimeoutExpired:
            self.p.terminate()
            status = self.p.wait()
        for t in self.threads:
            t.join(PATIENCE)
        return Result(self.args, status, bytes(self.out), bytes(self.err))


CURSOR_WHERE = b"\x1b[6n"


class Console:
    """Types at the guest's serial terminal, through tools/vm on a pseudo-terminal of ROWS by COLUMNS."""

    ROWS, COLUMNS = 24, 80

    def __init__(self, **options):
        self.args = vm_args((), **options)
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", self.ROWS, self.COLUMNS, 0, 0))
        self.p = subprocess.Popen(self.args, stdin=slave, stdout=slave, stderr=subprocess.PIPE, start_new_session=True)
        os.close(slave)
        self.seen = bytearray()     # all that came
        self.at = 0                 # what expect has used up
        self.asked = -1             # where in seen the shell last asked for the cursor

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, text):
        os.write(self.master, text.encode() if isinstance(text, str) else text)

    def type(self, *keys):
        """Send keys one after the other at a person's pace: an ESC right before another key would be the start of a key's code."""
        for k in keys:
            self.send(k)
            time.sleep(0.3)

    def read(self, seconds):
        """Take what comes, for so long at most; False at the end."""
        if not select.select([self.master], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.seen += data
        # As a terminal does: tell where the cursor is when asked (the shell's line editor asks at each prompt).
        at = self.seen.find(CURSOR_WHERE, self.at)
        while at >= 0:
            del self.seen[at:at + len(CURSOR_WHERE)]
            self.asked = at
            self.send(b"\x1b[%d;3R" % self.ROWS)
            at = self.seen.find(CURSOR_WHERE, self.at)
        return bool(data)

    def expect(self, pattern, seconds=PATIENCE):
        """Wait until the output since the last expect matches; what matched."""
        want = re.compile(pattern.encode() if isinstance(pattern, str) else pattern, re.S)
        end = time.monotonic() + seconds
        while True:
            m = want.search(bytes(self.seen[self.at:]))
            if m:
                self.at += m.end()
                return m
            if time.monotonic() > end or not self.read(0.2):
                tail = bytes(self.seen[self.at:])[-1500:].decode("utf-8", "replace")
                raise AssertionError("the terminal did not show %r; since then: %r" % (pattern, tail))

    def prompt(self, seconds=PATIENCE):
        """
        Wait for the shell's prompt, and for the question for the cursor that follows it unless keys are waiting: answered later, the
        answer would come behind what is typed next, and be input of the program that this starts.
        """
        self.expect(r"(^|[\r\n]|\x1b\[[0-9;?]*[A-Za-z])# $", seconds)
        end = time.monotonic() + 30
        while self.asked < self.at and time.monotonic() < end:
            self.read(0.05)

    def run(self, command, seconds=PATIENCE):
        """Type a command; its output up to the next prompt, echo cut off."""
        self.send(command + "\n")
        start = self.at
        self.prompt(seconds)
        text = bytes(self.seen[start:self.at]).decode("utf-8", "replace").replace("\r", "")
        return text.split("\n", 1)[1].rpartition("\n")[0] if "\n" in text else ""

    def close(self):
        if self.p.poll() is None:
            self.p.terminate()
        self.p.wait(PATIENCE)
        self.p.stderr.close()
        os.close(self.master)

    def status(self, seconds=PATIENCE):
        """Its exit status once it has ended by itself."""
        end = time.monotonic() + seconds
        while self.p.poll() is None and time.monotonic() < end:
            self.read(0.1)
        return self.p.poll()


# ---- programs for the guest -----------------------------------------------------

MUSL = os.path.join(TOP, "build", "debian", "root", "usr")


def compile_static(out, *sources, flags=()):
    """A static i386 program against Debian's musl, as the Makefile builds user programs."""
    gcc = "i686-linux-gnu-gcc" if shutil.which("i686-linux-gnu-gcc") else "gcc"
    lib = MUSL + "/lib/i386-linux-musl"
    libgcc = subprocess.check_output([gcc, "-m32", "-print-libgcc-file-name"], text=True).strip()
    r = subprocess.run([gcc, "-m32", "-march=i686", "-std=gnu11", "-O2", "-static", "-no-pie", "-fno-pie", "-fno-stack-protector",
                        "-U_FORTIFY_SOURCE", "-nostdinc", "-isystem", MUSL + "/include/i386-linux-musl",
                        "-isystem", os.path.dirname(libgcc) + "/include", "-I", TOP, *flags, "-nostdlib", lib + "/crt1.o", lib + "/crti.o", *sources,
                        "-Wl,--start-group", lib + "/libc.a", libgcc, "-Wl,--end-group", lib + "/crtn.o", "-s", "-o", out],
                       capture_output=True, text=True)
    assert r.returncode == 0, r.stderr
    return out


def have_glibc():
    """Whether the cross compiler comes with a static glibc (Debian's libc6-dev-i386-cross)."""
    found = subprocess.run(["i686-linux-gnu-gcc", "-print-file-name=libc.a"], capture_output=True, text=True) if shutil.which("i686-linux-gnu-gcc") else None
    return found is not None and os.path.isabs(found.stdout.strip())


def compile_glibc(out, *sources, flags=()):
    """A static i386 program against Debian's glibc."""
    r = subprocess.run(["i686-linux-gnu-gcc", "-march=i686", "-std=gnu11", "-O2", "-static", "-no-pie", "-fno-pie", "-fno-stack-protector",
                        "-I", TOP, *flags, *sources, "-s", "-o", out], capture_output=True, text=True)
    assert r.returncode == 0, r.stderr
    return out


def program(name, headers=(), libc="musl", flags=()):
    """tests/system/programs/NAME as a static i386 program, against "musl" or "glibc"; compiled once for each content of it and its headers."""
    source = os.path.join(HERE, "programs", name)
    digest = hashlib.sha256(repr((libc, flags)).encode())
    for path in (source, os.path.join(TOP, "user", "linux_aio.h"), *headers):
        with open(path, "rb") as f:
            digest.update(f.read())
    folder = os.path.join(BUILD, "tests")
    os.makedirs(folder, exist_ok=True)
    out = os.path.join(folder, "%s-%s-%s" % (os.path.basename(name)[:-2], libc, digest.hexdigest()[:16]))
    if not os.path.exists(out):
        compile_with = compile_glibc if libc == "glibc" else compile_static
        compile_with("%s.%d" % (out, os.getpid()), source, flags=flags)
        os.rename("%s.%d" % (out, os.getpid()), out)
    return out


def host_runs_i386():
    """Whether the host executes static i386 programs."""
    try:
        return subprocess.run([os.path.join(TOP, "build/debian/root/bin/busybox"), "true"], capture_output=True).returncode == 0
    except OSError:
        return False


# ---- what may not be there ------------------------------------------------------

def listing(language, *words):
    """The one listing of the design documents that holds all the words; without the documents the test skips."""
    seeds = os.environ.get("SLUICE_SEEDS") or os.path.join(SHARED, "seeds")
    found = []
    for name in sorted(glob.glob(seeds + "/*.txt")):
        with open(name, encoding="utf-8") as f:
            found += [m.group(1) for m in re.finditer(r"^```%s\n(.*?)^```" % language, f.read(), re.M | re.S) if all(w in m.group(1) for w in words)]
    if not found:
        pytest.skip("no design documents at %s (SLUICE_SEEDS)" % seeds)
    assert len(found) == 1, "%d listings hold %s" % (len(found), ", ".join(words))
    return found[0]


def with_packages(names, script, **options):
    """sh() with packages of Debian's in the guest; where none can be had the test skips."""
    options.setdefault("timeout", 200)
    r = sh(script, packages=names, **options)
    if r.status == 126 and b"--packages" in r.err:
        pytest.skip("no packages to be had: " + r.err.decode().strip()[-150:])
    return r.good()


# ---- disks and judges -----------------------------------------------------------

def blank(path, mib):
    with open(path, "wb") as f:
        f.truncate(mib << 20)
    return str(path)


def mkfs(path, mib, folder=None, options=()):
    blank(path, mib)
    size = () if "-b" in options else ("-b", "4096")
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext2", *size, *options, *(["-d", str(folder)] if folder else []), str(path)],
                   check=True, capture_output=True)
    return str(path)


def fsck(image):
    """Assert that e2fsck has nothing to say."""
    r = subprocess.run(["e2fsck", "-fn", str(image)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert r.returncode == 0, r.stdout


def debugfs(image, *requests):
    """What debugfs prints for the requests."""
    r = subprocess.run(["debugfs", "-f", "-", str(image)], input="".join(q + "\n" for q in requests).encode(), capture_output=True,
                       env=dict(os.environ, DEBUGFS_PAGER="__none__"))
    return r.stdout


ATA_COMMANDS = {0x20: "pio", 0x24: "pio", 0x29: "pio", 0xC4: "pio", 0x30: "pio", 0x34: "pio", 0x39: "pio", 0xC5: "pio",
                0xC8: "dma", 0x25: "dma", 0xCA: "dma", 0x35: "dma", 0xE7: "flush", 0xEA: "flush"}


def ata_trace(log):
    """The argument for --qemu that makes QEMU write its IDE commands to a file."""
    return "-D %s -trace ide_exec_cmd" % log


def ata_commands(log):
    """How many data commands of each kind QEMU's trace shows."""
    counts = {"pio": 0, "dma": 0, "flush": 0, "other": 0}
    with open(log, "rb") as f:
        for m in re.finditer(rb"ide_exec_cmd .*cmd 0x([0-9a-f]+)", f.read()):
            counts[ATA_COMMANDS.get(int(m.group(1), 16), "other")] += 1
    return counts


def tree(top):
    """{path: (kind, mode, contents)} of a folder."""
    found = {}
    for at, dirs, files in os.walk(top):
        for name in dirs + files:
            path = os.path.join(at, name)
            st = os.lstat(path)
            if os.path.islink(path):
                what = ("link", 0, os.readlink(path))
            elif os.path.isdir(path):
                what = ("folder", st.st_mode & 0o777, "")
            else:
                with open(path, "rb") as f:
                    what = ("file", st.st_mode & 0o777, hashlib.sha256(f.read()).hexdigest())
            found[os.path.relpath(path, top)] = what
    return found


def differences(a, b):
    """The first differing paths of two trees."""
    return ["%s: %s, %s" % (p, a.get(p), b.get(p)) for p in sorted(set(a) | set(b)) if a.get(p) != b.get(p)][:5]
