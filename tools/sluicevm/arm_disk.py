"""A disk whose arm takes time: a plug-in for nbdkit, started by tools/vm for --disk FILE,seek[=NAME:VALUE+NAME:VALUE...].

A request costs the way of the arm, the turn of the platter until its first sector comes by, and the transfer:

    seek      track + (full - track) * sqrt(distance / cylinders), nothing when the cylinder is the same
    rotation  until the angle of the sector is under the head; the platter turns with the modelled clock. Nothing for what goes on
              where the last request ended
    transfer  bytes / rate

With the default figures a random request takes 5 to 10 ms of seek and 0 to 6 ms of rotation (3 on average), as the documents have it (chapter 2).
The modelled clock counts service times only, so the same requests in the same order always cost the same; the real time that the guest
sees is the modelled one times `scale`. A flush (op F) costs nothing: what was written is on the platter.

    track     ms from one cylinder to the next (0.3)       full     ms over the whole disk (14)
    rpm       turns a minute (10000)                       rate     MB/s (150)
    cylinders (10000)                                      scale    real time for modelled time (1)
    hold      a file: a read of the disk's last 4 KiB waits until the first byte of that file is not 0, and makes it 0 again (at most 30 s):
              others queue up behind it meanwhile. The file may be another disk of the guest, so that the guest says when it goes on
    log       file of the log (FILE.arm.log)

The log has a line for each request, in the order they came to the disk:

    op offset bytes from-cylinder to-cylinder seek-us rotation-us transfer-us service-us

and begins anew with each run.
"""
import os
import time

import nbdkit

API_VERSION = 2
NUMBERS = {"track": 0.3, "full": 14.0, "rpm": 10000.0, "rate": 150.0, "cylinders": 10000.0, "scale": 1.0}
HOLD_LIMIT = 30.0


class Arm:
    """The state of the one disk: where the arm stands, and what time it is in the model (seconds)."""

    def __init__(self):
        self.file = self.log = self.hold = None
        self.size = self.cylinder = 0
        self.clock = 0.0
        self.end = 0            # where the last request ended: what goes on there is under the head already
        self.p = dict(NUMBERS)


arm = Arm()


def config(key, value):
    if key == "file":
        arm.file = value
    elif key == "log":
        arm.log = value
    elif key == "hold":
        arm.hold = value
    elif key in NUMBERS:
        arm.p[key] = float(value)
    else:
        raise ValueError("no such parameter: " + key)


def config_complete():
    if not arm.file:
        raise ValueError("file= is missing")
    arm.log = os.open(arm.log or arm.file + ".arm.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o644)


def thread_model():
    return nbdkit.THREAD_MODEL_SERIALIZE_ALL_REQUESTS


def open(_readonly):  # noqa: A001: nbdkit wants this name
    fd = os.open(arm.file, os.O_RDWR)
    arm.size = os.fstat(fd).st_size
    return fd


def get_size(_handle):
    return arm.size


def can_multi_conn(_handle):
    return True


def serve(op, offset, length):
    """Move the arm, note what it cost, and let that time pass."""
    p = arm.p
    cylinders = min(p["cylinders"], max(1, arm.size // 4096))
    track_bytes = arm.size / cylinders
    to = int(offset / track_bytes)
    distance = abs(to - arm.cylinder) if offset != arm.end else 0
    seek = (p["track"] + (p["full"] - p["track"]) * (distance / cylinders) ** 0.5) / 1000 if distance else 0.0
    turn = 60 / p["rpm"]
    angle = offset / track_bytes % 1.0
    rotation = (angle - (arm.clock + seek) / turn) % 1.0 * turn if offset != arm.end else 0.0
    transfer = length / (p["rate"] * 1e6)
    service = seek + rotation + transfer
    end = min(int((offset + length - 1) / track_bytes), int(cylinders) - 1)
    os.write(arm.log, b"%s %d %d %d %d %d %d %d %d\n" % (op, offset, length, arm.cylinder, to, seek * 1e6, rotation * 1e6, transfer * 1e6, service * 1e6))
    arm.cylinder, arm.end = end, offset + length
    arm.clock += service
    pause = service * p["scale"]
    if arm.hold and op == b"R" and offset == arm.size - 4096:
        wait_for_release()
    if pause > 0:
        time.sleep(pause)


def wait_for_release():
    end = time.monotonic() + HOLD_LIMIT
    fd = os.open(arm.hold, os.O_RDWR)
    while os.pread(fd, 1, 0) in (b"", b"\0") and time.monotonic() < end:
        time.sleep(0.001)
    os.pwrite(fd, b"\0", 0)
    os.close(fd)


def pread(handle, buf, offset, _flags):
    serve(b"R", offset, len(buf))
    os.preadv(handle, [buf], offset)


def pwrite(handle, buf, offset, _flags):
    serve(b"W", offset, len(buf))
    os.pwrite(handle, buf, offset)


def flush(handle, _flags):
    os.write(arm.log, b"F 0 0 %d %d 0 0 0 0\n" % (arm.cylinder, arm.cylinder))
    os.fdatasync(handle)
