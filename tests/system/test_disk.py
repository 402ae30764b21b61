"""The disk, end to end: each of the three ways to drive it, judged from outside by e2fsck, debugfs, digests and QEMU's own trace."""
import hashlib
import json
import os
import re
import tarfile

import pytest

import sluice
from sluice import ata_commands, ata_trace, blank, debugfs, differences, fsck, mkfs, program, sh, tree

MODES = ("dma", "pio", "poll")
HOLES = ((0, b"start"), (123456789, b"middle"), (314572797, b"end"))


def check_mode(mode, log):
    n = ata_commands(log)
    if mode == "dma":
        assert n["dma"] > 20 and n["pio"] <= 16, n
    else:
        assert n["pio"] > 20 and n["dma"] == 0, n
    return n


@pytest.mark.parametrize("mode", MODES)
def test_files_on_a_disk(mode, tmp_path, soak):
    """A big file copied, many small ones made, removed and renamed, a sparse one, links: the host sees the same tree."""
    rng = sluice.seed()
    big, count = (64 << 20, 10000) if soak else (8 << 20, 2000)
    put = tmp_path / "put"
    put.mkdir()
    blob = rng.randbytes(big)
    (put / "big").write_bytes(blob)
    image = mkfs(tmp_path / "image", 3 * (big >> 20) + 96, put)
    seed = rng.randrange(1, 1 << 31)
    r = sh("""set -e
mkdir -p /t/m; mount -t ext2 /dev/sdb /t/m; cd /t/m
cp big copy; cmp big copy; sync; md5sum < copy
mkdir many; /t/manyfiles many %d %d
mkdir deep; cd deep
printf start > sparse
printf middle | dd of=sparse bs=1 seek=123456789 conv=notrunc 2>/dev/null
printf end | dd of=sparse bs=1 seek=314572797 conv=notrunc 2>/dev/null
ln -s sparse short; ln -s /t/m/deep/%s long; ln sparse hard
cd /; umount /t/m; echo unmounted
""" % (count, seed, "x" * 80), add=[(program("manyfiles.c"), "/t/manyfiles")], disk=[image], append="ata=" + mode,
           qemu=ata_trace(tmp_path / "trace"), timeout=300 if soak else 120).good()
    assert r.lines == [hashlib.md5(blob).hexdigest() + "  -", "unmounted"]
    fsck(image)
    back = tmp_path / "back"
    back.mkdir()
    debugfs(image, "dump /copy %s/copy" % back, "rdump /many %s" % back, "dump /deep/sparse %s/sparse" % back)
    assert (back / "copy").read_bytes() == blob
    assert sorted(os.listdir(back / "many")) == sorted("renamed-%d" % i for i in range(1, count, 2))
    for i in rng.sample(range(1, count, 2), 200):
        assert (back / "many" / ("renamed-%d" % i)).read_bytes() == b"%d %d\n" % (seed, i) * (i % 50), i
    with open(back / "sparse", "rb") as f:
        assert f.seek(0, 2) == 314572800
        for at, text in HOLES:
            f.seek(at)
            assert f.read(len(text)) == text
    stat = debugfs(image, "stat /deep/sparse").decode()
    assert int(re.search(r"Blockcount: (\d+)", stat).group(1)) <= 200 and "Links: 2" in stat
    assert b'Fast link dest: "sparse"' in debugfs(image, "stat /deep/short")
    check_mode(mode, tmp_path / "trace")


@pytest.mark.parametrize("mode", MODES)
def test_raw_disk(mode, tmp_path):
    """Reads and writes past the cache's page and request borders, through the device file."""
    rng = sluice.seed()
    blob = bytearray(rng.randbytes(4 << 20))
    (tmp_path / "d").write_bytes(blob)
    lines = ["md5sum < /dev/sdb"]
    want = [hashlib.md5(blob).hexdigest() + "  -"]
    for _ in range(12):
        at, size = rng.randrange(0, (4 << 20) - 70000), rng.randrange(1, 70000)
        piece = rng.randbytes(1) * size
        blob[at:at + size] = piece
        lines.append("head -c %d /dev/zero | tr '\\000' '\\%03o' | dd of=/dev/sdb bs=%d count=1 iflag=fullblock seek=%d oflag=seek_bytes conv=notrunc "
                     "2>/dev/null"
                     % (size, piece[0], size, at))
    lines += ["sync", "echo 3 > /proc/sys/vm/drop_caches", "md5sum < /dev/sdb"]
    want.append(hashlib.md5(blob).hexdigest() + "  -")
    r = sh("\n".join(lines), disk=[str(tmp_path / "d")], append="ata=" + mode, qemu=ata_trace(tmp_path / "trace")).good()
    assert r.lines == want
    assert (tmp_path / "d").read_bytes() == blob
    check_mode(mode, tmp_path / "trace")


def test_four_drives_on_two_channels(tmp_path):
    rng = sluice.seed()
    sums, disks = [], []
    for name in "bcd":
        data = rng.randbytes(1 << 20)
        (tmp_path / name).write_bytes(data)
        disks.append(str(tmp_path / name))
        sums.append(hashlib.md5(data).hexdigest())
    r = sh("for d in b c d; do md5sum < /dev/sd$d > /t/$d & done; wait; cat /t/b /t/c /t/d", disk=disks).good()
    assert [line.split()[0] for line in r.lines] == sums


def test_partitions(tmp_path):
    """An MBR with two primary partitions and a logical one."""
    rng = sluice.seed()
    disk = bytearray(rng.randbytes(8 << 20))

    def entry(kind, start, count):
        return bytes([0, 0, 0, 0, kind, 0, 0, 0]) + start.to_bytes(4, "little") + count.to_bytes(4, "little")
    parts = {1: (2048, 2048), 2: (4096, 3000), 5: (8192 + 63, 1000)}
    disk[446:512] = entry(0x83, *parts[1]) + entry(0x83, *parts[2]) + entry(0x05, 8192, 4096) + bytes(16) + b"\x55\xaa"
    disk[8192 * 512 + 446:8192 * 512 + 512] = entry(0x83, 63, 1000) + bytes(48) + b"\x55\xaa"
    (tmp_path / "d").write_bytes(disk)
    r = sh("for n in 1 2 5; do md5sum < /dev/sdb$n; done; ls /dev/sdb*; dd if=/dev/sdb1 bs=512 skip=2048 count=1 2>/dev/null | wc -c",
           disk=[str(tmp_path / "d")]).good()
    sums = [hashlib.md5(disk[s * 512:(s + n) * 512]).hexdigest() + "  -" for s, n in parts.values()]
    assert r.lines == sums + ["/dev/sdb", "/dev/sdb1", "/dev/sdb2", "/dev/sdb3", "/dev/sdb5", "0"]


@pytest.mark.parametrize("mode", MODES)
def test_bad_sector(mode, tmp_path):
    """EIO for the page that holds the bad sector, the rest readable, one line in the log that names disk and sector."""
    rng = sluice.seed()
    data = rng.randbytes(4 << 20)
    image = tmp_path / "d"
    image.write_bytes(data)
    bad = rng.randrange(64, (4 << 20) // 512 - 64)
    page = bad // 8
    node = {"driver": "raw", "node-name": "d0", "file": {"driver": "blkdebug", "image": {"driver": "file", "filename": str(image)},
            "inject-error": [{"event": "none", "sector": bad, "iotype": "read", "errno": 5, "once": False}]}}
    r = sh("""for skip in %d %d %d; do dd if=/dev/sdb of=/t/p bs=4096 skip=$skip count=1 2> /t/e; echo $? $(md5sum < /t/p | cut -c1-32); done
cat /t/e >&2
dd if=/dev/sdb of=/t/p bs=4096 skip=%d count=1 2>&1 | grep -o 'Input/output error'; dmesg | grep -c 'sdb.*sector %d'; echo alive
""" % (page - 1, page + 1, page + 1, page, bad), append="ata=" + mode, log=tmp_path / "log",
           qemu="-blockdev '%s' -device ide-hd,drive=d0,bus=ide.0,unit=1" % json.dumps(node)).good()
    sums = ["0 " + hashlib.md5(data[p * 4096:(p + 1) * 4096]).hexdigest() for p in (page - 1, page + 1, page + 1)]
    assert r.lines[:3] == sums
    assert r.lines[3] == "Input/output error" and int(r.lines[4]) >= 1 and r.lines[5] == "alive"
    assert re.search(r"sdb.*\b%d\b" % bad, (tmp_path / "log").read_text())


def test_failed_write_is_told_by_fsync(tmp_path):
    blank(tmp_path / "d", 4)
    node = {"driver": "raw", "node-name": "d0", "file": {"driver": "blkdebug", "image": {"driver": "file", "filename": str(tmp_path / "d")},
            "inject-error": [{"event": "none", "sector": 100, "iotype": "write", "errno": 5, "once": False}]}}
    r = sh("dd if=/dev/zero of=/dev/sdb bs=4096 count=100 conv=fsync 2>&1 | grep -o 'Input/output error'; echo alive",
           qemu="-blockdev '%s' -device ide-hd,drive=d0,bus=ide.0,unit=1,werror=report" % json.dumps(node)).good()
    assert r.lines == ["Input/output error", "alive"]


def test_root_persists(tmp_path):
    """What one boot writes, the next one reads; e2fsck is silent after each."""
    root = str(tmp_path / "root")
    r = sh("mkdir -p /keep/a/b; echo word > /keep/a/b/w; cd /keep; for i in $(seq 300); do echo $i > f$i; done; ln -s a/b/w link; chmod 640 f7; echo ok",
           root=root).good()
    assert r.lines == ["ok"]
    fsck(root)
    assert debugfs(root, "cat /keep/a/b/w").endswith(b"word\n")
    r = sh("cat /keep/link /keep/f299; ls /keep | wc -l; stat -c %a /keep/f7; rm -r /keep/a", root=root).good()
    assert r.lines == ["word", "299", "302", "640"]
    fsck(root)
    assert sh("ls -d /keep").status != 0


def test_clean_after_a_background_writer(tmp_path):
    """Power-off while something still writes leaves a clean file system."""
    root = str(tmp_path / "root")
    sh("(i=0; while :; do echo $i > /f$((i % 50)); i=$((i+1)); done) & sleep 0.5; exit 0", root=root).good()
    fsck(root)


def test_tar_tree(tmp_path, soak):
    """A tree made here, packed by the host's tar, unpacked and packed again in the guest: identical."""
    rng = sluice.seed()
    top = tmp_path / "tree"
    folders = [top]
    top.mkdir()
    for i in range(60):
        at = rng.choice(folders[-20:]) / ("d%d" % i)
        at.mkdir()
        folders.append(at)
    for i in range(3000 if soak else 800):
        f = rng.choice(folders) / ("f%d-%s" % (i, "n" * rng.randrange(1, 60)))
        f.write_bytes(rng.randbytes(rng.choice((0, 1, 100, 1000, 5000, 20000))))
        f.chmod(rng.choice((0o644, 0o600, 0o755, 0o444)))
    for i in range(40):
        os.symlink("../" * (i % 4) + "x" * (i * 3 + 1), rng.choice(folders) / ("l%d" % i))
    with tarfile.open(tmp_path / "in.tar", "w", format=tarfile.GNU_FORMAT) as t:
        t.add(top, "tree")
    r = sh("set -e; mkdir /t/x; cd /t/x; tar xf /t/in.tar; find . | wc -l; tar cf /t/out.tar tree", add=[(tmp_path / "in.tar", "/t/in.tar")],
           get=[("/t/out.tar", tmp_path / "out.tar")]).good()
    want = tree(top)
    assert r.lines == [str(len(want) + 2)]
    with tarfile.open(tmp_path / "out.tar") as t:
        t.extractall(tmp_path / "back")
    assert differences(want, tree(tmp_path / "back" / "tree")) == []


@pytest.mark.parametrize("options", ["-b 1024", "-b 2048", "-b 4096 -O ^dir_index,^filetype", "-b 1024 -g 1024 -I 128"], ids=str)
def test_ext2_shapes(options, tmp_path):
    """Other block sizes and feature sets than the default."""
    image = mkfs(tmp_path / "image", 24, options=options.split())
    r = sh("""set -e; mkdir /t/m; mount -t ext2 /dev/sdb /t/m; cd /t/m
for i in $(seq 300); do echo $i > file-$i; done; rm file-1?; mkdir d; mv file-2* d
head -c 3000000 /dev/urandom > big; cp big copy; cmp big copy; truncate -s 100000 big; ls | wc -l; ls d | wc -l; cd /; umount /t/m""", disk=[image]).good()
    assert r.lines == [str(300 - 10 - 111 + 1 + 2 + 1), "111"]
    fsck(image)


def test_unknown_feature_is_refused_by_name(tmp_path):
    image = mkfs(tmp_path / "image", 16, options=["-O", "extents"])
    r = sh("mkdir /t/m; mount -t ext2 /dev/sdb /t/m; echo $?; dmesg | grep -c -i extents", disk=[image]).good()
    assert r.lines[-2] != "0" and r.lines[-1] != "0"


def test_full_disk(tmp_path):
    image = mkfs(tmp_path / "image", 4)
    r = sh("""mkdir /t/m; mount -t ext2 /dev/sdb /t/m; cd /t/m; head -c 10000000 /dev/zero 2>/dev/null | dd of=f bs=4k 2>&1 | grep -o 'No space.*'
rm f; echo again > g; cat g; cd /; umount /t/m""", disk=[image]).good()
    assert r.lines == ["No space left on device", "again"]
    fsck(image)
