"""Processes beyond what is compared with Linux (programs/same): execve of damaged files, many processes, memory running out."""
import pytest

from sluice import KERNELS, program, seed, sh, vm

# Where Linux starts a damaged file and kills it, Sluice answers ENOEXEC as long as the old program is there to hear it.
EXECS = """\
pagesz 4096 clktck 100 phent 32 phnum 1 entry 1 flags 0 uid 0 secure 0 random 1 platform i686 execfn 1 aligned 0
unchanged: ran, exit 33
magic: Exec format error
64 bits: Exec format error
big endian: Exec format error
machine: Exec format error
relocatable: Exec format error
no headers: Exec format error
65535 headers: Exec format error
header size: Exec format error
headers past the end: Exec format error
headers far away: Exec format error
nothing to load: Exec format error
file larger than memory: Exec format error
memory around the end: Exec format error
address in the kernel: Exec format error
address at the end: Exec format error
address over the stack: Exec format error
address zero: Exec format error
address and offset disagree: Exec format error
offset past the end: Exec format error
entry in the kernel: ran, signal 11
entry nowhere: ran, signal 11
interpreter without a name: Exec format error
interpreter with a long name: Exec format error
interpreter without an end: Exec format error
first 0 bytes: Exec format error
first 1 bytes: Exec format error
first 4 bytes: Exec format error
first 16 bytes: Exec format error
first 51 bytes: Exec format error
first 52 bytes: Exec format error
first 60 bytes: Exec format error
first 84 bytes: Exec format error
first 200 bytes: Exec format error
script: ran, exit 33
script with an argument: ran, exit 34
script without a line end: ran, exit 33
script without a name: Exec format error
script without a name but blanks: Exec format error
script of a missing interpreter: No such file or directory
script of a folder: Permission denied
script with a long line: Exec format error
nested 2: ran, exit 34
nested 3: ran, exit 35
nested 4: ran, exit 36
nested 5: ran, exit 37
nested 6: Symbolic link loop
nested 7: Symbolic link loop
script of itself: Symbolic link loop
text without #!: Exec format error
70000 arguments: ran, exit 90
an argument of 131071 bytes: ran, exit 33
an argument of 131073 bytes: Argument list too long
gigabytes of arguments: Argument list too long
arguments at a bad address: Bad address
an argument in the kernel: Bad address
no arguments at all: ran, exit 34
missing: No such file or directory
empty name: No such file or directory
folder: Permission denied
device: Permission denied
not executable: Permission denied
file as a folder: Not a directory
open for writing: Text file busy
closed again: ran, exit 33
write to a running program: Text file busy
after its end: opened
execveat of a descriptor: 33
through /proc/self/fd: ran, exit 33
symlinks in a circle: Symbolic link loop
random damage: survived
end
"""


@pytest.mark.parametrize("kernel", sorted(KERNELS))
def test_execve_of_everything(kernel):
    r = vm("/t/execs", add=[(program("execs.c"), "/t/execs")], kernel=KERNELS[kernel]).good()
    assert r.text == EXECS


def test_fork_until_it_fails():
    """A fork bomb ends in EAGAIN, and afterwards all is as before."""
    r = vm("/t/many", add=[(program("many.c"), "/t/many")]).good()
    assert r.text == "forked until: Resource temporarily unavailable\nall gone\nagain: fine\n"


def test_memory_runs_out():
    """The process with the most memory dies, the others do not notice."""
    r = sh("/t/eat & pid=$!; sleep 0.2; wait $pid; echo eater $?; echo still here; grep -c . /proc/meminfo >/dev/null && echo fine",
           add=[(program("eat.c"), "/t/eat")], mem=32)
    assert r.good().text == "eater 137\nstill here\nfine\n", repr(r)


def test_real_time_leaves_something():
    """SCHED_FIFO programs that never sleep do not stop the others; the share is a knob with Linux's name and rules."""
    r = sh("/t/spinners; cd /proc/sys/kernel; cat sched_rt_period_us sched_rt_runtime_us; for v in 1000001 -1 -2 x 500000; do echo $v >sched_rt_runtime_us; "
           "cat sched_rt_runtime_us; done 2>/dev/null; echo 400000 2>/dev/null >sched_rt_period_us; cat sched_rt_period_us", add=[(program("spinners.c"), "/t/spinners")])
    assert r.good().lines == ["slept: 0"] * 3 + ["child: 7"] + ["spinner: signal 9"] * 3 + "1000000 950000 950000 -1 -1 -1 500000 1000000".split(), repr(r)


@pytest.mark.parametrize("kernel", sorted(KERNELS))
def test_storm(kernel, soak):
    """Processes, threads and signals at random; SEED=n repeats a run. Nothing may be left over."""
    first = seed().randrange(1 << 30)
    text = "for s in %s; do /t/storm $s %d || exit 1; done; ps -o comm | grep -c storm" % (
        " ".join(str(first + i) for i in range(10 if soak else 1)), 20 if soak else 5)
    r = sh(text, add=[(program("storm.c"), "/t/storm")], kernel=KERNELS[kernel], timeout=900 if soak else 100)
    assert set(r.lines[:-1]) == {"the storm is over"} and r.lines[-1] == "0", repr(r)
