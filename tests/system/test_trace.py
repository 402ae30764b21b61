"""Traces in other people's formats: blktrace's records as blkparse and btt read them, the time line as Trace Event JSON."""
import collections
import json
import os
import re
import subprocess

import pytest

import sluice

pytestmark = pytest.mark.xdist_group("trace")

TRACE = os.path.join(sluice.TOP, "tools", "trace")

# Writes that merge, reads past the cache, a flush, a discard that the disk does not know, and a partition's sectors.
SCRIPT = """dd if=/dev/zero of=/dev/sdb2 bs=4k count=64 conv=fsync 2>/dev/null
dd if=/dev/sdb of=/dev/null bs=64k count=16 skip=32 iflag=direct 2>/dev/null
cat /etc/hostname; echo err >&2; exit 6
"""


@pytest.fixture(scope="module")
def traced(tmp_path_factory):
    """(folder with the traces, what tools/trace said)"""
    folder = tmp_path_factory.mktemp("trace")
    disk = sluice.blank(folder / "disk", 16)
    with open(disk, "r+b") as f:        # a partition table: sdb1 is 1 MiB from sector 2048, sdb2 4 MiB from sector 8192
        f.seek(446)
        for start, size in ((2048, 2048), (8192, 8192)):
            f.write(bytes([0, 0, 0, 0, 0x83, 0, 0, 0]) + start.to_bytes(4, "little") + size.to_bytes(4, "little"))
        f.seek(510)
        f.write(b"\x55\xaa")
    r = subprocess.run([TRACE, str(folder / "out"), "--disk", disk, "--add", "%s:/t/script" % sluice.script_file(SCRIPT), "--", "sh", "/t/script"],
                       stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert (r.returncode, r.stdout, r.stderr) == (6, "sluice\n", "err\n"), r
    return folder / "out", r


Event = collections.namedtuple("Event", "device cpu sequence time pid action rwbs sector sectors rest")


def blkparse(folder, name, *options):
    r = subprocess.run(["blkparse", "-i", name, *options], cwd=folder, capture_output=True, text=True)
    assert r.returncode == 0, r.stderr
    return r.stdout


def events(text):
    found = []
    for m in re.finditer(r"^ *(\d+,\d+) +(\d+) +(\d+) +(\d+\.\d+) +(\d+) +([A-Z]) +([A-Z]+) ?(?:(\d+) \+ (\d+))?(.*)$", text, re.M):
        found.append(Event(m[1], int(m[2]), int(m[3]), float(m[4]), int(m[5]), m[6], m[7], int(m[8] or 0), int(m[9] or 0), m[10]))
    return found


def test_blkparse_reads_it(traced):
    folder, _ = traced
    text = blkparse(folder, "sdb")
    found = events(text)
    assert {e.device for e in found} == {"8,16"} and len(found) > 60
    assert [e.sequence for e in found] == sorted(e.sequence for e in found) and [e.time for e in found] == sorted(e.time for e in found)
    assert re.search(r"Skips: 0 forward", text), text[-800:]
    # Each request that was issued was completed, with the same place and length and without an error.
    issued = [(e.sector, e.sectors) for e in found if e.action == "D" and "F" not in e.rwbs]
    done = [(e.sector, e.sectors) for e in found if e.action == "C" and "F" not in e.rwbs]
    assert issued and sorted(issued) == sorted(done) and all(e.rest.strip() == "[0]" for e in found if e.action == "C" and e.sectors)
    assert re.search(r"Reads Queued: +(\d+), +1024KiB", text) and re.search(r"Writes Queued: +\d+, +256KiB", text), text[-800:]
    assert re.search(r"Writes Completed: +\d+, +256KiB", text)
    assert {e.rest.strip() for e in found if e.action == "Q"} == {"[dd]"}


def test_the_partition_and_merging(traced):
    """Writes to sdb2 come as remapped from 8,18 and leave at 8192 and up; fewer commands than bios."""
    folder, _ = traced
    found = events(blkparse(folder, "sdb"))
    remapped = [e for e in found if e.action == "A"]
    assert remapped and all("(8,18)" in e.rest for e in remapped)
    written = [e for e in found if e.action == "D" and "W" in e.rwbs]
    assert min(e.sector for e in written) == 8192 and sum(e.sectors for e in written) == 512
    queued = [e for e in found if e.action == "Q" and "W" in e.rwbs]
    merged = [e for e in found if e.action in "MF" and "W" in e.rwbs]
    assert len(queued) == len(written) + len(merged), (len(queued), len(written), len(merged))
    assert [e for e in found if e.action == "D" and "F" in e.rwbs], "no flush"
    assert [e for e in found if e.action == "P"] and [e for e in found if e.action == "U"]
    reads = [e for e in found if e.action == "D" and e.rwbs.startswith("R")]
    assert sum(e.sectors for e in reads) == 2048 and min(e.sector for e in reads) == 4096


def test_btt_reads_it(traced):
    folder, _ = traced
    blkparse(folder, "sdb", "-d", "sdb.bin", "-O")
    r = subprocess.run(["btt", "-i", "sdb.bin"], cwd=folder, capture_output=True, text=True)
    for line in ("Q2Q", "D2C", "Q2C"):
        assert re.search(r"^%s +\d+\.\d+ +\d+\.\d+ +\d+\.\d+ +\d+$" % line, r.stdout, re.M), r.stdout[:2000] + r.stderr


def test_time_line(traced):
    """Every record once by layer; every I/O a slice from its first to its last, pieces inside it."""
    folder, _ = traced
    with open(folder / "trace.json") as f:
        trace = json.load(f)["traceEvents"]
    lines = (folder / "trace.txt").read_text().splitlines()
    marks = [e for e in trace if e["ph"] == "i"]
    assert len(marks) == len(lines) > 100
    names = {e["name"] for e in marks}
    assert {"syscall_dispatch", "file_read", "blk_submit", "ata_dma_start", "outb_start", "ata_irq", "blk_complete"} <= names
    layers = {e["args"]["name"]: e["tid"] for e in trace if e["ph"] == "M" and e["name"] == "thread_name"}
    assert all(e["tid"] == layers["driver"] for e in marks if e["name"] == "ata_dma_start")
    ios = collections.defaultdict(list)
    for e in trace:
        if e["ph"] in "be":
            ios[e["id"]].append(e)
    assert len(ios) >= 16
    for number, slices in ios.items():
        depth, last = 0, slices[0]["ts"]
        for e in slices:
            assert e["ts"] >= last, number
            depth, last = depth + (1 if e["ph"] == "b" else -1), e["ts"]
            assert 0 <= depth <= 2
        assert depth == 0
    # One direct read, whole: down to the port and back.
    walks = [[e["name"] for e in s if e["ph"] == "b"] for s in ios.values()]
    order = ["file_read", "blk_submit", "ata_start", "ata_dma_start", "outb_start", "ata_irq"]
    assert [w for w in walks if [n for n in w if n in order][:6] == order], walks[:5]


def test_switching(tmp_path):
    """Off there is nothing; on again begins anew; other values are refused; a full buffer counts what it drops."""
    r = sluice.sh("""cd /sys/block/sda/trace; echo $(cat enable) $(wc -c <trace0)
echo x >enable || echo refused
f() { dd if=/dev/sda of=/dev/null bs=4k count=$1 skip=9000 iflag=direct 2>/dev/null; }
f 3; wc -c <trace0; echo 1 >enable; cat enable; f 3; a=$(wc -c <trace0); [ $a -gt 500 ] && echo some
echo 0 >enable; f 3; [ $(wc -c <trace0) = $a ] && echo stays; echo 1 >enable; [ $(wc -c <trace0) -lt $a ] && echo anew
f 6000; echo 0 >enable; cat dropped | grep -v '^0$' | wc -l; [ $(wc -c <trace0) -le 1048576 ] && echo bounded
""")
    r.good()
    assert r.lines == ["0 0", "refused", "0", "1", "some", "stays", "anew", "1", "bounded"], r
