"""The command line of tools/vm, checked before anything is started.

`parse(argv)` gives an Options or raises CannotStart with a line for the user. The statuses that are ours, not the command's, are here too.
"""
import os
import shlex
import sys

TIMED_OUT = 124
PANICKED = 125
CANNOT_START = 126
NOT_FOUND = 127

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
DISK_KINDS = ("ide", "ahci", "nvme", "virtio", "floppy", "cdrom")
ROOT_KINDS = ("ide", "ahci", "nvme", "virtio")
DEFAULT_TIMEOUT = 120.0


class CannotStart(Exception):
    """The run is impossible as asked; the text says why."""


def say(text):
    """A line of our own on stderr."""
    sys.stderr.write("tools/vm: %s\n" % text)
    sys.stderr.flush()


class Disk:
    """An image and how it is attached."""

    def __init__(self, file, kind, read_only):
        self.file, self.kind, self.read_only = file, kind, read_only
        self.slowness = None    # slow.Slowness: it takes time


class Options:
    def __init__(self):
        self.command = None     # list of str; None: interactive
        self.add = []           # (host path, guest path)
        self.get = []           # (guest path, host path)
        self.packages = []      # Debian packages for the root
        self.root = None        # Disk; None: a throw-away copy of the default root
        self.disks = []
        self.mem = 128
        self.smp = 1
        self.icount = False
        self.append = []        # kernel words
        self.qemu = []          # QEMU arguments
        self.kernel = None
        self.iso = None
        self.log = None
        self.timeout = None     # seconds; None: for ever
        self.gdb = False        # gdb attached on this terminal
        self.gdb_script = None  # gdb runs the commands of this file instead, and ends
        self.help = False
        self.recording = None   # recording.Recorder or Player

    @property
    def build(self):
        return os.environ.get("SLUICE_BUILD") or os.path.join(TOP, "build")


def parse(argv, recording=None):
    """recording: the Recorder or Player whose run this is; a replay takes the run's own options from there, and few others."""
    o = Options()
    o.recording = recording
    args = list(argv)
    replay = recording is not None and recording.mode == "replay"
    if replay:
        recording.take_options(o)
        if "--" in args:
            raise CannotStart("replay: the command is the recorded one")
    if "--" in args:
        at = args.index("--")
        o.command = args[at + 1:]
        args = args[:at]
        if not o.command:
            raise CannotStart("no COMMAND after --")
    while args:
        word = args.pop(0)
        if word in ("-h", "--help"):
            o.help = True
            return o
        name, given, value = word.partition("=")
        if replay and name not in REPLAY_OPTIONS:
            raise CannotStart("replay %s: not for a replay, which takes %s" % (word, " ".join(REPLAY_OPTIONS)))
        if recording and not replay and name in ("--gdb", "--gdb-script"):
            raise CannotStart("record %s: record first, then replay with it" % name)
        if word in FLAGS:
            FLAGS[word](o)
            continue
        if name not in HANDLERS:
            raise CannotStart("no such option: %s (a command goes after --; --help lists the options)" % word)
        if not given:
            if not args:
                raise CannotStart("%s wants a value" % name)
            value = args.pop(0)
        HANDLERS[name](o, value)
    if o.kernel and o.iso:
        raise CannotStart("--kernel and --iso exclude each other")
    if o.timeout is None and o.command and (not o.gdb or o.gdb_script):
        o.timeout = DEFAULT_TIMEOUT
    return o


# ---- one function an option ---------------------------------------------------

def _number(name, text, kind, least):
    try:
        n = kind(text)
    except ValueError:
        n = None
    if n is None or not n >= least:
        raise CannotStart("--%s %s: not a number of at least %s" % (name, text, least))
    return n


def _readable(what, path, write=False):
    if not os.path.exists(path):
        raise CannotStart("%s %s: no such file" % (what, path))
    if os.path.isdir(path):
        raise CannotStart("%s %s: is a folder" % (what, path))
    if not os.access(path, os.R_OK | (os.W_OK if write else 0)):
        raise CannotStart("%s %s: no permission" % (what, path))
    return path


def _add(o, value):
    host, colon, inside = value.rpartition(":")
    if not colon or not host or not inside.startswith("/"):
        raise CannotStart("--add %s: want HOST:GUEST, GUEST an absolute path" % value)
    if not os.path.exists(host):
        raise CannotStart("--add %s: no such file or folder on the host" % host)
    o.add.append((host, inside))


def _get(o, value):
    inside, colon, host = value.partition(":")
    if not colon or not host or not inside.startswith("/"):
        raise CannotStart("--get %s: want GUEST:HOST, GUEST an absolute path" % value)
    if not os.path.isdir(os.path.dirname(os.path.abspath(host))):
        raise CannotStart("--get %s: no such folder on the host" % os.path.dirname(host))
    o.get.append((inside, host))


def _packages(o, value):
    from .packages import check_names
    o.packages += check_names(value)


def _split(option, value, kinds, flags, other=lambda word: False):
    """FILE[,if=KIND][,FLAG...] as (file, kind, set of flags). A comma belongs to FILE when such a file exists. other: takes further words."""
    file, kind, found = value, "ide", set()
    while not os.path.exists(file) and "," in file:
        file, _, word = file.rpartition(",")
        if word.startswith("if=") and word[3:] in kinds:
            kind = word[3:]
        elif word in flags:
            found.add(word)
        elif other(word):
            pass
        else:
            raise CannotStart("%s %s: what is '%s'? (if=%s%s)" % (option, value, word, "|".join(kinds), "".join("; " + f for f in flags)))
    if not file:
        raise CannotStart("%s %s: no file named" % (option, value))
    return file, kind, found


def _disk(o, value):
    from .slow import Slowness
    slowness = Slowness()
    file, kind, flags = _split("--disk", value, DISK_KINDS, ("ro",), slowness.take)
    read_only = "ro" in flags or kind == "cdrom"
    o.disks.append(Disk(_readable("--disk", file, not read_only), kind, read_only))
    o.disks[-1].slowness = slowness


def _root(o, value):
    file, kind, _ = _split("--root", value, ROOT_KINDS, ())
    if os.path.exists(file):
        _readable("--root", file, True)
    elif not os.path.isdir(os.path.dirname(os.path.abspath(file))):
        raise CannotStart("--root %s: no such folder" % file)
    o.root = Disk(file, kind, False)


def _accel(o, value):
    if value not in ("tcg", "icount"):
        raise CannotStart("--accel %s: want tcg or icount" % value)
    o.icount = value == "icount"


def _qemu(o, value):
    try:
        o.qemu += shlex.split(value)
    except ValueError as e:
        raise CannotStart("--qemu %s: %s" % (value, e))


def _kernel(o, value):
    o.kernel = _readable("--kernel", value)


def _iso(o, value):
    o.iso = _readable("--iso", value)


def _log(o, value):
    try:
        open(value, "wb").close()
    except OSError as e:
        raise CannotStart("--log %s: %s" % (value, e.strerror))
    o.log = value


def _gdb_script(o, value):
    o.gdb, o.gdb_script = True, _readable("--gdb-script", value)


REPLAY_OPTIONS = ("--gdb", "--gdb-script", "--log", "--timeout")
FLAGS = {
    "--gdb": lambda o: setattr(o, "gdb", True),
}

HANDLERS = {
    "--add": _add,
    "--get": _get,
    "--packages": _packages,
    "--root": _root,
    "--disk": _disk,
    "--mem": lambda o, v: setattr(o, "mem", _number("mem", v, int, 1)),
    "--smp": lambda o, v: setattr(o, "smp", _number("smp", v, int, 1)),
    "--accel": _accel,
    "--append": lambda o, v: o.append.extend(v.split()),
    "--qemu": _qemu,
    "--kernel": _kernel,
    "--iso": _iso,
    "--log": _log,
    "--gdb-script": _gdb_script,
    "--timeout": lambda o, v: setattr(o, "timeout", _number("timeout", v, float, 0.001)),
}
