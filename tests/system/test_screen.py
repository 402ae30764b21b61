"""The second terminal: tty1, typed at with QMP keys and read off the VGA screen."""
import os
import sys
import threading
import time

import pytest

import sluice

sys.path.insert(0, os.path.join(sluice.TOP, "tools"))
from sluicevm import qmp  # noqa: E402

pytestmark = pytest.mark.xdist_group("screen")

TYPING = 0.03     # seconds between two keys on the serial line
# The printing keys of the US layout: alone, with shift.
ALONE = "`1234567890-=qwertyuiop[]\\asdfghjkl;'zxcvbnm,./ "
SHIFTED = "~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:\"ZXCVBNM<>? "
# With ctrl: control codes; keys that are not here give nothing.
CONTROL = {c: ord(c) & 0x1f for c in "abcdefghijklmnopqrstuvwxyz[]\\"}
CONTROL.update({"2": 0, "3": 27, "4": 28, "5": 29, "6": 30, "7": 31, "8": 127, "-": 31, "/": 31, " ": 0, "`": 0})
# Keys that give more than a character, as TERM=linux has them.
SPECIAL = {"esc": "\x1b", "tab": "\t", "ret": "\r", "backspace": "\x7f", "up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D",
           "home": "\x1b[1~", "insert": "\x1b[2~", "delete": "\x1b[3~", "end": "\x1b[4~", "pgup": "\x1b[5~", "pgdn": "\x1b[6~",
           "f1": "\x1b[[A", "f5": "\x1b[[E", "f6": "\x1b[17~", "f10": "\x1b[21~", "f11": "\x1b[23~", "f12": "\x1b[24~",
           "kp_enter": "\r", "kp_divide": "/", "kp_multiply": "*", "kp_subtract": "-", "kp_add": "+"}
# The keypad without Num Lock; with it, a digit or the point each.
KEYPAD = {"kp_0": "\x1b[2~", "kp_1": "\x1b[4~", "kp_2": "\x1b[B", "kp_3": "\x1b[6~", "kp_4": "\x1b[D", "kp_5": "\x1b[G", "kp_6": "\x1b[C",
          "kp_7": "\x1b[1~", "kp_8": "\x1b[A", "kp_9": "\x1b[5~", "kp_decimal": "\x1b[3~"}


class Machine:
    def __init__(self, folder):
        socket = str(folder / "qmp")
        add = [(sluice.program("rawkeys.c"), "/bin/rawkeys")]
        self.console = sluice.Console(timeout=900, qemu=qmp.ARGS % socket, add=add)
        self.console.prompt()
        self.qmp = qmp.Qmp(socket)
        self.qmp.wait_screen(at_prompt)

    def close(self):
        self.qmp.__exit__()
        self.console.close()

    def both_prompts(self):
        self.console.send("\x03")
        self.console.prompt(60)
        self.press("ctrl", "c")
        self.command("clear\n")
        self.qmp.wait_screen(lambda rows: rows[0] == "#")

    def type(self, text):
        self.qmp.type(text)

    def command(self, text):
        """
        Type a command once the shell reads: its line editor asks the terminal for the cursor's place, and what is typed before it has
        read the answer may be taken for a part of that.
        """
        self.qmp.wait_screen(at_prompt)
        for _ in range(20):
            self.type("x")
            try:
                self.qmp.wait_screen(lambda rows: last(rows).endswith("# x"), 1)
                break
            except qmp.QmpError:
                pass
        self.press("ctrl", "u")
        self.qmp.wait_screen(at_prompt)
        self.type(text)

    def run(self, command, found):
        """Type a command on tty1; the rows once found(rows) is true and the prompt is there."""
        self.command(command + "\n")
        return self.qmp.wait_screen(lambda rows: found(rows) and at_prompt(rows))

    def press(self, *names):
        self.qmp.key(*names)

    # -- rawkeys on tty1, its report on ttyS0 --

    def start_rawkeys(self):
        self.command("rawkeys /dev/ttyS0\n")
        self.console.expect("READY")

    def keys_seen(self):
        """The bytes since the last call; F2 marks the end."""
        self.press("f2")
        text = self.console.expect("((?:[0-9a-f]{2} )*?)1b 5b 5b 42 ").group(1)
        return bytes.fromhex(text.decode())

    def stop_rawkeys(self):
        self.console.send("\n")
        self.console.prompt()
        self.console.run("killall rawkeys")
        self.qmp.wait_screen(at_prompt)


def last(rows):
    """The last row with text."""
    return next((r for r in reversed(rows) if r), "")


def at_prompt(rows):
    return last(rows) == "#"


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """The guest that the tests share; one that is left without prompts is replaced."""
    holder = []
    yield lambda: tmp_path_factory.mktemp("screen"), holder
    for m in holder:
        m.close()


@pytest.fixture
def machine(shared):
    folder, holder = shared
    if holder:
        try:
            holder[0].both_prompts()
            return holder[0]
        except (AssertionError, OSError, qmp.QmpError):
            holder.pop().close()
    holder.append(Machine(folder()))
    return holder[0]


@pytest.fixture
def rawkeys(machine):
    machine.start_rawkeys()
    yield machine
    machine.stop_rawkeys()


def test_a_command(machine):
    rows = machine.run("clear; tty; stty size; echo $((6*7)) $TERM", lambda rows: "42 linux" in rows)
    assert rows[:3] == ["/dev/tty1", "25 80", "42 linux"]


def test_vi_edits_and_saves(machine):
    machine.command("printf 'one\\ntwo\\nthree\\n' > /tmp/v; vi /tmp/v\n")
    rows = machine.qmp.wait_screen(lambda rows: rows[:4] == ["one", "two", "three", "~"])
    assert "/tmp/v" in rows[24]
    machine.type("jddoIt's \"new\" {#1}")
    machine.press("esc")
    machine.qmp.wait_screen(lambda rows: rows[:4] == ["one", "three", "It's \"new\" {#1}", "~"] and rows[24].startswith("- /tmp/v"))
    machine.press("up")
    machine.press("up")
    machine.type("0rO:wq\n")
    machine.qmp.wait_screen(at_prompt)
    assert machine.console.run("cat /tmp/v") == "One\nthree\nIt's \"new\" {#1}"


def test_top_and_less_draw_the_screen(machine):
    machine.command("clear; top -d 1\n")
    machine.qmp.wait_screen(lambda rows: rows[0].startswith("Mem:") and any("COMMAND" in r for r in rows[:6]))
    machine.type("q")
    machine.qmp.wait_screen(at_prompt)
    machine.command("seq 200 | less\n")
    machine.qmp.wait_screen(lambda rows: rows[0] == "1" and rows[23] == "24")
    machine.type(" ")
    machine.qmp.wait_screen(lambda rows: rows[23] == "48")
    machine.type("q")
    machine.qmp.wait_screen(at_prompt)


def test_every_key_alone(rawkeys):
    rawkeys.type(ALONE)
    assert rawkeys.keys_seen() == ALONE.encode()


@pytest.mark.parametrize("shift", ["shift", "shift_r"])
def test_every_key_with_shift(rawkeys, shift):
    for c in ALONE:
        rawkeys.press(shift, qmp.KEYS[c][0])
    assert rawkeys.keys_seen() == SHIFTED.encode()
    rawkeys.press("a")
    assert rawkeys.keys_seen() == b"a"


@pytest.mark.parametrize("ctrl", ["ctrl", "ctrl_r"])
def test_every_key_with_ctrl(rawkeys, ctrl):
    for c in ALONE:
        rawkeys.press(ctrl, qmp.KEYS[c][0])
    assert rawkeys.keys_seen() == bytes(CONTROL[c] for c in ALONE if c in CONTROL)
    rawkeys.press("a")
    assert rawkeys.keys_seen() == b"a"


def test_other_keys(rawkeys):
    for name in SPECIAL:
        rawkeys.press(name)
    assert rawkeys.keys_seen() == "".join(SPECIAL.values()).encode()
    rawkeys.press("alt", "x")
    rawkeys.press("alt_r", "shift", "x")
    assert rawkeys.keys_seen() == b"\x1bx\x1bX"
    rawkeys.press("pause")
    rawkeys.press("print")
    rawkeys.press("a")
    assert rawkeys.keys_seen() == b"a"


def test_locks(rawkeys):
    rawkeys.press("caps_lock")
    rawkeys.type("aA1")
    rawkeys.press("caps_lock")
    rawkeys.type("aA1")
    assert rawkeys.keys_seen() == b"Aa1aA1"
    rawkeys.press("num_lock")
    for name in KEYPAD:
        rawkeys.press(name)
    rawkeys.press("num_lock")
    for name in KEYPAD:
        rawkeys.press(name)
    assert rawkeys.keys_seen() == b"0123456789." + "".join(KEYPAD.values()).encode()


def test_rubbish_from_the_wire(rawkeys):
    """Any bytes; then all keys go up, and it types as before."""
    random = sluice.seed()
    codes = [c for c in range(256) if c & 0x7f not in (0x3a, 0x45, 0x46)]     # but not the locks
    for _ in range(400):
        rawkeys.qmp.scancode(random.choice(codes))
    for code in (0x80, 0x80, 0xaa, 0xb6, 0x9d, 0xb8, 0xe0, 0x9d, 0xe0, 0xb8):
        rawkeys.qmp.scancode(code)
    rawkeys.type("all is well")
    rawkeys.console.expect(" ".join("%02x" % c for c in b"all is well"))


def test_typing_on_both_terminals_at_once(machine):
    """Each gets its own, whole and in order."""
    lines = ["line %d of the %s" % (n, "%s") for n in range(12)]
    screen, serial = ("".join(line % where + "\n" for line in lines) for where in ("screen", "serial side"))
    machine.command("clear; cat > /tmp/screen\n")
    machine.console.send("cat > /tmp/serial\n")
    machine.console.expect("serial\r\n")
    typist = threading.Thread(target=machine.type, args=(screen,))
    typist.start()
    for c in serial:
        machine.console.send(c)
        time.sleep(TYPING)
    typist.join()
    machine.console.send("\x04")
    machine.console.prompt()
    machine.press("ctrl", "d")
    rows = machine.qmp.wait_screen(at_prompt)
    assert machine.console.run("cat /tmp/serial") + "\n" == serial
    assert machine.console.run("cat /tmp/screen") + "\n" == screen
    assert not any("serial side" in r for r in rows)


def test_ctrl_c_ends_only_its_own_terminal(machine):
    machine.console.send("sleep 3; echo survived=$?\n")
    machine.console.expect("sleep 3.*\r\n")
    machine.command("clear; sleep 100\n")
    machine.qmp.wait_screen(lambda rows: any("sleep 100" in r for r in rows) or not any(rows))
    time.sleep(0.5)
    machine.press("ctrl", "c")
    machine.qmp.wait_screen(at_prompt)
    machine.console.expect("survived=0")
    machine.console.prompt()


def test_scrolling_back(machine):
    rows = machine.run("clear; seq 100", lambda rows: rows[23] == "100")
    assert rows[:24] == [str(n) for n in range(77, 101)]
    machine.press("shift", "pgup")
    back = machine.qmp.wait_screen(lambda rows: rows[0] == "65")
    assert back == [str(n) for n in range(65, 90)]
    machine.press("shift", "pgup")
    machine.qmp.wait_screen(lambda rows: rows[0] == "53")
    machine.press("shift", "pgdn")
    assert machine.qmp.wait_screen(lambda rows: rows[0] == "65") == back
    machine.press("shift", "pgdn")
    assert machine.qmp.wait_screen(lambda rows: rows[0] == "77") == rows
    machine.press("shift", "pgup")
    machine.qmp.wait_screen(lambda rows: rows[0] == "65")
    machine.type(":\n")         # what comes new brings the present back
    machine.qmp.wait_screen(lambda rows: rows[22] == "100" and at_prompt(rows))


def test_exit_starts_a_new_shell(machine):
    machine.command("clear; cd /tmp; exit\n")
    machine.qmp.wait_screen(at_prompt)
    machine.run("clear; pwd", lambda rows: "/root" in rows)
