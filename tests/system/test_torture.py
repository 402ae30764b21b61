"""Eight processes do everything to files at once; the disk ends as a model that takes the same steps says, and e2fsck has nothing to say."""
import os

import pytest

import sluice
from sluice import KERNELS, debugfs, fsck, mkfs, program, vm

RECORD, MAX_RECORDS, SLOTS, BLOCK = 16, 2048, 6, 256


class File:
    """Tags of its records; None: never written."""

    def __init__(self):
        self.tags = []

    def put(self, first, count, tag):
        self.tags += [None] * (first + count - len(self.tags))
        self.tags[first:first + count] = [tag] * count

    def cut(self, n):
        self.tags = self.tags[:n] + [None] * (n - len(self.tags))

    def data(self):
        return b"".join(bytes(RECORD) if t is None else b"%08x%08x" % (t, i) for i, t in enumerate(self.tags))


class Process:
    """The steps of one process of tests/system/programs/torture.c."""

    def __init__(self, me, seed):
        self.me, self.state, self.tag = me, ((seed + me) * 2654435761 | 1) & 0xffffffff, me << 24
        self.slots, self.folder = [None] * SLOTS, False

    def rnd(self, below):
        s = self.state
        s ^= s << 13 & 0xffffffff
        s ^= s >> 17
        s ^= s << 5 & 0xffffffff
        self.state = s
        return s % below

    def step(self):
        what, slot, other = self.rnd(13), self.rnd(SLOTS), self.rnd(SLOTS)
        self.tag += 1
        f = self.slots[slot]
        if what == 12:
            self.folder = not self.folder
        elif f is None or what < 3:
            first = self.rnd(MAX_RECORDS)
            count = 1 + self.rnd(MAX_RECORDS - first)
            if f is None:
                f = self.slots[slot] = File()
            f.put(first, count, self.tag)
        elif what == 3:
            want = 1 + self.rnd(200)
            if len(f.tags) + want <= MAX_RECORDS:
                f.put(len(f.tags), want, self.tag)
        elif what == 4:
            f.cut(self.rnd(MAX_RECORDS))
        elif what == 5:
            if other != slot and self.slots[other] is not f:
                self.slots[other], self.slots[slot] = f, None
        elif what == 6:
            if self.slots[other] is None:
                self.slots[other] = f
        elif what == 7:
            self.slots[slot] = None
        elif what < 10:
            n, a, b = len(f.tags), self.rnd(MAX_RECORDS), self.rnd(MAX_RECORDS)
            self.rnd(3)
            if n:
                first = a % n
                f.put(first, 1 + b % (n - first), self.tag)
        elif what == 10:
            f.put(self.rnd(MAX_RECORDS // BLOCK) * BLOCK, BLOCK, self.tag)
        else:
            self.rnd(4)

    def names(self):
        """{path: (contents, links)}"""
        found = {"s%d/p%d_%d" % ((k + self.me) % 3, self.me, k): (f.data(), sum(g is f for g in self.slots))
                 for k, f in enumerate(self.slots) if f is not None}
        if self.folder:
            found["s%d/folder%d" % (self.me % 3, self.me)] = (None, 2)
        return found


def on_disk(image, folder):
    """{path: (contents, links)} of what debugfs takes out of the image."""
    listing = debugfs(image, *["ls -l s%d" % i for i in range(3)]).decode()
    inodes = {line.split()[-1]: line.split()[0] for line in listing.splitlines() if len(line.split()) > 8}
    debugfs(image, *["rdump s%d %s" % (i, folder) for i in range(3)])
    found = {}
    for at, dirs, files in os.walk(folder):
        for name in dirs + files:
            path = os.path.join(at, name)
            if os.path.relpath(path, folder) in ("s0", "s1", "s2"):
                continue
            stat = debugfs(image, "stat <%s>" % inodes[name]).decode()
            links = int(stat.split("Links: ")[1].split()[0])
            if os.path.isdir(path):
                found[os.path.relpath(path, folder)] = (None, links)
            else:
                with open(path, "rb") as f:
                    found[os.path.relpath(path, folder)] = (f.read(), links)
    return found


@pytest.mark.parametrize("block_size", ["1024", "4096"])
def test_torture_ends_as_the_model_says(block_size, tmp_path, soak):
    """Ten minutes in `make soak`."""
    seed, steps = sluice.seed().randrange(1, 1 << 30), 40000 if soak else 250
    image = mkfs(tmp_path / "image", 24, options=("-b", block_size))
    r = vm("sh", "-c", "mount -t ext2 /dev/sdb /mnt && /t/torture /mnt 8 %d %d; umount /mnt" % (steps, seed), add=[(program("torture.c"), "/t/torture")],
           disk=[image], mem=32, kernel=KERNELS["debug"], timeout=3000 if soak else 100).good()
    assert r.text == "torture ok\n", repr(r)
    fsck(image)
    want = {}
    for me in range(8):
        p = Process(me, seed)
        for _ in range(steps):
            p.step()
        want.update(p.names())
    out = tmp_path / "files"
    out.mkdir()
    got = on_disk(image, str(out))
    assert sorted(got) == sorted(want)
    wrong = [n for n in sorted(want) if got[n] != want[n]]
    assert not wrong, [(n, len(got[n][0] or b""), len(want[n][0] or b""), got[n][1], want[n][1]) for n in wrong]
