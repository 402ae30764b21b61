"""The kernel log: io-dmesg."""
from .base import Command, Problem, command, memory, number, symbol

SIZE = 65536        # LOG_SIZE, kernel/debug/printk.c


@command
class Dmesg(Command):
    """io-dmesg [N]: the kernel log out of memory, or its last N lines. Also where the kernel cannot print any more."""

    NAME = "io-dmesg"
    MAX_ARGS = 1

    def run(self, args):
        ring, end = symbol("ring", "kernel/debug/printk.c"), int(symbol("ring_end", "kernel/debug/printk.c"))
        if end > 1 << 40:
            raise Problem("the log's end is at byte %d: overwritten" % end)
        data = memory(int(ring.address), SIZE)
        data = data[:end] if end <= SIZE else data[end % SIZE:] + data[:end % SIZE]
        lines = data.decode("ascii", "replace").splitlines()
        if end > SIZE:
            lines = lines[1:]       # its start is overwritten
        for line in lines[-number(args[0], "a number of lines", 1, 100000):] if args else lines:
            level, mark, rest = line.partition(">")
            print(rest if mark and level[:1] == "<" and level[1:].isdigit() else line)
        if not lines:
            print("the log is empty")
