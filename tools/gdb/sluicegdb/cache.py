"""The page cache: io-cache."""
from .base import ExpressionCommand, Problem, at, atomic, check_pointer, command, each, evaluate, name_of, pointer, symbol, table, text

SLOT_BITS = 6               # kernel/lib/radix_tree.c
PAGE_FLAGS = ("locked", "uptodate", "dirty", "writeback", "error", "referenced", "active", "lru", "private", "slab", "reserved", "buddy",
              "readahead", "reclaim", "waiters", "checked")
TAGS = ("dirty", "writeback", "towrite")
PAGES_SHOWN = 64


def entries(node, level, index=0):
    """(index, address of the page) of a tree, in order."""
    check_pointer(node, "a node of the tree")
    slots = at(node, "struct radix_node")["slots"]
    for n in range(1 << SLOT_BITS):
        slot = pointer(slots[n])
        if slot and level:
            yield from entries(slot, level - 1, (index << SLOT_BITS) | n)
        elif slot:
            yield (index << SLOT_BITS) | n, slot


def pages(mapping):
    tree = mapping["pages"]
    height = int(tree["height"])
    if height > 6:
        raise Problem("its tree has %d levels: no mapping" % height)
    if height and pointer(tree["root"]):
        yield from entries(pointer(tree["root"]), height - 1)


def flags_text(flags):
    return " ".join(name for n, name in enumerate(PAGE_FLAGS) if flags >> n & 1) or "-"


@command
class Cache(ExpressionCommand):
    """io-cache [MAPPING]: the page cache: pages cached, dirty, on their way to the disk, events since boot, policy of replacement, and the
cached block devices. MAPPING, an expression (an address from the table, or inode->mapping): its pages one by one."""

    NAME = "io-cache"

    def run(self, args):
        if args:
            return self.one(evaluate(args[0]))
        self.totals()
        rows = []
        for d in each(symbol("all_disks"), "struct gendisk", "node", "the list of disks"):
            parts = d["part"]
            for n in range(parts.type.range()[1] + 1):
                b = parts[n]
                if pointer(b):
                    m = b["mapping"].dereference()
                    rows.append([text(b["name"]), "%#010x" % int(m.address), int(m["nrpages"])])
        table(rows, ["device", "mapping", "pages"], ("pages",))

    @staticmethod
    def totals():
        for label, name, file in (("dirty pages", "nr_dirty_pages_now", None), ("pages under writeback", "nr_writeback", "io/cache/page_state.c")):
            try:
                print("%-24s %d" % (label, atomic(symbol(name, file))))
            except Problem:
                pass
        policy = symbol("page_replacement", "io/cache/replacement.c")
        print("%-24s %s" % ("replacement", text(check_pointer(policy, "the policy") and policy["name"])))
        events = symbol("cache_events")
        for f in events.type.fields():
            print("%-24s %d" % (f.name, int(events[f.name])))

    @staticmethod
    def one(value):
        m = at(check_pointer(value, "the mapping"), "struct mapping")
        print("mapping %#010x: %d pages, operations %s%s" % (int(m.address), int(m["nrpages"]), name_of(pointer(m["ops"])),
                                                           ", on %s" % text(m["bdev"]["name"]) if pointer(m["bdev"]) else ""))
        rows, more = [], 0
        for index, address in pages(m):
            if len(rows) == PAGES_SHOWN:
                more += 1
                continue
            p = at(address, "struct page")
            rows.append([index, "%#010x" % address, atomic(p["refs"]), atomic(p["mapcount"]), flags_text(int(p["flags"])),
                         "" if pointer(p["mapping"]) == int(m.address) else "belongs to another mapping: %#010x" % pointer(p["mapping"])])
        if rows:
            table(rows, ["index", "page", "refs", "mapped", "flags", ""], ("index", "refs", "mapped"))
        if more:
            print("and %d more" % more)
