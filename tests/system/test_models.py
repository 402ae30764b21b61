"""The programs that measure the models of I/O and the copies of sending a file; TCP on a line that loses, doubles and reorders packets."""
import re

from sluice import program, sh, vm


def table(r):
    """{first word of a row: its numbers}, without the heading."""
    return {line.split()[0]: [float(n) for n in re.findall(r"\d+(?:\.\d+)?", line)] for line in r.lines[1:]}


def test_zerocopy(tmp_path):
    (tmp_path / "file").write_bytes(bytes(range(256)) * 2048)
    rows = table(vm("zerocopy", "/t/file", add=[(tmp_path / "file", "/t/file")], accel="icount").good())
    assert {name: row[:2] for name, row in rows.items()} == {"read+write": [2, 2], "mmap+write": [1, 2], "sendfile": [1, 2], "sendfile+gather": [0, 2],
                                                            "splice": [0, 2]}
    assert rows["read+write"][2] > rows["sendfile"][2]


def test_models():
    rows = table(vm("iomodels").good())
    assert list(rows) == ["blocking", "nonblocking", "multiplexing", "signal", "async"]
    assert rows["blocking"][1] == 21 and rows["multiplexing"][1] == 42
    assert rows["blocking"][0] >= 20 and rows["nonblocking"][1] > 100
    assert rows["signal"][4] > rows["blocking"][4] and rows["async"][4] > rows["blocking"][4]


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
