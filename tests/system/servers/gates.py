"""
nbdkit's Python plugin for disks whose reads end when the test wants: each 4 KiB page has a gate, and a read of several waits for all of theirs.

    nbdkit -f -U SOCKET python gates.py gates=FILE folder=DIR

Each export NAME-N is the file DIR/NAME; the gate of its page p is byte 512 * N + p of FILE: 0 shut, 1 open, 2 the read fails with EIO. FILE may
be another disk of the guest, so that the guest opens them itself. A gate that stays shut for too long fails as well.
Each export does one request after the other: QEMU 7.2 can forget one when answers come back in another order than it asked.
"""
import errno
import os
import time

import nbdkit

API_VERSION = 2
PAGE = 4096
LIMIT = 90.0

folder, gates = ".", None


def config(key, value):
    global folder, gates
    if key == "folder":
        folder = value
    elif key == "gates":
        gates = os.open(value, os.O_RDONLY)
    else:
        raise RuntimeError("unknown parameter " + key)


def thread_model():
    return nbdkit.THREAD_MODEL_SERIALIZE_REQUESTS


def open(readonly):     # the name that nbdkit wants
    name, number = nbdkit.export_name().rsplit("-", 1)
    return os.open(os.path.join(folder, name), os.O_RDWR), 512 * int(number)


def get_size(disk):
    return os.fstat(disk[0]).st_size


def can_multi_conn(disk):
    return True


def pread(disk, buf, offset, flags):
    first, last = offset // PAGE, (offset + len(buf) - 1) // PAGE
    end = time.monotonic() + LIMIT
    while True:
        seen = os.pread(gates, last - first + 1, disk[1] + first)
        if 2 in seen or time.monotonic() > end:
            nbdkit.set_error(errno.EIO)
            raise RuntimeError("page %d fails" % first)
        if seen and 0 not in seen:
            break
        time.sleep(0.005)
    os.preadv(disk[0], [buf], offset)


def pwrite(disk, buf, offset, flags):
    os.pwrite(disk[0], buf, offset)


def flush(disk, flags):
    os.fdatasync(disk[0])
