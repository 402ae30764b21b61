"""Random system calls of several processes, as an ordinary user, on a tmpfs and on ext2: no panic, no hang, nothing lost."""
import os
import re

import sluice
from sluice import HERE, KERNELS, TOP, mkfs, program, seed, sh

CALLS = os.path.join(HERE, "programs", "fuzz_calls.h")

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
echo 0 > /proc/sys/net/ipv4/tcp_max_tw_buckets
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
    r = sh(ROUNDS % (6, first, first + 1000, first + 2000, calls), add=[(program("fuzz.c", headers=[CALLS]), "/t/fuzz"), (program("inuse.c"), "/t/inuse")], disk=[image],
           kernel=KERNELS["debug"], log=tmp_path / "log", timeout=3600 if soak else 300)
    log = (tmp_path / "log").read_text(errors="replace")
    assert r.status == 0, repr(r) + log[-3000:]
    done = [int(n) for n in re.findall(r"^(\d+) calls$", r.text, re.M)]
    assert len(done) == 3 and done[2] >= calls, repr(r)
    assert [line for line in log.splitlines() if re.search(r"UBSan|BUG|WARNING|lock rank|leak", line)] == []
    sluice.fsck(image)


def test_every_call_is_made():
    """With plausible arguments: whoever adds a call to the kernel tells the fuzzer what it takes."""
    with open(os.path.join(TOP, "kernel", "syscall", "table.c")) as table, open(CALLS) as calls:
        known = set(re.findall(r"\bS\((\d+), (\w+),", table.read()))
        made = set(re.findall(r"\bC\((\d+), (\w+),", calls.read()))
    left_out = {name for _, name in known - made}
    assert left_out == {"exit", "exit_group", "sigreturn", "rt_sigreturn"} and made <= known, (left_out, made - known)
