"""The documents' scripts of chapter 7 on the queue's knobs, Debian's own tools beside them, shares of a disk by priority, and file systems under a
change of elevator."""
import glob
import hashlib
import os
import re
import struct

import pytest
from sluice import KERNELS, blank, fsck, listing, program, script_file, sh, vm, with_packages


KNOBS = """for f in /sys/block/sda/queue/{scheduler,read_ahead_kb,nr_requests,add_random,rotational} /proc/sys/vm/dirty_{ratio,background_ratio} \\
/proc/sys/vm/dirty_{writeback,expire}_centisecs; do echo "knob ${f##*/} $(cat $f)"; done
"""


@pytest.fixture(scope="module")
def scripts():
    watch, tune = listing("bash", "iotop -b"), listing("bash", "fstrim -v")
    text = "#!/bin/bash\necho START; /t/watch || exit 1; echo TUNE; /t/tune || exit 2\n" + KNOBS + \
           "echo 0 > /sys/block/sda/queue/rotational; echo TUNE; /t/tune || exit 3\n" + KNOBS
    files = [(script_file(t), at) for t, at in ((watch, "/t/watch"), (tune, "/t/tune"), (text, "/t/all"))]
    for path, _ in files:
        os.chmod(path, 0o755)
    return vm("/t/all", add=files).good()


def test_the_watching_script(scripts):
    assert not scripts.err
    out = scripts.text.split("TUNE")[0]
    assert len(re.findall(r"^Device .*%util$", out, re.M)) == 3 and len(re.findall(r"^sda +\d", out, re.M)) == 3
    assert re.search(r"^Total DISK READ:.*Total DISK WRITE:", out, re.M) and re.search(r"^ +1 +be/4 +root .*init$", out, re.M)
    assert re.search(r"^/sys/block/sda/queue/scheduler: .*\[fcfs\]", out, re.M) and "/sys/block/sda/queue/nr_requests: 128" in out
    assert all(re.search(r"^%s: +\d+ kB$" % k, out, re.M) for k in ("Cached", "Dirty", "Writeback"))


def test_the_tuning_script(scripts):
    disk, ssd = (dict(re.findall(r"^knob (\S+) (.*)$", part, re.M)) for part in scripts.text.split("TUNE")[1:])
    want = {"read_ahead_kb": "512", "nr_requests": "256", "dirty_ratio": "10", "dirty_background_ratio": "5", "dirty_writeback_centisecs": "100",
            "dirty_expire_centisecs": "200"}
    for knobs in disk, ssd:
        assert {k: knobs[k] for k in want} == want
    assert "[deadline]" in disk["scheduler"] and (disk["rotational"], disk["add_random"]) == ("1", "1")
    assert "[fcfs]" in ssd["scheduler"] and (ssd["rotational"], ssd["add_random"]) == ("0", "0")      # noop is fcfs
    assert re.search(r"^Read ahead: 512 KB\nQueue depth: 256\nDirty ratio: 10\nDirty background: 5$", scripts.text, re.M)


# ---- Debian's tools -----------------------------------------------------------

def test_debian_programs(soak):
    """A dynamic program of Debian that has a look at the disk; the long form takes more of them, and the documents' program in Python."""
    r = with_packages("hdparm", "hdparm -I /dev/sda; /lib/ld-linux.so.2 --version")
    assert re.search(r"Model Number: +QEMU HARDDISK", r.text) and re.search(r"LBA48 +user addressable sectors: +524288", r.text) and "GLIBC" in r.text
    if not soak:
        return
    monitor = listing("python", "get_disk_stats")
    r = with_packages("sysstat,util-linux,pciutils,python3-minimal,hdparm",
                      "iostat -d -x; lsblk; lspci; hdparm -T -t /dev/sda; timeout -s INT 5 python3 /t/monitor.py; echo end $?",
                      add=[(script_file(monitor), "/t/monitor.py")])
    assert re.search(r"Timing buffered disk reads: .* = .* MB/sec", r.text) and re.search(r"Timing cached reads: .* MB/sec", r.text)
    assert re.search(r"^sda +8:0 +0 +256M +0 disk /", r.text, re.M) and "82371SB PIIX3 IDE" in r.text
    assert len(re.findall(r"^sda +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+", r.text, re.M)) >= 3 and "Stopped." in r.text


# ---- shares -------------------------------------------------------------------

SHARES = """
Q=/sys/block/sdb/queue
share() { # ELEVATOR MS LEVEL LEVEL
	echo $1 > $Q/scheduler
	echo 0 > $Q/iosched/low_latency
	[ $1 = cfq ] || echo 40 > $Q/iosched/timeout_sync
	dd if=/dev/sdb of=/dev/null bs=4k skip=%d count=1 iflag=direct 2>/dev/null
	/t/diskload share /dev/sdb $2 $3 $4
}
share cfq %d 5 1
share bfq %d 6 4
"""


def shares(log, mib):
    """Bytes of the two readers in each phase, over whole turns: from a change to the second one to the last such change."""
    phases, size = [], mib << 20
    with open(log) as f:
        for line in f:
            op, offset, length = line.split()[:3]
            if op == "R" and int(offset) == size - 4096:
                phases.append([])
            elif phases:
                phases[-1].append((int(offset) // 16384 % 2 == 1, int(length)))
    for part in phases:
        turns = [i for i in range(1, len(part)) if part[i][0] and not part[i - 1][0]]
        assert len(turns) > 5, "%d turns" % len(turns)
        part = part[turns[0]:turns[-1]]
        yield sum(n for second, n in part if not second), sum(n for second, n in part if second)


def test_shares_by_priority(tmp_path, soak):
    """Two readers that always have requests waiting, on a disk with an arm: slices of 80 and 160 ms under cfq, weights 20 and 40 under bfq."""
    mib = 64
    disk, ms = blank(tmp_path / "disk", mib), 20000 if soak else 2500
    r = sh(SHARES % (mib * 256 - 1, ms, ms), add=[(program("diskload.c"), "/t/diskload")], disk=[disk + (",seek" if soak else ",seek=full:3+rpm:30000")]).good()
    assert r.text.count("bytes") == 4
    for name, (one, two) in zip(("cfq", "bfq"), shares(disk + ".arm.log", mib)):
        print("%s: %d and %d bytes, 1 : %.2f" % (name, one, two, two / one))
        off = 0.1 if soak else 0.15     # few turns in a short run
        assert abs(two / one / 2 - 1) <= off, "%s: %d to %d" % (name, one, two)


def test_priorities_of_processes():
    """ionice: inherited by children, real time for root alone, and without one the nice value counts."""
    r = sh("ionice -c1 -n0 sh -c 'ionice; ionice -c3 ionice'; ionice -c2 -n6 sh -c 'sh -c ionice'; ionice\n"
           "su user -s /bin/sh -c 'ionice -c1 -n0 true 2>/dev/null; echo rt $?; ionice -c3 -p 1 2>/dev/null; echo other $?; ionice -c2 -n1 ionice'").good()
    assert r.lines == ["realtime: prio 0", "idle", "best-effort: prio 6", "best-effort: prio 4", "rt 1", "other 1", "best-effort: prio 1"]


# ---- a file system under a change of elevator -----------------------------------

TORTURE = """
Q=/sys/block/sda/queue; cd /root; mkdir t
worker() { # writes files, checks the one before, deletes every other one
	n=0
	while [ ! -e /tmp/stop ]; do
		f=t/$1.$n
		dd if=/dev/urandom of=$f bs=3k count=$((n * 7 %% 90 + 1)) $([ $((n %% 3)) != 0 ] || echo conv=fsync) 2>/dev/null || echo FAILED write $f
		md5sum $f >> t/sums.$1
		md5sum -c -s t/sums.$1 || echo FAILED check $1.$n
		if [ $((n %% 3)) = 1 ]; then rm $f; sed -i '$d' t/sums.$1; else cp $f t/copy.$1; fi
		n=$((n + 1))
	done
	echo "worker $1 $n"
}
for w in 1 2 3; do worker $w & done
for round in $(seq %(rounds)d); do
	for e in sstf scan cscan look clook deadline mq-deadline cfq bfq kyber noop; do
		echo $e > $Q/scheduler || echo FAILED $e
		echo $((round * 37 %% 60 + 4)) > $Q/nr_requests
		echo 1 > /proc/sys/vm/drop_caches
		sleep %(pause)s
	done
done
touch /tmp/stop
wait
sync; echo 3 > /proc/sys/vm/drop_caches
cat t/sums.* | md5sum -c -s && echo "sums good"
cat $Q/scheduler
"""


@pytest.mark.parametrize("kernel", ["debug"])
def test_elevators_change_under_a_file_system(tmp_path, kernel, soak):
    """Writers, readers, deleters and fsync at once, another elevator and another queue length every moment."""
    root = str(tmp_path / "root.img")
    at = tmp_path / "t"
    script = TORTURE % ({"rounds": 6, "pause": 1} if soak else {"rounds": 1, "pause": 0.2})
    r = sh(script, root=root, kernel=KERNELS[kernel], get=[("/root/t", str(at))], timeout=400 if soak else 100).good()
    assert "FAILED" not in r.text and "sums good" in r.text and r.text.endswith("\n"), repr(r)
    assert len(re.findall(r"^worker \d \d+$", r.text, re.M)) == 3 and "[fcfs]" in r.text
    fsck(root)
    sums = [line.split() for name in glob.glob(str(at / "**/sums.*"), recursive=True) for line in open(name)]
    assert len(sums) >= 3
    top = os.path.dirname(glob.glob(str(at / "**/sums.1"), recursive=True)[0])
    for digest, name in sums:
        with open(os.path.join(top, os.path.basename(name)), "rb") as f:
            assert hashlib.md5(f.read()).hexdigest() == digest, name


def test_listing_of_block_devices(tmp_path):
    """Sizes, partitions and numbers under /sys/block and in /proc/partitions are those of the disk."""
    disk = blank(tmp_path / "disk", 8)
    table = b"".join(struct.pack("<BBHBBHII", 0, 0, 0, 0x83, 0, 0, start, size) for start, size in ((2048, 4096), (8192, 6144)))
    with open(disk, "r+b") as f:
        f.seek(446)
        f.write(table + bytes(32) + b"\x55\xaa")
    r = vm("bash", "-c", "cd /sys/block/sdb; cat size ro removable dev sdb2/{size,start,partition,dev,ro}; cat sdb1/stat | wc -w; cat sdb1/inflight | wc -w; "
           "grep sdb /proc/partitions; cat queue/{logical_block_size,physical_block_size,hw_sector_size,max_hw_sectors_kb,discard_granularity}; "
           "ls /sys/block/sdb/queue", disk=[disk]).good()
    lines = r.lines
    assert lines[:9] == ["16384", "0", "0", "8:16", "6144", "8192", "2", "8:18", "0"]
    assert lines[9:11] == ["17", "2"]
    assert [line.split() for line in lines[11:14]] == [["8", "16", "8192", "sdb"], ["8", "17", "2048", "sdb1"], ["8", "18", "3072", "sdb2"]]
    assert lines[14:19] == ["512", "512", "512", "32768", "0"]
    want = "scheduler nr_requests read_ahead_kb max_sectors_kb max_hw_sectors_kb rotational add_random nomerges logical_block_size physical_block_size " \
           "write_cache discard_granularity iostats hw_sector_size iosched"
    assert not set(want.split()) - set(lines[19:])
