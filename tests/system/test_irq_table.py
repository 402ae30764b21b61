"""The interrupt table (docs/irq-table.md): each line's device is driven from outside, the program gets the data, /proc/interrupts counts.

Lines 6 (floppy), 9 (ACPI), 10, 11 (PCI), 13 (FPU), 14 and 15 (IDE) have tests of their own.
"""
import hashlib
import os
import pty
import socket
import subprocess
import sys
import threading
import time
import tty

import pytest

import sluice

sys.path.insert(0, os.path.join(sluice.TOP, "tools"))
from sluicevm import qmp  # noqa: E402

pytestmark = pytest.mark.xdist_group("irqtable")

KEYBOARD, MOUSE = "/dev/input/event0", "/dev/input/event1"
EV_KEY, EV_REL, EV_MSC, EV_LED = 1, 2, 4, 0x11
BTN_LEFT, REL_WHEEL = 0x110, 8
# QEMU's names of keys that are not on every keyboard, and Linux's numbers of them.
CODES = {"a": 30, "q": 16, "7": 8, "ret": 28, "f5": 63, "spc": 57, "m": 50, "up": 103, "kp_enter": 96, "ctrl_r": 97, "delete": 111, "pause": 119}


class Machine:
    def __init__(self, folder):
        self.path = lambda name: os.path.join(str(folder), name)
        self.com2 = None
        with open(self.path("back"), "wb") as f:
            f.write(sluice.seed().randbytes(1 << 20))
        qemu = [qmp.ARGS % self.path("qmp"), "-rtc base=2001-02-03T04:05:06,clock=vm",
                "-chardev socket,id=com2,path=%s,server=on,wait=off -serial chardev:com2" % self.path("com2"),
                "-chardev file,id=lpt1,path=%s -parallel chardev:lpt1" % self.path("lpt1"),
                "-chardev file,id=lpt2,path=%s -device isa-parallel,iobase=0x278,irq=5,chardev=lpt2,index=1" % self.path("lpt2")]
        add = [(sluice.program("irqtable.c"), "/bin/irqtable"), (self.path("back"), "/root/back")]
        self.console = sluice.Console(timeout=900, qemu=qemu, add=add)
        self.console.prompt()
        self.qmp = qmp.Qmp(self.path("qmp"))
        self.com2 = socket.socket(socket.AF_UNIX)
        self.com2.connect(self.path("com2"))
        self.com2.settimeout(120)
        self.run("PS1='# '; stty -F /dev/ttyS1 raw -echo 115200")

    def close(self):
        self.qmp.__exit__()
        if self.com2:
            self.com2.close()
        self.console.close()

    def run(self, command, seconds=40):
        return self.console.run(command, seconds)

    def start(self, command):
        """A program in the foreground that says READY."""
        self.console.send(command + "\n")
        self.console.expect("READY\r\n")

    def lines(self):
        """What the program of start has printed, up to its END."""
        text = self.console.expect("(.*?)END\r\n").group(1).decode()
        self.console.prompt()
        return text.replace("\r", "").splitlines()

    def count(self, line):
        text = self.run("grep '^ *%d:' /proc/interrupts || echo none" % line)
        return int(text.split(":")[1].split()[0]) if ":" in text else 0


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    m = Machine(tmp_path_factory.mktemp("irq"))
    yield m
    m.close()


def fields(text):
    return dict(w.split("=", 1) for w in text.split() if "=" in w)


# ---- 0: the tick ----------------------------------------------------------------

def test_irq_0_tick(machine):
    before = machine.count(0)
    machine.run("sleep 0.5")
    assert machine.count(0) - before > 50


# ---- 1: keyboard ----------------------------------------------------------------

def test_irq_1_keys(machine):
    before, names = machine.count(1), list(CODES)
    machine.start("irqtable events %s %d" % (KEYBOARD, 6 * len(names)))
    for name in names:
        machine.qmp.key(name)
    events = [tuple(map(int, line.split())) for line in machine.lines()]
    assert [e[1:] for e in events if e[0] == EV_KEY] == [(CODES[n], v) for n in names for v in (1, 0)]
    assert all(e[1] == 4 for e in events if e[0] == EV_MSC)
    assert [i for i, e in enumerate(events) if e == (0, 0, 0)] == list(range(2, 6 * len(names), 3))
    # A key is a byte and an interrupt at least; one interrupt may take more than one byte.
    assert machine.count(1) - before >= len(names)


def test_keyboard_about(machine):
    text = machine.run("irqtable about " + KEYBOARD)
    assert text.splitlines()[:2] == [
        "version=10001 id=11:1:1 name=AT Translated Set 2 keyboard phys=isa0060/serio0/input0",
        "types=020013 keys=96 a=1 left=0 leds=7 lit=0 a_down=0"]
    assert text.splitlines()[2] == ("empty=Resource temporarily unavailable short=Invalid argument seek=Invalid seek"
                                    " unknown=Invalid argument")
    devices = machine.run("cat /proc/bus/input/devices")
    assert 'N: Name="AT Translated Set 2 keyboard"' in devices and "H: Handlers=event0 kbd" in devices
    assert machine.run("cd /sys/class/input; cat input0/name input0/id/bustype event0/dev; cd") == "AT Translated Set 2 keyboard\n0011\n13:64"


def test_keyboard_leds(machine):
    """The Caps Lock key lights its LED for all who look; a program may write it."""
    for on in (1, 0):
        machine.start("irqtable events %s 7" % KEYBOARD)
        machine.qmp.key("caps_lock")
        assert machine.lines() == ["4 4 58", "1 58 1", "17 1 %d" % on, "0 0 0", "4 4 58", "1 58 0", "0 0 0"]
        assert " lit=%d " % (2 * on) in machine.run("irqtable about " + KEYBOARD)
    machine.run("irqtable led %s 0 1" % KEYBOARD)
    assert " lit=1 " in machine.run("irqtable about " + KEYBOARD)
    machine.run("irqtable led %s 0 0" % KEYBOARD)


def test_keyboard_grab_and_queue(machine):
    """Who grabs it has it alone; who does not read is told what was lost, and then gets whole packets."""
    machine.qmp.type("x")
    machine.qmp.wait_screen(lambda rows: any(r.endswith("# x") for r in rows))
    machine.start("irqtable events %s 3 grab" % KEYBOARD)
    machine.qmp.key("y")
    machine.lines()
    machine.qmp.type("z")
    machine.qmp.wait_screen(lambda rows: any(r.endswith("# xz") for r in rows))
    machine.qmp.key("ctrl", "u")
    machine.start("irqtable events %s 60 late" % KEYBOARD)
    for _ in range(30):
        machine.qmp.key("shift")
    machine.console.send("\n")
    machine.console.expect("0 3 0\r\n")     # SYN_DROPPED
    for _ in range(20):
        machine.qmp.key("shift")
    events = [tuple(map(int, line.split())) for line in machine.lines()]
    keys = [e[2] for e in events if e[0] == EV_KEY]
    assert keys and keys == [(i + keys[0]) % 2 for i in range(len(keys))]


# ---- 12: mouse ------------------------------------------------------------------

def test_irq_12_mouse_as_ps2(machine):
    before = machine.count(12)
    machine.start("irqtable mouse /dev/input/mice ps2 4")
    for command in ("mouse_move 10 5", "mouse_button 1", "mouse_button 0", "mouse_move -3 -4"):
        machine.qmp.monitor(command)
        time.sleep(0.1)
    # First byte: always 8, buttons, signs of x (10) and y (20). PS/2 counts y upwards, the monitor downwards.
    assert machine.lines() == ["28 0a fb", "09 00 00", "08 00 00", "18 fd 04"]
    assert machine.count(12) - before >= 4


def test_mouse_wheel_and_side_buttons(machine):
    machine.start("irqtable mouse /dev/input/mouse0 exps 3")
    for event in ({"type": "btn", "data": {"down": True, "button": "wheel-up"}}, {"type": "btn", "data": {"down": True, "button": "side"}},
                  {"type": "btn", "data": {"down": False, "button": "side"}}):
        machine.qmp("input-send-event", events=[event])
        time.sleep(0.1)
    assert machine.lines() == ["08 00 00 0f", "08 00 00 10", "08 00 00 00"]
    assert machine.run("echo | irqtable mouse /dev/input/mice imps 0") == "answer 2: fa 03\nnothing=Resource temporarily unavailable\nREADY\nEND"


def test_mouse_events(machine):
    machine.start("irqtable events %s 9" % MOUSE)
    machine.qmp.monitor("mouse_move 10 5")
    time.sleep(0.1)
    machine.qmp.monitor("mouse_button 1")
    time.sleep(0.1)
    machine.qmp.monitor("mouse_button 0")
    time.sleep(0.1)
    machine.qmp.monitor("mouse_move 0 0 -1")
    assert machine.lines() == ["2 0 10", "2 1 5", "0 0 0", "1 272 1", "0 0 0", "1 272 0", "0 0 0", "2 8 -1", "0 0 0"]
    text = machine.run("irqtable about " + MOUSE).splitlines()
    assert text[0] == "version=10001 id=11:2:6 name=ImExPS/2 Generic Explorer Mouse phys=isa0060/serio1/input0"
    assert text[1].startswith("types=000007 keys=96 a=0 left=1 rels=103")


# ---- 3, 4: serial lines ---------------------------------------------------------

def receive(sock, n):
    got = bytearray()
    while len(got) < n:
        data = sock.recv(65536)
        if not data:
            break
        got += data
    return bytes(got)


def test_irq_4_com1(machine):
    before = machine.count(4)
    assert machine.run("echo $((6*7))") == "42"
    assert machine.count(4) > before


def test_irq_3_modem_lines_and_counts(machine):
    assert machine.run("irqtable lines /dev/ttyS1").splitlines() == [
        "speed=19200 impossible=19200", "on=120 off=0 looped=Z rx=1 tx=1 lost=0", "overrun=1 dropped=0 kept=1 same=1"]
    machine.run("stty -F /dev/ttyS1 raw -echo 115200")
    text = machine.run("cat /proc/tty/driver/serial")
    assert text.startswith("serinfo:1.0 driver revision:\n0: uart:16550A port:000003F8 irq:4 tx:")
    assert "\n1: uart:16550A port:000002F8 irq:3 tx:" in text


def test_irq_3_both_ways_at_full_speed(machine, soak):
    """Random bytes both ways at once, nothing lost or doubled, and Ctrl-C on the other line works meanwhile."""
    n = 1 << (20 if soak else 17)
    data, before = sluice.seed().randbytes(n), machine.count(3)
    with open(machine.path("back"), "rb") as f:
        back = f.read(n)
    machine.console.send("(head -c %d <&5 | sha1sum > /tmp/sum; echo done >> /tmp/sum) 5<>/dev/ttyS1 & head -c %d /root/back > /dev/ttyS1 &\n" % (n, n))
    machine.console.prompt()
    got = []
    threads = [threading.Thread(target=machine.com2.sendall, args=(data,)),
               threading.Thread(target=lambda: got.append(receive(machine.com2, n)))]
    for t in threads:
        t.start()
    machine.console.send("sh -c 'echo G''O; exec sleep 1000'\n")
    machine.console.expect("\nGO\r\n")
    machine.console.send("\x03")
    machine.console.prompt()
    assert machine.run("echo $?") == "130"
    for t in threads:
        t.join(200)
    machine.run("wait", 200)
    assert got and got[0] == back
    assert machine.run("cat /tmp/sum").split() == [hashlib.sha1(data).hexdigest(), "-", "done"]
    assert machine.count(3) - before > 100
    lost = [line.split() for line in machine.run("grep ttyS1 /proc/io_buffers").splitlines()]
    assert lost and all(words[-1] == "0" for words in lost)


CTS, CAR, DSR = 0x20, 0x40, 0x100


def test_irq_3_carrier_and_cts(tmp_path):
    """A pseudo-terminal has no modem lines: modem_lines.c, preloaded into QEMU, makes them up."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    lines = str(tmp_path / "lines")

    def modem(bits):
        with open(lines + ".new", "w") as f:
            f.write("%x" % bits)
        os.rename(lines + ".new", lines)

    modem(CTS | CAR | DSR)
    library = str(tmp_path / "modem_lines.so")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O", "-o", library, os.path.join(sluice.HERE, "programs", "modem_lines.c")], check=True)
    os.environ.update(LD_PRELOAD=library, MODEM_LINES=lines)
    try:
        live = sluice.Live("irqtable", "carrier", "/dev/ttyS1", add=[(sluice.program("irqtable.c"), "/bin/irqtable")],
                           qemu="-chardev serial,id=com2,path=%s -serial chardev:com2" % os.ttyname(slave))
    finally:
        del os.environ["LD_PRELOAD"], os.environ["MODEM_LINES"]
    for word, bits in (("DROP", CTS | DSR), ("RAISE", CTS | CAR | DSR), ("STOP", CAR | DSR), ("GO", CTS | CAR | DSR)):
        live.wait_for(word)
        modem(bits)
    r = live.end().good()
    assert r.lines == ["carrier=1 DROP", "read=0 write=I/O error", "waits=1 RAISE", "opened=7", "STOP", "queued=10 GO",
                       "queued=0 cts=2 dcd=2"]
    assert os.read(master, 100) == b"0123456789"
    os.close(slave)
    os.close(master)


# ---- 5, 7: printers -------------------------------------------------------------

@pytest.mark.parametrize("line,device,name", [(7, "lp0", "lpt1"), (5, "lp1", "lpt2")])
def test_irq_7_and_5_printers(machine, line, device, name):
    before = machine.count(line)
    assert machine.run("irqtable printer /dev/" + device) == \
        "status=d8 irq=%d twice=Resource busy read=Bad file descriptor seek=Invalid seek unknown=Invalid argument" % line
    machine.run("dd if=/root/back of=/dev/%s bs=32k count=1 2>/dev/null; echo 'the end' > /dev/%s" % (device, device))
    with open(machine.path("back"), "rb") as f:
        sent = f.read(32768) + b"the end\n"
    with open(machine.path(name), "rb") as f:
        assert f.read() == sent
    assert machine.count(line) - before >= len(sent)
    # Both buffers were in use, in turn; each byte went through once.
    words = machine.run("grep %s /proc/io_buffers" % device).split()
    assert words[1:5] == ["double", "fifo", "2", "4096"] and words[5:9] == ["0", "2", str(len(sent)), str(len(sent))]
    machine.run("echo %s lifo > /proc/io_buffers" % device)
    assert machine.run("grep %s /proc/io_buffers" % device).split()[2] == "lifo"


# ---- 8: clock -------------------------------------------------------------------

def test_irq_8_rtc(machine):
    before = machine.count(8)
    got = machine.run("irqtable rtc").splitlines()
    assert got[0].startswith("twice=Resource busy empty=Resource temporarily unavailable date=2001-2-3 04:0") and got[0].endswith("weekday=6")
    assert got[1] == "update=1:90 odd=Invalid argument rate=256 periodic=c0 alarm=1:a0 late=0"
    assert got[2] == "still=0 hour24=Invalid argument alm=23 February30=Invalid argument unknown=Not a tty"
    assert machine.count(8) - before >= 66
    assert "2001" in machine.run("hwclock -r -u")
    machine.run("date -s '2031-05-06 07:08:09'; hwclock -w -u")
    assert machine.run("cat /sys/class/rtc/rtc0/date /sys/class/rtc/rtc0/name") == "2031-05-06\nrtc_cmos rtc_cmos"
    assert fields(machine.run("cat /proc/driver/rtc").replace("\t: ", "="))["rtc_date"] == "2031-05-06"
    assert abs(int(machine.run("cat /sys/class/rtc/rtc0/since_epoch")) - 1935817689) < 600
