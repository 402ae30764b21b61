"""A panic in each context tells everything that is needed, on serial, in the log and on the screen, and ends the machine."""
import os
import re
import sys
import time

import pytest

import sluice

sys.path.insert(0, os.path.join(sluice.TOP, "tools"))
from sluicevm import qmp  # noqa: E402

pytestmark = pytest.mark.xdist_group("panic")

FAULT = "page fault: kernel write of 0x10"
# where: what is in the report's message, the context it names, functions of its trace, whether there were I/O events before
CASES = {
    "early": (FAULT, "boot or idle", ["crash_write_bad_address", "kernel_main"], False),
    "process": (FAULT, "process", ["crash_write_bad_address", "crash_late", "run_steps"], True),
    "softirq": (FAULT, "softirq", ["crash_write_bad_address", "timer_softirq", "run_rounds", "run_rest"], True),
    "irq": (FAULT, "interrupt", ["crash_write_bad_address", "crash_irq", "irq_dispatch"], True),
    "stack": ("double fault: kernel stack overflow", "process", ["crash_recurse", "crash_late", "run_steps"], True),
}
REGISTERS = ["eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp", "eip", "eflags", "cr2", "cr3"]


@pytest.fixture(scope="module")
def kernel():
    path = sluice.KERNELS["debug"]
    if not os.path.exists(path):
        pytest.skip("no debug kernel (make debug)")
    return path


def check(where, text):
    message, context, functions, events = CASES[where]
    assert "Kernel panic: " + message in text, text
    assert context + " context" in text, text
    for name in REGISTERS:
        assert re.search(r"\b%s [0-9a-f]{8}\b" % name, text), (name, text)
    if where == "stack":
        assert "vector 8 (double fault)" in text, text
    else:
        assert "vector 14 (page fault)" in text and "write of 00000010 from kernel mode: no page there" in text, text
    assert re.search(r"eip [0-9a-f]{8} %s[.+]" % functions[0], text), text
    trace = text[text.index("Call trace:"):text.index("Last I/O events")]
    for name in functions[1:]:
        assert re.search(r"\[[0-9a-f]{8}\] %s[.+]" % name, trace), (name, text)
    after = text[text.index("Last I/O events"):]
    assert ("blk_complete" in after and "ata_irq" in after) if events else "none yet" in after, text


def wait_paused(monitor, seconds=40):
    end = time.monotonic() + seconds
    while monitor("query-status")["status"] != "shutdown":
        assert time.monotonic() < end, "the machine did not switch itself off"
        time.sleep(0.05)


@pytest.mark.parametrize("where", CASES)
def test_report(where, kernel, tmp_path):
    """The power-off is held, so that the screen can be read; serial is what the console saw."""
    socket, log = str(tmp_path / "qmp"), tmp_path / "log"
    with sluice.Console(kernel=kernel, append="crash=" + where, log=log, timeout=240,
                        qemu=qmp.ARGS % socket + " -action shutdown=pause") as c:
        c.expect("Last I/O events.*\n")
        with qmp.Qmp(socket) as monitor:
            wait_paused(monitor)
            rows = monitor.screen()
            monitor("quit")
        assert c.status() == 125
        serial = bytes(c.seen).decode("latin-1")
    check(where, serial[serial.index("Kernel panic"):])
    text = log.read_text(errors="replace")
    check(where, text[text.index("Kernel panic"):])
    assert rows[0].startswith("Kernel panic: "), rows
    check(where, "\n".join(rows))


@pytest.mark.parametrize("where", ["early", "irq"])
def test_it_ends_the_machine(where, kernel):
    """Nobody holds it: QEMU is gone, and tools/vm says 125."""
    r = sluice.vm("true", kernel=kernel, append="crash=" + where)
    assert r.status == 125 and b"the kernel panicked" in r.err and b"Last I/O events" in r.err, repr(r)


@pytest.mark.parametrize("where, what", [("irq_sleep", r"may sleep at kernel/sched/kthread.c:\d+ in atomic context"),
                                         ("irq_mutex", "mutex crash_mutex taken in an interrupt")])
def test_handler_that_sleeps(where, what, kernel):
    """It is told by name, with the way that led there."""
    err = sluice.vm("true", kernel=kernel, append="crash=" + where).err.decode()
    assert re.search("Kernel panic: " + what, err) and "interrupt context (crash)" in err, err
    assert re.search(r"Call trace:.*crash_%s\+.*irq_dispatch\+" % where, err, re.S), err


def test_panic_by_sysrq_prints_registers():
    """The release kernel, asked through /proc by root."""
    r = sluice.sh("echo c > /proc/sysrq-trigger")
    assert r.status == 125, repr(r)
    text = r.err.decode("latin-1")
    text = text[text.index("Kernel panic"):]
    assert "process context" in text and "sysrq" in text
    for name in REGISTERS:
        assert re.search(r"\b%s [0-9a-f]{8}\b" % name, text), (name, text)
    assert re.search(r"\] syscall_dispatch\+0x", text), text
