"""Timers and events in ways that the host's Linux is not asked for: the clock is set, file systems go away. One boot of the debug kernel."""
import re

import pytest

from sluice import KERNELS, program, sh

CLOCK = """\
before: 0 0 0, 0 signals
clock_settime(CLOCK_REALTIME, &now): 0
half: 0 0 1, 0 signals
read(told, &n, sizeof(n)): Operation canceled
read(told, &n, sizeof(n)): Resource temporarily unavailable
of the moment half is left
of the span all is left
clock_settime(CLOCK_REALTIME, &now): 0
timerfd_settime(told, TFD_TIMER_ABSTIME | CANCEL_ON_SET, &later, NULL): Operation canceled
timerfd_settime(told, TFD_TIMER_ABSTIME | CANCEL_ON_SET, &later, NULL): 0
clock_settime(CLOCK_REALTIME, &now): 0
over: 1 0
1 signal
read(moment, &n, sizeof(n)): 8
read(span, &n, sizeof(n)): Resource temporarily unavailable
clock_settime(CLOCK_REALTIME, &now): 0
"""

# The file system of a watched folder goes away; the queue is full; the limits of a user.
INOTIFY = """\
OPEN ISDIR
CLOSE_NOWRITE ISDIR
UNMOUNT ISDIR
IGNORED
--
MODIFY
MODIFY
OVERFLOW
--
init: No file descriptors available
watch: No space left on device
"""

# name: (script, what it prints)
CASES = {
    "clock": ("/t/clockset", CLOCK),
    "inotify": ("/t/watches", INOTIFY),
}


@pytest.fixture(scope="module")
def said():
    text = "".join("echo === %s; ( %s ) 2>&1; echo === end $?\n" % (name, script) for name, (script, _) in CASES.items())
    r = sh(text, add=[(program(n + ".c"), "/t/" + n) for n in ("clockset", "watches")], kernel=KERNELS["debug"])
    return {m.group(1): m.group(2) for m in re.finditer(r"^=== (\w+)\n(.*?)=== end 0$", r.text, re.M | re.S)}, r


@pytest.mark.parametrize("name", CASES)
def test_events(name, said):
    found, r = said
    assert name in found, repr(r)
    assert found[name] == CASES[name][1]
