"""Interrupts in two halves on a shared line: the edu driver; lines that go on and on; spurious interrupts; the files that count them."""
import os
import re
import shutil
import subprocess
import sys

import pytest

import sluice
from sluice import Live, program, script_file, seed, vm

sys.path.insert(0, os.path.join(sluice.TOP, "tools"))
from sluicevm import qmp  # noqa: E402

# Slots 5, 6 and 9 have line 10 (PIIX3 as SeaBIOS routes it).
TWO_EDUS = "-device edu,id=first,addr=5 -device edu,id=second,addr=6"
LINE = 10


@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    """The folder of tests/system/modules_irq, built outside the tree."""
    folder = str(tmp_path_factory.mktemp("modules_irq"))
    shutil.copytree(os.path.join(sluice.HERE, "modules_irq"), folder, dirs_exist_ok=True)
    r = subprocess.run(["make", "--no-print-directory", "module", "M=" + folder], cwd=sluice.TOP, stdin=subprocess.DEVNULL, text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=dict(os.environ, SLUICE_DEPS_DONE="1", MAKEFLAGS=""))
    assert r.returncode == 0, r.stdout
    return folder


def edu_program():
    return program("edu.c", headers=[os.path.join(sluice.TOP, "labs", "edu", "edu.h")])


def sections(text):
    """{what follows `== `: the lines below}"""
    parts = re.split(r"^== (.*)\n", text, flags=re.M)
    return dict(zip(parts[1::2], (p.splitlines() for p in parts[2::2])))


def numbers(lines):
    return {k: int(v) for k, v in (line.split("=") for line in lines if "=" in line)}


# ---- the driver with two halves ---------------------------------------------------

EDU = r"""
cd /t
say() { echo "== $*"; }
count() { sed -n "s/^ *$1: *\([0-9]*\) .*/\1/p" /proc/interrupts; }
insmod /lib/modules/*/labs/edu.ko || modprobe edu
say shell
echo 5 > /dev/edu0; cat /dev/edu0; echo 13 > /dev/edu1; cat /dev/edu1; ls /dev/edu*; cat /sys/class/edu/edu1/dev
say line
grep -w LINE: /proc/interrupts
say misc
./edu misc /dev/edu0
say factorials
a=$(count LINE)
./edu factorials /dev/edu1 2 HALF SEED & ./edu factorials /dev/edu0 4 EACH SEED; echo status=$?; wait
echo irqs=$(($(count LINE)-a)); ./edu stats /dev/edu0
say second
./edu stats /dev/edu1
say dma
./edu dma /dev/edu1 ROUNDS SEED
head -c 2048 /dev/urandom > block; dd if=block of=/dev/edu1 bs=2048 seek=128 conv=notrunc 2>/dev/null
dd if=/dev/edu1 of=back bs=2048 skip=128 count=1 2>/dev/null; cmp block back && echo same
say unplug
./edu hold /dev/edu0
say after
ls /dev/edu*; echo 6 > /dev/edu1; cat /dev/edu1; grep -w LINE: /proc/interrupts
say off
echo 300 > /sys/module/edu/parameters/timeout_ms
insmod lineoff.ko line=LINE; ./edu factorials /dev/edu1 1 1 1; ./edu dma /dev/edu1 1 1; rmmod lineoff
echo 10000 > /sys/module/edu/parameters/timeout_ms
./edu factorials /dev/edu1 1 100 SEED; echo again=$?; ./edu stats /dev/edu1 | grep lost
say gone
rmmod edu; echo rmmod=$?; ls /dev/edu* /sys/class/edu 2>&1 | grep -vc 'No such'; grep -wc edu /proc/interrupts /proc/devices; true
"""


def test_edu(modules, tmp_path, soak):
    """
    Two devices on one line, four processes at once: every answer right and each by an interrupt. Unplugged in the middle: ENODEV for all
    who wait. With the line switched off nothing comes through.
    """
    each = 10000 if soak else 2500
    values = {"LINE": LINE, "SEED": seed().randrange(1 << 30), "EACH": each, "HALF": each // 4, "ROUNDS": 12 if soak else 3}
    script = re.sub("|".join(values), lambda m: str(values[m.group(0)]), EDU)
    socket = str(tmp_path / "qmp")
    live = Live("sh", "/t/script", add=[(edu_program(), "/t/edu"), (modules + "/lineoff.ko", "/t/lineoff.ko"), (script_file(script), "/t/script")],
                qemu=[TWO_EDUS, qmp.ARGS % socket], mem=320)
    live.wait_for("begun\n" * 4)
    with qmp.Qmp(socket) as monitor:
        monitor("device_del", id="first")
    r = live.end().good()
    said = sections(r.text)
    assert said["shell"] == ["120", "1932053504", "/dev/edu0", "/dev/edu1", said["shell"][4]] and re.match(r"\d+:1$", said["shell"][4]), r
    assert re.search(r"XT-PIC +edu, edu$", said["line"][0]), r
    assert said["misc"] == ["ident 0x010000ed", "inverted 0xedcba987", "reserved bits ok", "outside ok", "bad memory ok", "unknown ok", "no number ok",
                            "too large ok", "past the end ok", "not yet ok", "one at a time ok", "answer 2"], r
    first, second = numbers(said["factorials"]), numbers(said["second"])
    assert first["status"] == 0, r
    # The shell's, misc's own and those of the four; one interrupt tells one factorial.
    assert first["factorials"] == 4 * each + 2 and first["interrupts"] == first["factorials"] + first["raised"] and first["raised"] == 1, r
    assert second["factorials"] == 2 * (each // 4) + 1 and first["lost"] == second["lost"] == 0, r
    assert first["irqs"] <= first["interrupts"] + second["interrupts"] and first["irqs"] > 4 * each / 2, r
    assert second["foreign"] > 4 * each / 2 and first["foreign"] > 0, r
    assert said["dma"] == ["dma ok", "same"], r
    assert sorted(said["unplug"]) == ["begun"] * 4 + ["dma stopped by ENODEV"] * 2 + ["factorials stopped by ENODEV"] * 2, r
    assert said["after"][:2] == ["/dev/edu1", "720"] and re.search(r"XT-PIC +edu$", said["after"][2]), r
    assert said["off"] == ["factorial: I/O error", "to the device: I/O error", "again=0", "lost=2"], r
    assert said["gone"] == ["rmmod=0", "0", "/proc/interrupts:0", "/proc/devices:0"], r


# ---- lines that go on and on; spurious ones ---------------------------------------

ODD = r"""
cd /t
say() { echo "== $*"; }
count() { sed -n "s/^ *$1: *\([0-9]*\).*/\1/p" /proc/interrupts; }
for handled in 0 1; do
	say handled=$handled
	a=$(count LINE); insmod uncaring.ko handled=$handled; echo shell answers
	for i in $(seq 100); do grep -q 'cut_off 1' /proc/irq/LINE/spurious && break; sleep 0.1; done
	b=$(count LINE); sleep 0.2
	echo irqs=$((b-${a:-0})); echo more=$(($(count LINE)-b)); grep cut_off /proc/irq/LINE/spurious | tr ' ' =
	rmmod uncaring; grep cut_off /proc/irq/LINE/spurious
	dmesg | sed 's/^\[[^]]*\] *//' | grep -E '^(irq LINE|Disabling|handlers|\[<.*uncaring)'; dmesg -c >/dev/null
done
say driver
insmod /lib/modules/*/labs/edu.ko; echo 7 > /dev/edu0; cat /dev/edu0
say spurious
grep -E 'SPU|ERR' /proc/interrupts; insmod spurious15.ko; rmmod spurious15; insmod spurious15.ko
grep -E 'SPU|ERR' /proc/interrupts; grep spurious /proc/irq/15/spurious /proc/irq/7/spurious; dmesg | grep -c 'spurious 8259A interrupt: IRQ15'
say table
cat /proc/interrupts
say softirqs
cat /proc/softirqs
"""


def test_storms_and_spurious(modules):
    add = [(os.path.join(modules, name + ".ko"), "/t/%s.ko" % name) for name in ("uncaring", "spurious15")]
    r = vm("sh", "/t/script", add=[*add, (script_file(ODD.replace("LINE", str(LINE))), "/t/script")], qemu="-device edu,addr=5").good()
    said = sections(r.text)
    for handled, told in (0, "irq %d: nobody cared" % LINE), (1, "irq %d: storm: " % LINE):
        lines = said["handled=%d" % handled]
        got = numbers(lines)
        assert lines[0] == "shell answers" and got["cut_off"] == 1 and got["more"] == 0, r
        assert 5000 < got["irqs"] <= 120000, r
        assert "cut_off 0" in lines and "Disabling IRQ #%d" % LINE in lines, r
        assert sum(line.startswith(told) for line in lines) == 1 and any("(uncaring)" in line for line in lines), r
    assert said["driver"] == ["5040"], r                # the line works again for who treats it well
    assert [line.split()[1] for line in said["spurious"][:4]] == ["0", "0", "2", "2"], r
    assert said["spurious"][4:] == ["/proc/irq/15/spurious:spurious 2", "/proc/irq/7/spurious:spurious 0", "1"], r
    assert said["table"][0] == "           CPU0       ", r
    for n, name in (0, "timer"), (1, "i8042"), (2, "cascade"), (LINE, "edu"), (14, "ata1"):
        assert any(re.match(r" *%d: +\d+    XT-PIC      %s$" % (n, name), line) for line in said["table"]), (name, r)
    assert all(re.match(r"(NMI|LOC|SPU|ERR): {1,10}\d{1,10}(   [NLS][\w -]+ interrupts)?$", line) for line in said["table"][-4:]), r
    assert said["softirqs"][0] == "                    CPU0       ", r
    assert {line.split(":")[0].strip() for line in said["softirqs"][1:]} >= {"HI", "TIMER", "BLOCK", "TASKLET"}, r
    assert all(re.match(r" {4,11}[A-Z_]+: {1,10}\d+$", line) for line in said["softirqs"][1:]), r


# ---- line 13, timers ----------------------------------------------------------------

FERR = r"""
cd /t
./ferr; echo status=$?
sed -n 's/^ 13: *\([0-9]*\) *XT-PIC *\(.*\)/irqs=\1 \2/p' /proc/interrupts
say() { echo "== $*"; }
say timers
sleep 300 & sleep 0.1
cat /proc/timer_list; kill %1
"""


def test_floating_point_errors_by_line_13():
    """fpu=ferr: the signal comes with the place from the FPU, also when the process no longer runs; the default is in test_same_as_linux."""
    for _ in range(4):
        r = sluice.sh(FERR, add=[(program("ferr.c"), "/t/ferr")], append="fpu=ferr")
        if b"qemu_mutex_iothread_locked" not in r.err:
            break           # else QEMU itself: another line came up in the moment of the error
    r.good()
    head, timers = r.text.split("== timers\n")
    lines = head.splitlines()
    divide, root = "signal 8 code 3 at the division", "signal 8 code 7 at the root"
    assert lines[:2] == [divide, root] and sorted(lines[2:4]) == sorted([divide, root]) and lines[4:6] == ["children 0", "status=136"], r
    assert re.match(r"irqs=[45] fpu$", lines[6]), r
    now = int(re.search(r"^now at (\d+) nsecs$", timers, re.M).group(1))
    fine, coarse = timers.split("\ntimers of the tick:\n")
    due = [(int(at), int(left), name) for name, at, left in
           re.findall(r"^ #\d+: (\w+)\+0/\S+\n # expires at (\d+) nsecs \[in (-?\d+) nsecs\]$", coarse, re.M)]
    assert due == sorted(due) and all(at - now == left for at, left, _ in due) and any(n == "ferr_look" for _, _, n in due), r
    sleeps = [(int(until) - int(at), int(left), name) for name, at, until, left in re.findall(
        r"^ #\d+: hrtimer_wakeup\+0/\S+, (\w+)/\d+\n # expires at (\d+)-(\d+) nsecs \[in (-?\d+) to -?\d+ nsecs\]$", fine, re.M)]
    assert any(slack == 50000 and left > 200e9 and name == "sleep" for slack, left, name in sleeps), r
