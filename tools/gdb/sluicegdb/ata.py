"""The IDE channels: io-prd."""
import re

from .base import Command, Problem, at, check_pointer, command, enum_name, function_address, memory, monitor, pointer, table, text
from .block import disks, queue_of

PRD_END = 0x80000000        # SFF-8038i 1.2: physical region descriptor
PRD_MAX = 512
STATUS_BITS = ((0, "active"), (1, "error"), (2, "interrupt"))


def channels():
    """The channels that have a disk of ours, in order."""
    found = {}
    for d in disks():
        if pointer(queue_of(d)["ops"]) == function_address("ata_block_ops"):
            drive = at(check_pointer(d["private"], "the drive of %s" % text(d["name"])), "struct ata_drive")
            ch = drive["ch"].dereference()
            found.setdefault(int(ch.address), (ch, []))[1].append(text(d["name"]))
    return found.values()


def port(address, size):
    """What QEMU's device answers at an I/O port. Only for registers that reading does not change."""
    m = re.search(r"=\s*(0x[0-9a-f]+)", monitor("i/%s %#x" % ({1: "bx", 2: "hx", 4: "wx"}[size], address)))
    if not m:
        raise Problem("QEMU does not read port %#x" % address)
    return int(m.group(1), 16)


@command
class Prd(Command):
    """io-prd: each IDE channel: what it is doing, its bus master's registers, and the table of memory pieces (physical region descriptors)
that the bus master reads by itself. The table is that of the last DMA command, done or not."""

    NAME = "io-prd"

    def run(self, args):
        seen = list(channels())
        if not seen:
            raise Problem("no IDE disk is set up yet")
        for ch, names in seen:
            self.show(ch, names)

    @staticmethod
    def show(ch, names):
        print("%s (%s): %s, ports %#x and %#x, irq %d" % (text(ch["name"]), ", ".join(names), enum_name(ch["state"], "ATA_"),
                                                       int(ch["command_base"]), int(ch["control"]), int(ch["irq"])))
        if pointer(ch["rq"]):
            rq = ch["rq"].dereference()
            print("  request %#010x, id %d: %s sector %d, %d sectors" % (int(rq.address), int(rq["id"]), "write" if int(ch["write"]) else "read",
                                                                       int(rq["sector"]), int(rq["nr_sectors"])))
        bm = int(ch["bm"])
        if not bm:
            return print("  no bus master")
        command_, status = port(bm, 1), port(bm + 2, 1)
        print("  bus master at %#x: command 0x%02x (%s, %s), status 0x%02x (%s), table at %#x" % (
            bm, command_, "started" if command_ & 1 else "stopped", "device to memory" if command_ & 8 else "memory to device",
            status, " ".join(word for bit, word in STATUS_BITS if status >> bit & 1) or "idle", port(bm + 4, 4)))
        base, rows = check_pointer(ch["prd"], "its table"), []
        for n in range(PRD_MAX):
            raw = memory(base + 8 * n, 8)
            address, flags = int.from_bytes(raw[:4], "little"), int.from_bytes(raw[4:], "little")
            if not address and not flags:
                break
            rows.append([n, "%#010x" % address, flags & 0xffff or 0x10000, "end" if flags & PRD_END else ""])
            if flags & PRD_END:
                break
        if rows:
            table(rows, ["  entry", "memory", "bytes", ""], ("  entry", "bytes"))
        else:
            print("  the table is empty: no DMA yet")
