"""The floppy controller (IRQ 6, ISA DMA channel 2): a whole medium read and written, ext2 on one, and media that come, go, change and are protected."""
import hashlib
import os
import sys

import pytest

import sluice
from sluice import Live, script_file, sh

sys.path.insert(0, os.path.join(sluice.TOP, "tools"))
from sluicevm import qmp  # noqa: E402

SIZE = 1474560

# until a command succeeds (fails), at most a minute long
WAITING = """
until_good() { i=0; until "$@" 2>/dev/null; do i=$((i+1)); [ $i -lt 600 ] || { echo "$* never came true"; exit 1; }; sleep 0.1; done; }
opens() { ( : < /dev/fd0 ); }
gone() { ! opens; }
irqs() { sed -n 's/^ *6: *\\([0-9]*\\) .*/\\1/p' /proc/interrupts; }
"""


def digest(data):
    return hashlib.md5(data).hexdigest()


GUEST = WAITING + """
echo "dma $(grep -c '2: floppy' /proc/dma)"
before=$(irqs); md5sum < /dev/fd0; after=$(irqs); [ $((after - before)) -ge 80 ] && echo "read interrupts"
dd if=/t/new of=/dev/fd0 bs=18k conv=fsync 2>/dev/null; echo "dd $?"
echo 3 > /proc/sys/vm/drop_caches; md5sum < /dev/fd0
blockdev --getsize64 /dev/fd0; cat /sys/block/fd0/size /sys/block/fd0/removable
head -c 512 /dev/fd0 | md5sum
echo EJECT; until_good gone
dd if=/dev/fd0 of=/dev/null count=1 2>&1 | grep -o 'No such device or address'
echo BLANK; until_good opens
mke2fs /dev/fd0 > /dev/null; echo "mke2fs $?"
mkdir -p /mnt/f; mount -t ext2 /dev/fd0 /mnt/f; echo "mount $?"
cp /t/new /mnt/f/one 2>/dev/null || echo "too large"; rm /mnt/f/one
head -c 700000 /t/new > /mnt/f/two && mkdir /mnt/f/d && echo three > /mnt/f/d/three; echo 3 > /proc/sys/vm/drop_caches; md5sum < /mnt/f/two; sync
umount /mnt/f; echo "umount $?"
echo PROTECTED; i=0; until [ "$(cat /sys/block/fd0/ro)" = 1 ]; do opens; i=$((i+1)); [ $i -lt 300 ] || exit 1; sleep 0.1; done
md5sum < /dev/fd0
dd if=/t/new of=/dev/fd0 bs=512 count=1 conv=notrunc 2>&1 | grep -o 'Read-only file system'
mount -t ext2 /dev/fd0 /mnt/f 2>/dev/null && echo odd
echo AGAIN; i=0; until [ "$(cat /sys/block/fd0/ro)" = 0 ]; do opens; i=$((i+1)); [ $i -lt 300 ] || exit 1; sleep 0.1; done
mount -t ext2 /dev/fd0 /mnt/f && cat /mnt/f/d/three
sync; echo UNDER; opens() { ( : < /dev/fd1 ); }; until_good opens # the sign that the other one was changed
echo number > /mnt/f/d/number; sync
dmesg | grep -o 'fd0: the medium was.*' | sort -u; echo 3 > /proc/sys/vm/drop_caches; md5sum < /mnt/f/two > /dev/null 2>&1 || echo "transfers fail"
umount /mnt/f; md5sum < /dev/fd0
i=0; until [ "$(cat /sys/devices/platform/floppy.0/motor)" = "0 0" ]; do i=$((i+1)); [ $i -lt 100 ] || exit 1; sleep 0.1; done; echo "motor off"
cd /sys/devices/platform/floppy.0; echo "retries $(cat retries) lost $(cat lost_interrupts) stray $(cat stray_interrupts)"
"""


def test_media(tmp_path):
    """Data both ways, and every change of the medium seen; what lies on the images is judged here."""
    rng = sluice.seed()
    first, new, last, plain = (rng.randbytes(SIZE) for _ in range(4))
    for name, data in (("first", first), ("new", new), ("last", last), ("plain", plain), ("blank", bytes(SIZE)), ("sign", bytes(SIZE))):
        (tmp_path / name).write_bytes(data)
    sock = str(tmp_path / "qmp")
    guest = Live("sh", "/t/script", disk=[str(tmp_path / "first") + ",if=floppy"], qemu=[qmp.ARGS % sock, "-drive if=floppy,index=1"],
                 add=[(script_file(GUEST), "/t/script"), (str(tmp_path / "new"), "/t/new")])
    with qmp.Qmp(sock) as monitor:
        def change(name, mode="read-write", device="floppy0"):
            monitor("blockdev-change-medium", device=device, filename=str(tmp_path / name), format="raw", **{"read-only-mode": mode})

        guest.wait_for("EJECT")
        monitor("eject", device="floppy0", force=True)
        guest.wait_for("BLANK")
        change("blank")
        guest.wait_for("PROTECTED")
        (tmp_path / "files").write_bytes((tmp_path / "blank").read_bytes())
        change("plain", "read-only")
        guest.wait_for("AGAIN")
        change("blank")
        guest.wait_for("UNDER")
        change("last")
        change("sign", device="floppy1")
        r = guest.end().good()
    assert r.lines == [
        "dma 1", digest(first) + "  -", "read interrupts", "dd 0", digest(new) + "  -", str(SIZE), "2880", "1", digest(new[:512]) + "  -",
        "EJECT", "No such device or address", "BLANK", "mke2fs 0", "mount 0", "too large", digest(new[:700000]) + "  -", "umount 0",
        "PROTECTED", digest(plain) + "  -", "Read-only file system", "AGAIN", "three", "UNDER",
        "fd0: the medium was taken out or changed while in use", "transfers fail", digest(last) + "  -",
        "motor off", "retries 0 lost 0 stray 0"], repr(r)
    assert (tmp_path / "first").read_bytes() == new
    sluice.fsck(tmp_path / "files")
    assert (tmp_path / "plain").read_bytes() == plain
    assert (tmp_path / "last").read_bytes() == last


def test_two_drives_and_other_formats(tmp_path):
    """Protected from the start; an empty second drive; a 720 KB medium, and one of a format that the driver does not know."""
    rng = sluice.seed()
    first, low = rng.randbytes(SIZE), rng.randbytes(SIZE // 2)
    for name, data in (("first", first), ("low", low), ("high", bytes(2 * SIZE))):
        (tmp_path / name).write_bytes(data)
    sock = str(tmp_path / "qmp")
    text = WAITING + """
md5sum < /dev/fd0
for d in 0 1; do dd if=/dev/zero of=/dev/fd$d count=1 conv=notrunc 2>&1 | grep -o 'Read-only.*\\|No such.*'; done
until_good sh -c 'dmesg | grep -q "fd0: 1.44 MB, write-protected"'; echo LOW
opens() { ( : < /dev/fd1 ); }
until_good opens; md5sum < /dev/fd1; cat /sys/block/fd1/size; cmp /dev/fd0 /dev/fd1 | grep -c differ
echo HIGH; until_good gone; dmesg | grep -c "fd1: no medium of a known format"
"""
    guest = Live("sh", "/t/script", disk=[str(tmp_path / "first") + ",if=floppy,ro"], add=[(script_file(text), "/t/script")],
                 qemu=[qmp.ARGS % sock, "-drive if=floppy,index=1"])
    with qmp.Qmp(sock) as monitor:
        for word in ("LOW", "HIGH"):
            guest.wait_for(word)
            monitor("blockdev-change-medium", device="floppy1", filename=str(tmp_path / word.lower()), format="raw")
        r = guest.end().good()
    assert r.lines == [digest(first) + "  -", "Read-only file system", "No such device or address", "LOW", digest(low) + "  -", "1440", "1",
                       "HIGH", "1"], repr(r)
    assert (tmp_path / "first").read_bytes() == first


def test_no_drive_is_quiet():
    """Without a floppy drive there is neither a device nor an interrupt line nor a complaint."""
    r = sh("ls /dev/fd0 2>&1 | grep -c 'No such file'; dmesg | grep -i -c 'floppy.*error\\|fd0'; grep -c floppy /proc/interrupts")
    assert r.lines == ["1", "0", "0"]


def test_controller_that_falls_silent(tmp_path, soak):
    """Its interrupt masked behind the driver's back: what is asked ends with an error, and works again when the line does."""
    if not soak:
        pytest.skip("half a minute of deadlines; make soak runs it")
    data = sluice.seed().randbytes(SIZE)
    (tmp_path / "d").write_bytes(data)
    sock = str(tmp_path / "qmp")
    text = WAITING + """
head -c 18432 /dev/fd0 | md5sum; echo SILENT; until_good sh -c 'echo 3 > /proc/sys/vm/drop_caches
for at in 10 60; do dd if=/dev/fd0 of=/dev/null bs=18k count=1 skip=$at; done 2>&1 | grep -q "Input/output error"'
echo 3 > /proc/sys/vm/drop_caches; echo WELL; i=0
until [ "$(md5sum < /dev/fd0)" = "$WANT  -" ]; do i=$((i+1)); [ $i -lt 50 ] || exit 1; sleep 1; done
"""
    guest = Live("sh", "/t/script", disk=[str(tmp_path / "d") + ",if=floppy"], qemu=qmp.ARGS % sock, timeout=280,
                 add=[(script_file(text.replace("$WANT", digest(data))), "/t/script")])
    with qmp.Qmp(sock) as monitor:
        guest.wait_for("SILENT")
        mask = int(monitor.monitor("i /b 0x21").split("=")[1], 16)
        monitor.monitor("o /b 0x21 %#x" % (mask | 0x40))
        guest.wait_for("WELL", 200)
        monitor.monitor("o /b 0x21 %#x" % mask)
        assert guest.end().status == 0
