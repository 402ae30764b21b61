"""Timers and events in ways that the host's Linux is not asked for: the clock is set, file systems go away. One boot of the debug kernel."""
import os
import re

import pytest

from sluice import HERE, KERNELS, program, sh

HEADER = os.path.join(HERE, "programs", "same", "say.h")

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

SAME = ("threads_posix", "posix_timers", "inotifies", "memfds")
# name: (script, what it prints)
CASES = {
    "clock": ("/t/clockset", CLOCK),
    "inotify": ("/t/watches", INOTIFY),
    # What is compared with the host's Linux on the release kernel, once with all the checks of the debug kernel.
    "same": ("cd /tmp; for n in %s; do /t/$n >/dev/null && echo $n; done" % " ".join(SAME), "".join(n + "\n" for n in SAME)),
}


@pytest.fixture(scope="module")
def said():
    text = "".join("echo === %s; ( %s ) 2>&1; echo === end $?\n" % (name, script) for name, (script, _) in CASES.items())
    add = [(program(n + ".c", [HEADER]), "/t/" + n) for n in ("clockset", "watches")] + [(program("same/%s.c" % n, [HEADER]), "/t/" + n) for n in SAME]
    r = sh(text, add=add, kernel=KERNELS["debug"])
    return {m.group(1): m.group(2) for m in re.finditer(r"^=== (\w+)\n(.*?)=== end 0$", r.text, re.M | re.S)}, r


@pytest.mark.parametrize("name", CASES)
def test_events(name, said):
    found, r = said
    assert name in found, repr(r)
    assert found[name] == CASES[name][1]
