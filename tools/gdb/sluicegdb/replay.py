"""Going back in a recorded run (tools/vm replay FILE --gdb): io-when, io-rewind.

QEMU itself can only go forward in a replay. But every replay is the same run, so "back" is: start it anew and let it run to the
instruction wanted. tools/vm starts it (sluicevm/debugger.py), asked on a socket; breakpoints are kept, and sleep meanwhile.
"""
import os
import re
import socket

import gdb

from .base import Command, Problem, attached, command, monitor

WAIT = 60       # seconds for the new QEMU


def when():
    """The number of instructions executed so far; None when this is no replay."""
    m = re.search(r"^Replaying execution .*: instruction count = (\d+)", monitor("info replay"), re.M)
    return int(m.group(1)) if m else None


def need_replay():
    if not attached():
        raise Problem("no guest: attach first (target remote ...)")
    now = when()
    if now is None:
        raise Problem("this run is not a replay: record one with tools/vm record FILE -- COMMAND, then tools/vm replay FILE --gdb")
    return now


def start_anew():
    """The same recording from its first instruction."""
    control, port = os.environ.get("SLUICE_GDB_CONTROL"), os.environ.get("SLUICE_GDB_PORT")
    if not control:
        raise Problem("only under tools/vm replay FILE --gdb: it has to start the replay anew")
    if attached():
        gdb.execute("disconnect", to_string=True)
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(WAIT)
        try:
            s.connect(control)
            s.sendall(b"again\n")
            answer = s.recv(16)
        except OSError as e:
            raise Problem("tools/vm does not answer: %s" % e)
    if answer != b"ok\n":
        raise Problem("the replay did not start anew")
    gdb.execute("target remote " + port, to_string=True)


def run_to(point):
    """Forward to an instruction, past all breakpoints."""
    sleeping = [b for b in gdb.breakpoints() if b.enabled]
    for b in sleeping:
        b.enabled = False
    try:
        said = monitor("replay_break %d" % point)
        if said.strip():
            raise Problem(said.strip())
        gdb.execute("continue", to_string=True)
    except gdb.error:
        if attached():
            raise
    finally:
        for b in sleeping:
            b.enabled = True
    if not attached():
        raise Problem("the recording ends before instruction %d" % point)
    if when() != point:
        raise Problem("stopped at instruction %d" % when())


@command
class When(Command):
    """Where this replay is: how many instructions the machine has executed since its start. The same number is the same place in every
replay of the recording; io-rewind goes there."""

    NAME = "io-when"
    NEEDS_KERNEL = False

    def run(self, args):
        print("instruction %d" % need_replay())


@command
class Rewind(Command):
    """io-rewind N: to the place in this replay where N instructions were executed (io-when tells where you are): back, by replaying from
the start, or ahead; also when the run has ended. io-rewind -N: N instructions back from here. Breakpoints on the way do not stop it and
are there afterwards."""

    NAME = "io-rewind"
    KIND = gdb.COMMAND_RUNNING
    NEEDS_KERNEL = False
    MAX_ARGS = 1

    def run(self, args):
        if not args or not re.fullmatch(r"[-+]?\d+", args[0]):
            raise Problem("want an instruction's number (io-when shows them), or -N for N instructions back")
        relative = args[0][0] in "+-"
        now = need_replay() if attached() or relative else None
        point = now + int(args[0]) if relative else int(args[0])
        if point < 0:
            raise Problem("only %d instructions were executed so far" % now)
        if now is None or point < now:
            start_anew()
        if point != when():
            run_to(point)
        print("instruction %d" % point)
        gdb.execute("frame 0")
