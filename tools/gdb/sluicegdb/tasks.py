"""Processes and threads: io-ps, io-bt."""
from .base import Command, Problem, at, check_pointer, command, each, name_of, number
from .base import place_of, pointer, register, symbol, symbol_at, table, text, word
from .frames import REGS_TO_EIP, percpu, stack_of

STUBS = ("irq_common", "apic_common", "exception_common", "isr_page_fault", "isr_syscall", "isr_sysenter", "return_to_user_work")
STATES = {0: "R", 1: "S", 2: "D", 4: "T", 16: "Z", 32: "X"}
PF_KTHREAD = 1 << 8
FRAMES_MAX = 60


def tasks():
    """All tasks, the idle one first."""
    yield symbol("init_task")
    for t in each(symbol("all_tasks"), "struct task", "all_node", "the list of tasks"):
        if int(t.address) != int(symbol("init_task").address):
            yield t


def find_task(pid):
    for t in tasks():
        if int(t["pid"]) == pid:
            return t
    raise Problem("no task %d" % pid)


def current():
    """The address of the task that runs."""
    return check_pointer(percpu()["current_task"], "the current task")


def state_char(t):
    """As /proc/PID/stat shows it (task_state_char in kernel/sched/sched_stat.c)."""
    exit_state, state = int(t["exit_state"]), int(t["state"])
    if exit_state == 16:
        return "Z"
    if exit_state == 32 or state == 32:
        return "X"
    if state == 0:
        return "R"
    return "I" if int(t["flags"]) & PF_KTHREAD else STATES.get(state, "?")


# ---- backtraces ------------------------------------------------------------------

def frames(t, running):
    """(pc, address of the saved EBP) of each function on the kernel stack of a task, innermost first."""
    low, high = stack_of(t)
    if running:
        pc, ebp = register("pc"), register("ebp")
        soft = pointer(percpu()["softirq_stack_top"])
    else:
        esp = pointer(t["kernel_esp"])
        if not low <= esp <= high - 20:
            raise Problem("its saved stack pointer %#010x is not in its stack" % esp)
        soft = 0
        ebp, pc = word(esp + 12), word(esp + 16)    # EDI, ESI, EBX, EBP, return address (kernel/hal/switch.asm)
    for _ in range(FRAMES_MAX):
        yield pc, ebp
        if not (low <= ebp <= high - 8 or soft and soft - 16384 <= ebp <= soft - 8):
            return
        ebp, pc = word(ebp), word(ebp + 4)
        if pc < 0xC0000000:
            return


def show_backtrace(t, running):
    trail = list(frames(t, running))
    for n, (pc, _) in enumerate(trail):
        look = pc if n == 0 and running else pc - 1     # a return address is behind its call
        print("#%-2d 0x%08x %-28s %s" % (n, pc, name_of(look).partition("+")[0], place_of(look)))
        stub = symbol_at(look)[0]
        if stub in STUBS and n:
            regs = trail[n - 1][1] + 8      # what the stub has built lies right above the frame of the function it called
            user = word(regs + REGS_TO_EIP + 4) & 3 == 3
            eip = word(regs + REGS_TO_EIP)
            print("    ---- struct regs at %#010x: from %s ----" % (regs, "the program, eip %#010x" % eip if user else name_of(eip)))
            if user:
                return


@command
class Ps(Command):
    """All tasks: number, parent, state, time on the CPU, saved stack pointer, name. The one that runs is marked with >."""

    NAME = "io-ps"

    def run(self, args):
        running, rows = current(), []
        for t in tasks():
            parent = pointer(t["parent"])
            rows.append([">" if int(t.address) == running else "", int(t["pid"]), int(t["tgid"]),
                         int(at(parent, "struct task")["tgid"]) if parent >= 0xC0000000 else "-", state_char(t), int(t["nice"]),
                         "%.6f" % (int(t["sum_exec_ns"]) / 1e9), "%#010x" % int(t.address), "%#010x" % pointer(t["kernel_esp"]), text(t["comm"])])
        table(rows, ["", "pid", "tgid", "ppid", "state", "nice", "cpu s", "task", "esp", "name"], ("pid", "tgid", "ppid", "nice", "cpu s"))


@command
class Bt(Command):
    """io-bt [PID]: where a task is in the kernel: the backtrace of its stack, asleep or running. Without PID: the one that runs."""

    NAME = "io-bt"
    MAX_ARGS = 1

    def run(self, args):
        t = find_task(number(args[0], "a pid", 0, 1 << 30)) if args else at(current(), "struct task")
        running = int(t.address) == current()
        print("pid %d, %s, state %s%s" % (int(t["pid"]), text(t["comm"]), state_char(t), ", runs now" if running else ""))
        if int(t["exit_state"]):
            return print("it has ended and waits to be reaped")
        if running and register("cs") & 3:
            return print("it runs in its program, at %#010x: it has nothing on its kernel stack" % register("pc"))
        show_backtrace(t, running)
