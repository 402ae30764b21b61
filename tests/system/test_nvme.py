"""NVMe disks: as root and as data disk with partitions; several queue pairs and deep queues, seen in QEMU's trace; faults by blkdebug."""
import hashlib
import json
import re

import sluice
from sluice import blank, debugfs, fsck, mkfs, program, sh

BLOCK = 4096


def numbered(path, blocks):
    """An image in which each block begins with its number."""
    with open(path, "wb") as f:
        for n in range(blocks):
            f.write(n.to_bytes(8, "little").ljust(BLOCK, b"\xa5"))
    return path


def in_flight(log):
    """From QEMU's trace: the queue pairs that had commands, and the most commands that were under way at once."""
    queues, now, most = set(), 0, 0
    for line in log.read_text().splitlines():
        m = re.search(r"pci_nvme_io_cmd cid \d+ nsid \S+ sqid (\d+)", line)
        if m:
            queues.add(int(m.group(1)))
            now += 1
            most = max(most, now)
        elif re.search(r"pci_nvme_enqueue_req_completion cid \d+ cqid [1-9]", line):
            now -= 1
    return queues, most


def test_root_and_deep_queues(tmp_path):
    """The root on NVMe keeps what was written. On a second controller 64 reads under way on four queue pairs; the third has partitions."""
    rng = sluice.seed()
    numbered(tmp_path / "deep", 2048)
    parted = bytearray(rng.randbytes(4 << 20))
    parted[446:512] = bytes([0, 0, 0, 0, 0x83, 0, 0, 0]) + (2048).to_bytes(4, "little") + (3000).to_bytes(4, "little") + bytes(48) + b"\x55\xaa"
    (tmp_path / "parted").write_bytes(parted)
    trace = tmp_path / "trace"
    r = sh("""mount | head -1 | cut -d' ' -f1
cat /sys/class/nvme/nvme1/queue_count /sys/class/nvme/nvme1/state
aioreads /dev/nvme1n1 64 600
ls /dev/nvme2n1*; md5sum < /dev/nvme2n1p1
dd if=/dev/nvme2n1 of=/dev/nvme2n1 bs=65536 count=4 skip=40 seek=50 oflag=direct conv=notrunc 2>/dev/null
dd if=/dev/zero of=/dev/nvme2n1 bs=1000 count=100 seek=3000 conv=notrunc,fsync 2>/dev/null
dd if=/dev/nvme1n1 of=/dev/null bs=2M iflag=direct 2>/dev/null & echo 1 > /sys/class/nvme/nvme1/reset_controller; wait
cat /sys/class/nvme/nvme1/state; md5sum < /dev/nvme1n1
head -c 300000 /dev/urandom > /root/kept; md5sum < /root/kept; sync
""", add=[(program("aioreads.c"), "/bin/aioreads")], root="%s,if=nvme" % (tmp_path / "root"),
           disk=["%s,if=nvme,slow=10ms" % (tmp_path / "deep"), "%s,if=nvme" % (tmp_path / "parted")],
           qemu="-D %s -trace pci_nvme_io_cmd -trace pci_nvme_enqueue_req_completion" % trace).good()
    digest = hashlib.md5((tmp_path / "deep").read_bytes()).hexdigest() + "  -"
    assert r.lines[:8] == ["/dev/nvme0n1", "5", "live", "600 reads, 0 wrong, 0 failed", "/dev/nvme2n1", "/dev/nvme2n1p1",
                           hashlib.md5(parted[2048 * 512:5048 * 512]).hexdigest() + "  -", "live"], r.lines
    assert r.lines[8] == digest
    queues, most = in_flight(trace)
    assert queues >= {1, 2, 3, 4} and most >= 64, (queues, most)
    parted[50 * 65536:54 * 65536] = parted[40 * 65536:44 * 65536]
    parted[3000000:3100000] = bytes(100000)
    assert (tmp_path / "parted").read_bytes() == parted
    fsck(tmp_path / "root")
    debugfs(tmp_path / "root", "dump /root/kept %s" % (tmp_path / "kept"))
    assert hashlib.md5((tmp_path / "kept").read_bytes()).hexdigest() + "  -" == r.lines[9]


def failing(number, image, *rules):
    """QEMU options: image as an NVMe disk with blkdebug rules."""
    node = {"driver": "raw", "node-name": "f%d" % number, "file": {"driver": "blkdebug", "image": {"driver": "file", "filename": str(image)},
            "inject-error": [dict({"event": "none", "errno": 5, "once": False}, **rule) for rule in rules]}}
    return "-blockdev '%s' -device nvme,drive=f%d,serial=f%d" % (json.dumps(node), number, number)


def test_bad_sectors(tmp_path):
    """One in the middle of a merged read: only its page is lost. One in a write: what lies around it is written. A failed flush is told."""
    rng = sluice.seed()
    data = rng.randbytes(2 << 20)
    (tmp_path / "r").write_bytes(data)
    blank(tmp_path / "w", 1)
    blank(tmp_path / "f", 1)
    bad = 8 * rng.randrange(70, 120) + rng.randrange(8)
    page = bad // 8
    r = sh("""for p in %d %d; do dd if=/dev/nvme0n1 of=/t/p bs=4096 skip=$p count=1 2>/dev/null; echo $? $(md5sum < /t/p | cut -c1-32); done
echo 3 > /proc/sys/vm/drop_caches
dd if=/dev/nvme0n1 of=/t/x bs=262144 skip=1 count=1 iflag=direct 2>&1 | grep -o 'Input/output error'
dd if=/dev/nvme0n1 of=/t/x bs=1M conv=noerror,sync 2>&1 | grep -c 'Input/output error'
dd if=/dev/nvme0n1 of=/t/p bs=4096 skip=%d count=1 2>&1 | grep -o 'Input/output error'
yes | tr -d '\\n' | dd of=/dev/nvme1n1 bs=4096 seek=20 count=8 iflag=fullblock conv=fsync 2>&1 | grep -o 'Input/output error'
dd if=/dev/zero of=/dev/nvme1n1 bs=4096 seek=100 count=8 conv=fsync 2>/dev/null; echo $?
dd if=/dev/zero of=/dev/nvme2n1 bs=4096 count=8 conv=fsync 2>&1 | grep -o 'Input/output error'
dmesg | grep -c 'nvme.*error at sector'
""" % (page - 1, page + 1, page), qemu=[failing(0, tmp_path / "r", {"sector": bad, "iotype": "read"}),
                                        failing(1, tmp_path / "w", {"sector": 180, "iotype": "write"}),
                                        failing(2, tmp_path / "f", {"iotype": "flush"})]).good()
    told = "Input/output error"
    sums = ["0 " + hashlib.md5(data[p * 4096:(p + 1) * 4096]).hexdigest() for p in (page - 1, page + 1)]
    assert r.lines[:2] == sums
    assert r.lines[2:8] == [told, "1", told, told, "0", told], r.lines
    assert int(r.lines[8]) >= 3
    written = (tmp_path / "w").read_bytes()[160 * 512:224 * 512]
    good = [written[i * 512:(i + 1) * 512] == b"y" * 512 for i in range(64)]
    assert all(good[:20]) and all(good[24:]) and not good[20], good


def test_files(tmp_path):
    """A file system on an NVMe disk, with blocks of 1 KiB, whose pieces do not fit into one command as they come."""
    rng = sluice.seed()
    put = tmp_path / "put"
    put.mkdir()
    blob = rng.randbytes(6 << 20)
    (put / "big").write_bytes(blob)
    image = mkfs(tmp_path / "image", 48, put, ["-b", "1024"])
    seed = rng.randrange(1, 1 << 31)
    r = sh("""set -e
mkdir -p /t/m; mount -t ext2 /dev/nvme0n1 /t/m; cd /t/m
cp big copy; cmp big copy; mkdir many; /t/manyfiles many 1000 %d; sync; md5sum < copy
dd if=big of=direct bs=1M iflag=direct oflag=direct 2>/dev/null; cmp big direct
cd /; umount /t/m; echo unmounted
""" % seed, add=[(program("manyfiles.c"), "/t/manyfiles")], disk=["%s,if=nvme" % image]).good()
    assert r.lines == [hashlib.md5(blob).hexdigest() + "  -", "unmounted"]
    fsck(image)
    debugfs(image, "dump /direct %s" % (tmp_path / "direct"))
    assert (tmp_path / "direct").read_bytes() == blob
