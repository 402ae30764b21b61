"""gdb beside the guest: tools/vm run --gdb, tools/vm replay --gdb.

QEMU starts stopped with its gdb server on a socket of ours; gdb has our terminal, the kernel's symbols and the commands of
tools/gdb/sluice.py. It reads no start-up file of the user's (-nx -nh). The guest's own terminal, when it has one, is a pseudo-terminal
whose other end tools/gdb/console shows. A gdb command may ask on a second socket to have the guest started anew (io-rewind).
"""
import os
import pty
import select
import shutil
import signal
import socket
import subprocess
import threading
import time

from .options import CANNOT_START, TOP, CannotStart, say

START_LIMIT = 20.0      # seconds QEMU may take to open its gdb port
STEP = 0.02
KEEP = 1 << 16          # bytes of output kept for a console that comes later
COMMANDS = os.path.join(TOP, "tools", "gdb", "sluice.py")
CONTROL = "SLUICE_GDB_CONTROL"      # environment: the socket for requests of gdb commands (tools/gdb/sluicegdb/replay.py)
PORT = "SLUICE_GDB_PORT"            # environment: QEMU's gdb server


class Terminal:
    """The guest's serial terminal: QEMU has one end (.slave), whoever connects to the socket the other."""

    def __init__(self, path):
        self.path = path
        if os.path.exists(path):
            os.unlink(path)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(1)
        self.master, self.slave = pty.openpty()
        threading.Thread(target=self._relay, daemon=True).start()

    def _relay(self):
        """Pass bytes between the guest and the console; keep what nobody has read."""
        client, waiting = None, b""
        while True:
            ready, _, _ = select.select([self.master, self.listener] + ([client] if client else []), [], [])
            if self.listener in ready:
                if client:
                    client.close()
                client = self.listener.accept()[0]
                client.sendall(waiting)
                waiting = b""
            elif client in ready:
                keys = client.recv(4096)
                if keys:
                    os.write(self.master, keys)
                else:
                    client.close()
                    client = None
            else:
                try:
                    data = os.read(self.master, 65536)
                except OSError:
                    return
                if client:
                    client.sendall(data)
                else:
                    waiting = (waiting + data)[-KEEP:]

    def close(self):
        if os.path.exists(self.path):
            os.unlink(self.path)


class Debugger:
    def __init__(self, opts, work, kernel):
        if not shutil.which("gdb"):
            raise CannotStart("no gdb here: run tools/deps")
        self.opts, self.kernel = opts, kernel
        self.port, self.control = work.file("gdb"), work.file("gdb-control")
        self.requests = socket.socket(socket.AF_UNIX)
        self.requests.bind(self.control)
        self.requests.listen(1)
        self.terminal = Terminal(os.path.join(opts.build, "gdb-console")) if opts.command is None else None
        self.gdb = self.pidfd = None

    @property
    def qemu_arguments(self):
        return ["-S", "-gdb", "unix:%s,server=on,wait=off" % self.port]

    @property
    def status(self):
        """gdb's exit status."""
        return self.gdb.returncode if self.gdb else CANNOT_START

    def forget_port(self):
        """Before QEMU is started again."""
        if os.path.exists(self.port):
            os.unlink(self.port)

    def wait_for_port(self, qemu):
        end = time.monotonic() + START_LIMIT
        while not os.path.exists(self.port):
            if qemu.poll() is not None or time.monotonic() > end:
                return False
            time.sleep(STEP)
        return True

    def start(self):
        """gdb, attached and at the kernel's entry."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)        # Ctrl-C is gdb's
        if self.terminal and not self.opts.gdb_script:
            print("The guest's terminal: run tools/gdb/console in another one.", flush=True)
        args = ["gdb", "-nx", "-nh", "-q", *(["-batch"] if self.opts.gdb_script else []), self.kernel,
                "-iex", "set pagination off", "-iex", "directory " + TOP, "-x", COMMANDS, "-ex", "target remote " + self.port, "-ex", "io-entry"]
        if self.opts.gdb_script:
            args += ["-x", self.opts.gdb_script]
        self.gdb = subprocess.Popen(args, env=dict(os.environ, **{CONTROL: self.control, PORT: self.port}),
                                    preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        self.pidfd = os.pidfd_open(self.gdb.pid)

    def serve(self, again):
        """A request of a gdb command, if there is one: `again` starts the guest anew and tells whether that went well."""
        if not select.select([self.requests], [], [], 0)[0]:
            return
        with self.requests.accept()[0] as asker:
            asker.settimeout(2.0)
            try:
                wanted = asker.recv(64)
                asker.sendall(b"ok\n" if wanted == b"again\n" and again() else b"no\n")
            except OSError as e:
                say("a request from gdb: %s" % e)

    def stop(self):
        if self.gdb and self.gdb.poll() is None:
            self.gdb.terminate()
            if not select.select([self.pidfd], [], [], 2.0)[0]:
                self.gdb.kill()
        if self.gdb:
            self.gdb.wait()

    def close(self):
        self.stop()
        if self.pidfd is not None:
            os.close(self.pidfd)
        self.requests.close()
        if self.terminal:
            self.terminal.close()
