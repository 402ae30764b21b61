"""The machine: QEMU's arguments for a set of options.

Machine pc without QEMU's default devices: one VGA card, one parallel port, COM1, the PIIX IDE controller with the root at index 0, and
four isa-debugcon ports, a byte stream each: kernel log, the command's stdout, its stderr, status records (kernel/hal/power.h).
"""
import os
import re
import shutil
import struct

from .options import CannotStart, Disk

PORTS = {"log": 0xe9, "out": 0xea, "err": 0xeb, "status": 0xec}
MULTIBOOT_MAGIC = 0x1badb002
IDE_CD_ORDER = (2, 3, 1)
RECORD_SHIFT = 5        # of a recorded run: an instruction takes 32 ns of guest time; QEMU is quickest so
KERNEL_FD = 90          # the number is part of a name that the guest can see


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

    def __init__(self, taken, servers, recording=None):
        self.args, self.taken, self.count, self.ahci, self.floppies = [], set(taken), 0, 0, 0
        self.servers, self.recording = servers, recording

    def ide_index(self, order):
        free = [i for i in order if i not in self.taken]
        if not free:
            raise CannotStart("no free IDE index: root, --disk, --iso and --qemu together name more than four drives")
        self.taken.add(free[0])
        return free[0]

    def attach(self, disk, index=None, throw_away=False):
        self.count += 1
        name = "disk%d" % self.count
        file = self.servers.file_for(disk)
        if self.recording and file != disk.file:
            raise CannotStart("a run with a slow disk (seek, slow) cannot be recorded")
        drive = "file=%s,format=raw" % _escape(file)
        if disk.slowness:
            drive += disk.slowness.throttling()
        if throw_away:
            drive += ",cache=unsafe"
        if disk.kind in ("ide", "ahci") and disk.read_only:
            drive += ",snapshot=on"     # QEMU's ATA disks know no write protection: what is written is dropped
        elif disk.read_only:
            drive += ",readonly=on"
        elif self.recording and self.recording.mode == "replay":
            drive += ",snapshot=on"     # a replay may start anew, from the same contents
        if disk.kind in ("ide", "cdrom"):
            order = IDE_CD_ORDER if disk.kind == "cdrom" else (1, 2, 3)
            self._ide(drive, name, self.ide_index(order) if index is None else index, disk.kind == "cdrom")
        elif disk.kind == "floppy":
            if self.recording:
                self.args += ["-device", "floppy,unit=%d,drive=%s" % (self.floppies, self._recorded(drive, name))]
            else:
                self.args += ["-drive", drive + ",if=floppy,index=%d" % self.floppies]
            self.floppies += 1
        else:
            if self.recording:
                name = self._recorded(drive, name)
            else:
                self.args += ["-drive", "%s,if=none,id=%s" % (drive, name)]
            self.args += ["-device", self._device(disk.kind, name)]

    def _ide(self, drive, name, index, cd):
        if self.recording:
            self.args += ["-device", "%s,drive=%s,bus=ide.%d,unit=%d" % ("ide-cd" if cd else "ide-hd", self._recorded(drive, name), index // 2, index % 2)]
        else:
            self.args += ["-drive", "%s,if=ide,index=%d,media=%s" % (drive, index, "cdrom" if cd else "disk")]

    def _recorded(self, drive, name):
        """A node that makes the ends of the image's transfers part of the recording; its name."""
        read_only = ",readonly=on" if "readonly=on" in drive else ""
        self.args += ["-drive", "%s,if=none,id=%s" % (drive, name),
                      "-drive", "driver=blkreplay,if=none,image=%s,id=%s-recorded%s" % (name, name, read_only)]
        return name + "-recorded"

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


def kernel_descriptor(kernel):
    """The kernel open under the number that a recorded machine knows it by, to be handed to QEMU."""
    fd = os.open(kernel, os.O_RDONLY)
    os.dup2(fd, KERNEL_FD)
    os.close(fd)
    return (KERNEL_FD,)


def kernel_words(opts, root):
    """The kernel's command line."""
    words = ["root=/dev/" + ROOT_NAMES[root.kind], "rw", "console=ttyS0"]
    if opts.icount:
        words.append("idle=poll")
    return words + opts.append


def arguments(opts, root, throw_away, folder, servers):
    """QEMU's argument list. root: the Disk that is booted from; folder: where the streams and the handed-in items lie; servers: of slow disks."""
    qemu = shutil.which("qemu-system-i386")
    if not qemu:
        raise CannotStart("no qemu-system-i386 here: run tools/deps")
    a = [qemu, "-name", "sluice", "-machine", "pc", "-m", str(opts.mem), "-smp", str(opts.smp), "-nodefaults", "-vga", "std",
         "-display", "none", "-nic", "none", "-no-reboot"]
    if "-parallel" not in opts.qemu:        # given by --qemu, it is the one at LPT1
        a += ["-parallel", "null"]
    if opts.recording:
        a += ["-icount", "shift=%d,rr=%s,rrfile=%s" % (0 if opts.icount else RECORD_SHIFT, opts.recording.mode, _escape(opts.recording.events))]
    elif opts.icount:
        a += ["-icount", "shift=0,sleep=off"]
    for name, port in PORTS.items():
        a += ["-chardev", "file,id=%s,path=%s" % (name, _escape(os.path.join(folder, name))),
              "-device", "isa-debugcon,iobase=0x%x,chardev=%s" % (port, name)]
    a += ["-serial", "null" if opts.command else "mon:stdio"]
    for item in ("argv", "winsize"):
        path = os.path.join(folder, item)
        if os.path.exists(path):
            a += ["-fw_cfg", "name=opt/sluice/%s,file=%s" % (item, _escape(path))]

    drives = _Drives(_ide_indexes(opts.qemu), servers, opts.recording)
    if root.kind == "ide":
        drives.taken.add(0)
    drives.attach(root, 0 if root.kind == "ide" else None, throw_away)
    for disk in opts.disks:
        drives.attach(disk)
    words = " ".join(kernel_words(opts, root))
    if opts.iso:
        check_iso(opts.iso)
        drives.attach(Disk(opts.iso, "cdrom", True))
        drives.args += ["-boot", "d",
                        # GRUB has no way to read fw_cfg: iso/grub.cfg takes the words from the SMBIOS system version.
                        "-smbios", "type=1,version=" + _escape(("sluice-run " if opts.command else "sluice-console ") + words)]
    else:
        kernel = kernel_file(opts)
        check_kernel(kernel)
        # Multiboot hands the kernel its own file name: in a recording it must be one that holds wherever the file lies.
        a += ["-kernel", "/proc/self/fd/%d" % KERNEL_FD if opts.recording else kernel, "-append", words]
    return a + drives.args + opts.qemu
