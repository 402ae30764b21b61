"""The block layer: io-rq, io-bio, io-walk."""
import gdb

from .base import Command, ExpressionCommand, Problem, at, chain, check_pointer, command, each, evaluate, function_place, name_of, pointer
from .base import symbol, table, text

OPS = ("read", "write", "flush", "discard")
BIO_FLAGS = ((8, "sync"), (9, "meta"), (12, "rahead"), (13, "nowait"), (14, "nomerge"))
STATES = ("free", "queued", "held", "issued", "done")
HOPS = ("sys_read", "file_read", "page_cache_read", "blk_submit", "ata_start", "ata_irq", "blk_complete")


def flags_text(flags):
    op = flags & 0xff
    return " ".join([OPS[op] if op < len(OPS) else "op %d" % op] + [word for bit, word in BIO_FLAGS if flags >> bit & 1])


def disks():
    """The gendisks."""
    return each(symbol("all_disks"), "struct gendisk", "node", "the list of disks")


def queue_of(disk):
    return at(check_pointer(disk["queue"], "the queue of %s" % text(disk["name"])), "struct request_queue")


def requests(queue):
    """The requests of a queue that are in use."""
    base = check_pointer(queue["requests"], "its requests")
    size = gdb.lookup_type("struct request").sizeof
    most = int(queue["nr_requests"])
    if most > 65536:
        raise Problem("the queue says it has %d requests: overwritten" % most)
    for n in range(most):
        rq = at(base + n * size, "struct request")
        if int(rq["state"]):
            yield rq


def bios_of(rq):
    return chain(rq["bio"], "next", "a bio of the request")


def state_text(n):
    return STATES[n] if n < len(STATES) else "state %d" % n


@command
class Rq(Command):
    """io-rq [DISK]: the request queue of each disk: elevator, free requests, and the requests in it with their state
(queued: in the elevator; held: next to go; issued: the device has it; done: waits for the softirq)."""

    NAME = "io-rq"
    MAX_ARGS = 1

    def run(self, args):
        found = [d for d in disks() if not args or text(d["name"]) == args[0]]
        if not found:
            raise Problem("no disk %s" % args[0] if args else "there are no disks yet")
        for d in found:
            self.show(d)

    @staticmethod
    def show(disk):
        q, rows = queue_of(disk), []
        kind = q["elevator"]["type"]
        for rq in requests(q):
            rows.append(["%#010x" % int(rq.address), int(rq["id"]), state_text(int(rq["state"])), flags_text(int(rq["flags"])),
                         int(rq["sector"]), int(rq["nr_sectors"]), int(rq["tag"]), int(rq["pid"]), sum(1 for _ in bios_of(rq))])
        print("%s: %s, elevator %s with %d queued, %d of %d requests free, driver %s%s" % (
            text(disk["name"]), "%d sectors" % int(disk["capacity"]), text(kind.dereference()["name"]) if pointer(kind) else "none",
            int(q["elevator"]["nr_queued"]), int(q["nr_free"]), int(q["nr_requests"]), text(q["ops"].dereference()["name"]),
            ", dying" if int(q["dying"]) else ""))
        for n in range(min(int(q["nr_hw"]), 64)):
            h = (q["hw"].address.cast(gdb.lookup_type("struct hw_ctx").pointer()) + n).dereference()
            print("  hardware context %d: %d of %d tags in flight%s" % (n, int(h["in_flight"]), int(h["depth"]), ", stopped" if int(h["stopped"]) else ""))
        if rows:
            table(rows, ["  request", "id", "state", "what", "sector", "sectors", "tag", "pid", "bios"], ("id", "sector", "sectors", "tag", "pid", "bios"))


@command
class Bio(ExpressionCommand):
    """io-bio [BIO]: the bios on their way, those of every request in every queue; or the one at an address: its place on the disk,
its memory page by page, and who is told at its end."""

    NAME = "io-bio"

    def run(self, args):
        if args:
            return self.one(at(check_pointer(evaluate(args[0]), "the bio"), "struct bio"))
        rows = []
        for d in disks():
            for rq in requests(queue_of(d)):
                for b in bios_of(rq):
                    rows.append(["%#010x" % int(b.address), text(d["name"]), state_text(int(rq["state"])), int(b["id"]), flags_text(int(b["flags"])),
                                 int(b["sector"]), int(b["size"]), int(b["nr_vecs"]), int(b["pid"]), name_of(pointer(b["end_io"]))])
        if not rows:
            return print("no bio is on its way")
        table(rows, ["bio", "disk", "request", "id", "what", "sector", "bytes", "pieces", "pid", "at its end"],
              ("id", "sector", "bytes", "pieces", "pid"))

    @staticmethod
    def one(b):
        bdev = b["bdev"]
        print("bio %#010x: %s, id %d, pid %d" % (int(b.address), flags_text(int(b["flags"])), int(b["id"]), int(b["pid"])))
        print("  device %s, sector %d, %d bytes, %d of them done, status %d" % (
            text(bdev.dereference()["name"]) if pointer(bdev) else "none", int(b["sector"]), int(b["size"]), int(b["done"]), int(b["status"])))
        print("  at its end: %s %s" % (name_of(pointer(b["end_io"])), function_place(pointer(b["end_io"]))))
        base, count = pointer(b["vecs"]), int(b["nr_vecs"])
        if count > 4096:
            raise Problem("%d pieces: no bio" % count)
        frames = pointer(symbol("mem_map"))
        size = gdb.lookup_type("struct page").sizeof
        vec = gdb.lookup_type("struct bio_vec")
        for n in range(count):
            v = at(base + n * vec.sizeof, "struct bio_vec")
            page = check_pointer(v["page"], "a page of the bio")
            print("  piece %d: page %#010x, frame %#07x, offset %d, %d bytes" % (n, page, (page - frames) // size, int(v["offset"]), int(v["len"])))


@command
class Walk(Command):
    """Breakpoints on the hops of one read, from the system call to the driver and back (README.md)."""

    NAME = "io-walk"
    KIND = gdb.COMMAND_BREAKPOINTS
    NEEDS_KERNEL = False

    def run(self, args):
        for hop in HOPS:
            gdb.Breakpoint(hop)
