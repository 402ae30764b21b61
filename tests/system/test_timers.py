"""Time-outs to the nanosecond: never early, in order, with a CPU that has an APIC and without; how long they take where time goes by instructions."""
import re

import pytest

import sluice

WAYS = ("nanosleep", "clock_nanosleep", "clock_nanosleep wall", "ppoll", "select", "pselect", "epoll_pwait2", "futex", "futex wall",
        "sigtimedwait", "io_getevents", "SO_RCVTIMEO", "timerfd", "setitimer", "timer_create")
TICK = 4000000
# A moment of the wall clock that the clock is set past ends what waits for it.
WALL = r"""
(sleep 0.2; date -s @2000000000 >/dev/null) & ./hr until 1999999999
(sleep 0.2; date -s @2000000020 >/dev/null) & ./hr until 2000000019
cat /proc/$$/timerslack_ns; echo 70000 > /proc/$$/timerslack_ns && cat /proc/$$/timerslack_ns
grep -E 'hres|lapic|LOC|SPU' /proc/timer_list /proc/interrupts
"""


def checked(text, resolution):
    """What `hrtimers all` printed says that all is well; the lines after that."""
    lines = text.splitlines()
    want = ["resolution %d %d %d %d %d 1" % (*(resolution,) * 4, TICK), "slack 50000 0 2000000 50000"]
    want += ["%s early 0" % w for w in WAYS]
    want += ["ready 12 out of order 0", "timerfd none 0 too many 0 lost 0", "timer none 0 too many 0", "tiny: counted", "done"]
    assert lines[:len(want)] == want, text
    return lines[len(want):]


@pytest.mark.parametrize("how", [{}, {"append": "nolapic"}, {"qemu": "-cpu qemu32,-apic"}], ids=["apic", "nolapic", "no_apic"])
def test_never_early(how):
    """Without an APIC timers end with a tick, and clock_getres says so."""
    r = sluice.sh("cd /t; ./hr all" + WALL, add=[(sluice.program("hrtimers.c"), "/t/hr")], **how).good()
    fine = not how
    rest = checked(r.text, 1 if fine else TICK)
    assert rest[:4] == ["reached"] * 2 + ["50000", "70000"], r
    said = "\n".join(rest[4:])
    assert ("hres_active: %d" % fine) in said and ("Clock Event Device: lapic" in said) == fine, r
    count = int(re.search(r"LOC: +(\d+)   Local timer interrupts$", said, re.M).group(1))
    assert count > 100 if fine else not count, r
    assert re.search(r"SPU: +0 ", said), r


def test_takes_what_is_asked():
    """Where an instruction is a nanosecond, 100 us take less than a millisecond, wherever in a tick they begin."""
    r = sluice.vm("/t/hr", "short", add=[(sluice.program("hrtimers.c"), "/t/hr")], accel="icount").good()
    assert r.lines == ["resolution 1 1 1 1 %d 1" % TICK] + ["%s late 0" % w for w in WAYS], r
