"""Memory when it is short: small machines, reclaim under load, the end of it, and nothing lost by thousands of processes."""
import pytest

import sluice
from sluice import KERNELS, program, sh, vm


@pytest.mark.parametrize("mib", [16, 1024])
def test_sizes_of_machine(mib):
    r = vm("cat", "/proc/meminfo", mem=mib).good()
    total = int(r.text.split()[1])
    assert min(mib, 896) * 1024 * 0.95 < total <= min(mib, 896) * 1024


def test_too_small_says_so():
    r = vm("true", mem=12, timeout=120)
    assert r.status == 125
    assert b"needs at least 16 MiB" in r.err


@pytest.mark.parametrize("kernel", sorted(KERNELS))
def test_hog_is_killed_and_nobody_else(kernel):
    r = sh("/t/hog; echo alive", add=[(program("hog.c"), "/t/hog")], mem=32, kernel=KERNELS[kernel]).good()
    assert r.lines == ["signal 9"] * 3 + ["alive"], repr(r)


@pytest.mark.parametrize("kernel", sorted(KERNELS))
def test_files_and_programs_share_what_there_is(kernel):
    """Files of three times the memory are copied while a program keeps a good part of it in use."""
    r = sh("""
        head -c 12582912 /dev/zero | tr '\\0' x >/root/a
        /t/press 6 100 &
        for i in 1 2 3; do (cp /root/a /root/b$i) & done
        wait
        for i in 1 2 3; do cmp /root/a /root/b$i && echo same; done
    """, add=[(program("press.c"), "/t/press")], mem=16, kernel=KERNELS[kernel]).good()
    assert sorted(r.lines) == ["good", "same", "same", "same"], repr(r)


def test_processes_leave_nothing_behind():
    """Memory in use after a thousand more processes is what it was before, within what caches keep."""
    r = sh("""
        used() { awk '/^MemTotal/ { t = $2 } /^MemFree/ { f = $2 } /^(Cached|Buffers)/ { c += $2 } END { print t - f - c }' /proc/meminfo; }
        churn() { i=0; while [ $i -lt 500 ]; do /bin/true; (:); i=$((i + 1)); done; }
        churn; used; churn; churn; used
    """, timeout=100).good()
    before, after = map(int, r.lines)
    assert after - before < 400, repr(r)


@pytest.mark.parametrize("kernel", sorted(KERNELS))
def test_files_of_many_times_the_memory(kernel, tmp_path, soak):
    """Four processes write, copy and compare files while memory eaters are killed beside them, one after the other: nobody else is."""
    mib, passes = (60, 3) if soak else (7, 1)
    disk = sluice.mkfs(tmp_path / "disk", 4 * 2 * mib + 32)
    r = sh("""
        mkdir -p /t/m; mount -t ext2 /dev/sdb /t/m; cd /t/m
        while [ ! -e /t/stop ]; do /t/hog; done >/t/eaten &
        /t/bigfiles /t/m 4 %d %d
        >/t/stop; wait
        sort /t/eaten | uniq -c | sed 's/ *[0-9]* //'
        cd /; umount /t/m && echo alive
    """ % (mib, passes), add=[(program("bigfiles.c"), "/t/bigfiles"), (program("hog.c"), "/t/hog")], mem=24, disk=[disk], kernel=KERNELS[kernel],
           timeout=1800 if soak else 100).good()
    assert r.text == "4 processes well\nsignal 9\nalive\n", repr(r)
    sluice.fsck(disk)


def test_memory_comes_back(tmp_path, soak):
    """20 rounds of four processes that write, copy, map and compare files: after each, and the caches dropped, as much is free as at first."""
    mib = 30 if soak else 1
    disk = sluice.mkfs(tmp_path / "disk", 8 * mib + 16)
    r = sh("""mount -t ext2 /dev/sdb /mnt; i=0
        while [ $i -lt 21 ]; do
            /t/bigfiles /mnt 4 %d 1 >/dev/null || echo bad; sync; echo 3 >/proc/sys/vm/drop_caches; awk '/^MemFree/ { print $2 / 4 }' /proc/meminfo
            i=$((i + 1))
        done""" % mib, add=[(program("bigfiles.c"), "/t/bigfiles")], mem=24, disk=[disk], timeout=1800 if soak else 100).good()
    free = [int(x) for x in r.lines]
    assert len(free) == 21 and max(free[1:]) - min(free[1:]) <= 8, repr(r)
