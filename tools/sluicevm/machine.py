"""The machine: QEMU's arguments for a set of options.

Machine pc without QEMU's default devices: one VGA card, one parallel port, COM1, the PIIX IDE controller with the root at index 0, and
four isa-debugcon ports, a byte stream each: kernel log, the command's stdout, its stderr, status records (kernel/hal/power.h).
"""
import os
import re
import shutil
import struct

from .options import CannotStart

PORTS = {"log": 0xe9, "out": 0xea, "err": 0xeb, "status": 0xec}
MULTIBOOT_MAGIC = 0x1badb002
IDE_CD_ORDER = (2, 3, 1)


def _escape(path):
    """A comma in a value of a QEMU option is doubled."""
    return path.replace(",", ",,")


def check_kernel(path):
    """A Multiboot 1 header in the first 8 KiB (Multiboot specification 0.6.96, section 3.1), or CannotStart."""
    try:
        with open(path, "rb") as f:
            head = f.read(8192)
    except OSError as e:
        raise CannotStart("kernel %s: %s (make builds it)" % (path, e.strerror))
    for at in range(0, len(head) - 11, 4):
        magic, flags, checksum = struct.unpack_from("<3I", head, at)
        if magic == MULTIBOOT_MAGIC and (magic + flags + checksum) & 0xffffffff == 0:
            return
    raise CannotStart("kernel %s: no Multiboot header in its first 8 KiB" % path)


def check_iso(path):
    """An ISO 9660 volume descriptor (ECMA-119, 8.1), or CannotStart."""
    with open(path, "rb") as f:
        f.seek(16 * 2048)
        if f.read(6)[1:] != b"CD001":
            raise CannotStart("ISO %s: no ISO 9660 image" % path)


class _Drives:
    """Collects the arguments for the disks; knows which IDE index is free."""

    def __init__(self, taken):
        self.args, self.taken, self.count, self.ahci, self.floppies = [], set(taken), 0, 0, 0

    def ide_index(self, order):
        free = [i for i in order if i not in self.taken]
        if not free:
            raise CannotStart("no free IDE index: root, --disk, --iso and --qemu together name more than four drives")
        self.taken.add(free[0])
        return free[0]

    def attach(self, disk, index=None, throw_away=False):
        self.count += 1
        name = "disk%d" % self.count
        drive = "file=%s,format=raw" % _escape(disk.file)
        if throw_away:
            drive += ",cache=unsafe"
        if disk.kind in ("ide", "ahci") and disk.read_only:
            drive += ",snapshot=on"     # QEMU's ATA disks know no write protection: what is written is dropped
        elif disk.read_only:
            drive += ",readonly=on"
        if disk.kind == "ide":
            self._drive(drive, "if=ide,index=%d,media=disk" % (self.ide_index((1, 2, 3)) if index is None else index))
        elif disk.kind == "cdrom":
            self._drive(drive, "if=ide,index=%d,media=cdrom" % self.ide_index(IDE_CD_ORDER))
        elif disk.kind == "floppy":
            self._drive(drive, "if=floppy,index=%d" % self.floppies)
            self.floppies += 1
        else:
            self._drive(drive, "if=none,id=" + name)
            self.args += ["-device", self._device(disk.kind, name)]

    def _drive(self, drive, where):
        self.args += ["-drive", drive + "," + where]

    def _device(self, kind, name):
        if kind == "nvme":
            return "nvme,drive=%s,serial=%s" % (name, name)
        if kind == "virtio":
            return "virtio-blk-pci,drive=" + name
        if not self.ahci:
            self.args += ["-device", "ahci,id=ahci"]
        self.ahci += 1
        return "ide-hd,drive=%s,bus=ahci.%d" % (name, self.ahci - 1)


def _ide_indexes(qemu):
    """IDE indexes that --qemu takes for itself."""
    return {int(m.group(1)) for a in qemu if "if=ide" in a for m in [re.search(r"\bindex=([0-3])\b", a)] if m}


ROOT_NAMES = {"ide": "sda", "ahci": "sda", "nvme": "nvme0n1", "virtio": "vda"}


def kernel_file(opts):
    """The kernel that is booted; with --iso the one that was packed into it, as far as we know."""
    return opts.kernel or os.path.join(opts.build, "release", "sluice.elf")


def kernel_words(opts, root):
    """The kernel's command line."""
    words = ["root=/dev/" + ROOT_NAMES[root.kind], "rw", "console=ttyS0"]
    if opts.icount:
        words.append("idle=poll")
    return words + opts.append


def arguments(opts, root, throw_away, folder):
    """QEMU's argument list. root: the Disk that is booted from; folder: where the streams and the handed-in items lie."""
    qemu = shutil.which("qemu-system-i386")
    if not qemu:
        raise CannotStart("no qemu-system-i386 here: run tools/deps")
    a = [qemu, "-name", "sluice", "-machine", "pc", "-m", str(opts.mem), "-smp", str(opts.smp), "-nodefaults", "-vga", "std",
         "-display", "none", "-parallel", "null", "-nic", "none", "-no-reboot"]
    if opts.icount:
        a += ["-icount", "shift=0,sleep=off"]
    for name, port in PORTS.items():
        a += ["-chardev", "file,id=%s,path=%s" % (name, _escape(os.path.join(folder, name))),
              "-device", "isa-debugcon,iobase=0x%x,chardev=%s" % (port, name)]
    a += ["-serial", "null" if opts.command else "mon:stdio"]
    for item in ("argv", "winsize"):
        path = os.path.join(folder, item)
        if os.path.exists(path):
            a += ["-fw_cfg", "name=opt/sluice/%s,file=%s" % (item, _escape(path))]

    drives = _Drives(_ide_indexes(opts.qemu))
    if root.kind == "ide":
        drives.taken.add(0)
    drives.attach(root, 0 if root.kind == "ide" else None, throw_away)
    for disk in opts.disks:
        drives.attach(disk)
    words = " ".join(kernel_words(opts, root))
    if opts.iso:
        check_iso(opts.iso)
        index = drives.ide_index(IDE_CD_ORDER)
        drives.args += ["-drive", "file=%s,format=raw,if=ide,index=%d,media=cdrom,readonly=on" % (_escape(opts.iso), index),
                        "-boot", "d",
                        # GRUB has no way to read fw_cfg: iso/grub.cfg takes the words from the SMBIOS system version.
                        "-smbios", "type=1,version=" + _escape(("sluice-run " if opts.command else "sluice-console ") + words)]
    else:
        kernel = kernel_file(opts)
        check_kernel(kernel)
        a += ["-kernel", kernel, "-append", words]
    return a + drives.args + opts.qemu
