"""Debian's fio: its ways of I/O on files of ext2 and on disks, each with contents that are verified, and what the kernel counted of it."""
import json
import os

import pytest
import sluice

BLOCKS = 128
FILES = """[global]
directory=/mnt
size=512k
bs=4k
randseed=7
verify=crc32c
verify_fatal=1
stonewall
[sync]
ioengine=sync
rw=randwrite
[psync]
ioengine=psync
rw=randrw
[vsync]
ioengine=vsync
rw=randrw
[pvsync]
ioengine=pvsync
rw=randrw
[libaio]
ioengine=libaio
direct=1
iodepth=32
rw=randrw
[posixaio]
ioengine=posixaio
iodepth=8
rw=randrw
[mmap]
ioengine=mmap
rw=randrw
fsync=16
[splice]
ioengine=splice
rw=write
[fsync]
rw=randwrite
fsync=8
[fdatasync]
rw=randwrite
fdatasync=8
[range]
rw=randwrite
sync_file_range=write:8
[threads]
rw=randrw
thread
numjobs=3
[processes]
rw=randrw
numjobs=3
[shm]
mem=shm
rw=randrw
[rated]
rw=randread
verify=0
filename=sync.0.0
number_ios=100
rate_iops=200
[timed]
rw=randrw
verify=0
filename=psync.0.0
time_based
runtime=1
[null]
ioengine=null
rw=randrw
verify=0
"""
DISKS = """[global]
size=512k
bs=4k
direct=1
verify=crc32c
verify_fatal=1
stonewall
[libaio]
filename=/dev/sdb
ioengine=libaio
iodepth=32
rw=randwrite
[psync]
filename=/dev/sdb
ioengine=psync
rw=randrw
[nvme]
filename=/dev/nvme0n1
ioengine=libaio
iodepth=16
rw=randrw
[trim]
filename=/dev/nvme0n1
ioengine=psync
rw=randtrim
verify=0
"""
SCRIPT = """
mount -t ext2 /dev/sdc /mnt || exit 1
run() { out=/t/out/$1; shift; fio --output-format=json --output=$out "$@"; echo "$out $?"; }
mkdir /t/out
run files /t/files.fio
cat /proc/sysvipc/shm | wc -l
cat /sys/block/sdb/stat
run disks /t/disks.fio
cat /sys/block/sdb/stat
run elevators /t/elevators.fio
cat /sys/block/sdb/queue/scheduler
again="--name=sync --directory=/mnt --size=512k --bs=4k --rw=randwrite --ioengine=sync --verify=crc32c --verify_fatal=1 --verify_only"
run whole $again
echo spoiled | dd of=/mnt/sync.0.0 bs=1 seek=100000 conv=notrunc 2>/dev/null
run spoiled $again 2>/dev/null
umount /mnt || exit 2
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """(lines the script printed, {name of a run: {name of a job: its results}}, image of the ext2)."""
    at = tmp_path_factory.mktemp("fio")
    ext2 = sluice.mkfs(at / "ext2.img", 32)
    (at / "out").mkdir()
    add = [(sluice.script_file(FILES), "/t/files.fio"), (sluice.script_file(DISKS), "/t/disks.fio"),
           (os.path.join(sluice.TOP, "docs", "elevators.fio"), "/t/elevators.fio")]
    names = ("files", "disks", "elevators", "whole", "spoiled")
    r = sluice.with_packages("fio", SCRIPT, add=add, get=[("/t/out/" + n, at / "out") for n in names],
                             disk=[sluice.blank(at / "b.img", 16), ext2, sluice.blank(at / "n.img", 16) + ",if=nvme"])
    jobs = {}
    for n in names:
        text = (at / "out" / n).read_text()
        jobs[n] = [(j["jobname"], j) for j in json.loads(text[text.index("{"):])["jobs"]]
    return r.lines, jobs, ext2


def counts(job):
    return tuple(job[kind]["total_ios"] for kind in ("read", "write", "trim"))


def test_files(ran):
    lines, jobs, ext2 = ran
    assert "/t/out/files 0" in lines
    assert len(jobs["files"]) == 21 and all(j["error"] == 0 for _, j in jobs["files"])
    for name, j in jobs["files"][:18]:
        wanted = "randwrite" in j["job options"]["rw"] or name == "splice"
        reads, writes, _ = counts(j)
        assert reads == BLOCKS and (writes == BLOCKS if wanted else 0 < writes < BLOCKS), name
    one = dict(jobs["files"])
    assert one["fsync"]["sync"]["total_ios"] >= BLOCKS // 8 - 1
    assert counts(one["rated"]) == (100, 0, 0) and one["rated"]["read"]["runtime"] >= 450     # ms by the guest's clock
    assert one["timed"]["read"]["runtime"] >= 1000 and sum(counts(one["timed"])) > 0
    assert sum(counts(one["null"])) == BLOCKS
    assert lines[lines.index("/t/out/files 0") + 1] == "1", "a segment of shared memory is left"
    sluice.fsck(ext2)


def test_disks_and_what_was_counted(ran):
    lines, jobs, _ = ran
    one, at = dict(jobs["disks"]), lines.index("/t/out/disks 0")
    before, after = ([int(w) for w in lines[n].split()] for n in (at - 1, at + 1))
    assert all(j["error"] == 0 for j in one.values())
    assert counts(one["libaio"]) == (BLOCKS, BLOCKS, 0) and counts(one["nvme"])[0] == BLOCKS and counts(one["trim"]) == (0, 0, BLOCKS)
    for kind, place in (0, 0), (1, 4):      # requests and what was merged into them
        asked = sum(counts(one[n])[kind] for n in ("libaio", "psync"))
        assert sum(after[place:place + 2]) - sum(before[place:place + 2]) == asked


def test_the_elevators_of_the_docs(ran):
    lines, jobs, _ = ran
    at = lines.index("/t/out/elevators 0")
    assert [name for name, _ in jobs["elevators"]] == ["fcfs", "sstf", "scan", "clook", "deadline", "cfq", "bfq", "kyber"]
    assert all(j["error"] == 0 and counts(j) == (256, 0, 0) for _, j in jobs["elevators"])
    assert "[kyber]" in lines[at + 1]


def test_fio_sees_what_is_spoiled(ran):
    lines, jobs, _ = ran
    assert "/t/out/whole 0" in lines and "/t/out/spoiled 1" in lines
    assert jobs["whole"][0][1]["error"] == 0 and jobs["spoiled"][0][1]["error"] == 84      # EILSEQ
