"""The ATA driver against a disk that misbehaves or is very large; QEMU's trace shows the commands it gave."""
import hashlib
import json
import re

import pytest

import sluice
from sluice import blank, sh

SECTOR = 512


def failing(image, trace, **rule):
    """QEMU options: image as /dev/sdb with one blkdebug rule, commands logged to trace."""
    node = {"driver": "raw", "node-name": "d0", "file": {"driver": "blkdebug", "image": {"driver": "file", "filename": str(image)},
            "inject-error": [dict({"event": "none", "errno": 5, "once": False}, **rule)]}}
    return "-blockdev '%s' -device ide-hd,drive=d0,bus=ide.0,unit=1,werror=report -D %s -trace ide_exec_cmd" % (json.dumps(node), trace)


def commands(trace):
    """The ATA commands in order, for each drive (by QEMU's address of it)."""
    drives = {}
    for state, cmd in re.findall(r"state (0x[0-9a-f]+); cmd (0x[0-9a-f]+)", trace.read_text()):
        drives.setdefault(state, []).append(int(cmd, 16))
    return drives


def has_run(drives, run):
    return any(drive[i:i + len(run)] == run for drive in drives.values() for i in range(len(drive)))


@pytest.mark.parametrize("mode,way", [("dma", 0xc8), ("pio", 0xc4), ("poll", 0xc4)])
def test_recovery_ladder(mode, way, tmp_path):
    """A bad sector: twice as ever, then in single sectors; one line in the log; what lies before it in the same request is good."""
    rng = sluice.seed()
    data = rng.randbytes(1 << 20)
    (tmp_path / "d").write_bytes(data)
    bad = 8 * rng.randrange(50, 200) + rng.randrange(8)
    r = sh("dd if=/dev/sdb of=/t/x bs=32768 skip=%d count=1 iflag=direct 2>&1 | grep -o 'Input/output error'\n"
           "dmesg | grep -c 'sdb: read error'; dmesg | grep 'sdb: read error'" % (bad // 64),
           append="ata=" + mode, qemu=failing(tmp_path / "d", tmp_path / "t", sector=bad, iotype="read"))
    assert r.lines[:2] == ["Input/output error", "1"], r.lines
    assert "sdb: read error at sector %d: status 0x41 {DRDY ERR} error 0x04 {ABRT}" % bad in r.lines[2]
    assert has_run(commands(tmp_path / "t"), [way, way, 0x20]), commands(tmp_path / "t")


def test_transient_error_is_not_told(tmp_path):
    data = sluice.seed().randbytes(1 << 20)
    (tmp_path / "d").write_bytes(data)
    r = sh("md5sum < /dev/sdb; dmesg | grep -c 'sdb.*error'", qemu=failing(tmp_path / "d", tmp_path / "t", sector=805, iotype="read", once=True))
    assert r.lines == [hashlib.md5(data).hexdigest() + "  -", "0"]


def test_write_error(tmp_path):
    """EIO once, for who synced; what lies around the bad sector is written; the next write elsewhere succeeds."""
    blank(tmp_path / "d", 1)
    r = sh("yes | tr -d '\\n' | dd of=/dev/sdb bs=4096 seek=20 count=8 iflag=fullblock conv=fsync 2>&1 | grep -o 'Input/output error'\n"
           "dd if=/dev/zero of=/dev/sdb bs=4096 seek=100 count=8 conv=fsync 2>/dev/null; echo $?\ndmesg | grep 'sdb.*error'",
           qemu=failing(tmp_path / "d", tmp_path / "t", sector=180, iotype="write"))
    assert r.lines[:2] == ["Input/output error", "0"] and len(r.lines) == 3, r.lines
    assert "sdb: write error at sector 180: status 0x41" in r.lines[2]
    written = (tmp_path / "d").read_bytes()[160 * SECTOR:224 * SECTOR]
    good = [written[i * SECTOR:(i + 1) * SECTOR] == b"y" * SECTOR for i in range(64)]
    assert all(good[:20]) and all(good[24:]) and not good[20], good


def test_flush_error(tmp_path):
    blank(tmp_path / "d", 1)
    r = sh("dd if=/dev/zero of=/dev/sdb bs=4096 count=8 conv=fsync 2>&1 | grep -o 'Input/output error'; dmesg | grep 'sdb.*error'",
           qemu=failing(tmp_path / "d", tmp_path / "t", iotype="flush"))
    assert r.lines[:1] == ["Input/output error"] and "sdb: flush error: status 0x41" in r.lines[1], r.lines


@pytest.mark.parametrize("mode", ["dma", "pio"])
def test_beyond_28_bits(mode, tmp_path):
    """A sparse disk of 200 GiB: at the border of 28-bit addresses and at the end."""
    with open(tmp_path / "d", "wb") as f:
        f.truncate(200 << 30)
    border, last = (1 << 28) - 256, (200 << 30) // SECTOR - 512
    text = ["cat /sys/block/sdb/size", "head -c 262144 /dev/urandom > /t/x", "md5sum < /t/x"]
    for at in (border, last):
        text.append("dd if=/t/x of=/dev/sdb bs=65536 seek=%d oflag=seek_bytes conv=fsync 2>/dev/null" % (at * SECTOR))
    text.append("echo 3 > /proc/sys/vm/drop_caches")
    for at in (border, last):
        text.append("dd if=/dev/sdb bs=65536 skip=%d iflag=skip_bytes count=4 2>/dev/null | md5sum" % (at * SECTOR))
    r = sh("\n".join(text), disk=[str(tmp_path / "d")], append="ata=" + mode, qemu="-D %s -trace ide_exec_cmd" % (tmp_path / "t")).good()
    assert r.lines[0] == str((200 << 30) // SECTOR)
    assert len(r.lines) == 4 and r.lines[1] == r.lines[2] == r.lines[3], r.lines
    with open(tmp_path / "d", "rb") as f:
        for at in (border, last):
            f.seek(at * SECTOR)
            assert hashlib.md5(f.read(262144)).hexdigest() == r.lines[1][:32]
    seen = set(sum(commands(tmp_path / "t").values(), []))
    assert seen >= ({0x25, 0x35} if mode == "dma" else {0x29, 0x39}), seen


def test_a_disk_that_hangs(tmp_path, soak):
    """Answers later than the deadline: the channel is reset, the reader gets EIO in the end, the other drive works on."""
    if not soak:
        pytest.skip("a minute long; make soak runs it")
    blank(tmp_path / "d", 4)
    sock = tmp_path / "s"
    with sluice.subprocess.Popen(["nbdkit", "-f", "-U", str(sock), "--filter=delay", "file", str(tmp_path / "d"), "rdelay=12"]) as server:
        try:
            r = sh("dmesg | grep -c 'sdb: read error'; grep -c . /proc/mounts > /dev/null; echo alive", timeout=240,
                   qemu="-drive file=nbd+unix:///?socket=%s,format=raw,if=ide,index=1" % sock)
        finally:
            server.kill()
    assert int(r.lines[0]) >= 1 and r.lines[1] == "alive", r.said()
