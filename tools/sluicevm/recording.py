"""Recorded runs: tools/vm record FILE, tools/vm replay FILE.

QEMU counts instructions (-icount) and writes every event from outside, with the count at which it came, to a file (rr=record): timer
values, the ends of disk transfers (a blkreplay node over each image), input. Replayed with the same machine, kernel and disks the run is
the same, instruction for instruction.

A recording is one zip file that needs nothing beside it but the same QEMU:

  manifest.json   options, the images with their extents and digests, digests of what came out, QEMU's version and firmware
  events          QEMU's file
  kernel          the ELF, with its debug sections
  image-N         the data of the root, disks and ISO before the run, holes left out
"""
import hashlib
import json
import os
import shutil
import subprocess
import zipfile

from .options import CannotStart, Disk, say

FORMAT = 1
PART = 1 << 20
KEPT_OPTIONS = ("command", "mem", "smp", "icount", "append", "qemu")
FIRMWARE = ("bios-256k.bin", "vgabios-stdvga.bin", "kvmvapic.bin", "multiboot.bin", "multiboot_dma.bin")
STREAMS = ("out", "err", "log")


def _machine():
    """What the run depends on beside the recording: QEMU and its firmware."""
    qemu = shutil.which("qemu-system-i386")
    if not qemu:
        raise CannotStart("no qemu-system-i386 here: run tools/deps")
    version = subprocess.run([qemu, "--version"], capture_output=True, text=True).stdout.split("\n")[0]
    digest = hashlib.sha256()
    for folder in subprocess.run([qemu, "-L", "help"], capture_output=True, text=True).stdout.split():
        for name in FIRMWARE:
            path = os.path.join(folder, name)
            if os.path.exists(path):
                with open(path, "rb") as f:
                    digest.update(name.encode() + f.read())
    return {"qemu": version, "firmware": digest.hexdigest()}


def _extents(f):
    """[(offset, length)] of what of a file is no hole."""
    size, at, found = os.fstat(f.fileno()).st_size, 0, []
    while at < size:
        try:
            start = os.lseek(f.fileno(), at, os.SEEK_DATA)
        except OSError:
            break
        at = os.lseek(f.fileno(), start, os.SEEK_HOLE)
        found.append((start, at - start))
    return size, found


def _pieces(f, extents):
    for start, length in extents:
        f.seek(start)
        while length:
            data = f.read(min(PART, length))
            if not data:
                raise CannotStart("%s became shorter while it was read" % f.name)
            length -= len(data)
            yield data


class Recorder:
    """Makes a recording of the run of some options."""

    mode = "record"

    def __init__(self, path):
        self.path, self.part = path, path + ".part"
        if not os.path.isdir(os.path.dirname(os.path.abspath(path))) or os.path.isdir(path):
            raise CannotStart("record %s: no such folder, or is one" % path)

    def begin(self, opts, root, kernel, work):
        """Keep what the run starts from. root: the Disk that is booted; kernel: its file."""
        if not opts.command:
            raise CannotStart("record: no COMMAND")
        if any(d.kind == "nvme" for d in [root, *opts.disks]):
            raise CannotStart("record: QEMU does not replay an NVMe disk; use another if=")
        if any(word in ("-drive", "-blockdev", "-icount") for word in opts.qemu):
            raise CannotStart("record: --qemu with -drive, -blockdev or -icount is not recorded; disks come by --disk")
        self.events = work.file("events")
        self.manifest = {"format": FORMAT, "machine": _machine(), "options": {name: getattr(opts, name) for name in KEPT_OPTIONS},
                         "iso": bool(opts.iso), "images": []}
        try:
            self.zip = zipfile.ZipFile(self.part, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
            self._keep_file("kernel", kernel)
            for disk in [root, *opts.disks, *([Disk(opts.iso, "cdrom", True)] if opts.iso else [])]:
                self._keep_image(disk)
        except OSError as e:
            raise CannotStart("record %s: %s" % (self.path, e.strerror))

    def _keep_file(self, name, path):
        digest = hashlib.sha256()
        with open(path, "rb") as f, self.zip.open(name, "w", force_zip64=True) as z:
            for data in iter(lambda: f.read(PART), b""):
                digest.update(data)
                z.write(data)
        self.manifest[name] = digest.hexdigest()

    def _keep_image(self, disk):
        digest = hashlib.sha256()
        with open(disk.file, "rb") as f:
            size, extents = _extents(f)
            with self.zip.open("image-%d" % len(self.manifest["images"]), "w", force_zip64=True) as z:
                for data in _pieces(f, extents):
                    digest.update(data)
                    z.write(data)
        self.manifest["images"].append({"kind": disk.kind, "read_only": disk.read_only, "size": size, "extents": extents,
                                        "digest": digest.hexdigest()})

    def finish(self, run):
        """The run has ended: complete the recording. run: guest.Run."""
        if run.qemu.returncode:
            return say("nothing recorded: QEMU did not end by itself")
        self._keep_file("events", self.events)
        self.manifest["stopped_after"] = run.opts.timeout if run.timed_out else None
        self.manifest["streams"] = {name: hashlib.sha256(getattr(run, name).everything()).hexdigest() for name in STREAMS}
        self.zip.writestr("manifest.json", json.dumps(self.manifest, indent=1))
        self.zip.close()
        os.replace(self.part, self.path)

    def close(self):
        if os.path.exists(self.part):
            os.unlink(self.part)


class Player:
    """Replays one."""

    mode = "replay"

    def __init__(self, path):
        self.path = path
        try:
            self.zip = zipfile.ZipFile(path)
            self.manifest = json.loads(self.zip.read("manifest.json"))
            if self.manifest["format"] != FORMAT:
                raise CannotStart("replay %s: made by another tools/vm (format %s, ours is %d)" % (path, self.manifest["format"], FORMAT))
        except OSError as e:
            raise CannotStart("replay %s: %s" % (path, e.strerror))
        except (zipfile.BadZipFile, KeyError, ValueError, TypeError):
            raise CannotStart("replay %s: no recording, or a damaged one" % path)

    def take_options(self, opts):
        """The run's own options, before the others are looked at."""
        for name in KEPT_OPTIONS:
            setattr(opts, name, self.manifest["options"][name])

    def unpack(self, opts, work):
        """Kernel and disks as they were; the Disk to boot from."""
        here, then = _machine(), self.manifest["machine"]
        for name, what in (("qemu", "QEMU"), ("firmware", "QEMU's firmware")):
            if here[name] != then[name]:
                raise CannotStart("replay %s: %s has changed: recorded with %s, here is %s" % (self.path, what, then[name], here[name]))
        self.events, opts.kernel = work.file("events"), work.file("kernel")
        self._take_file("events", self.events)
        self._take_file("kernel", opts.kernel)
        disks = [self._take_image(n, image, work.file("image-%d" % n)) for n, image in enumerate(self.manifest["images"])]
        if self.manifest["iso"]:
            opts.iso = disks.pop().file
        opts.disks = disks[1:]
        return disks[0]

    def _changed(self, name):
        return CannotStart("replay %s: its %s has changed or is damaged; record again" % (self.path, name))

    def _copy(self, name, digest, write):
        found = hashlib.sha256()
        try:
            with self.zip.open(name) as z:
                for data in iter(lambda: z.read(PART), b""):
                    found.update(data)
                    write(data)
        except (zipfile.BadZipFile, KeyError, EOFError, OSError):
            raise self._changed(name)
        if found.hexdigest() != digest:
            raise self._changed(name)

    def _take_file(self, name, path):
        with open(path, "wb") as f:
            self._copy(name, self.manifest[name], f.write)

    def _take_image(self, n, image, path):
        with open(path, "wb") as f:
            f.truncate(image["size"])
            space = [list(e) for e in image["extents"]]

            def write(data):
                while data:
                    if not space:
                        raise self._changed("image-%d" % n)
                    f.seek(space[0][0])
                    part = data[:space[0][1]]
                    f.write(part)
                    data = data[len(part):]
                    space[0][0] += len(part)
                    space[0][1] -= len(part)
                    if not space[0][1]:
                        space.pop(0)
            self._copy("image-%d" % n, image["digest"], write)
        return Disk(path, image["kind"], image["read_only"])

    def finish(self, run):
        """Did the same come out? Under gdb all may have been changed, or cut short."""
        if run.gdb or run.timed_out:
            return
        for name in STREAMS:
            if hashlib.sha256(getattr(run, name).everything()).hexdigest() != self.manifest["streams"][name]:
                say("the replay went another way than the recorded run: its %s differs" % {"out": "stdout", "err": "stderr", "log": "kernel log"}[name])
                run.diverged = True
        if self.manifest["stopped_after"]:      # as the recorded run was, in its middle
            run.opts.timeout, run.timed_out = self.manifest["stopped_after"], True

    def close(self):
        self.zip.close()
