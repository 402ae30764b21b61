"""The page cache from outside: all ways into a file agree, read-ahead, write combining, errors of write-back, reclaim, and its breaking on purpose."""

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


def test_sequential_reads_make_few_commands(tmp_path):
    r = sh(STATS + "stats sdb; dd if=/dev/sdb of=/dev/null bs=4k count=2048 2>/dev/null; stats sdb", disk=[blank(tmp_path / "d", 16)]).good()
    before, after = ([int(x) for x in l.split()] for l in r.lines)
    assert 2048 * 8 <= after[1] - before[1] <= 2048 * 8 + 2048, repr(r)
    assert after[0] - before[0] <= 2048 // 16, repr(r)


def test_random_reads_fetch_nothing_else(tmp_path):
    rng = sluice.seed()
    places = rng.sample(range(1, 4095), 60)
    r = sh(STATS + "stats sdb; for p in %s; do dd if=/dev/sdb of=/dev/null bs=4k count=1 skip=$p 2>/dev/null; done; stats sdb" % " ".join(map(str, places)),
           disk=[blank(tmp_path / "d", 16)]).good()
    before, after = ([int(x) for x in l.split()] for l in r.lines)
    assert after[1] - before[1] <= 60 * 8 * 1.1, repr(r)


def test_one_byte_writes_leave_together(tmp_path):
    image = blank(tmp_path / "d", 16)
    r = sh(STATS + "stats sdb; /t/onebyte /dev/sdb 65536 fsync; stats sdb; /t/onebyte /dev/sdb 64 sync; stats sdb",
           add=[(program("onebyte.c"), "/t/onebyte")], disk=[image]).good()
    at = [[int(x) for x in l.split()] for l in r.lines if l[0].isdigit()]
    assert [l for l in r.lines if not l[0].isdigit()] == ["fsync 0"] * 4, repr(r)
    assert at[1][2] - at[0][2] <= 2 and at[1][3] - at[0][3] == 128, repr(r)
    assert at[2][2] - at[1][2] >= 64, repr(r)
    with open(image, "rb") as f:
        assert f.read(65536) == bytes((i * 7 + 1) & 255 for i in range(65536))


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
