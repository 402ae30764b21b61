"""Bottom halves: io-bh."""
from .base import Command, Problem, chain, command, each, name_of, pointer, symbol, table, text
from .frames import percpu

ATOMIC_BITS, SOFTIRQ_BITS, HARDIRQ_BITS = (0, 8), (8, 8), (16, 4)      # preempt_count: kernel/hal/percpu.h
TASKLET_STATES = ((1, "scheduled"), (2, "running"), (4, "parked"), (8, "hi"))


def context(count):
    """What preempt_count says, in words."""
    def depth(place):
        return count >> place[0] & ((1 << place[1]) - 1)
    where = "hard interrupt" if depth(HARDIRQ_BITS) else "softirq (or softirqs off)" if depth(SOFTIRQ_BITS) else "process"
    return "%s context, atomic depth %d, softirq depth %d, hard interrupt depth %d" % (
        where, depth(ATOMIC_BITS), depth(SOFTIRQ_BITS), depth(HARDIRQ_BITS))


@command
class Bh(Command):
    """Bottom halves: what softirqs are pending, tasklets that wait to run, work that is queued, and the context the CPU is in."""

    NAME = "io-bh"

    def run(self, args):
        cpu = percpu()
        pending, count = int(cpu["softirq_pending"]), int(cpu["preempt_count"])
        print("preempt_count %#x: %s" % (count, context(count)))
        vectors, rows = symbol("vectors", "kernel/irq/softirq.c"), []
        low, high = vectors.type.strip_typedefs().range()
        for n in range(low, high + 1):
            v = vectors[n]
            if pointer(v["action"]):
                rows.append([n, text(v["name"]), "pending" if pending >> n & 1 else "-", int(v["count"]), name_of(pointer(v["action"]))])
        table(rows, ["softirq", "name", "now", "ran", "action"], ("softirq", "ran"))
        self.tasklets()
        self.work()

    @staticmethod
    def tasklets():
        found = []
        for queue in ("high", "normal"):
            try:
                first = symbol(queue, "kernel/irq/tasklet.c")[0]["first"]
            except Problem:
                return      # this kernel has no tasklets
            for t in chain(first, "next", "the tasklets"):
                state = int(t["state"])
                found.append("  %#010x %s, %s" % (int(t.address), name_of(pointer(t["callback" if int(t["use_callback"]) else "func"])),
                                                  " ".join(word for bit, word in TASKLET_STATES if state & bit)))
        print("tasklets waiting: %d" % len(found))
        print("\n".join(found), end="\n" if found else "")

    @staticmethod
    def work():
        queues, waiting, rows = symbol("queues", "kernel/irq/workqueue.c"), [], []
        for q in each(queues, "struct workqueue_struct", "node", "the work queues"):
            items = list(each(q["pending"], "struct work_struct", "entry", "the items of %s" % text(q["name"])))
            busy = [w for w in each(q["workers"], "struct worker", "node", "the workers of %s" % text(q["name"])) if pointer(w["work"])]
            rows.append([text(q["name"]), len(items), len(busy), int(q["nr_workers"])])
            waiting += ["  %s: %#010x %s" % (text(q["name"]), int(i.address), name_of(pointer(i["func"]))) for i in items]
        print("work waiting: %d" % len(waiting))
        print("\n".join(waiting), end="\n" if waiting else "")
        if rows:
            table(rows, ["work queue", "waiting", "running", "threads"], ("waiting", "running", "threads"))
