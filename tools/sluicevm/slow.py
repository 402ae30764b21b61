"""Disks that take time: --disk FILE,seek[=PARAMETERS], slow=LATENCY, iops=N, bps=N.

seek puts a model of arm and rotation behind the disk (arm_disk.py), slow the same delay for each request; both are NBD servers (nbdkit) that live
as long as the run. iops and bps are QEMU's own throttling.
"""
import ctypes
import os
import re
import shutil
import signal
import subprocess
import time

from .options import CannotStart

HERE = os.path.dirname(os.path.realpath(__file__))
START_LIMIT = 10.0      # seconds for a server to open its socket
LATENCY = re.compile(r"\d+(\.\d+)?(ns|us|ms|s)?$")
PARAMETER = re.compile(r"([a-z]+):(.+)$")


class Slowness:
    """What the words of one --disk ask for."""

    def __init__(self):
        self.seek = None        # list of name=value for arm_disk.py
        self.latency = None     # text, as nbdkit's delay filter wants it
        self.limits = {}        # iops, bps: numbers

    def take(self, word):
        """Is it one of our words? Then note it; CannotStart when it makes no sense."""
        name, given, value = word.partition("=")
        if name == "seek":
            self.seek = []
            for p in value.split("+") if value else []:
                m = PARAMETER.match(p)
                if not m:
                    raise CannotStart("--disk ...,%s: want seek=NAME:VALUE+NAME:VALUE" % word)
                self.seek.append("%s=%s" % (m.group(1), os.path.abspath(m.group(2)) if m.group(1) in ("log", "hold") else m.group(2)))
        elif name == "slow" and given:
            if not LATENCY.match(value):
                raise CannotStart("--disk ...,%s: want a time, as 10ms" % word)
            self.latency = value
        elif name in ("iops", "bps") and given:
            if not value.isdigit() or not int(value):
                raise CannotStart("--disk ...,%s: want a number" % word)
            self.limits[name] = int(value)
        else:
            return False
        if self.seek is not None and self.latency:
            raise CannotStart("--disk: seek and slow exclude each other")
        return True

    def throttling(self):
        """For QEMU's -drive."""
        return "".join(",throttling.%s-total=%d" % pair for pair in sorted(self.limits.items()))


def _die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Servers:
    """The NBD servers of a run."""

    def __init__(self, folder):
        self.folder, self.running = folder, []

    def file_for(self, disk):
        """What QEMU opens for this disk; starts a server when it needs one."""
        s = disk.slowness
        if s is None or (s.seek is None and not s.latency):
            return disk.file
        nbdkit = shutil.which("nbdkit")
        if not nbdkit:
            raise CannotStart("no nbdkit here: run tools/deps")
        socket = os.path.join(self.folder, "disk%d.sock" % len(self.running))
        file = os.path.abspath(disk.file)
        if s.seek is not None:
            words = ["python", os.path.join(HERE, "arm_disk.py"), "file=" + file, *s.seek]
        else:
            words = ["--filter=delay", "file", file, "rdelay=" + s.latency, "wdelay=" + s.latency]
        self._start([nbdkit, "-f", "-U", socket, *words], socket)
        return "nbd+unix:///?socket=" + socket

    def _start(self, command, socket):
        said = socket + ".said"
        with open(said, "wb") as f:
            p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=f, stderr=f, preexec_fn=_die_with_parent)
        self.running.append(p)
        end = time.monotonic() + START_LIMIT
        while not os.path.exists(socket):
            if p.poll() is not None or time.monotonic() > end:
                with open(said, errors="replace") as f:
                    last = [line for line in f.read().splitlines() if line.strip()][-1:] or ["it said nothing"]
                raise CannotStart("nbdkit does not start: " + last[0])
            time.sleep(0.01)

    def stop(self):
        for p in self.running:
            if p.poll() is None:
                p.terminate()
                try:
                    p.wait(5)
                except subprocess.TimeoutExpired:
                    p.kill()
                    p.wait()
