"""/sys: the device model as programs see it."""
from sluice import sh


def test_layout():
    """Buses, classes and numbers lead to the same folders; PCI's files have Linux's formats."""
    r = sh("""cd /sys/bus/pci/devices/0000:00:01.1
cat vendor device class
readlink driver; readlink subsystem
sed -n 5p resource | cut -c1-14
hexdump -n 4 -e '4/1 "%02x"' config; echo
readlink -f /sys/block/sda; readlink -f /sys/dev/block/8:0; readlink -f /sys/class/block/sda; readlink -f /sys/class/tty/ttyS0/../..
cat /sys/dev/block/8:0/dev /sys/block/sda/uevent
cat /sys/block/sda/device/transfer_mode
ls /sys/bus/pci/drivers/ata_piix | tr "\\n" " "
cd /sys/devices/system/cpu; echo; ls -d cpu[0-9]*; cat online possible present
""").good()
    sda = "/sys/devices/pci0000:00/0000:00:01.1/ata1/dev1.0/block/sda"
    assert r.lines[:8] == ["0x8086", "0x7010", "0x010180", "../../../bus/pci/drivers/ata_piix", "../../../bus/pci", "0x000000000000",
                           "86801070", sda], r.lines
    assert r.lines[8:10] == [sda, sda]
    assert r.lines[10].startswith("/sys/devices/")
    assert r.lines[11:16] == ["8:0", "MAJOR=8", "MINOR=0", "DEVNAME=sda", "DEVTYPE=disk"] and r.lines[16].startswith("DISKSEQ=")
    assert r.lines[17:19] == ["dma", "0000:00:01.1 bind uevent unbind "]
    assert r.lines[19:] == ["cpu0", "0", "0", "0"]


def test_rules():
    """Nobody makes or removes anything there; files give what they should in pieces too; folders are folders."""
    r = sh("""exec 2>&1
touch /sys/new; mkdir /sys/new; rm /sys/block/sda/size; rmdir /sys/block
echo x > /sys/block/sda/size
cat /sys/class
dd if=/sys/bus/pci/devices/0000:00:01.1/vendor bs=1 2>/dev/null
dd if=/sys/bus/pci/devices/0000:00:01.1/config bs=7 2>/dev/null | wc -c
stat -c '%s %a %F' /sys/bus/pci/devices/0000:00:01.1/vendor /sys/bus/pci/devices/0000:00:01.1/config /sys/bus
find /sys -type l | while read l; do [ -e $l ] || echo dangling $l; done
find /sys -type f -perm -444 | grep -v tracing | while read f; do cat $f > /dev/null || echo unreadable $f; done
""")
    text = "\n".join(r.lines)
    assert "unreadable" not in text and "dangling" not in text, text
    assert [l for l in r.lines if "can't" in l or "error" in l or "denied" in l or "not permitted" in l], text
    assert r.lines[-5:] == ["0x8086", "256", "4096 444 regular file", "256 444 regular file", "0 755 directory"], text
