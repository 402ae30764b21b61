"""The page cache from outside: all ways into a file agree, read-ahead, write combining, errors of write-back, reclaim, and its breaking on purpose."""
import re

import pytest

import sluice
from sluice import KERNELS, blank, fsck, mkfs, program, sh, vm

STATS = "stats() { awk -v d=$1 '$3 == d { print $4, $6, $8, $10 }' /proc/diskstats; }\n"  # reads, sectors read, writes, sectors written


@pytest.mark.parametrize("kernel", sorted(KERNELS))
def test_all_ways_into_a_file_agree(kernel, tmp_path, soak):
    """read, write, mappings, O_DIRECT, truncate and fsync by several processes at once, on blocks of 4 KiB, of 1 KiB, and in memory."""
    seed, steps = sluice.seed().randrange(1, 1 << 30), 20000 if soak else 600
    image = mkfs(tmp_path / "image", 48, options=("-b", "1024"))
    r = sh("""mkdir -p /t/m /t/t; mount -t ext2 /dev/sdb /t/m; mount -t tmpfs none /t/t
        /t/mix /root 3 1024 {steps} {seed} & /t/mix /t/m 3 1024 {steps} {seed} & /t/mix /t/t 1 700 {steps} {seed} & wait
        umount /t/m""".format(steps=steps, seed=seed), add=[(program("cachemix.c"), "/t/mix")], disk=[image], mem=32, kernel=KERNELS[kernel],
           timeout=1500 if soak else 120).good()
    assert r.lines == ["cachemix ok"] * 3, repr(r)
    fsck(image)


@pytest.fixture(scope="module")
def traced(tmp_path_factory):
    """
    Commands that QEMU saw at two disks, [{"read": n, "write": n, "flush": n}, ...]: at the first 65,536 one-byte writes with one fsync, then reads
    of 4 KiB through 16 MiB; at the second 64 one-byte writes with O_SYNC. And what the guest said.
    """
    tmp = tmp_path_factory.mktemp("traced")
    images, log = [blank(tmp / n, 24) for n in "bc"], tmp / "log"
    drives = ["-drive file=%s,format=raw,if=ide,index=%d,media=disk" % (image, i + 2) for i, image in enumerate(images)]
    r = sh("""/t/onebyte /dev/sdb 65536 fsync; /t/onebyte /dev/sdc 64 sync
        dd if=/dev/sdb of=/dev/null bs=4k count=4096 2>/dev/null""",
           add=[(program("onebyte.c"), "/t/onebyte")], qemu=[*drives, "-D %s -trace ide_exec_cmd" % log]).good()
    kinds = {0xC8: "read", 0x25: "read", 0xCA: "write", 0x35: "write", 0xE7: "flush", 0xEA: "flush"}
    counts = {}
    for bus, state, command in re.findall(r"bus (0x\w+); state (0x\w+); cmd 0x(\w+)", log.read_text()):
        here = counts.setdefault(int(bus, 16), {}).setdefault(int(state, 16), {"read": 0, "write": 0, "flush": 0})
        if int(command, 16) in kinds:
            here[kinds[int(command, 16)]] += 1
    second = counts[max(counts)]        # the channels of a controller, and the drives of a channel, lie in order
    return r, [second[state] for state in sorted(second)], images


def test_sequential_reads_make_few_commands(traced):
    """At most a command for each 16 pages."""
    assert 16 <= traced[1][0]["read"] <= 4096 // 16, traced


def test_one_byte_writes_leave_together(traced):
    """65,536 writes and an fsync: one command or two. Written through: as many as writes, each flushed."""
    r, (together, through), images = traced
    assert r.lines == ["fsync 0"] * 4, repr(r)
    assert 1 <= together["write"] <= 2 and together["flush"] >= 1, traced
    assert through["write"] >= 64 and through["flush"] >= 64, traced
    with open(images[0], "rb") as f:
        assert f.read(65536) == bytes((i * 7 + 1) & 255 for i in range(65536))


def test_random_reads_fetch_nothing_else(tmp_path):
    rng = sluice.seed()
    places = rng.sample(range(1, 4095), 60)
    r = sh(STATS + "stats sdb; for p in %s; do dd if=/dev/sdb of=/dev/null bs=4k count=1 skip=$p 2>/dev/null; done; stats sdb" % " ".join(map(str, places)),
           disk=[blank(tmp_path / "d", 16)]).good()
    before, after = ([int(x) for x in l.split()] for l in r.lines)
    assert after[1] - before[1] <= 60 * 8 * 1.1, repr(r)


def test_advice_and_the_ways_to_a_file(tmp_path):
    """fadvise, readahead, madvise, mlock; mappings, calls and O_DIRECT show the same; the end of a file under a mapping."""
    r = vm("/t/ways", "/root/f", "/dev/sdb", add=[(program("cacheways.c"), "/t/ways")], disk=[blank(tmp_path / "d", 40)], mem=24)
    assert (r.status, r.text) == (0, "cacheways ok\n"), repr(r)


def test_cachestat():
    r = sh("""head -c 262144 /dev/zero >/root/f; sync; echo 3 >/proc/sys/vm/drop_caches; cachestat /root/f
        dd if=/root/f of=/dev/null bs=4k count=16 2>/dev/null; cachestat /root/f /no/file; echo $?
        (sleep 0.3; cat /root/f /root/f >/dev/null) & cachestat 1 1; wait""").good()
    assert re.match(r" *0 of +64 pages +0 % \|\.{64}\| /root/f$", r.lines[0]), repr(r)
    cached, bar = re.match(r" *(\d+) of +64 pages +\d+ % \|(#+\.*)\| /root/f$", r.lines[1]).groups()
    assert int(cached) == bar.count("#") >= 16 and r.lines[2] == "1" and b"/no/file" in r.err, repr(r)
    hits, misses, rate = re.match(r" *(\d+) +(\d+) +(\d+)%", r.lines[4]).groups()
    assert int(hits) >= 64 and int(rate) == round(100 * int(hits) / (int(hits) + int(misses))), repr(r)


def test_a_failed_write_is_told_once(tmp_path):
    """The disk refuses to write one sector: fsync says EIO once; the page stays readable and the rest of the disk usable."""
    image, rules = blank(tmp_path / "d", 8), tmp_path / "rules"
    rules.write_text('[inject-error]\nevent = "none"\nsector = "1003"\niotype = "write"\nerrno = "5"\nonce = "off"\n')
    r = sh("""
        /t/onebyte /dev/sdb 100 fsync
        dd if=/dev/zero of=/dev/sdb bs=512 seek=1000 count=8 conv=fsync,notrunc 2>&1 | grep -c 'rror'
        /t/onebyte /dev/sdb 100 fsync; dd if=/dev/sdb bs=4096 skip=125 count=1 2>/dev/null | wc -c""",
           add=[(program("onebyte.c"), "/t/onebyte")],
           qemu="-drive file=blkdebug:%s:%s,format=raw,if=ide,index=1,media=disk" % (rules, image)).good()
    assert r.lines == ["fsync 0", "fsync 0", "1", "fsync 0", "fsync 0", "4096"], repr(r)


def test_drop_caches():
    r = sh("""cached() { awk '/^(Cached|Buffers)/ { c += $2 } END { print c }' /proc/meminfo; }
        dd if=/dev/sda of=/dev/null bs=1M count=32 2>/dev/null; cached; sync; echo 3 >/proc/sys/vm/drop_caches; cached
        for bad in 0 5 x -1; do echo $bad >/proc/sys/vm/drop_caches 2>/dev/null || echo refused; done""").good()
    assert int(r.lines[0]) >= 32768 and int(r.lines[1]) < 6000, repr(r)
    assert r.lines[2:] == ["refused"] * 4


def test_knobs_exclude_each_other():
    r = sh("""cd /proc/sys/vm; cat dirty_ratio dirty_background_ratio dirty_expire_centisecs dirty_writeback_centisecs
        echo 40000000 >dirty_bytes; cat dirty_bytes dirty_ratio; echo 30 >dirty_ratio; cat dirty_bytes dirty_ratio
        echo 101 >dirty_ratio; cat dirty_ratio""").good()
    assert r.lines == ["20", "10", "3000", "500", "40000000", "0", "0", "30", "30"], repr(r)


def test_the_flusher_writes_by_age(tmp_path):
    r = sh(STATS + """echo 100 >/proc/sys/vm/dirty_expire_centisecs; echo 50 >/proc/sys/vm/dirty_writeback_centisecs
        exec 3<>/dev/sdb; echo hello >&3; stats sdb; i=0
        while [ "$(stats sdb | cut -d' ' -f3)" = 0 ] && [ $i -lt 100 ]; do sleep 0.1; i=$((i + 1)); done; stats sdb; [ $i -gt 3 ] && echo later""",
           disk=[blank(tmp_path / "d", 8)]).good()
    assert r.lines[0].split()[2] == "0" and r.lines[1].split()[2] == "1" and r.lines[2] == "later", repr(r)


def test_without_the_cache_no_disk_can_be_read():
    """No file system keeps buffers of its own: the lookup broken on purpose, not even the root can be mounted."""
    r = vm("true", kernel=KERNELS["debug"], append="break=pagecache")
    assert r.status == 125, repr(r)
    assert b"broken on purpose" in r.err and b"no root file system" in r.err, repr(r)
