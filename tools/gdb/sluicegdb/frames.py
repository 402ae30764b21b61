"""The interrupt frame: io-frame. Knows how deep the stack is at each instruction of the entry stubs (kernel/hal/isr.asm)."""
import gdb

from .base import Command, Problem, at, check_pointer, command, ctype, evaluate, function_address, name_of, place_of, pointer
from .base import register, symbol, symbol_at, word
from .interrupts import vector_name

ERROR_CODE = {8, 10, 11, 12, 13, 14, 17, 21, 29, 30}    # vectors that come with one (Intel SDM volume 3, table 6-1)
REGS_TO_EIP = 48        # bytes of struct regs below eip (kernel/hal/regs.h)
# Bytes between ESP and the saved EIP at the start of each piece of the stubs.
DEPTH = {"isr_syscall": 0, "isr_page_fault": 4, "irq_common": 8, "exception_common": 8, "isr_apic_timer": 0,
         "isr_apic_spurious": 0, "apic_common": 8, "return_to_user": REGS_TO_EIP,
         "return_kernel": REGS_TO_EIP, "return_to_user_work": REGS_TO_EIP, "return_kernel.pop_fs": 12, "return_kernel.iret": 0,
         "return_kernel.pop_ds": 20, "return_kernel.pop_es": 16, "return_kernel.bad_ds": 20, "return_kernel.bad_es": 16,
         "return_kernel.bad_fs": 12, "return_kernel.bad_iret": 0,
         "isr_sysenter": -20, "sysenter_odd_flags": -8, "sysenter_odd_flags.clean": -8, "sysenter_odd_segments": REGS_TO_EIP,
         "sysenter_bad_stack": REGS_TO_EIP, "return_by_sysexit": REGS_TO_EIP, "return_by_sysexit.fs": REGS_TO_EIP}
LEAVING = ("return_by_sysexit.leave", "return_by_sysexit.sysexit")   # the frame is done with: edx and ecx hold what sysexit wants
FLAG_BITS = ((0, "CF"), (2, "PF"), (4, "AF"), (6, "ZF"), (7, "SF"), (8, "TF"), (9, "IF"), (10, "DF"), (11, "OF"), (14, "NT"), (16, "RF"), (18, "AC"))
SELECTORS = {0x60: "kernel code", 0x68: "kernel data", 0x73: "user code", 0x7b: "user data", 0xd8: "per CPU"}


def stub_depth(pc):
    """Bytes from ESP to the saved EIP when pc is in an entry stub, else None."""
    name, offset = symbol_at(pc)
    if name is None:
        return None
    if name in DEPTH:
        depth = DEPTH[name]
    elif name.startswith("isr_") and name[4:].isdigit():
        depth = 4 if int(name[4:]) in ERROR_CODE else 0
    else:
        return None
    for i in gdb.selected_inferior().architecture().disassemble(pc - offset, pc - 1) if offset else []:
        op, _, what = i["asm"].replace("\t", " ").partition(" ")
        if op.startswith("push"):
            depth += 4
        elif op.startswith("pop"):
            depth -= 4
        elif op.startswith("add") and "esp" in what:
            depth -= int([w for w in what.replace("$", " ").replace(",", " ").split() if w.startswith("0x")][0], 16)
    return depth


def flags_text(flags):
    return " ".join(name for bit, name in FLAG_BITS if flags >> bit & 1) + " IOPL=%d" % (flags >> 12 & 3)


def selector_text(sel):
    return "0x%04x (%s, RPL %d)" % (sel & 0xffff, SELECTORS.get(sel & 0xffff, "not one of ours"), sel & 3)


def show_cpu_frame(address):
    """What the CPU itself pushed: from EIP up."""
    eip, cs, flags = word(address), word(address + 4), word(address + 8)
    user = cs & 3 == 3
    print("  eip     0x%08x  %s" % (eip, "in the program" if user else "%s %s" % (name_of(eip), place_of(eip))))
    print("  cs      %s" % selector_text(cs))
    print("  eflags  0x%08x  %s" % (flags, flags_text(flags)))
    if user:
        print("  esp     0x%08x  the program's stack" % word(address + 12))
        print("  ss      %s" % selector_text(word(address + 16)))
        if eip and eip == int(percpu()["sysenter_return"]):
            print("  privilege change: ring 3 to ring 0, by sysenter: the stub has built all of this")
        else:
            print("  privilege change: ring 3 to ring 0; the CPU loaded SS0:ESP0 from the TSS and pushed ss and esp first")
    else:
        print("  no privilege change: ring %d interrupted itself, on the same stack; no esp and ss were pushed" % (cs & 3))


def show_regs(address, title):
    """A whole struct regs."""
    r = at(check_pointer(address, "the frame"), "struct regs")
    vector, orig = int(r["vector"]), int(r["orig_eax"])
    print("%s at %#010x (struct regs): vector 0x%02x, %s%s" % (
        title, address, vector, vector_name(vector) if vector < 256 else "no vector at all",
        ", number %d" % orig if vector == 0x80 else ", error code %#x" % orig if vector < 32 else ""))
    for row in (("eax", "ebx", "ecx", "edx"), ("esi", "edi", "ebp")):
        print("  " + "  ".join("%s 0x%08x" % (n, int(r[n]) & 0xffffffff) for n in row))
    print("  " + "  ".join("%s 0x%04x" % (n, int(r[n]) & 0xffff) for n in ("ds", "es", "fs")))
    show_cpu_frame(address + REGS_TO_EIP)


def percpu():
    """The CPU's struct percpu."""
    p = symbol("boot_cpu", "kernel/hal/gdt.c")
    if pointer(p["self"]) != int(p.address):
        raise Problem("the per-CPU data are not set up yet")
    return p


def stack_of(task):
    """(lowest address, one past the highest) of a task's kernel stack; the idle task runs on the boot stack."""
    if int(task["pid"]) == 0 and not pointer(task["stack"]):
        return function_address("boot_stack"), function_address("boot_stack_top")
    low = check_pointer(task["stack"], "its stack")
    return low, low + stack_size()


def task_regs(task):
    """Address of the registers a task entered the kernel with (task_regs in kernel/sched/task.h)."""
    return stack_of(task)[1] - ctype("struct regs").sizeof


def stack_size():
    """KSTACK_SIZE in kernel/sched/task.h: the debug kernel, which counts spinlocks, has more."""
    return 16384 if any(f.name == "held_locks" for f in ctype("struct percpu").fields()) else 8192


@command
class Frame(Command):
    """io-frame [ADDRESS]: the interrupt frame on the stack, decoded, with the privilege change.
In an entry stub: the frame being built or taken down. In the code of a handler: what the interrupt has interrupted, and what the current
task entered the kernel with. ADDRESS: the struct regs there."""

    NAME = "io-frame"
    MAX_ARGS = 1

    def run(self, args):
        if args:
            return show_regs(pointer(evaluate(args[0])), "frame")
        if symbol_at(register("pc"))[0] in LEAVING:
            return print("on the way out by sysexit, which takes\n  eip     0x%08x  in the program, from edx\n  esp     0x%08x  the program's stack, from ecx" % (
                register("edx") & 0xffffffff, register("ecx") & 0xffffffff))
        depth = stub_depth(register("pc"))
        if depth is not None:
            return self.in_stub(register("esp"), depth)
        cpu, shown = percpu(), set()
        for address, title in self.frames(cpu):
            if address not in shown:
                shown.add(address)
                show_regs(address, title)
        if not shown:
            print("no interrupt is being handled, and this task did not come from a program")

    @staticmethod
    def in_stub(esp, depth):
        if depth < 0:
            return print("sysenter saves nothing: the stub builds the frame that int 0x80 would have left, %d bytes of it are still to come" % -depth)
        if depth >= REGS_TO_EIP:
            return show_regs(esp + depth - REGS_TO_EIP, "whole frame")
        done = {0: "nothing but what the CPU pushed", 4: "the error code or its stand-in", 8: "error code and vector"}
        print("frame in the stub: esp 0x%08x, %d bytes of ours on top of the CPU's (%s)" % (esp, depth, done.get(depth, "registers, too")))
        show_cpu_frame(esp + depth)

    @staticmethod
    def frames(cpu):
        if register("cs") & 3:
            raise Problem("a program runs (ring 3): there is no frame; stop in the kernel first")
        if pointer(cpu["irq_regs"]):
            yield pointer(cpu["irq_regs"]), "interrupted"
        current = cpu["current_task"]
        check_pointer(current, "the current task")
        if pointer(current["mm"]):
            yield task_regs(current), "entry to the kernel of pid %d" % int(current["pid"])
