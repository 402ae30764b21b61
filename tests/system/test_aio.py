"""Asynchronous I/O on disks whose reads end when the test wants (servers/gates.py): started all at once, told as they end, cancelled, under way when
their process, their context or their disk goes. One guest goes through all of it, on NVMe and on IDE."""
import os
import subprocess
import sys
import time

import pytest

import sluice
from sluice import HERE, Live, program, script_file
from test_nvme import in_flight

sys.path.insert(0, os.path.join(sluice.TOP, "tools"))
from sluicevm import qmp  # noqa: E402

SERVER = os.path.join(HERE, "servers", "gates.py")
PAGES = 64
# The four namespaces of one NVMe controller, and an IDE disk. The root and the gates are NVMe disks of their own.
DISKS = ("a", "b", "c", "d", "ide")
SCRIPT = r"""
G=/dev/nvme1n1; N=/dev/nvme2n1; I=/dev/sda
run() { echo "== $1 $2"; echo 3 > /proc/sys/vm/drop_caches; /t/aiogates $1 $2 $G $3; }
run order $N 0
run queue $I 4
for mode in all cached cancel destroy killed closed; do run $mode $N 0; run $mode $I 4; done
echo "== unplug $I"
/t/aiogates unplug $I $G 4 > /tmp/said & until grep -q READY /tmp/said; do usleep 10000; done
echo 0000:00:01.1 > /sys/bus/pci/drivers/ata_piix/unbind; wait; cat /tmp/said; ls $I
run unplug $N 0
until [ ! -e $N ]; do usleep 10000; done; ls /sys/class/nvme
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("aio")
    for name in DISKS:
        (folder / name).write_bytes(b"".join(n.to_bytes(4, "little").ljust(4096, b"\xa5") for n in range(PAGES)))
    (folder / "gates").write_bytes(b"\1" * 4096)        # open, while the kernel looks for partitions
    socket, monitor = str(folder / "s"), str(folder / "qmp")
    server = subprocess.Popen(["nbdkit", "-f", "-U", socket, "python", SERVER, "gates=%s" % (folder / "gates"), "folder=%s" % folder],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not os.path.exists(socket):
            assert server.poll() is None, "nbdkit does not start"
            time.sleep(0.01)
        drive = ["-drive file=nbd+unix:///%s-%d?socket=%s,format=raw," % (name, n, socket) for n, name in enumerate(DISKS)]
        guest = Live("sh", "/t/script", root="%s,if=nvme" % (folder / "root"), disk=["%s,if=nvme" % (folder / "gates")], timeout=100,
                     add=[(script_file(SCRIPT), "/t/script"), (program("aiogates.c"), "/t/aiogates")],
                     qemu=[qmp.ARGS % monitor, "-device nvme,serial=victim,id=victim", drive[4] + "if=ide,index=1",
                           *("%sif=none,id=n%d -device nvme-ns,drive=n%d,bus=victim" % (drive[n], n, n) for n in range(4)),
                           "-D %s -trace pci_nvme_io_cmd -trace pci_nvme_enqueue_req_completion" % (folder / "trace")])
        guest.wait_for("== unplug /dev/nvme2n1\nsubmitted 32\nREADY")
        with qmp.Qmp(monitor) as m:
            m("device_del", id="victim")
        result = guest.end().good()
    finally:
        server.kill()
        server.wait()
    result.parts = {p.split("\n", 1)[0]: p.split("\n")[1:-1] for p in result.text.split("== ")[1:]}
    result.trace = folder / "trace"
    return result


SETTLED = "requests 0, transfers 0, aio-nr 0, rings 0"
ON = {"nvme": "/dev/nvme2n1", "ide": "/dev/sda"}
on_both = pytest.mark.parametrize("disk", ON)


@on_both
def test_started_before_the_first_one_ends(run, disk):
    assert run.parts["all " + ON[disk]] == ["submitted 32", "events 0", "good 32, EIO 0, ENODEV 0, left 0"], run
    if disk == "nvme":
        assert in_flight(run.trace)[1] >= 32


def test_told_as_they_end(run):
    """The order is that of the disks' ends, not of the requests' starts."""
    assert run.parts["order /dev/nvme2n1"] == ["events 0", "order 2:8 0:8 3:8 1:8"], run
    assert run.parts["queue /dev/sda"] == ["submitted 12", "in order 0 1 2 3 4", "good 7, EIO 0, ENODEV 0, left 0"], run


@on_both
def test_through_the_cache(run, disk):
    """More of them than the pool has threads; readiness is told beside them."""
    assert run.parts["cached " + ON[disk]] == ["submitted 12", "events 0", "1 event, of 1000: 1", "good 12, EIO 0, ENODEV 0, left 0"], run


@on_both
def test_cancel(run, disk):
    assert run.parts["cancel " + ON[disk]] == ["read: Invalid argument", "poll: Operation in progress", "1 event, of 1000: 0",
                                               "good 1, EIO 0, ENODEV 0, left 0"], run


@on_both
def test_destroyed_with_requests_under_way(run, disk):
    assert run.parts["destroy " + ON[disk]] == ["submitted 32, rings 1", "destroyed 0", SETTLED], run


@on_both
def test_process_ends_with_requests_under_way(run, disk):
    """Killed, gone, another program: it waits for what is with the disk, and nothing stays behind."""
    assert run.parts["killed " + ON[disk]] == ["%s; under way 1, early 0, left 0" % end for end in ("signal 9", "exit 0", "exit 0")] + [SETTLED], run


@on_both
def test_file_closed_and_memory_unmapped(run, disk):
    assert run.parts["closed " + ON[disk]] == ["submitted 32", "good 32, untouched 1", SETTLED], run


def test_disk_goes_with_requests_under_way(run):
    """Those that wait for the disk end with ENODEV, those that it has end as it says."""
    lines = run.parts["unplug /dev/sda"]
    assert lines == ["submitted 32", "READY", "no more: No such device", "good 1, EIO 0, ENODEV 31, left 0", "one more: 1",
                     "good 0, EIO 0, ENODEV 1, left 0", SETTLED], run
    lines = run.parts["unplug /dev/nvme2n1"]
    assert lines == ["submitted 32", "READY", "no more: No such device", "good 16, EIO 16, ENODEV 0, left 0", "one more: 1",
                     "good 0, EIO 0, ENODEV 1, left 0", SETTLED, "nvme0", "nvme1"], run


def test_the_pool_copies_with_registers_of_its_own():
    """A copy of the pool that sleeps in a fault leaves the SSE registers of the program that runs meanwhile alone, and gets its own back."""
    r = sluice.vm("/t/fpuaio", add=[(program("fpuaio.c"), "/t/fpuaio")])
    assert (r.status, r.text) == (0, "registers kept 8, buffers right 8 of 8\n"), repr(r)
