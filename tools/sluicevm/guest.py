"""One run of the guest: prepare its root, start QEMU, pass its streams on, decide how it ended.

QEMU writes each debug port to a file of its own in a temporary folder; we read behind it every few milliseconds, because a pipe would
wake us for each byte. What decides is the guest's word: a status record from init (user/init.c) or from the kernel's panic, on the
status port; QEMU's exit code alone is never success.
"""
import ctypes
import fcntl
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time

from . import debugger, image, machine, packages, slow
from .options import CANNOT_START, NOT_FOUND, PANICKED, TIMED_OUT, CannotStart, Disk, say

POLL = 0.008            # seconds between two looks at the streams
CHUNK = 1 << 16
POWER_OFF_GRACE = 30.0  # seconds from the status record to the machine's end
PANIC_QUIET = 0.3       # the panic's text is complete when the log was still for so long,
PANIC_GRACE = 3.0       # at most after so long
LOG_TAIL = 64 * 1024
OWN_STATUSES = (TIMED_OUT, PANICKED, CANNOT_START)


class Interrupted(Exception):
    """A signal asks us to stop."""

    def __init__(self, number):
        super().__init__("signal %d" % number)
        self.number = number


class OutputClosed(Exception):
    """Nobody reads our stdout or stderr any more."""


# ---- the temporary folder -----------------------------------------------------

class Workspace:
    """A folder that goes at the end. A run holds a lock on its folder while it lives; what a killed one left, the next one removes."""

    PREFIX = "sluice-vm-%d-" % os.getuid()

    def __init__(self):
        top = self._top()
        self._sweep(top)
        self.path = tempfile.mkdtemp(prefix=self.PREFIX, dir=top)
        self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    @staticmethod
    def _top():
        """TMPDIR when it is set, else memory when there is plenty, else the usual place."""
        if os.environ.get("TMPDIR"):
            return tempfile.gettempdir()
        try:
            st = os.statvfs("/dev/shm")
            if st.f_bavail * st.f_frsize >= 2 << 30 and os.access("/dev/shm", os.W_OK):
                return "/dev/shm"
        except OSError:
            pass
        return tempfile.gettempdir()

    @classmethod
    def _sweep(cls, top):
        for name in os.listdir(top):
            if not name.startswith(cls.PREFIX):
                continue
            path = os.path.join(top, name)
            try:
                fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            except OSError:
                continue
            try:
                if time.time() - os.fstat(fd).st_mtime > 5:     # not between another's mkdtemp and its flock
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(path, True)
            except OSError:
                pass
            finally:
                os.close(fd)

    def file(self, name):
        return os.path.join(self.path, name)

    def remove(self):
        shutil.rmtree(self.path, True)
        os.close(self._lock)


# ---- streams ------------------------------------------------------------------

class Stream:
    """Follows a file that QEMU appends to."""

    def __init__(self, path, sink=None, keep=False):
        self.fd = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.sink = sink        # a descriptor, or None
        self.kept = bytearray() if keep else None

    def pump(self, deadline=None):
        """Pass on what came; how many bytes that were."""
        moved = 0
        while True:
            data = os.read(self.fd, CHUNK)
            if not data:
                return moved
            moved += len(data)
            if self.kept is not None:
                self.kept += data
            if self.sink is not None:
                self._write(data, deadline)

    def _write(self, data, deadline):
        view = memoryview(data)
        while view:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            # What select calls writable takes a page at least without waiting, so a reader that stalls cannot hold up the time limit.
            if not select.select([], [self.sink], [], left)[1]:
                raise TimeoutError
            try:
                view = view[os.write(self.sink, view[:4096]):]
            except BrokenPipeError:
                raise OutputClosed

    def everything(self):
        """All that was ever written to the file."""
        size = os.fstat(self.fd).st_size
        return os.pread(self.fd, size, 0) if size else b""


class Status:
    """The guest's records, one a line (user/init.c, kernel/debug/panic.c)."""

    def __init__(self, path):
        self.stream = Stream(path, keep=True)
        self.fact = None        # (word, number) of init's record
        self.panicked = False
        self.seen_at = None

    def pump(self):
        if not self.stream.pump():
            return
        *lines, rest = bytes(self.stream.kept).split(b"\n")
        self.stream.kept[:] = rest
        for line in lines:
            words = line.decode("ascii", "replace").split()
            if words == ["panic"] or words == ["\x01status", "panic"]:
                self.panicked = True
            elif len(words) == 3 and words[0] == "\x01status" and words[2].isdigit() and not self.fact:
                self.fact = (words[1], int(words[2]))
                self.seen_at = time.monotonic()


# ---- the run ------------------------------------------------------------------

def _die_with_parent():
    """In the child: SIGKILL when tools/vm is gone (prctl PR_SET_PDEATHSIG), so that no guest outlives it."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _on_signal(number, _frame):
    raise Interrupted(number)


class Run:
    def __init__(self, opts, work, args, gdb=None, pass_fds=()):
        self.opts, self.work, self.args, self.gdb, self.pass_fds = opts, work, args, gdb, pass_fds
        interactive = opts.command is None
        self.out = Stream(work.file("out"), None if interactive else 1)
        self.err = Stream(work.file("err"), None if interactive else 2)
        self.log_sink = os.open(opts.log, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC) if opts.log else None
        self.log = Stream(work.file("log"), self.log_sink)
        self.status = Status(work.file("status"))
        self.deadline = time.monotonic() + opts.timeout if opts.timeout else None
        self.timed_out = False
        self.cut_short = False      # gdb ended while the guest was running
        self.diverged = False       # a replay that was none
        self.qemu_said = work.file("qemu")
        self.pidfd = None
        self._launch()

    def _launch(self):
        terminal = self.gdb.terminal.slave if self.gdb and self.gdb.terminal else None
        with open(self.qemu_said, "wb") as said:
            self.qemu = subprocess.Popen(self.args, stdin=terminal if self.opts.command is None else subprocess.DEVNULL,
                                         stdout=terminal if self.opts.command is None else said, stderr=said,
                                         preexec_fn=_die_with_parent, start_new_session=bool(self.gdb), pass_fds=self.pass_fds)
        self.pidfd = os.pidfd_open(self.qemu.pid)
        return True

    def _again(self):
        """For a gdb command: end QEMU, start it anew. What it writes once more is not passed on again: a Stream goes on where it was."""
        self.stop()
        os.close(self.pidfd)
        self.gdb.forget_port()
        return self._launch() and self.gdb.wait_for_port(self.qemu)

    def _late(self):
        return self.deadline is not None and time.monotonic() > self.deadline

    def _pump(self):
        try:
            moved = self.out.pump(self.deadline) + self.err.pump(self.deadline) + self.log.pump(self.deadline)
        except TimeoutError:
            moved = 0
        self.status.pump()
        return moved

    def _gone(self, wait):
        return bool(select.select([self.pidfd], [], [], wait)[0])

    def follow(self):
        """Until QEMU has ended, by itself or because it had to be ended."""
        # A debugger, or -action shutdown=pause, wants the machine as the panic left it.
        held = any(a in ("-s", "-S", "-gdb") or "shutdown=pause" in a for a in self.opts.qemu)
        while not self._gone(POLL):
            self._pump()
            if self.status.panicked and not held:
                self._let_panic_finish()
                self.stop()
            elif self.status.fact and time.monotonic() - self.status.seen_at > POWER_OFF_GRACE or self._late():
                self.timed_out = True
                self.stop()
        self.qemu.wait()
        self._pump()

    def follow_gdb(self):
        """The same, until gdb has ended."""
        if not self.gdb.wait_for_port(self.qemu):
            return self.stop()
        self.gdb.start()
        while not select.select([self.gdb.pidfd], [], [], POLL)[0]:
            self._pump()
            self.gdb.serve(self._again)
            if self._late():
                self.timed_out = True
                break
        self.gdb.stop()
        ended = self._gone(0.2 if self.status.fact else 0)      # a guest that had powered off is on its way
        self.stop()
        self._pump()
        self.cut_short = not ended

    def _let_panic_finish(self):
        end = time.monotonic() + PANIC_GRACE
        still_since = time.monotonic()
        while time.monotonic() < end and time.monotonic() - still_since < PANIC_QUIET and not self._gone(POLL):
            if self._pump():
                still_since = time.monotonic()

    def stop(self):
        """End QEMU: politely, so that its files are complete, then not."""
        if self.qemu.poll() is None:
            self.qemu.terminate()
            if not self._gone(2.0):
                self.qemu.kill()
            self.qemu.wait()

    def close(self):
        self.stop()
        for fd in (self.pidfd, self.out.fd, self.err.fd, self.log.fd, self.status.stream.fd):
            os.close(fd)
        if self.log_sink is not None:
            os.close(self.log_sink)

    # -- how it ended --

    def _show_log(self, panic_only=False):
        """The kernel log on stderr; from the panic on, when that is asked for or --log has the whole."""
        text = self.log.everything()
        if panic_only or self.opts.log:
            at = text.find(b"Kernel panic")
            text = text[text.rfind(b"\n", 0, max(at, 0)) + 1:] if at >= 0 else b""
        if text:
            sys.stderr.buffer.write(text[-LOG_TAIL:] if text.endswith(b"\n") else text[-LOG_TAIL:] + b"\n")
            sys.stderr.flush()

    def _show_qemu(self):
        with open(self.qemu_said, "rb") as f:
            sys.stderr.buffer.write(f.read())
        sys.stderr.flush()

    def verdict(self):
        """The exit status; says on stderr what a number alone would not."""
        code, o = self.qemu.returncode, self.opts
        if self.status.panicked:
            say("the kernel panicked")
            self._show_log(panic_only=bool(o.log))
            return PANICKED
        if self.timed_out:
            self._show_log()
            if self.status.fact and not self._late():
                say("the command had ended (%s %d), but the guest did not power off" % self.status.fact)
            else:
                say("stopped after %g s" % o.timeout)
            return TIMED_OUT
        if code and not self.cut_short:
            self._show_log()
            self._show_qemu()
            say("QEMU was killed by signal %d" % -code if code < 0 else "QEMU ended with %d" % code)
            return CANNOT_START
        if self.diverged:
            return CANNOT_START
        if self.gdb and not self.status.fact:
            return self.gdb.status
        if o.command is None:
            return 0
        if not self.status.fact:
            self._show_log()
            self._show_qemu()
            say("the guest went down without telling how the command ended")
            return PANICKED
        return self._command_status()

    def _command_status(self):
        word, n = self.status.fact
        name = self.opts.command[0]
        if word == "signal":
            return 128 + n
        if word == "cannot":
            status = NOT_FOUND if n in (2, 20) else 126      # ENOENT, ENOTDIR: the same numbers in the guest
            say("%s: %s" % (name, "not found in the guest" if status == NOT_FOUND else "cannot be executed: " + os.strerror(n)))
            return status
        if word != "exit":
            say("the guest sent a status that means nothing: %s %d" % self.status.fact)
            return PANICKED
        if n in OWN_STATUSES:
            say("this %d is the exit status of the command itself" % n)
        return n


def _prepare_root(opts, work):
    """(the Disk to boot from, whether it is thrown away)"""
    default = os.path.join(opts.build, "root.img")
    if opts.root and os.path.exists(opts.root.file):
        root, fresh = opts.root, False
        if opts.packages:
            packages.add(opts.build, opts.packages, root.file)
    else:
        if not os.path.exists(default):
            raise CannotStart("no root image %s (make builds it)" % default)
        root, fresh = opts.root or Disk(work.file("root.img"), "ide", False), True
        if opts.packages:
            packages.root(opts.build, opts.packages, default, root.file)
        else:
            image.copy(default, root.file)
    try:
        image.add(root.file, opts.add)
    except CannotStart:
        if fresh:
            os.unlink(root.file)
        raise
    return root, opts.root is None


def _hand_in(opts, work):
    """What the guest reads through fw_cfg."""
    if opts.command is not None:
        with open(work.file("argv"), "wb") as f:
            f.write(b"".join(os.fsencode(a) + b"\0" for a in opts.command))
    elif os.isatty(0):
        size = os.get_terminal_size(0)
        with open(work.file("winsize"), "w") as f:
            f.write("%d %d" % (size.lines, size.columns))


def _take_out(opts, root, status):
    """--get; a file that cannot be had is never success."""
    for inside, host in opts.get:
        try:
            image.get(root.file, inside, host)
        except (image.ImageError, CannotStart, OSError) as e:
            say(str(e))
            status = status or CANNOT_START
    return status


def _plain_line_feeds():
    """The guest's terminal makes CR LF of a line feed; ours must not add another CR (QEMU itself makes it raw for input only)."""
    modes = termios.tcgetattr(0)
    modes[1] &= ~termios.ONLCR
    termios.tcsetattr(0, termios.TCSADRAIN, modes)


def run(opts):
    """Run what the options say; the exit status."""
    saved = termios.tcgetattr(0) if opts.command is None and not opts.gdb and os.isatty(0) else None
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _on_signal)
    work, machine_run, gdb, servers = None, None, None, None
    try:
        work = Workspace()
        tape = opts.recording
        root, throw_away = (tape.unpack(opts, work), True) if tape and tape.mode == "replay" else _prepare_root(opts, work)
        kernel = machine.kernel_file(opts)
        if tape and tape.mode == "record":
            tape.begin(opts, root, kernel, work)
        _hand_in(opts, work)
        if saved:
            _plain_line_feeds()
        servers = slow.Servers(work.path)
        args = machine.arguments(opts, root, throw_away, work.path, servers)
        if opts.gdb:
            gdb = debugger.Debugger(opts, work, kernel)
            args += gdb.qemu_arguments
        machine_run = Run(opts, work, args, gdb, machine.kernel_descriptor(kernel) if tape else ())
        machine_run.follow_gdb() if gdb else machine_run.follow()
        if tape:
            tape.finish(machine_run)
        return _take_out(opts, root, machine_run.verdict())
    except Interrupted as e:
        return 128 + e.number
    except OutputClosed:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 128 + signal.SIGPIPE
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if gdb:
            gdb.close()
        if machine_run:
            machine_run.close()
        if servers:
            servers.stop()
        if opts.recording:
            opts.recording.close()
        if work:
            work.remove()
        if saved:
            termios.tcsetattr(0, termios.TCSADRAIN, saved)
