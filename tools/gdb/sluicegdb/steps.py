"""Watching the machine go, instruction by instruction: io-steps.

gdb's own stepi takes a millisecond and prints each stop, so the steps go as packets straight to QEMU's gdb server (RSP `vCont;s` and
`g`), and gdb forgets what it knew of registers and frames afterwards. Interrupts stay out unless io-step-irq on was said.
"""
import re

import gdb

from .base import KERNEL_BASE, Command, Problem, at, check_pointer, command, function_address, function_place, number, symbol_at, text
from .frames import percpu

STEPS_MAX = 50000
STACK_JUMP = 2048       # bytes: no instruction moves ESP so far but those that change to another stack
# The order of registers in the packet `g` of an i386: EAX ECX EDX EBX ESP EBP ESI EDI EIP.
ESP_AT, EIP_AT = 4 * 8, 8 * 8


def functions():
    """{address: name} of all functions and labels of assembly, but local ones, of the kernel and of modules whose symbols gdb has."""
    found = {}
    for m in re.finditer(r"^\[ *\d+\] [tT] (0x[0-9a-f]+) ([^\s.]+) ", gdb.execute("maintenance print msymbols", to_string=True), re.M):
        found.setdefault(int(m.group(1), 16), m.group(2))
    if not found:
        raise Problem("gdb has no symbols")
    return found


class Machine:
    """Single steps, past gdb."""

    def __init__(self):
        self.send = getattr(getattr(gdb.selected_inferior(), "connection", None), "send_packet", None)
        if not self.send:
            raise Problem("wants QEMU's gdb server (target remote ...) and gdb 12 or newer")
        self.look()

    def look(self):
        raw = self.send("g")
        self.esp, self.eip = (int.from_bytes(bytes.fromhex(raw[n:n + 8].decode()), "little") for n in (ESP_AT, EIP_AT))

    def step(self):
        """One instruction. A repeated one (rep movs) takes a step a round, and QEMU now and then returns without having done any."""
        here = self.eip
        for _ in range(STEPS_MAX):
            reply = self.send("vCont;s:1")
            if reply[:1] not in (b"T", b"S"):
                raise Problem("QEMU does not step (%s)" % reply.decode("ascii", "replace"))
            self.look()
            if self.eip != here:
                return
        raise Problem("it does not get past %#010x" % here)


def instruction(eip):
    """The instruction there as gdb shows it, with its label."""
    asm = gdb.selected_inferior().architecture().disassemble(eip)[0]["asm"].replace("\t", " ")
    name, offset = symbol_at(eip)
    return "%-26s %s" % ("<%s%s>" % (name, "+%d" % offset if offset else "") if name and eip >= KERNEL_BASE else "%#010x" % eip, asm)


class Trail:
    """Follows calls, returns and changes of the stack; prints each function as it is entered."""

    def __init__(self, machine, names):
        self.machine, self.names, self.count = machine, names, 0
        self.stacks = [[]]      # for each stack we came by, ESP at the entry of each function on it
        self.left = []          # ESP where each of them but the last was left
        self.idle = False       # the idle task has the CPU: it would halt, and no step would end
        self.changed = 0        # the step that brought us to another stack
        self.before = machine.eip, machine.esp

    def follow(self):
        m, (eip, esp) = self.machine, self.before
        if abs(m.esp - esp) > STACK_JUMP:
            if self.left and abs(m.esp - self.left[-1]) < STACK_JUMP:
                self.stacks.pop()
                self.left.pop()
                self.name_stack()
            else:
                self.left.append(esp)
                self.stacks.append([])
                self.changed = self.count
        if self.changed and self.count == self.changed + 1:     # switch_to names the new task right after it has taken its stack
            self.idle = self.name_stack() == 0 and symbol_at(m.eip)[0] == "switch_to"
        entered = self.stacks[-1]
        while entered and m.esp > entered[-1]:
            entered.pop()
        if m.eip in self.names:
            if m.esp == esp - 4 and abs(m.eip - eip) > 8:
                entered.append(m.esp)
            self.show(m.eip)
        self.before = m.eip, m.esp

    def name_stack(self):
        """Print whose stack this is; the pid."""
        gdb.execute("maintenance flush register-cache", to_string=True)
        if function_address("boot_softirq_stack_guard") < self.machine.esp <= function_address("boot_softirq_stack_top"):
            print("         ---- on the softirq stack ----")
            return None
        t = at(check_pointer(percpu()["current_task"], "the current task"), "struct task")
        print("         ---- on the stack of pid %d, %s ----" % (int(t["pid"]), text(t["comm"])))
        return int(t["pid"])

    def show(self, address):
        print("%7d  %s%s  %s" % (self.count, "  " * sum(map(len, self.stacks)), self.names[address], function_place(address)))


@command
class Steps(Command):
    """io-steps [FUNCTION]: execute instruction by instruction until FUNCTION is entered, or the next iret or sysexit is reached (not executed), and
show on the way each function that is entered, with the number of instructions so far. Other interrupts wait meanwhile (io-step-irq).
It also ends where the CPU has nothing else to do than to wait for one.
io-steps N: execute N instructions, and show each of them, and the next."""

    NAME = "io-steps"
    KIND = gdb.COMMAND_RUNNING
    MAX_ARGS = 1

    def run(self, args):
        if args and args[0].isdigit():
            return self.some(number(args[0], "a number of instructions", 1, STEPS_MAX))
        until = function_address(args[0]) if args else None
        if args and until is None:
            raise Problem("no function %s" % args[0])
        names, machine = functions(), Machine()
        ends = {function_address("'return_kernel.iret'"), function_address("'return_by_sysexit.sysexit'"), until}
        trail = Trail(machine, names)
        try:
            while trail.count < STEPS_MAX:
                machine.step()
                trail.count += 1
                trail.follow()
                if machine.eip in ends or trail.idle:
                    break
            else:
                print("stopped after %d instructions" % STEPS_MAX)
        finally:
            gdb.execute("maintenance flush register-cache", to_string=True)
        print("%7d instructions" % trail.count)

    @staticmethod
    def some(count):
        machine = Machine()
        try:
            for n in range(count):
                print("%7d  %s" % (n + 1, instruction(machine.eip)))
                machine.step()
        finally:
            gdb.execute("maintenance flush register-cache", to_string=True)
        print("   next  %s" % instruction(machine.eip))
