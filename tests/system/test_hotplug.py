"""Devices that come and go: uevents and their helper, PCI hot-plug through ACPI, removal by hand, disks that go under files and mounts, the
power button. One guest goes through all of it, a second one loses its root disk."""
import os
import shutil
import sys

import pytest

import sluice
from sluice import HERE, Live, fsck, program, script_file, sh

sys.path.insert(0, os.path.join(sluice.TOP, "tools"))
from sluicevm import qmp  # noqa: E402

SCRIPT = r"""
until_good() { i=0; until "$@" 2>/dev/null; do i=$((i+1)); [ $i -lt 600 ] || { echo "$* never came true"; return 1; }; sleep 0.05; done; }
gone() { [ ! -e "$1" ]; }
there() { [ -e "$1" ]; }
listens() { ls -l /proc/$1/fd | grep -q uevents; }
says() { grep -q "$1" /tmp/seen; }
nodes() { (cd $1; find . -xdev -type b -o -xdev -type c | sort | xargs stat -c '%n %F %t:%T'); }
say() { echo "== $*"; }
P=/sys/bus/pci/devices

say mdev
mkdir /tmp/full; mount --bind /dev /tmp/full
mount -t tmpfs none /dev; mdev -s
nodes /tmp/full > /tmp/a; nodes /dev > /tmp/b; cmp /tmp/a /tmp/b && echo "same $(wc -l < /tmp/a)"; diff /tmp/a /tmp/b
umount /dev; umount /tmp/full

say events
cat /dev/uevents > /tmp/seen & reader=$!
until_good listens $reader
echo change > /sys/class/mem/null/uevent; echo bad > /sys/class/mem/null/uevent; echo status=$?
until_good says ACTION=change; cat /tmp/seen | sed 's/SEQNUM=.*/SEQNUM=n/'
kill $reader
read -t 0.2 line < /dev/uevents; echo "poll=$?"
(dd bs=7 count=2 2>/dev/null; dd bs=4096 count=1 2>/dev/null) < /dev/uevents > /tmp/part & part=$!
until_good listens $part
echo add > /sys/class/mem/zero/uevent; echo add > /sys/class/mem/full/uevent; wait $part; grep -c . /tmp/part; grep DEVNAME /tmp/part

say helper
cat > /tmp/helper <<'X'
#!/bin/sh
echo "$1 $ACTION $DEVNAME $DEVTYPE $MAJOR $PATH" >> /tmp/helped
X
chmod 755 /tmp/helper; echo /tmp/helper > /proc/sys/kernel/hotplug; cat /proc/sys/kernel/hotplug /sys/kernel/uevent_helper
for i in 1 2 3 4 5; do echo change > /sys/class/mem/null/uevent; echo change > /sys/block/sda/uevent; done
until_good sh -c '[ $(wc -l < /tmp/helped) = 10 ]'; sort /tmp/helped | uniq -c
echo /nowhere > /proc/sys/kernel/hotplug; echo change > /sys/class/mem/null/uevent
until_good sh -c 'dmesg | grep -q "hotplug: /nowhere: cannot be started"'; echo > /proc/sys/kernel/hotplug

say plug
insmod /t/plug.ko; cd /sys/bus/pci/drivers/plug; readlink -f module; cd /sys/module/plug/drivers; readlink -f pci:plug; cd /
cat /dev/uevents > /tmp/seen & reader=$!
irqs() { sed -n 's/^ *9: *\([0-9]*\) .*/\1/p' /proc/interrupts; }
before=$(irqs)
mkdir /tmp/dev; mount -t tmpfs none /tmp/dev
until_good listens $reader; echo READY1
until_good there /dev/plug16 && until_good there /dev/plug17
cat $P/0000:00:10.0/vendor $P/0000:00:10.0/modalias; readlink $P/0000:00:10.0/driver
stat -c '%t:%T' /dev/plug16 > /tmp/n; cat /sys/class/plug/plug16/dev >> /tmp/n; wc -l < /tmp/n
grep -c "plug$" /proc/iomem; grep -c 0000:00:1[01] /proc/iomem
[ $(irqs) -gt $before ] && echo "SCI came"; grep -q "[1-9]$" /sys/firmware/acpi/interrupts/gpe01 && echo "GPE 1 came"
/t/unplugged /dev/plug16 > /tmp/u & program=$!
exec 5<>/dev/plug17
until_good grep -q waiting /tmp/u; echo READY2
until_good gone $P/0000:00:10.0; until_good gone $P/0000:00:11.0
wait $program; cat /tmp/u; dd bs=4 count=1 <&5 2>&1 | head -1; ls /dev/plug*; ls /sys/class/plug | wc -l
rmmod plug; echo "held=$?"; echo READY3
until_good there /dev/plug17; exec 6<>/dev/plug17; dd bs=4 count=1 <&5 2>&1 | head -1; exec 5<&-
echo -ne '\7\0\0\0' >&6; dd bs=4 count=1 <&6 2>/dev/null | hexdump -e '"came %u" 1 "\n"'
echo 0000:00:11.0 > /sys/bus/pci/drivers/plug/unbind; echo "unbind=$?"; ls /dev/plug*; dd bs=4 count=1 <&6 2>&1 | head -1; exec 6<&-
echo 0000:00:11.0 > /sys/bus/pci/drivers/plug/unbind; echo "again=$?"; echo 0000:00:01.1 > /sys/bus/pci/drivers/plug/bind; echo "wrong=$?"
echo 0000:00:11.0 > /sys/bus/pci/drivers/plug/bind; echo "bind=$?"; ls /dev/plug*
echo 1 > $P/0000:00:11.0/remove; ls -d $P/0000:00:11.0; echo 1 > /sys/bus/pci/rescan; ls /dev/plug*
rmmod plug; echo "rmmod=$?"; ls /dev/plug*; ls -d /sys/bus/pci/drivers/plug
echo READY4; until_good there $P/0000:00:12.0; cat $P/0000:00:12.0/vendor $P/0000:00:12.0/enable; ls $P/0000:00:12.0/driver
echo READY5; until_good gone $P/0000:00:12.0; until_good gone $P/0000:00:11.0
kill $reader; sed -n '/ACTION=add/,/^$/p' /tmp/seen | sed -n '/0000:00:12.0/,/^$/p' | sed 's/SEQNUM=.*/SEQNUM=n/'
grep -E '^ACTION|^DEVNAME' /tmp/seen | tr '\n' ' '; echo
awk -F= '/^SEQNUM/ { if (last && $2 != last + 1) print "gap"; last = $2 }' /tmp/seen

say disk
mkdir /m; mount -t ext2 /dev/fd0 /m; dd if=/dev/urandom of=/m/file bs=4k count=50 2>/dev/null; sync; echo 3 > /proc/sys/vm/drop_caches
exec 3</m/file 4<>/dev/fd0 5>/m/new; head -c 4096 <&3 | wc -c
(while sleep 0.02; do echo xxxxxxxxxxxxxxxx; done >&5) 2>/dev/null & writer=$!
cat /dev/fd0 > /dev/null 2>&1 & sleep 0.3
echo floppy.0 > /sys/bus/platform/drivers/floppy/unbind; echo "unbind=$?"; ls /dev/fd0 /sys/block/fd0 /sys/class/block/fd0
dd bs=512 count=1 <&4 2>&1 | head -1; echo x >&4 ; echo "write=$?"; blockdev --getsz /dev/fd/4 2>&1 | grep -o "No such device.*"
cat <&3 2>&1 > /dev/null | grep -o "read error"; sleep 0.2; kill $writer; sync
exec 3<&- 4<&- 5<&-; until_good umount /m; echo "umount=$?"
echo floppy.0 > /sys/bus/platform/drivers/floppy/bind; mount -t ext2 /dev/fd0 /m; echo "again=$?"; ls /m/file; umount /m

say button
cp /bin/busybox /root/before; sync
(while :; do cp /bin/busybox /root/during; done) & (trap '' TERM; while sleep 1; do :; done) &
sleep 0.3; echo READY6
sleep 1000
echo "not this"
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hotplug")
    module, socket, floppy, root = folder / "plug", str(folder / "qmp"), str(folder / "floppy.img"), str(folder / "root.img")
    shutil.copytree(os.path.join(HERE, "plug"), module)
    r = sluice.subprocess.run(["make", "--no-print-directory", "module", "M=%s" % module], cwd=sluice.TOP, capture_output=True, text=True,
                              env=dict(os.environ, SLUICE_DEPS_DONE="1", MAKEFLAGS=""))
    assert r.returncode == 0, r.stdout + r.stderr
    sluice.blank(floppy, 1)
    os.truncate(floppy, 1474560)
    sluice.subprocess.run(["mke2fs", "-q", "-F", "-t", "ext2", "-b", "1024", floppy], check=True)
    guest = Live("sh", "/t/script", root=root, log=str(folder / "log"), timeout=150, qemu=[qmp.ARGS % socket, "-drive if=floppy,format=raw,file=" + floppy],
                 add=[(script_file(SCRIPT), "/t/script"), (str(module / "plug.ko"), "/t/plug.ko"), (program("unplugged.c"), "/t/unplugged")])
    guest.wait_for("READY1")
    with qmp.Qmp(socket) as monitor:
        monitor("device_add", driver="edu", id="a", bus="pci.0", addr="0x10")
        monitor("device_add", driver="edu", id="b", bus="pci.0", addr="0x11")
        guest.wait_for("READY2")
        monitor("device_del", id="a")
        monitor("device_del", id="b")
        guest.wait_for("READY3")
        monitor("device_add", driver="edu", id="b", bus="pci.0", addr="0x11")
        guest.wait_for("READY4")
        monitor("device_add", driver="e1000", id="c", bus="pci.0", addr="0x12")
        guest.wait_for("READY5")
        monitor("device_del", id="c")
        monitor("device_del", id="b")
        guest.wait_for("READY6")
        monitor("system_powerdown")
        result = guest.end()
    with open(folder / "log", errors="replace") as f:
        result.log = f.read()
    result.root = root
    result.parts = {p.split("\n", 1)[0]: p.split("\n")[1:-1] for p in result.text.split("== ")[1:]}
    return result


def test_mdev_fills_an_empty_folder(run):
    """mdev -s makes the same nodes as the kernel's own /dev."""
    same, = run.parts["mdev"]
    assert same.startswith("same ") and int(same[5:]) > 10, run.parts["mdev"]


def test_events_to_readers(run):
    assert run.parts["events"] == ["status=1", "ACTION=change", "DEVPATH=/devices/virtual/mem/null", "SUBSYSTEM=mem", "SYNTH_UUID=0", "MAJOR=1",
                                   "MINOR=3", "DEVNAME=null", "DEVMODE=0666", "SEQNUM=n", "",
                                   "poll=1",
                                   "9", "DEVNAME=zero"], run      # short reads lose nothing, and none goes on into the next event


def test_events_to_a_helper(run):
    assert run.parts["helper"] == ["/tmp/helper", "/tmp/helper", "      5 block change sda disk 8 /sbin:/bin:/usr/sbin:/usr/bin",
                                   "      5 mem change null  1 /sbin:/bin:/usr/sbin:/usr/bin"], run


def test_pci_comes_and_goes(run):
    """Probe and remove through ACPI, files of what has gone, bind and unbind by hand."""
    lines = run.parts["plug"]
    gone = "No such device"
    assert lines == [
        "/sys/module/plug", "/sys/bus/pci/drivers/plug", "READY1", "0x1234",
        "pci:v00001234d000011E8sv00001AF4sd00001100bc00scFFi00", "../../../bus/pci/drivers/plug", "2", "2", "2", "SCI came", "GPE 1 came",
        "READY2", "interrupts: all", "waiting", *sorted(["a read under way: " + gone, "poll: hang-up"], key=lines.index),
        "read: " + gone, "write: " + gone, "open: No such file or directory", "close: done", "dd: standard input: " + gone, "0", "held=1",
        "READY3", "dd: standard input: " + gone, "came 7", "unbind=0", "dd: standard input: " + gone, "again=1", "wrong=1", "bind=0", "/dev/plug17",
        "/dev/plug17", "rmmod=0", "READY4", "0x8086", "0", "READY5",
        "DEVPATH=/devices/pci0000:00/0000:00:12.0", "SUBSYSTEM=pci", "PCI_CLASS=20000", "PCI_ID=8086:100E", "PCI_SUBSYS_ID=1AF4:1100",
        "PCI_SLOT_NAME=0000:00:12.0", "MODALIAS=pci:v00008086d0000100Esv00001AF4sd00001100bc02sc00i00", "SEQNUM=n", "", lines[-1]], run
    words = lines[-1].split()
    assert words.count("DEVNAME=plug16") == 2 and words.count("DEVNAME=plug17") == 8 and words.count("ACTION=bind") == 5, lines[-1]
    assert words.count("ACTION=unbind") == words.count("ACTION=bind"), lines[-1]


def test_disk_goes_under_a_mount(run):
    assert run.parts["disk"] == ["4096", "unbind=0", "dd: standard input: No such device", "write=1", "No such device or address", "read error",
                                 "umount=0", "again=0", "/m/file"], run


def test_power_button(run):
    """The command is cut off, so it never succeeds; what was written before is there, and the disk is clean."""
    assert run.status != 0 and run.parts["button"] == ["READY6"], run
    assert "power button: shutting down" in run.log and run.log.rstrip().endswith("power off"), run.log[-500:]
    fsck(run.root)
    with open(os.path.join(sluice.TOP, "build/debian/root/bin/busybox"), "rb") as f:
        assert sluice.debugfs(run.root, "cat /root/before").endswith(f.read())


def test_root_disk_goes():
    """Nothing to run programs from any more: what is in memory goes on, the rest gives errors, and the machine can be switched off."""
    r = sh("""cat /bin/busybox > /dev/null
echo 0000:00:01.1 > /sys/bus/pci/drivers/ata_piix/unbind; echo unbind=$?
echo hi > /root/file || echo "no file"
[ -e /dev/sda ] || echo "no sda"
echo 0000:00:01.1 > /sys/bus/pci/drivers/ata_piix/bind; echo bind=$?
echo /dev/sd*
exit 7""")
    assert r.status == 7 and r.lines == ["unbind=0", "no file", "no sda", "bind=0", "/dev/sdb"], r
