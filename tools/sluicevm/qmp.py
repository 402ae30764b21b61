"""QEMU's monitor protocol: keys, memory, screen. QEMU is started with ARGS % path; the socket is there as soon as QEMU runs.

docs/interop/qmp-spec.txt of QEMU; key names are those of its QKeyCode.
"""
import json
import os
import socket
import tempfile
import time

ARGS = "-qmp unix:%s,server=on,wait=off"
ROWS, COLUMNS = 25, 80
TEXT_MEMORY = 0xb8000

# Characters to keys of the US layout; True: with shift.
_NAMES = {" ": "spc", "\n": "ret", "\t": "tab", "\x1b": "esc", "\x7f": "backspace", "-": "minus", "=": "equal", "[": "bracket_left",
          "]": "bracket_right", ";": "semicolon", "'": "apostrophe", "`": "grave_accent", "\\": "backslash", ",": "comma", ".": "dot",
          "/": "slash"}
KEYS = {c: (c, False) for c in "abcdefghijklmnopqrstuvwxyz0123456789"}
KEYS.update({c: (name, False) for c, name in _NAMES.items()})
KEYS.update({c.upper(): (c, True) for c in "abcdefghijklmnopqrstuvwxyz"})
KEYS.update({shifted: (KEYS[c][0], True) for c, shifted in zip("1234567890-=[];'`\\,./", "!@#$%^&*()_+{}:\"~|<>?")})


class QmpError(Exception):
    """QEMU refused a command, or is gone."""


class Qmp:
    def __init__(self, path, seconds=20):
        end = time.monotonic() + seconds
        while True:
            self.socket = socket.socket(socket.AF_UNIX)
            try:
                self.socket.connect(path)
                break
            except OSError:
                self.socket.close()
                if time.monotonic() > end:
                    raise QmpError("no QEMU at " + path)
                time.sleep(0.02)
        self.socket.settimeout(seconds)
        self.file = self.socket.makefile("rw")
        self.file.readline()
        self("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def __call__(self, command, **arguments):
        """Execute a command; what it returns."""
        self.file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.file.flush()
        while True:
            line = self.file.readline()
            if not line:
                raise QmpError("QEMU went away at " + command)
            answer = json.loads(line)
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise QmpError("%s: %s" % (command, answer["error"]["desc"]))

    def event(self, down, *names):
        """Keys go down or up, in this order."""
        self("input-send-event", events=[{"type": "key", "data": {"down": down, "key": {"type": "qcode", "data": n}}} for n in names])

    def monitor(self, line):
        """What the human monitor answers."""
        return self("human-monitor-command", **{"command-line": line})

    def drained(self, seconds=20):
        """Until the guest has read all that the keyboard has (status port of the 8042, bit 0): QEMU keeps 16 bytes and drops the rest."""
        end = time.monotonic() + seconds
        while int(self.monitor("i /b 0x64").split("=")[1], 16) & 1:
            if time.monotonic() > end:
                raise QmpError("the guest does not read its keyboard")
            time.sleep(0.002)

    def key(self, *names):
        """Keys down in this order, up in the other."""
        self.event(True, *names)
        self.event(False, *reversed(names))
        self.drained()

    def type(self, text):
        """The text as somebody would type it."""
        for c in text:
            name, shift = KEYS[c]
            self.key(*(("shift", name) if shift else (name,)))

    def scancode(self, code):
        """As if the keyboard had sent it: the command 0xD2 of the 8042 puts a byte into its output buffer."""
        self.monitor("o /b 0x64 0xd2")
        self.monitor("o /b 0x60 %#x" % code)
        self.drained()

    def memory(self, address, size):
        """Physical memory."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "memory")
            self("pmemsave", val=address, size=size, filename=path)
            with open(path, "rb") as f:
                return f.read()

    def screen(self):
        """The rows of the text screen, without white space at their ends."""
        cells = self.memory(TEXT_MEMORY, ROWS * COLUMNS * 2)
        text = cells[::2].decode("cp437")
        return [text[at:at + COLUMNS].rstrip() for at in range(0, ROWS * COLUMNS, COLUMNS)]

    def wait_screen(self, found, seconds=240):
        """Until found(rows) is true; the rows."""
        end = time.monotonic() + seconds
        while True:
            rows = self.screen()
            if found(rows):
                return rows
            if time.monotonic() > end:
                raise QmpError("the screen does not show it:\n" + "\n".join(rows))
            time.sleep(0.05)
