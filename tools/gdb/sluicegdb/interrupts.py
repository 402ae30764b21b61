"""Interrupt controllers, gates and lines: io-entry, io-pic, io-idt, io-irqs, io-irq-break, io-step-irq."""
import re

import gdb

from .base import Command, Problem, attached, check_pointer, command, function_address, function_place, memory, monitor, name_of, number, paging, place_of, pointer
from .base import symbol, table, text, word

LINES = 16
IRQ_VECTOR = 32
PIC_NAMES = ("timer", "keyboard", "cascade", "COM2", "COM1", "LPT2", "floppy", "LPT1", "RTC", "ACPI", "PCI", "PCI", "mouse", "FPU", "IDE 0", "IDE 1")
EXCEPTIONS = {0: "divide error", 1: "debug", 2: "NMI", 3: "breakpoint", 4: "overflow", 5: "bound range", 6: "invalid opcode",
              7: "device not available", 8: "double fault", 9: "coprocessor overrun", 10: "invalid TSS", 11: "segment not present",
              12: "stack fault", 13: "general protection", 14: "page fault", 16: "x87 error", 17: "alignment check", 18: "machine check",
              19: "SIMD error", 0x80: "system call", 0xEF: "APIC timer", 0xFF: "APIC spurious"}
# Gate types of the Intel SDM, volume 3, table 3-2.
GATES = {0x5: "task gate", 0x6: "16-bit interrupt gate", 0x7: "16-bit trap gate", 0xE: "interrupt gate", 0xF: "trap gate"}
SSTEP_ENABLE, SSTEP_NOIRQ, SSTEP_NOTIMER = 1, 2, 4


def vector_name(vector):
    if IRQ_VECTOR <= vector < IRQ_VECTOR + LINES:
        return "IRQ %d" % (vector - IRQ_VECTOR)
    return EXCEPTIONS.get(vector, "exception %d" % vector if vector < 32 else "vector %d" % vector)


@command
class Entry(Command):
    """Run the machine from its reset to the kernel's first instruction, where paging is still off.
make gdb and tools/vm run --gdb have done it already."""

    NAME = "io-entry"
    KIND = gdb.COMMAND_RUNNING
    NEEDS_KERNEL = False

    def run(self, args):
        if not attached():
            raise Problem("no guest: attach first (target remote ...)")
        entry = function_address("boot_entry")
        if entry is None:
            raise Problem("no symbols of the kernel")
        # The entry runs before paging, 3 GiB below the address it is linked at. A hardware breakpoint: the kernel is not loaded yet.
        where = gdb.Breakpoint("*%#x" % (entry - 0xC0000000), gdb.BP_HARDWARE_BREAKPOINT, internal=True, temporary=True)
        where.silent = True
        gdb.execute("continue", to_string=True)
        print("at the kernel's entry, paging still off; symbols hold from kernel_main on")


@command
class Pic(Command):
    """The two 8259 interrupt controllers as QEMU sees them: IRR (asked for), ISR (in service) and IMR (masked), in hex and decoded."""

    NAME = "io-pic"
    NEEDS_KERNEL = False

    def run(self, args):
        chips = {int(m.group(1)): {k: int(v, 16) for k, v in re.findall(r"(\w+)=([0-9a-f]+)", m.group(2))}
                 for m in re.finditer(r"^pic([01]): (.*)$", monitor("info pic"), re.M)}
        if sorted(chips) != [0, 1] or not all(k in c for c in chips.values() for k in ("irr", "isr", "imr")):
            raise Problem("no two 8259s in this machine")
        for n, chip in sorted(chips.items()):
            print("%s (IRQ %d to %d, vectors 0x%02x to 0x%02x)" % (
                ("master", "slave")[n], n * 8, n * 8 + 7, chip.get("irq_base", 0), chip.get("irq_base", 0) + 7))
            for register_, meaning in (("irr", "asked for"), ("isr", "in service"), ("imr", "masked")):
                print("  %s 0x%02x  %-10s  %s" % (register_.upper(), chip[register_], meaning, self.decode(n, chip[register_])))
            print("  ELCR 0x%02x level        %s" % (chip.get("elcr", 0), self.decode(n, chip.get("elcr", 0))))

    @staticmethod
    def decode(chip, bits_):
        return ", ".join("%d %s" % (chip * 8 + n, PIC_NAMES[chip * 8 + n]) for n in range(8) if bits_ >> n & 1) or "none"


def idt_base():
    """The table the CPU uses, and its last byte."""
    m = re.search(r"IDT=\s*([0-9a-f]+) ([0-9a-f]+)", monitor("info registers"))
    if not m:
        raise Problem("QEMU does not tell where the IDT is")
    return int(m.group(1), 16), int(m.group(2), 16)


@command
class Idt(Command):
    """io-idt [VECTOR]: the gates of the interrupt descriptor table: type, who may raise it (DPL), selector, handler.
Without VECTOR: those that lead somewhere of their own; vectors nobody uses are left out."""

    NAME = "io-idt"
    MAX_ARGS = 1

    def run(self, args):
        base, last = idt_base()
        if base < 0xC0000000:
            raise Problem("the IDT is at %#010x: the kernel has not loaded its own yet" % base)
        count = (last + 1) // 8
        vectors = [number(args[0], "a vector", 0, count - 1)] if args else [*range(min(48, count)), 0x80, 0xEF, 0xFF]
        rows = [self.gate(v, memory(base + 8 * v, 8)) for v in vectors if 8 * v + 7 <= last]
        print("IDT at %#010x, %d gates" % (base, count))
        table(rows, ["vector", "name", "gate", "DPL", "selector", "handler", "symbol"])
        if args:
            place = place_of(int(rows[0][5], 16)) if rows[0][5] != "-" else ""
            if place:
                print("handler is in %s" % place)

    @staticmethod
    def gate(vector, raw):
        low, high = int.from_bytes(raw[:4], "little"), int.from_bytes(raw[4:], "little")
        offset, selector, flags = high & 0xffff0000 | low & 0xffff, low >> 16, high >> 8 & 0xff
        kind = GATES.get(flags & 0x1f, "type %#x" % (flags & 0x1f)) if flags & 0x80 else "not present"
        where = ["-", "-"] if kind in ("task gate", "not present") else ["0x%08x" % offset, name_of(offset)]
        return ["0x%02x" % vector, vector_name(vector), kind, flags >> 5 & 3, "0x%02x" % selector, *where]


def lines():
    """The kernel's descriptors of the lines, an array."""
    return symbol("irq_lines")


def actions(line):
    """[(name, handler's address, its dev)] of a line."""
    found, a = [], line["actions"]
    while pointer(a) and len(found) < 64:
        check_pointer(a, "a handler of the line")
        found.append((text(a["name"]), pointer(a["handler"]), pointer(a["dev"])))
        a = a["next"]
    return found


@command
class Irqs(Command):
    """The sixteen interrupt lines as the kernel knows them: counts, depth of disabling, handlers."""

    NAME = "io-irqs"

    def run(self, args):
        table_, rows = lines(), []
        for n in range(LINES):
            d = table_[n]
            who = ["%s (%s)" % (name, name_of(handler)) for name, handler, _ in actions(d)]
            rows.append([n, int(d["count"]), int(d["unhandled"]), int(d["spurious"]), int(d["disable_depth"]),
                         "running" if int(d["in_progress"]) else "-", ", ".join(who) or "-"])
        table(rows, ["line", "count", "unhandled", "spurious", "disabled", "now", "handlers"],
              ("line", "count", "unhandled", "spurious", "disabled"))


@command
class IrqBreak(Command):
    """io-irq-break N: a breakpoint at the entry of each handler of interrupt line N. Where there is none yet, at the line's entry stub."""

    NAME = "io-irq-break"
    KIND = gdb.COMMAND_BREAKPOINTS
    NEEDS_KERNEL = False
    MAX_ARGS = 1

    def run(self, args):
        if not args:
            raise Problem("which line? io-irq-break N, N is 0 to %d" % (LINES - 1))
        n = number(args[0], "a line", 0, LINES - 1)
        handlers = [h for _, h, _ in actions(lines()[n])] if paging() else []
        if not handlers:
            stub = function_address("isr_%d" % (IRQ_VECTOR + n))
            if stub is None:
                raise Problem("line %d has no handler and no stub" % n)
            print("line %d has no handler yet: stopping at its stub" % n)
            handlers = [stub]
        for h in dict.fromkeys(handlers):
            b = gdb.Breakpoint("*%#x" % h)
            print("line %d: breakpoint %d at %s %s" % (n, b.number, name_of(h), function_place(h)))


@command
class StepIrq(Command):
    """io-step-irq on|off: whether interrupts and timers go on while you step. QEMU holds them back unless told (off), so that stepi
does not end in every timer tick; on shows the machine as it is. Without an argument: which of the two. A replay always has them."""

    NAME = "io-step-irq"
    KIND = gdb.COMMAND_RUNNING
    NEEDS_KERNEL = False
    MAX_ARGS = 1

    def run(self, args):
        if args and args[0] not in ("on", "off"):
            raise Problem("%s: want on or off" % args[0])
        if args:
            self.packet("Qqemu.sstep=%#x" % (SSTEP_ENABLE if args[0] == "on" else SSTEP_ENABLE | SSTEP_NOIRQ | SSTEP_NOTIMER))
        state = int(self.packet("qqemu.sstep"), 16)
        print("stepping: interrupts %s, timers %s" % ("held back" if state & SSTEP_NOIRQ else "come in",
                                                      "held back" if state & SSTEP_NOTIMER else "run"))

    @staticmethod
    def packet(request):
        if not attached():
            raise Problem("no guest: attach first (target remote ...)")
        m = re.search(r'received: "(.*)"', gdb.execute("maintenance packet " + request, to_string=True))
        if not m or m.group(1).startswith("E"):
            raise Problem("QEMU's gdb server does not take this (%s)" % request)
        return m.group(1)


def gate_handler(vector):
    """The address a vector leads to."""
    base, _ = idt_base()
    return word(base + 8 * vector + 4) & 0xffff0000 | word(base + 8 * vector) & 0xffff
