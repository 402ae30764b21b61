"""The programs that measure the models of I/O and the copies of sending a file; TCP on a bad line; what waiting for many descriptors costs."""
import re
import socket
import threading
import time

from sluice import program, sh, vm


def table(lines):
    """{first word of a row: its numbers}, without the heading."""
    return {line.split()[0]: [float(n) for n in re.findall(r"\d+(?:\.\d+)?", line)] for line in lines[1:]}


def test_zerocopy(tmp_path):
    (tmp_path / "file").write_bytes(bytes(range(256)) * 2048)
    r = sh("zerocopy /t/file; echo pio > /sys/block/sda/device/transfer_mode; zerocopy /t/file", add=[(tmp_path / "file", "/t/file")], accel="icount").good()
    copies = {"read+write": [2, 2], "mmap+write": [1, 2], "sendfile": [1, 2], "sendfile+gather": [0, 2], "splice": [0, 2]}
    dma, pio = table(r.lines[:6]), table(r.lines[6:])
    assert {name: row[:2] for name, row in dma.items()} == copies
    assert {name: row[:2] for name, row in pio.items()} == {name: [cpu + 1, by_device - 1] for name, (cpu, by_device) in copies.items()}
    assert dma["read+write"][2] > dma["sendfile"][2]


COPIES = """
nothing                     0: cpu 0, dma 0, file 0
read from a file        65536: cpu 65536, dma 0, file 65536
write to a pipe         65536: cpu 65536, dma 0, file 65536
read from a pipe        65536: cpu 65536, dma 0, file 65536
write to a socket       65536: cpu 65536, dma 0, file 65536
recv from a socket      65536: cpu 65536, dma 0, file 65536
send by TCP             65536: cpu 65536, dma 65536, file 65536
recv by TCP             65536: cpu 65536, dma 0, file 65536
sendfile by TCP         65536: cpu 0, dma 65536, file 0
read by TCP             65536: cpu 65536, dma 0, file 65536
half of it              32768: cpu 32768, dma 0, file 32768
a bad buffer               -1: cpu 0, dma 0, file 0
AIO by the cache        65536: cpu 65536, dma 0, file 65536
AIO by DMA              65536: cpu 0, dma 65536, file 0
"""


def test_copies_counted():
    """Each byte that is moved is counted once, for the process and for the file; what was not moved is not counted."""
    r = vm("/t/copies", add=[(program("copies.c"), "/t/copies")]).good()
    assert r.text == COPIES.lstrip(), r.text


MODELS = ["blocking", "nonblocking", "multiplexing", "signal", "async"]


def feed(path, up):
    """The host's end of a serial line: 20 blocks of 64 bytes each time a byte comes."""
    with socket.socket(socket.AF_UNIX) as s:
        while s.connect_ex(path):       # QEMU is not that far
            if not up():
                return
            time.sleep(0.02)
        while s.recv(1):
            for n in range(20):
                time.sleep(0.01)
                s.sendall(bytes([n]) * 64)


def test_models(tmp_path):
    """From each source the same table; what a model cannot do with a source shows in it."""
    line, running = str(tmp_path / "line"), [True]
    with open(tmp_path / "disk", "wb") as f:
        f.truncate(1 << 20)
    feeder = threading.Thread(target=feed, args=(line, lambda: running[0]), daemon=True)
    feeder.start()
    try:
        r = sh("for s in udp serial 'disk /dev/sdb'; do echo == $s; iomodels $s || exit 1; done", disk=["%s,slow=10ms" % (tmp_path / "disk")],
               qemu="-chardev socket,id=line,path=%s,server=on,wait=on -serial chardev:line" % line).good()
    finally:
        running[0] = False
    tables = {part.split("\n", 1)[0]: {line.split()[0]: [float(n) for n in re.findall(r"\d+(?:\.\d+)?", line)] for line in part.splitlines()[2:]}
              for part in r.text.split("== ")[1:]}
    assert list(tables) == ["udp", "serial", "disk /dev/sdb"] and all(list(t) == MODELS for t in tables.values()), r
    rows = tables["udp"]
    assert rows["blocking"][1] == 21 and rows["multiplexing"][1] == 42 and rows["nonblocking"][1] > 100 and rows["blocking"][0] >= 10, r
    for name in "udp", "serial":
        rows = tables[name]
        assert rows["blocking"][0] >= 1 and rows["blocking"][1] >= 20 and rows["nonblocking"][1] > rows["blocking"][1], (name, r)
        assert rows["blocking"][4] == 20 and rows["signal"][4] > 20 and rows["async"][4] > 20, (name, r)
    rows = tables["disk /dev/sdb"]
    assert [rows[m][1] for m in MODELS[:4]] == [20, 20, 40, 22] and rows["async"][4] > 20, r     # a disk is always ready, and its reads block
    assert all(rows[m][0] >= 10 and rows[m][4] == 20 for m in MODELS[:4]), r


def test_a_line_that_loses_packets():
    r = sh("echo 10 10 30 >/proc/sys/net/lo_faults; cat /proc/sys/net/lo_faults; /t/inet faults; tail -1 /proc/net/dev",
           add=[(program("same/inet.c"), "/t/inet")], timeout=110).good()
    assert r.lines[0] == "10 10 30" and "got 3000000, bad 0" in r.lines and "sender: exit 0" in r.lines, repr(r)
    assert int(r.lines[-1].split()[4]) > 0, "nothing was dropped"


def test_two_buffers_work_while_the_disk_does(tmp_path):
    with open(tmp_path / "disk", "wb") as f:
        f.truncate(1 << 20)
    r = vm("buffering", "/dev/sdb", "8", disk=[str(tmp_path / "disk") + ",slow=10ms"]).good()
    single, double = (next(line.split() for line in r.lines if line.startswith(name)) for name in ("single", "double"))
    assert single[1:3] == ["8", "0"] and double[1:3] == ["8", "7"], repr(r)


def test_waiting_for_one_of_many():
    """In guest instructions: an event of epoll costs the same among 4,096 pipes as among 10; select and poll cost at most 80 for each pipe."""
    r = vm("/t/waitcost", add=[(program("waitcost.c"), "/t/waitcost")], accel="icount").good()
    cost = {(call, int(n)): float(ns) for call, n, ns in (line.split() for line in r.lines)}
    assert len(cost) == 8 and min(cost.values()) > 10, repr(r)
    assert cost["epoll", 4096] < 1.25 * cost["epoll", 10], repr(r)
    for call in ("select", "poll"):
        assert cost[call, 1000] < 1.1 * cost[call, 100] and cost[call, 100] < 1.5 * cost[call, 1000], repr(r)
        assert cost[call, 10] < 80 and cost[call, 100] < 45 and cost[call, 1000] < 40, repr(r)
