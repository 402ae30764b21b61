"""Four ways to do I/O: ioways' table, the way of a disk switched at run time, and channel programs."""
import hashlib
import json
import re
import struct

import pytest

import sluice
from sluice import ata_commands, ata_trace, program, sh, vm

BYTES = 4 << 20


@pytest.fixture(scope="module")
def kernel():
    """The debug kernel: it checks lock order and who may sleep."""
    return sluice.KERNELS["debug"]


def test_table(tmp_path):
    """DMA needs fewer than 1/50 of polled PIO's instructions; one interrupt for a channel program; the device saw both ways; the mode is put back."""
    (tmp_path / "d").write_bytes(sluice.seed().randbytes(2 * BYTES))
    r = sh("ioways; echo $?; cat /sys/block/sdb/device/transfer_mode", accel="icount", disk=[str(tmp_path / "d")],
           qemu=ata_trace(tmp_path / "trace")).good()
    rows = {m.group(1): [int(n) for n in m.group(2).split()] for m in re.finditer(r"^(polled|interrupt|dma|channel)((?: +\d+){4}) ", r.text, re.M)}
    assert set(rows) == {"polled", "interrupt", "dma", "channel"} and r.lines[-2:] == ["0", "dma"], repr(r)
    polled, interrupt, dma, channel = (rows[w] for w in ("polled", "interrupt", "dma", "channel"))
    assert polled[0] > 50 * dma[0] and interrupt[0] > 50 * dma[0], rows
    assert min(polled[1], interrupt[1]) >= BYTES // 4 > 1000 * dma[1], rows
    assert polled[2] == 0 and interrupt[2] == BYTES // 8192 and dma[2] == dma[3], rows
    assert channel[2] == 1 and channel[3] == 65, rows
    seen = ata_commands(tmp_path / "trace")
    assert seen["pio"] >= polled[3] + interrupt[3] and seen["dma"] >= dma[3] + 64, seen


def test_channel_programs(tmp_path, kernel):
    """What tests/system/programs/channel.c checks; then the way is switched again and again while data goes both ways."""
    (tmp_path / "numbers").write_bytes(b"".join(struct.pack("<I", 1000 + i) + bytes(508) for i in range(16384)))
    data = sluice.seed().randbytes(4 << 20)
    (tmp_path / "data").write_bytes(data)
    sluice.blank(tmp_path / "bad", 1)
    node = {"driver": "raw", "node-name": "d0", "file": {"driver": "blkdebug", "image": {"driver": "file", "filename": str(tmp_path / "bad")},
            "inject-error": [{"event": "none", "errno": 5, "once": False, "sector": 150, "iotype": "read"}]}}
    r = sh("""/t/channel /dev/sdb /dev/sdd
( while :; do for m in poll pio dma; do echo $m > /sys/block/sdc/device/transfer_mode; done; done ) & switching=$!
for n in 1 2 3; do
echo 3 > /proc/sys/vm/drop_caches; md5sum < /dev/sdc
dd if=/dev/sdc bs=64k count=32 2>/dev/null | dd of=/dev/sdc bs=64k seek=32 conv=fsync,notrunc 2>/dev/null
done
kill $switching; echo nonsense > /sys/block/sdc/device/transfer_mode || echo "no such way"
[ $(cat /sys/class/channel/channel0/errors) -ge 3 ] && echo "errors counted"; dmesg | grep -c "sdc.*error"
""", kernel=kernel, disk=[str(tmp_path / "numbers"), str(tmp_path / "data")], add=[(program("channel.c"), "/t/channel")],
           qemu="-blockdev '%s' -device ide-hd,drive=d0,bus=ide.1,unit=1" % json.dumps(node))
    assert "BAD" not in r.text and "end" in r.lines, repr(r)
    half = data[:2 << 20]
    sums = [hashlib.md5(d).hexdigest() + "  -" for d in (data, half + half, half + half)]
    assert r.lines[r.lines.index("end") + 1:] == [*sums, "no such way", "errors counted", "0"], repr(r)
    assert (tmp_path / "data").read_bytes() == half + half


def test_ioways_wants_a_disk():
    r = vm("ioways", "nothing")
    assert r.status == 1 and b"nothing" in r.err
