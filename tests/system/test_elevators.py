"""Disk scheduling on a disk whose arm takes time (tools/vm --disk ...,seek): what the device's own log says of each elevator, against the same code
in modelled time on the host (tests/host/test_elevators.c), and of the queue's knobs.

One guest does all of it on one disk. Before a batch comes a read that the disk holds until all the others wait behind it. A read of the disk's last
page but one marks where a phase begins in the log."""
import os
import re
import subprocess

import pytest
from sluice import BUILD, TOP, blank, program, seed, sh

pytestmark = pytest.mark.xdist_group("elevators")
ELEVATORS = "fcfs sstf scan cscan look clook deadline mq-deadline cfq bfq kyber".split()
MIB = 64
SECTORS = MIB * 2048
HOLD, MARK = SECTORS - 8, SECTORS - 16

SCRIPT = """
Q=/sys/block/sdc/queue
phase() { # NAME COMMAND...
	echo "phase $1"; shift
	dd if=/dev/sdc of=/dev/null bs=4k skip=%(mark)d count=1 iflag=direct 2>/dev/null
	"$@"
}
batch() { phase $1 /t/diskload batch /dev/sdc $2 /dev/sdb; }
set_all() { for f in $2; do [ ! -e $Q/iosched/$f ] || echo $1 > $Q/iosched/$f; done; }
order() {
	echo $1 > $Q/scheduler
	set_all 100000 "read_expire write_expire fifo_expire_sync"
	batch order-$1 /t/list
}
echo 2048 > $Q/nr_requests
for e in %(all)s; do order $e; done
for e in fcfs sstf scan look; do echo $e > $Q/scheduler; batch reads-$e /t/reads; done

echo fcfs > $Q/scheduler
batch merge-direct /t/adjacent
batch merge-random /t/shuffled
echo 1 > $Q/nomerges; batch merge-simple /t/shuffled
echo 2 > $Q/nomerges; batch merge-none /t/adjacent
echo 0 > $Q/nomerges
phase merge-cached dd if=/dev/zero of=/dev/sdc bs=4k count=1024 seek=2048 conv=notrunc,fsync
echo 128 > $Q/max_sectors_kb; phase small dd if=/dev/zero of=/dev/sdc bs=4k count=1024 seek=2048 conv=notrunc,fsync
cat $Q/max_hw_sectors_kb > $Q/max_sectors_kb

phase flush /t/diskload flush /dev/sdc /dev/sdb
echo "write through" > $Q/write_cache; phase noflush /t/diskload flush /dev/sdc /dev/sdb
echo "write back" > $Q/write_cache

echo 4 > $Q/nr_requests
phase nowait /t/diskload nowait /dev/sdc /dev/sdb
echo 1 > $Q/nr_requests; cat $Q/nr_requests; echo 99999 > $Q/nr_requests; echo "too many $?"
echo 128 > $Q/nr_requests
for f in "max_sectors_kb 0" "max_sectors_kb 3" "max_sectors_kb 99999999" "max_sectors_kb x" "scheduler nothing" "scheduler " "nomerges -1" \\
	"write_cache maybe" "iosched/nothing 1"; do
	set -- $f; echo "$2" > $Q/$1; echo "refused $1 $?"
done 2>/dev/null

stat1=$(cat /sys/block/sdc/stat); echo "stats $stat1"
phase counted dd if=/dev/sdc of=/dev/null bs=64k count=20 skip=200 iflag=direct
dd if=/dev/zero of=/dev/sdc bs=16k count=10 seek=300 oflag=direct conv=notrunc 2>/dev/null
echo "stats $(cat /sys/block/sdc/stat)"
grep " sdc " /proc/diskstats
echo 0 > $Q/iostats
dd if=/dev/sdc of=/dev/null bs=64k count=20 skip=300 iflag=direct 2>/dev/null
echo "stats $(cat /sys/block/sdc/stat)"
echo 1 > $Q/iostats
"""


class Run:
    """What the guest said, and the device's log cut into phases: {name: [(op, sector, sectors, travel, service in us)]}."""

    def __init__(self, result, log):
        self.text, self.lines, self.err = result.text, result.lines, result.err.decode("utf-8", "replace")
        self.said = dict(zip(*[iter(re.split(r"^phase (\S+)\n", self.text, flags=re.M)[1:])] * 2))
        self.waited = {name: int(m.group(1)) for name, text in self.said.items() for m in [re.search(r"^waiting (\d+)$", text, re.M)] if m}
        parts = []
        with open(log) as f:
            for line in f:
                op, offset, length, at, to, _, _, _, us = line.split()
                if op == "R" and int(offset) == MARK * 512:
                    parts.append([])
                elif parts and int(offset) != HOLD * 512:
                    parts[-1].append((op, int(offset) // 512, int(length) // 512, abs(int(to) - int(at)), int(us)))
        names = list(self.said)
        assert len(parts) == len(names), "%d phases in the log, %d in the guest" % (len(parts), len(names))
        self.phase = dict(zip(names, parts))


def requests(rng, n, writes):
    """So many requests, apart from each other, as a list for diskload and for the simulator."""
    places = rng.sample(range(1, SECTORS // 64 - 4), n)
    return "".join("%s %d %d\n" % ("W" if rng.random() < writes else "R", p * 64, 8 * rng.randrange(1, 4)) for p in places)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    at, rng = tmp_path_factory.mktemp("elevators"), seed()
    files = {"list": requests(rng, 60, 0.3), "reads": requests(rng, 256, 0),
             "adjacent": "".join("W %d 8\n" % (4096 + 8 * i) for i in range(1024)),
             "shuffled": "".join("W %d 8\n" % (4096 + 8 * i) for i in rng.sample(range(1024), 1024))}
    for name, text in files.items():
        (at / name).write_text(text)
    disk, go = blank(at / "disk", MIB), blank(at / "go", 1)
    script = SCRIPT % {"mark": MARK // 8, "all": " ".join(ELEVATORS)}
    r = sh(script, add=[(program("diskload.c"), "/t/diskload"), *((str(at / f), "/t/" + f) for f in files)],
           disk=[go, "%s,seek=scale:0.02+hold:%s" % (disk, go)]).good()
    done = Run(r, disk + ".arm.log")
    done.at = at
    return done


@pytest.fixture(scope="module")
def simulator():
    subprocess.run(["make", "-s", "-f", "tests/host/Makefile", "BUILD=" + BUILD, os.path.join(BUILD, "host", "test_elevators")], cwd=TOP, check=True,
                   stdout=subprocess.DEVNULL)
    return os.path.join(BUILD, "host", "test_elevators")


@pytest.mark.parametrize("name", ELEVATORS)
def test_order_at_the_device_is_the_simulators(run, simulator, name):
    assert run.waited["order-" + name] > 16, "%d requests waited" % run.waited["order-" + name]
    want = subprocess.run([simulator, "--order", name, str(SECTORS), str(SECTORS)], input=(run.at / "list").read_text(), capture_output=True, text=True,
                          check=True).stdout.split("\n")[:-1]
    got = ["%d %d" % (sector, nr) for _, sector, nr, _, _ in run.phase["order-" + name]]
    assert len(want) == 60 and got == want


def test_who_sorts_travels_less(run):
    """256 random reads queued together."""
    def sums(name):
        part = run.phase["reads-" + name]
        assert len(part) == 256 and run.waited["reads-" + name] >= 200
        return sum(p[3] for p in part), sum(p[4] for p in part)
    way, time = sums("fcfs")
    for name in ("sstf", "scan", "look"):
        w, t = sums(name)
        assert w < way / 3 and t < time / 2, "%s: way %d of %d, time %d of %d us" % (name, w, way, t, time)


def commands(run, phase):
    part = [p for p in run.phase[phase] if p[0] == "W"]
    assert sum(p[2] for p in part) == 8192
    return len(part), max(p[2] for p in part)


def test_adjacent_writes_become_few_commands(run):
    """1,024 pages: a PRD table holds 512 of them."""
    assert commands(run, "merge-direct") == (2, 4096)
    assert commands(run, "merge-cached") == (2, 4096)
    assert commands(run, "merge-random")[0] <= 5        # what has grown too big to be joined stays apart
    assert commands(run, "merge-none")[0] == 1024
    assert commands(run, "merge-simple")[0] > 900       # only with the one before
    assert commands(run, "small") == (32, 256)          # max_sectors_kb 128


def test_a_flush_follows_what_it_covers(run):
    ops = [p[0] for p in run.phase["flush"]]
    assert ops == ["W"] * 16 + ["F"]
    assert "F" not in [p[0] for p in run.phase["noflush"]]


def test_a_full_queue(run):
    assert "full: Resource temporarily unavailable" in run.text and "waiting: read" in run.text and "empty: read" in run.text
    assert "\n4\ntoo many 1\n" in run.text      # nr_requests: at least 4, at most 2,048


def test_wrong_values_are_refused(run):
    assert re.findall(r"^refused (\S+) (\d)$", run.text, re.M) == [(f, "1") for f in (
        "max_sectors_kb", "max_sectors_kb", "max_sectors_kb", "max_sectors_kb", "scheduler", "scheduler", "nomerges", "write_cache", "iosched/nothing")]


def test_statistics_are_what_was_done(run):
    before, after, off = ([int(n) for n in s.split()] for s in re.findall(r"^stats (.*)$", run.text, re.M))
    assert after[0] - before[0] == 21 and after[2] - before[2] == 20 * 128 + 8     # and the mark
    assert after[4] - before[4] == 10 and after[6] - before[6] == 10 * 32
    assert off == after
    stat = re.search(r"^ +8 +32 sdc (.*)$", run.text, re.M).group(1).split()
    assert [int(n) for n in stat[:8]] == after[:8] and len(stat) == 17
