"""Every knob of the caches has its effect: /proc/sys/vm, queue/read_ahead_kb, queue/write_policy, mount -o sync; and the documents' sysctl lines."""
import os
import re

import pytest

import sluice
from sluice import blank, program, sh

HELPERS = r"""
vm() { cat /proc/sys/vm/$1; }
set_() { echo $2 >/proc/sys/vm/$1; }
stat_() { awk -v w=$1 '$1 == w { print $2 }' /proc/vmstat; }
mem() { awk -v w=$1: '$1 == w { print $2 }' /proc/meminfo; }
reads() { awk -v d=$1 '$3 == d { print $4 }' /proc/diskstats; }
writes() { awk -v d=$1 '$3 == d { print $8 }' /proc/diskstats; }
objects() { awk -v c=$1 '$1 == c { print $2 }' /proc/slabinfo; }
drop() { sync; echo 3 >/proc/sys/vm/drop_caches; }
until_() { i=0; while ! eval "$1" && [ $i -lt 300 ]; do sleep 0.05; i=$((i + 1)); done; eval "$1"; }
say() { echo "$1 $(($2))"; }
"""

SCRIPT = HELPERS + r"""
# page_replacement: a set of 6 MiB that is used, one pass over 64 MiB, and the set again: its pages that had to be read again
head -c 6291456 /dev/zero >/root/hot; sync
for policy in lru 2q clock; do
	set_ page_replacement $policy; drop
	for i in 1 2 3; do cat /root/hot >/dev/null; done
	steal=$(stat_ pgsteal_file)
	cat /dev/sdb >/dev/null
	say $policy.stolen "$(stat_ pgsteal_file) - $steal"
	set -- $(cachestat /root/hot); say $policy.kept $1
done
set_ page_replacement 2q; rm /root/hot

# min_free_kbytes
before=$(vm min_free_kbytes); set_ min_free_kbytes 6000
cat /dev/sdb >/dev/null; say free.high "$(mem MemFree)"
set_ min_free_kbytes $before; cat /dev/sdb >/dev/null; say free.low "$(mem MemFree)"

# vfs_cache_pressure: names that were looked up, and memory pressure from a file of holes
truncate -s 64M /root/holes
names() { drop; i=0; while [ $i -lt 800 ]; do [ -e /root/no-such-name-$i ]; i=$((i + 1)); done; }
for p in 0 2000; do
	set_ vfs_cache_pressure $p; names; before=$(objects dentry)
	cat /root/holes >/dev/null; say names.$p "100 * $(objects dentry) / $before"
done
set_ vfs_cache_pressure 100

# drop_caches: pages, names, both
names; cat /etc/profile >/dev/null; say drop.0 "$(objects dentry) > 700"
echo 1 >/proc/sys/vm/drop_caches; say drop.1.names "$(objects dentry) > 700"; say drop.1.pages "$(mem Buffers)"
echo 2 >/proc/sys/vm/drop_caches; say drop.2.names "$(objects dentry) > 700"

# dirty_writeback_centisecs and dirty_expire_centisecs
set_ dirty_writeback_centisecs 0; set_ dirty_expire_centisecs 10
exec 3<>/dev/sdc; w=$(writes sdc); echo x >&3; sleep 0.6; say clock.off "$(writes sdc) - $w"
set_ dirty_expire_centisecs 100000; set_ dirty_writeback_centisecs 10; sleep 0.5; say young "$(writes sdc) - $w"
set_ dirty_expire_centisecs 10; until_ '[ $(writes sdc) != $w ]'; say old "$(writes sdc) - $w"
set_ dirty_expire_centisecs 100000; sync

# dirty_background_bytes and _ratio: nothing is written below, the flusher starts above
for k in "bytes 1000000" "ratio 5"; do
	set -- $k
	set_ dirty_bytes 16000000; set_ dirty_background_bytes 8000000
	w=$(writes sdc); dd if=/dev/zero bs=64k count=50 seek=10 conv=notrunc 2>/dev/null >&3; sleep 0.2; say background.$1.below "$(writes sdc) - $w"
	set_ dirty_background_$1 $2; dd if=/dev/zero bs=64k count=1 conv=notrunc 2>/dev/null >&3
	until_ '[ $(stat_ nr_dirty) -le $(stat_ nr_dirty_background_threshold) ]'; say background.$1.above "$(writes sdc) > $w"
	sync
done
set_ dirty_background_ratio 10; set_ dirty_ratio 20

# dirty_bytes and dirty_ratio: a writer over the limit waits until it is below
for k in "bytes 2000000 488" "ratio 6 $(($(stat_ nr_dirty_threshold) * 6 / 20))"; do
	set -- $k
	set_ dirty_$1 $2; dd if=/dev/zero bs=64k count=128 seek=10 conv=notrunc 2>/dev/null >&3; say hard.$1 "$(stat_ nr_dirty) + $(stat_ nr_writeback) <= $3 + 32"
done
set_ dirty_ratio 20; sync; exec 3>&-

# queue/read_ahead_kb, and blockdev, which means the same
queue=/sys/block/sdc/queue
for kb in 0 64 1024; do
	echo $kb >$queue/read_ahead_kb; drop; r=$(reads sdc)
	dd if=/dev/sdc of=/dev/null bs=4k count=512 2>/dev/null; say ahead.$kb "$(reads sdc) - $r"
done
blockdev --setra 64 /dev/sdc; say setra $(cat $queue/read_ahead_kb); say getra $(blockdev --getra /dev/sdc)
echo 256 >$queue/read_ahead_kb

# queue/write_policy and mount -o sync
exec 3<>/dev/sdc
for policy in back through back; do
	echo write $policy >$queue/write_policy; w=$(writes sdc)
	i=0; while [ $i -lt 16 ]; do echo $i >&3; i=$((i + 1)); done
	say write.$policy "$(writes sdc) - $w"; echo "policy $(cat $queue/write_policy)"; sync
done
echo nonsense >$queue/write_policy 2>/dev/null || say refused 1; exec 3>&-
mke2fs /dev/sdc >/dev/null 2>&1
for how in async sync; do
	mount -t ext2 -o $how /dev/sdc /mnt; w=$(writes sdc)
	i=0; while [ $i -lt 16 ]; do echo $i >>/mnt/f; i=$((i + 1)); done; say mount.$how "$(writes sdc) - $w"; umount /mnt
done

# what is counted
c=$(stat_ write_combined); dd if=/dev/zero of=/root/c bs=1 count=1000 2>/dev/null; say combined "$(stat_ write_combined) - $c"
h=$(stat_ pgcache_hit); for i in 1 2 3 4; do cat /root/c >/dev/null; done; say hits "$(stat_ pgcache_hit) - $h"
f=$(stat_ pgfault); true; /bin/true; say faults "$(stat_ pgfault) > $f"
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    tmp = tmp_path_factory.mktemp("knobs")
    r = sh(SCRIPT, disk=[blank(tmp / "b", 64), blank(tmp / "c", 24)], mem=32).good()
    assert not r.err, repr(r)
    return {m.group(1): m.group(2) for m in re.finditer(r"(?m)^([\w.]+) (.*)$", r.text)}


def n(said, name):
    return int(said[name])


def test_replacement_in_the_kernel(said):
    """One pass over a file larger than memory: 2q keeps the set that is used, lru loses it; by /proc/vmstat both had to reclaim."""
    for policy in ("2q", "lru", "clock"):
        assert n(said, policy + ".stolen") > 8000, said
    assert n(said, "2q.kept") >= 1536 * 95 // 100, said
    assert n(said, "lru.kept") <= 1536 // 10, said
    assert n(said, "clock.kept") <= 1536 // 2, said


def test_min_free(said):
    assert n(said, "free.high") >= 6000 > n(said, "free.low"), said


def test_vfs_cache_pressure(said):
    assert n(said, "names.0") >= 95, said
    assert n(said, "names.2000") <= 30, said


def test_drop_caches(said):
    assert (said["drop.0"], said["drop.1.names"], said["drop.2.names"]) == ("1", "1", "0"), said
    assert n(said, "drop.1.pages") < 100, said


def test_age(said):
    assert (said["clock.off"], said["young"]) == ("0", "0"), said
    assert n(said, "old") >= 1, said


def test_background(said):
    for k in ("bytes", "ratio"):
        assert (said["background.%s.below" % k], said["background.%s.above" % k]) == ("0", "1"), said


def test_writers_over_the_limit_wait(said):
    assert (said["hard.bytes"], said["hard.ratio"]) == ("1", "1"), said


def test_read_ahead(said):
    assert n(said, "ahead.0") == 512 and 30 <= n(said, "ahead.64") <= 48 and n(said, "ahead.1024") <= 10, said
    assert (said["setra"], said["getra"]) == ("32", "64"), said


def test_write_policy(said):
    assert n(said, "write.back") == 0 and n(said, "write.through") >= 16 and said["refused"] == "1", said
    assert n(said, "mount.async") <= 4 and n(said, "mount.sync") >= 16, said


def test_counters(said):
    assert n(said, "combined") >= 990 and n(said, "hits") >= 4 and said["faults"] == "1", said


def test_the_documents_lines():
    """Their script of settings, as it stands: what it sets can be read back."""
    r = sluice.vm("bash", "/t/tune", add=[(sluice.script_file(sluice.listing("bash", "fstrim -v")), "/t/tune")]).good()
    assert "Read ahead: 512 KB" in r.text and "Dirty ratio: 10" in r.text and "Dirty background: 5" in r.text, repr(r)
