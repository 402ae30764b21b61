"""tools/vm itself: its options, exit statuses, streams and images, against guests of a few bytes (programs/fake_guest.asm)."""
import glob
import hashlib
import os
import random
import signal
import subprocess
import sys
import time

import pytest

import sluice
from sluice import Console, Live, debugfs, fsck, vm

sys.path.insert(0, os.path.join(sluice.TOP, "tools"))
from sluicevm import image, options     # noqa: E402

EXIT = '1,"status exit %d",10'


def fake(tmp_path, **defines):
    """A fake guest; keywords are its defines."""
    source = os.path.join(sluice.HERE, "programs", "fake_guest.asm")
    name = str(tmp_path / ("guest-" + hashlib.sha256(repr(defines).encode()).hexdigest()[:8]))
    args = ["-D%s=%s" % (k, v) if v is not True else "-D" + k for k, v in defines.items()]
    subprocess.run(["nasm", "-f", "elf32", *args, "-o", name + ".o", source], check=True)
    subprocess.run(["ld", "-m", "elf_i386", "-z", "noexecstack", "-Ttext", "0x100000", "-o", name, name + ".o"], check=True, capture_output=True)
    return name


@pytest.fixture(autouse=True)
def nothing_left(monkeypatch, tmp_path):
    """Temporary files go to a folder of the test's, and none stays."""
    folder = tmp_path / "vm-tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    yield
    assert os.listdir(folder) == []


def alive(pid):
    """Whether a process still runs; a zombie that nobody waits for (a container without an init) does not."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.parametrize("code", [0, 7, 123, 127, 255])
def test_exit_status(tmp_path, code):
    r = vm("true", kernel=fake(tmp_path, STATUS=EXIT % code))
    assert r.status == code and r.err == b""
    assert b"root=/dev/sda" in r.out


@pytest.mark.parametrize("code", [124, 125, 126])
def test_exit_status_like_ours_is_told_apart(tmp_path, code):
    r = vm("true", kernel=fake(tmp_path, STATUS=EXIT % code))
    assert r.status == code and b"command itself" in r.err


def test_signal_gives_128_and_its_number(tmp_path):
    assert vm("true", kernel=fake(tmp_path, STATUS='1,"status signal 9",10')).status == 137


@pytest.mark.parametrize("errno,status", [(2, 127), (20, 127), (13, 126), (8, 126)])
def test_command_that_cannot_be_executed(tmp_path, errno, status):
    r = vm("prog", kernel=fake(tmp_path, STATUS='1,"status cannot %d",10' % errno))
    assert r.status == status and b"prog" in r.err


def test_panic(tmp_path):
    r = vm("true", kernel=fake(tmp_path, STATUS='"panic",10', LOG='"boot line",10,"Kernel panic: the reason",10'))
    assert r.status == 125 and b"Kernel panic: the reason" in r.err and b"boot line" in r.err


def test_panic_after_the_status_is_a_panic(tmp_path):
    r = vm("true", kernel=fake(tmp_path, STATUS=EXIT % 0 + ',"panic",10'))
    assert r.status == 125


def test_panic_that_does_not_power_off(tmp_path):
    r = vm("true", kernel=fake(tmp_path, STATUS='"panic",10', HANG=True), log=tmp_path / "log", timeout=240)
    assert r.status == 125


def test_log_file_takes_the_log_and_stderr_the_panic_alone(tmp_path):
    r = vm("true", kernel=fake(tmp_path, STATUS='"panic",10', LOG='"boot line",10,"Kernel panic: why",10'), log=tmp_path / "log")
    assert (tmp_path / "log").read_bytes() == b"boot line\nKernel panic: why\n"
    assert b"Kernel panic: why" in r.err and b"boot line" not in r.err


def test_log_is_quiet_when_all_is_well(tmp_path):
    r = vm("true", kernel=fake(tmp_path, STATUS=EXIT % 0, LOG='"boot line",10'))
    assert (r.status, r.err) == (0, b"")


def test_hang_is_stopped(tmp_path):
    begun = time.monotonic()
    r = vm("true", kernel=fake(tmp_path, HANG=True, LOG='"last words",10'), timeout=2)
    assert r.status == 124 and b"stopped after 2 s" in r.err and b"last words" in r.err
    assert time.monotonic() - begun < 60


@pytest.mark.parametrize("status", ['""', '"status exit 0",10', '1,"status exit zero",10', '1,"status exit 0"', '1,"state exit 0",10', '"exit 0",10'])
def test_no_proper_record_is_never_success(tmp_path, status):
    r = vm("true", kernel=fake(tmp_path, STATUS=status))
    assert r.status == 125 and r.err


def test_qemu_killed(tmp_path):
    live = Live("true", kernel=fake(tmp_path, HANG=True), qemu="-pidfile %s" % (tmp_path / "pid"))
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        time.sleep(0.02)
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    r = live.end()
    assert r.status == 126 and b"killed" in r.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_end_qemu(tmp_path, number):
    live = Live("true", kernel=fake(tmp_path, HANG=True), qemu="-pidfile %s" % (tmp_path / "pid"))
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        time.sleep(0.02)
    pid = int((tmp_path / "pid").read_text())
    live.p.send_signal(number)
    assert live.end().status == 128 + number
    assert not alive(pid)


def test_killed_vm_takes_qemu_with_it_and_the_next_run_sweeps(tmp_path):
    live = Live("true", kernel=fake(tmp_path, HANG=True), qemu="-pidfile %s" % (tmp_path / "pid"))
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        time.sleep(0.02)
    pid = int((tmp_path / "pid").read_text())
    live.p.kill()
    live.end()
    for _ in range(500):
        if not alive(pid):
            break
        time.sleep(0.01)
    assert not alive(pid)
    left = glob.glob(os.environ["TMPDIR"] + "/sluice-vm-*")
    assert len(left) == 1
    os.utime(left[0], (1, 1))
    assert vm("true", kernel=fake(tmp_path, STATUS=EXIT % 0)).status == 0


def test_closed_stdout(tmp_path):
    live = subprocess.Popen(sluice.vm_args(("true",), kernel=fake(tmp_path, OUT_MIB=1, STATUS=EXIT % 0)), stdout=subprocess.PIPE)
    live.stdout.read(1)
    live.stdout.close()
    assert live.wait(240) == 128 + signal.SIGPIPE


def test_a_mib_of_stdout(tmp_path):
    r = vm("true", kernel=fake(tmp_path, OUT_MIB=1, STATUS=EXIT % 3))
    assert (r.status, len(r.out)) == (3, 1 << 20)


@pytest.mark.parametrize("wrong", [
    ["--no-such", "x"], ["--mem", "none"], ["--mem", "0"], ["--smp", "-1"], ["--accel", "kvm"], ["--timeout", "x"], ["--timeout"],
    ["--add", "/no/such/file:/t"], ["--add", "/etc/passwd"], ["--add", "/etc/passwd:t"], ["--get", "t:x"], ["--get", "/t:/no/such/folder/x"],
    ["--disk", "/no/such/disk"], ["--disk", "/etc"], ["--disk", "/etc/passwd,if=tape"], ["--root", "/no/such/folder/root"],
    ["--kernel", "/no/such/kernel"], ["--iso", "/no/such/iso"], ["--iso", "/etc/passwd"], ["--kernel", "/etc/passwd"],
    ["--log", "/no/such/folder/log"], ["--qemu", "-no-such-option"], ["--qemu", "unbalanced '"], ["stray"]], ids=" ".join)
def test_what_cannot_start(wrong):
    r = subprocess.run([sluice.VM, "run", "--timeout", "30", *wrong, "--", "true"], stdin=subprocess.DEVNULL, capture_output=True)
    assert r.returncode == 126 and r.stdout == b"" and r.stderr


def test_no_command_after_dashes():
    assert subprocess.run([sluice.VM, "run", "--"], capture_output=True).returncode == 126


def test_noise_is_no_kernel(tmp_path):
    (tmp_path / "noise").write_bytes(os.urandom(50000))
    assert vm("true", kernel=tmp_path / "noise").status == 126


def test_no_kernel_built(tmp_path):
    r = subprocess.run([sluice.VM, "run", "--", "true"], env=dict(os.environ, SLUICE_BUILD=str(tmp_path)), capture_output=True)
    assert r.returncode == 126 and b"make" in r.stderr


def test_words_reach_the_command_line(tmp_path):
    r = vm("true", kernel=fake(tmp_path, STATUS=EXIT % 0), append="ata=pio x=1", accel="icount")
    words = r.text.split()
    assert {"ata=pio", "x=1", "idle=poll"} <= set(words)


def test_disks_of_all_kinds_start(tmp_path):
    disks = []
    for kind in ("ide", "ide,ro", "ahci", "ahci,ro", "nvme", "virtio", "virtio,ro", "floppy", "cdrom"):
        path = tmp_path / ("d,%d" % len(disks))
        path.write_bytes(b"\0" * (1440 << 10))
        disks.append("%s,if=%s" % (path, kind))
    vm("true", kernel=fake(tmp_path, STATUS=EXIT % 0), disk=disks).good()


def test_too_many_ide_disks(tmp_path):
    disks = [sluice.blank(tmp_path / ("d%d" % i), 1) for i in range(4)]
    assert vm("true", kernel=fake(tmp_path, STATUS=EXIT % 0), disk=disks).status == 126
    vm("true", kernel=fake(tmp_path, STATUS=EXIT % 0), disk=disks[:3]).good()


def test_qemu_may_take_ide_index_1(tmp_path):
    a, b = sluice.blank(tmp_path / "a", 1), sluice.blank(tmp_path / "b", 1)
    vm("true", kernel=fake(tmp_path, STATUS=EXIT % 0), disk=[a], qemu="-drive file=%s,format=raw,if=ide,index=1" % b).good()


def test_qemu_arguments_reach_qemu(tmp_path):
    sock = tmp_path / "q"
    vm("true", kernel=fake(tmp_path, STATUS=EXIT % 0), qemu=["-qmp unix:%s,server=on,wait=off" % sock, "-serial file:'%s'" % (tmp_path / "com 2"),
                                                              "-device isa-serial,index=2,iobase=0x3e8,irq=5"]).good()
    assert (tmp_path / "com 2").exists()


# ---- images -------------------------------------------------------------------

def test_add_and_get(tmp_path):
    rng = sluice.seed()
    put = tmp_path / "put"
    (put / "deep" / "er").mkdir(parents=True)
    (put / "big").write_bytes(rng.randbytes(3_000_000))
    (put / "empty").write_bytes(b"")
    (put / "deep" / 'a "quoted" name').write_bytes(b"x")
    (put / "deep" / "-n").write_bytes(b"y")
    (put / "deep" / "er" / "l\u00e4nge").write_bytes(b"z" * 5000)
    os.symlink("../big", put / "deep" / "link")
    os.symlink("s" * 100, put / "deep" / "long")
    (put / "big").chmod(0o4750)
    (put / "deep").chmod(0o700)
    for i in range(300):
        (put / "deep" / "er" / ("f%d" % i)).write_bytes(b"%d" % i)
    root = str(tmp_path / "root")
    vm("true", kernel=fake(tmp_path, STATUS=EXIT % 0), root=root, add=[(put, "/a/b/c"), (put / "big", "/etc/hostname")]).good()
    fsck(root)
    image.get(root, "/a/b/c", str(tmp_path / "back"))
    assert sluice.differences(sluice.tree(put), sluice.tree(tmp_path / "back" / "c")) == []
    assert b"User:     0   Group:     0" in debugfs(root, "stat /a/b/c/big")
    assert b"Mode:  04750" in debugfs(root, "stat /a/b/c/big")
    r = vm("true", kernel=fake(tmp_path, STATUS=EXIT % 0), root=root, get=[("/etc/hostname", tmp_path / "h"), ("/a/b/c/deep/link", tmp_path / "l")])
    assert r.status == 0
    assert (tmp_path / "h").read_bytes() == (tmp_path / "l").read_bytes() == (put / "big").read_bytes()


def test_get_of_what_is_not_there_is_no_success(tmp_path):
    r = vm("true", kernel=fake(tmp_path, STATUS=EXIT % 0), get=[("/no/such", tmp_path / "x")])
    assert r.status == 126 and b"/no/such" in r.err
    assert vm("true", kernel=fake(tmp_path, STATUS=EXIT % 5), get=[("/no/such", tmp_path / "x")]).status == 5


def test_root_grows(tmp_path):
    with open(tmp_path / "huge", "wb") as f:
        f.truncate(300 << 20)
        f.seek(100 << 20)
        f.write(os.urandom(1000))
    root = str(tmp_path / "root")
    vm("true", kernel=fake(tmp_path, STATUS=EXIT % 0), root=root, add=[(tmp_path / "huge", "/huge")]).good()
    fsck(root)
    assert os.path.getsize(root) > 300 << 20
    assert image._free(root)[0] >= image.SPARE


def test_root_is_kept_and_the_default_is_not_touched(tmp_path):
    default = os.path.join(sluice.BUILD, "root.img")
    before = os.stat(default).st_mtime_ns
    (tmp_path / "f").write_text("kept")
    root = str(tmp_path / "root")
    kernel = fake(tmp_path, STATUS=EXIT % 0)
    vm("true", kernel=kernel, root=root, add=[(tmp_path / "f", "/f")]).good()
    vm("true", kernel=kernel, root=root, get=[("/f", tmp_path / "g")]).good()
    assert (tmp_path / "g").read_text() == "kept"
    assert os.stat(default).st_mtime_ns == before
    assert vm("true", kernel=kernel, get=[("/f", tmp_path / "x")]).status == 126


@pytest.mark.parametrize("bad", ["/etc/passwd/x", "/etc"], ids=str)
def test_add_where_it_cannot_go(tmp_path, bad):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "passwd").mkdir()
    r = vm("true", kernel=fake(tmp_path, STATUS=EXIT % 0), add=[(tmp_path / "folder", bad)])
    assert r.status == 126 and b"--add" in r.err


def test_default_root_is_clean():
    default = os.path.join(sluice.BUILD, "root.img")
    fsck(default)
    listing = debugfs(default, "ls -p /bin", "stat /sbin/init")
    assert b"/busybox/" in listing and b"/sh/" in listing and b"Type: regular" in listing


def test_interactive_needs_no_command_and_ends_with_the_guest(tmp_path):
    console = Console(kernel=fake(tmp_path, STATUS='""'), timeout=240)
    assert console.status() == 0
    console.close()


def test_random_option_lists_never_crash():
    """Whatever the options, the answer is a line and 126, never a Python traceback."""
    rng = sluice.seed()
    words = [*options.HANDLERS, "=", "", "x", "/etc/passwd", "/etc/passwd:/t", ",", ":", "1", "-1", "--", "true", "if=ide", "\u00e4"]
    for _ in range(300):
        args = [rng.choice(words) for _ in range(rng.randrange(1, 6))]
        try:
            options.parse([a for a in args if a not in ("--log", "--help")])
        except options.CannotStart as e:
            assert str(e)
