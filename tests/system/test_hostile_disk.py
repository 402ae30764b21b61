"""Disks that lie: an ext2 file system damaged at random and used, in the guest; what errors= asks for."""
import random
import struct

import pytest

from sluice import KERNELS, debugfs, mkfs, program, seed, sh


def make_tree(top):
    """All kinds of inodes and block maps, so that there is something to damage."""
    rng = random.Random(1)
    (top / "a/b/c").mkdir(parents=True)
    (top / "many").mkdir()
    for i in range(60):
        (top / "many" / ("a-name-of-some-length-%d" % i)).write_text("%d\n" % i)
    (top / "a/file").write_bytes(rng.randbytes(300000))
    (top / "a/b/small").write_bytes(rng.randbytes(5000))
    (top / "a/b/fast").symlink_to("small")
    (top / "a/b/slow").symlink_to("7" * 200)
    with open(top / "a/sparse", "wb") as f:
        for at in (20000, 3000000, 70000000):
            f.seek(at)
            f.write(rng.randbytes(3000))


@pytest.mark.parametrize("block", [1024, 4096])
def test_damaged_in_the_guest(block, tmp_path, soak):
    """Mounted, walked, read, written, unmounted, many times in one boot; SEED=n repeats it."""
    make_tree(tmp_path / "tree")
    image = mkfs(tmp_path / "image", 1 if block == 1024 else 2, tmp_path / "tree", ["-b", str(block), "-N", "200"])
    rounds = 4000 if soak else 150
    r = sh("mkdir -p /t/m; /t/hurtdisk /dev/sdb /t/m %d %d; echo alive" % (seed().randrange(1 << 30), rounds),
           add=[(program("hurtdisk.c"), "/t/hurtdisk")], disk=[image], kernel=KERNELS["debug"], timeout=1800 if soak else 100).good()
    assert r.lines[-2:] == ["end", "alive"] and int(r.text.split()[0]) > rounds / 4, repr(r)


def bad_folder(tmp_path):
    """A file system whose folder /bad holds an entry of length 0."""
    (tmp_path / "tree/bad").mkdir(parents=True)
    (tmp_path / "tree/bad/x").write_text("x")
    (tmp_path / "tree/fine").write_text("fine")
    image = mkfs(tmp_path / "image", 4, tmp_path / "tree")
    block = int(debugfs(image, "blocks /bad").split()[-1])
    with open(image, "r+b") as f:
        f.seek(block * 4096 + 12 + 4)
        f.write(struct.pack("<H", 0))
    return image


USE = "mkdir -p /t/m; mount -t ext2 -o errors=%s /dev/sdb /t/m || exit 9; cat /t/m/bad/x 2>&1 | sed 's/.*: //'; cat /t/m/fine; echo; " \
      "(echo new > /t/m/new) 2>&1 | sed 's/.*: //'; grep -o 'errors=[a-z-]*' /proc/mounts; grep /t/m /proc/mounts | cut -d' ' -f4 | cut -c1-2; umount /t/m"


@pytest.mark.parametrize("policy,said", [
    ("continue", "Structure needs cleaning\nfine\nerrors=continue\nrw\n"),
    ("remount-ro", "Structure needs cleaning\nfine\nRead-only file system\nerrors=remount-ro\nro\n"),
])
def test_errors_policy(policy, said, tmp_path):
    r = sh(USE % policy, disk=[bad_folder(tmp_path)])
    assert r.text == said, repr(r)


def test_errors_panic(tmp_path):
    r = sh(USE % "panic", disk=[bad_folder(tmp_path)])
    assert r.status == 125 and b"errors=panic" in r.err, repr(r)


def test_unknown_policy_is_refused(tmp_path):
    r = sh(USE % "shrug", disk=[bad_folder(tmp_path)])
    assert r.status == 9, repr(r)
