"""Who waits for what: io-waitq.

Nothing in the kernel lists its wait queues. But a task that waits has the entry on its own stack, so that is where we look: for the
address of a wake-up function, with links around it that are whole. From the entry the ring leads to the head, which is the one element
that is no entry.
"""
import gdb

from .base import WALK_MAX, ExpressionCommand, Problem, at, check_pointer, command, evaluate, function_address, memory, name_of
from .base import offset_of, place_of, pointer, symbol_at, table, text, word
from .frames import stack_of
from .tasks import current, frames, state_char, tasks

WAKERS = ("default_wake_function", "autoremove_wake_function", "poll_wake", "bit_wake", "ep_poll_callback")
# The machinery of waiting: not the place that waits.
MACHINERY = ("kernel/sched/", "kernel/sync/", "kernel/hal/")
EXCLUSIVE = 1


def wakers():
    return {a for a in map(function_address, WAKERS) if a}


def is_entry(node, known):
    return word(node - offset_of("struct wait_queue_entry", "node") + offset_of("struct wait_queue_entry", "func")) in known


def entries_on_stack(t, known):
    """Addresses of the wait_queue_entry objects on the stack of a sleeping task that are on a queue."""
    low, high = stack_of(t)
    esp = pointer(t["kernel_esp"])
    if not low <= esp < high:
        return
    data, func, node = memory(esp, high - esp), offset_of("struct wait_queue_entry", "func"), offset_of("struct wait_queue_entry", "node")
    for i in range(func, len(data) - 3, 4):
        if int.from_bytes(data[i:i + 4], "little") not in known:
            continue
        entry = esp + i - func
        try:
            link = entry + node
            following, before = word(link), word(link + 4)
            if following >= 0xC0000000 and before >= 0xC0000000 and word(following + 4) == link and word(before) == link:
                yield entry
        except gdb.error:
            pass        # only looked like one


def head_of(entry, known):
    """The wait_queue_head an entry hangs on."""
    start = node = entry + offset_of("struct wait_queue_entry", "node")
    for _ in range(WALK_MAX):
        node = check_pointer(word(node), "a link of a wait queue")
        if node == start:
            break
        if not is_entry(node, known):
            return node - offset_of("struct wait_queue_head", "entries")
    raise Problem("the entry at %#010x is on a ring without a head" % entry)


def queue_name(head):
    """The variable a queue is (in), or its address."""
    name, offset = symbol_at(head)
    return "%#010x" % head if name is None else name + ("+%#x" % offset if offset else "")


def waiting_place(t):
    """The first function on its stack that is not part of the machinery of waiting."""
    for pc, _ in frames(t, False):
        place = place_of(pc - 1)
        if place and not place.startswith(MACHINERY):
            return "%s %s" % (symbol_at(pc - 1)[0], place)
    return "-"


@command
class Waitq(ExpressionCommand):
    """io-waitq [QUEUE]: which task waits on which wait queue, and where in the code. QUEUE, an expression (&ksoftirqd_wait, or an address
from the table): the entries of that one, with what is called when it is woken."""

    NAME = "io-waitq"

    def run(self, args):
        known = wakers()
        if args:
            return self.one(evaluate(args[0]), known)
        rows, running = [], current()
        for t in tasks():
            if int(t["state"]) == 0 or int(t["exit_state"]) or int(t.address) == running:
                continue
            heads = list(dict.fromkeys(head_of(e, known) for e in entries_on_stack(t, known)))
            for n, head in enumerate(heads or [None]):
                rows.append(["" if n else int(t["pid"]), "" if n else text(t["comm"]), "" if n else state_char(t),
                             queue_name(head) if head else "- (time, or a wake-up by name)", "" if n else waiting_place(t)])
        table(rows, ["pid", "name", "state", "wait queue", "in"], ("pid",))

    @staticmethod
    def one(value, known):
        head = pointer(value) if value.type.strip_typedefs().code in (gdb.TYPE_CODE_PTR, gdb.TYPE_CODE_INT) else int(value.address)
        ring = check_pointer(head, "the queue") + offset_of("struct wait_queue_head", "entries")
        node, rows = word(ring), []
        if not node:
            raise Problem("the queue at %#010x is not set up" % head)
        while node != ring and len(rows) < WALK_MAX:
            e = at(check_pointer(node, "a link of the queue") - offset_of("struct wait_queue_entry", "node"), "struct wait_queue_entry")
            func = pointer(e["func"])
            t = None
            if func in known and pointer(e["private"]) >= 0xC0000000:
                t = at(pointer(e["private"]), "struct task")
            rows.append(["%#010x" % int(e.address), "exclusive" if int(e["flags"]) & EXCLUSIVE else "all", name_of(func),
                         "%d %s" % (int(t["pid"]), text(t["comm"])) if t is not None else "-"])
            node = word(node)
        print("%s: %d waiting" % (queue_name(head), len(rows)))
        if rows:
            table(rows, ["entry", "wake", "callback", "task"])
