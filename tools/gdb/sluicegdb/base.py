"""What all commands share: reading the kernel's data with care, and a class that turns every trouble into one line.

Everything read from the guest may be wrong: the kernel may not have got so far, or may have been overwritten. So pointers are
checked before they are followed, walks have an end, and what cannot be read raises Problem (or gdb.error), which Command reports.
"""
import functools
import re

import gdb

KERNEL_BASE = 0xC0000000
CR0_PG = 1 << 31
WALK_MAX = 20000        # elements of one list or tree


class Problem(Exception):
    """The command cannot say more; the text says why."""


class Command(gdb.Command):
    """A gdb command whose name is NAME, whose help is the class's docstring and whose work is run(args)."""

    NAME = ""
    KIND = gdb.COMMAND_USER
    NEEDS_KERNEL = True     # paging on: the kernel's own addresses hold
    MAX_ARGS = 0

    def __init__(self):
        super().__init__(self.NAME, self.KIND)

    def invoke(self, text, from_tty):
        try:
            args = self.split(text)
            if len(args) > self.MAX_ARGS:
                raise Problem("too many arguments; see: help %s" % self.NAME)
            if self.NEEDS_KERNEL:
                need_kernel()
            self.run(args)
        except (gdb.GdbError, KeyboardInterrupt):
            raise
        except Problem as e:
            raise gdb.GdbError("%s: %s" % (self.NAME, e))
        except gdb.error as e:
            raise gdb.GdbError("%s: %s" % (self.NAME, str(e).strip().splitlines()[0]))
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, UnicodeError, ValueError) as e:
            raise gdb.GdbError("%s: the kernel's data make no sense here (%s: %s)" % (self.NAME, type(e).__name__, e))

    def split(self, text):
        return gdb.string_to_argv(text)

    def run(self, args):
        raise NotImplementedError


class ExpressionCommand(Command):
    """One whose only argument is an expression, spaces and all."""

    MAX_ARGS = 1

    def split(self, text):
        return [text.strip()] if text.strip() else []


def command(cls):
    """Class decorator: the command exists from now on."""
    cls()
    return cls


# ---- the machine ---------------------------------------------------------------

def monitor(words):
    """What QEMU's monitor answers."""
    try:
        return gdb.execute("monitor " + words, to_string=True).replace("\r", "")
    except gdb.error as e:
        raise Problem("QEMU's monitor does not answer (%s): attach to QEMU first" % str(e).strip())


def register(name):
    return int(gdb.parse_and_eval("$" + name).cast(gdb.lookup_type("unsigned int")))


def attached():
    return gdb.selected_thread() is not None


def paging():
    if not attached():
        raise Problem("no guest: attach first (target remote ...)")
    return bool(register("cr0") & CR0_PG)


def need_kernel():
    on = paging()
    if not gdb.lookup_global_symbol("kernel_main"):
        raise Problem("no symbols of the kernel: start gdb with build/release/sluice.elf, or say: file build/release/sluice.elf")
    if not on:
        raise Problem("paging is off: the kernel's addresses do not hold yet (io-entry, then break kernel_main and continue)")


def memory(address, size):
    return gdb.selected_inferior().read_memory(address, size).tobytes()


def word(address):
    return int.from_bytes(memory(address, 4), "little")


# ---- symbols and types ---------------------------------------------------------

def symbol(name, file=None):
    """A variable by name, a static one with its file."""
    for expression in (["'%s'::%s" % (file, name)] if file else []) + [name]:
        try:
            return gdb.parse_and_eval(expression)
        except gdb.error:
            pass
    raise Problem("this kernel has no %s" % (name if not file else "%s in %s" % (name, file)))


def function_address(name):
    """Of a function or a label of assembly; None when there is none."""
    try:
        v = gdb.parse_and_eval("&" + name)
        return int(v.cast(gdb.lookup_type("unsigned int")))
    except gdb.error:
        return None


@functools.lru_cache(None)
def name_of(address):
    """A name for an address: SYMBOL or SYMBOL+0xN, or the number."""
    text = gdb.execute("info symbol 0x%x" % address, to_string=True).strip()
    if text.startswith("No symbol"):
        return "0x%08x" % address
    # gdb takes nasm's local labels for Ada's names: label.local becomes label[local].
    name, _, rest = re.sub(r"\[(\w+)\]", r".\1", text.partition(" in section ")[0]).partition(" + ")
    return name + ("+%#x" % int(rest) if rest else "")


def symbol_at(address):
    """(name, offset) of the symbol an address is in; (None, 0) without one."""
    text = name_of(address)
    if text.startswith("0x"):
        return None, 0
    name, _, offset = text.partition("+0x")
    return name, int(offset, 16) if offset else 0


def place_of(address):
    """FILE:LINE of code, or an empty string."""
    where = gdb.find_pc_line(address)
    return "%s:%d" % (where.symtab.filename, where.line) if where.symtab else ""


def function_place(address):
    """FILE:LINE where the function at an address is defined."""
    block, found = gdb.block_for_pc(address), None
    while block and not block.is_static and not block.is_global:
        found = block.function or found
        block = block.superblock
    return "%s:%d" % (found.symtab.filename, found.line) if found else place_of(address)


def ctype(name):
    try:
        return gdb.lookup_type(name)
    except gdb.error:
        raise Problem("this kernel has no type %s" % name)


def has_field(value, name):
    return name in {f.name for f in value.type.strip_typedefs().fields()}


def at(address, type_name):
    """The object of a type at an address."""
    return gdb.Value(int(address)).cast(ctype(type_name).pointer()).dereference()


def pointer(value):
    return int(value.cast(gdb.lookup_type("unsigned int")))


def atomic(value):
    """The number in an atomic_t, or in a plain integer."""
    return int(value[value.type.strip_typedefs().fields()[0].name] if value.type.strip_typedefs().code == gdb.TYPE_CODE_STRUCT else value)


def check_pointer(value, what):
    address = value if isinstance(value, int) else pointer(value)
    if address < KERNEL_BASE:
        raise Problem("%s is %#010x, no address of the kernel: not set up yet, or overwritten" % (what, address))
    return address


def text(value, limit=64):
    """A char array, or a string that a pointer points to (NULL: -)."""
    if value.type.strip_typedefs().code == gdb.TYPE_CODE_ARRAY:
        low, high = value.type.range()
        data = memory(int(value.address), min(limit, high - low + 1))
    else:
        address = pointer(value)
        if not address:
            return "-"
        data = b""
        while len(data) < limit and b"\0" not in data:      # not across a page that may be missing
            data += memory(address + len(data), min(16, 0x1000 - (address + len(data)) % 0x1000))
    return "".join(chr(c) if 32 <= c < 127 else "?" for c in data[:limit].split(b"\0")[0])


def offset_of(type_name, member):
    for f in ctype(type_name).fields():
        if f.name == member:
            return f.bitpos // 8
    raise Problem("%s has no member %s" % (type_name, member))


def enum_name(value, prefix=""):
    """The name of an enum's value without its prefix; the number for one that has none."""
    name = str(value)
    return name[len(prefix):].lower() if name.startswith(prefix) else name


def each(head, type_name, member, what):
    """The elements of a list_head, its links checked both ways."""
    start = int(head.address) if head.type.strip_typedefs().code == gdb.TYPE_CODE_STRUCT else pointer(head)
    offset, before, here = offset_of(type_name, member), start, word(start)
    if not here:
        raise Problem("%s is not set up yet" % what)
    for _ in range(WALK_MAX):
        if here == start:
            return
        check_pointer(here, "a link of %s" % what)
        following, previous = word(here), word(here + 4)
        if previous != before:
            raise Problem("%s is broken at %#010x: it points back to %#010x, but we came from %#010x" % (what, here, previous, before))
        yield at(here - offset, type_name)
        before, here = here, following
    raise Problem("%s has more than %d elements: a ring without its head?" % (what, WALK_MAX))


def chain(first, link, what):
    """The objects of a singly linked list: first is a pointer."""
    seen = 0
    while pointer(first):
        check_pointer(first, what)
        yield first.dereference()
        first = first.dereference()[link]
        seen += 1
        if seen > WALK_MAX:
            raise Problem("%s has more than %d elements: a ring?" % (what, WALK_MAX))


def bits(value, names):
    """The names of the bits that are set, low ones first; unnamed ones as numbers."""
    return [names.get(n, "bit%d" % n) if isinstance(names, dict) else (names[n] if n < len(names) else "bit%d" % n)
            for n in range(32) if value >> n & 1]


def table(rows, heads, right=()):
    """Print rows of cells under heads, columns aligned; `right` are the columns of numbers."""
    rows = [[str(c) for c in r] for r in rows]
    widths = [max(len(r[i]) for r in [heads, *rows]) for i in range(len(heads))]
    for r in [heads, *rows]:
        cells = [c.rjust(w) if h in right else c.ljust(w) for c, w, h in zip(r, widths, heads)]
        print("  ".join(cells).rstrip())


def evaluate(expression):
    """What a user typed, as a gdb value."""
    try:
        return gdb.parse_and_eval(expression)
    except gdb.error as e:
        raise Problem("%s: %s" % (expression, str(e).strip()))


def number(text_, what, least, most):
    try:
        n = int(gdb.parse_and_eval(text_))
    except (gdb.error, ValueError, TypeError):
        raise Problem("%s: no number; %s is %d to %d" % (text_, what, least, most))
    if not least <= n <= most:
        raise Problem("%d: %s is %d to %d" % (n, what, least, most))
    return n
