"""
nbdkit's Python plugin for disks with a volatile cache, for power cuts: what is written stays in this process until FLUSH, and reaches the
file only then. As a drive may, it also moves some of it to the medium early, sector by sector in any order. Killing the server is the power cut.

    nbdkit -f -U SOCKET python volatile.py folder=DIR seed=N

Each export NAME is the file DIR/NAME.
"""
import os
import random

import nbdkit

API_VERSION = 2
SECTOR = 512

folder = "."
chance = random.Random()
disks = {}


class Disk:
    def __init__(self, name):
        self.fd = os.open(os.path.join(folder, name), os.O_RDWR)
        self.size = os.fstat(self.fd).st_size
        self.cache = {}         # number of a sector: its bytes

    def write_out(self, sectors):
        for n in sectors:
            os.pwrite(self.fd, self.cache.pop(n), n * SECTOR)


def config(key, value):
    global folder
    if key == "folder":
        folder = value
    elif key == "seed":
        chance.seed(int(value))
    else:
        raise RuntimeError("unknown parameter " + key)


def thread_model():
    return nbdkit.THREAD_MODEL_SERIALIZE_ALL_REQUESTS


def open(readonly):     # the name that nbdkit wants
    name = nbdkit.export_name()
    if name not in disks:
        disks[name] = Disk(name)
    return disks[name]


def get_size(disk):
    return disk.size


def block_size(disk):
    return (SECTOR, 4096, 32 << 20)


def pread(disk, buf, offset, flags):
    os.preadv(disk.fd, [buf], offset)
    if disk.cache:
        first = offset // SECTOR
        for n in range(first, first + len(buf) // SECTOR):
            if n in disk.cache:
                at = (n - first) * SECTOR
                buf[at:at + SECTOR] = disk.cache[n]


def pwrite(disk, buf, offset, flags):
    first = offset // SECTOR
    data = bytes(buf)
    for at in range(0, len(data), SECTOR):
        disk.cache[first + at // SECTOR] = data[at:at + SECTOR]
    if chance.random() < 0.3:
        disk.write_out(chance.sample(sorted(disk.cache), chance.randrange(1 + min(len(disk.cache), 64))))


def flush(disk, flags):
    disk.write_out(sorted(disk.cache))
