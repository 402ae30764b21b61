"""Random system calls of several processes, as an ordinary user, on a tmpfs and on ext2: no panic, no hang, nothing lost."""
import re

import sluice
from sluice import KERNELS, mkfs, program, seed, sh

# A round ends with everything unmounted and dropped; what is in use then is what the kernel itself needs, to the last object of each slab
# cache and to the last page. The first round starts what starts when it is used first.
ROUNDS = """
once() {
	mount -t tmpfs none /t/a && mount -t ext2 /dev/sdb /t/d || exit 1
	mkdir -p /t/a/tree /t/d/tree
	/t/fuzz $1 $2 %d /t/a/tree /t/d/tree || exit 2
	umount /t/a && umount /t/d || exit 3
}
mkdir -p /t/a /t/d
ifconfig lo 127.0.0.1
once %d 3000
same() {
	lost=$(/t/inuse "$before") && return
	echo "$lost"
	exit 4
}
before=$(/t/inuse)
once %d 3000; same
once %d %d; same
"""


def test_random_system_calls(tmp_path, soak):
    """SEED=n repeats the random numbers; how the processes meet is left to chance."""
    calls, first = 1000000 if soak else 24000, seed().randrange(1 << 30)
    image = mkfs(tmp_path / "image", 16, options=["-b", "1024"])
    r = sh(ROUNDS % (6, first, first + 1000, first + 2000, calls), add=[(program(n + ".c"), "/t/" + n) for n in ("fuzz", "inuse")], disk=[image],
           kernel=KERNELS["debug"], log=tmp_path / "log", timeout=3600 if soak else 300)
    log = (tmp_path / "log").read_text(errors="replace")
    assert r.status == 0, repr(r) + log[-3000:]
    done = [int(n) for n in re.findall(r"^(\d+) calls$", r.text, re.M)]
    assert len(done) == 3 and done[2] >= calls, repr(r)
    assert [line for line in log.splitlines() if re.search(r"UBSan|BUG|WARNING|lock rank|leak", line)] == []
    sluice.fsck(image)
