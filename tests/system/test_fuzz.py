"""Random system calls of several processes, as an ordinary user, on a tmpfs and on ext2: no panic, no hang, nothing lost."""
import re

import sluice
from sluice import KERNELS, mkfs, program, seed, sh

TOLERANCE_KB = 64

# A round ends with everything unmounted and dropped, so what is in use after it is what the kernel itself needs. The first rounds
# fill the caches of its allocators. Stacks are left out: work queues keep the threads that a busy moment made.
ROUNDS = """
once() {
	mount -t tmpfs none /t/a && mount -t ext2 /dev/sdb /t/d || exit 1
	mkdir -p /t/a/tree /t/d/tree
	/t/fuzz $1 $2 %d /t/a/tree /t/d/tree || exit 2
	umount /t/a && umount /t/d || exit 3
	echo 3 >/proc/sys/vm/drop_caches
	awk '/^MemFree|^KernelStack/ { n += $2 } END { print "free: " n }' /proc/meminfo
}
mkdir -p /t/a /t/d
once %d 3000; once %d 3000; once %d %d
"""


def test_random_system_calls(tmp_path, soak):
    """SEED=n repeats the random numbers; how the processes meet is left to chance."""
    calls, first = 1000000 if soak else 24000, seed().randrange(1 << 30)
    image = mkfs(tmp_path / "image", 16, options=["-b", "1024"])
    r = sh(ROUNDS % (6, first, first + 1000, first + 2000, calls), add=[(program("fuzz.c"), "/t/fuzz")], disk=[image], kernel=KERNELS["debug"],
           log=tmp_path / "log", timeout=3600 if soak else 150)
    log = (tmp_path / "log").read_text(errors="replace")
    assert r.status == 0, repr(r) + log[-3000:]
    free = [int(n) for n in re.findall(r"^free: (\d+)$", r.text, re.M)]
    done = [int(n) for n in re.findall(r"^(\d+) calls$", r.text, re.M)]
    assert len(free) == 3 and done[2] >= calls, repr(r)
    assert [line for line in log.splitlines() if re.search(r"UBSan|BUG|WARNING|lock rank|leak", line)] == []
    assert free[2] >= free[1] - TOLERANCE_KB, free
    sluice.fsck(image)
