"""Time travel: tools/vm record and replay, and gdb commands that go back in a recorded run."""
import json
import os
import re
import subprocess
import zipfile

import pytest

import sluice

pytestmark = pytest.mark.xdist_group("replay")

SCRIPT = """cat /proc/interrupts /proc/uptime; date; cat /dev/urandom | head -c 64 | md5sum
dd if=/dev/sdb bs=64k 2>/dev/null | md5sum; dd if=/dev/zero of=/dev/sdb bs=4k count=3 2>/dev/null
ls -lR /bin /t > /t/list; sync; md5sum /t/list
for p in 1 2; do (cat /proc/self/stat; usleep 1000; cat /t/script | wc) & done; wait
cat /proc/uptime; echo done >&2; exit 9
"""


def tool(*args):
    args = [sluice.VM, *map(str, args)]
    r = subprocess.run(args, stdin=subprocess.DEVNULL, capture_output=True)
    return sluice.Result(args, r.returncode, r.stdout, r.stderr)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """(folder, what the recorded run said): a script that asks for time, random numbers and both disks."""
    folder = tmp_path_factory.mktemp("replay")
    disk = sluice.mkfs(folder / "disk", 4)
    r = tool("record", folder / "run", "--disk", disk, "--log", folder / "log", "--add", "%s:/t/script" % sluice.script_file(SCRIPT),
             "--get", "/t/list:%s" % (folder / "list"), "--", "sh", "/t/script")
    assert r.status == 9 and r.err == b"done\n" and len(r.lines) > 15, r
    return folder, r


def test_record_does_what_run_does(recorded):
    """Files come out, disks keep what was written."""
    folder, _ = recorded
    assert b"busybox" in (folder / "list").read_bytes()
    with open(folder / "disk", "rb") as f:
        assert f.read(12288) == bytes(12288) and f.read(1 << 20).strip(b"\0")


def test_replays_are_the_run(recorded):
    """Console output byte for byte, twice; the disk that the run changed and everything else beside the recording does not matter."""
    folder, first = recorded
    for n in range(2):
        r = tool("replay", folder / "run", "--log", folder / ("log%d" % n))
        assert (r.status, r.out, r.err) == (first.status, first.out, first.err), r
        assert (folder / ("log%d" % n)).read_bytes() == (folder / "log").read_bytes()


def test_a_long_run(soak, tmp_path):
    """Eight processes on two disks at once."""
    if not soak:
        pytest.skip("only in make soak")
    disk = sluice.mkfs(tmp_path / "disk", 64)
    script = """mkdir /m; mount /dev/sdb /m
for p in 1 2 3 4 5 6 7 8; do
	(for i in $(seq 12); do dd if=/dev/urandom of=/m/$p.$((i % 5)) bs=7k count=$((i * p)) 2>/dev/null; md5sum /m/$p.* | tail -1; sync; usleep 20000; done) &
done; wait; umount /m; cat /proc/interrupts /proc/uptime
"""
    first = tool("record", tmp_path / "run", "--disk", disk, "--log", tmp_path / "log", "--timeout", "900", "--add",
                 "%s:/t/script" % sluice.script_file(script), "--", "sh", "/t/script")
    assert first.status == 0 and len(first.lines) > 96, first
    for n in range(2):
        r = tool("replay", tmp_path / "run", "--log", tmp_path / "log2", "--timeout", "1800")
        assert r.status == 0 and r.out == first.out and (tmp_path / "log2").read_bytes() == (tmp_path / "log").read_bytes(), r


def test_rewind(recorded):
    folder, first = recorded
    (folder / "script").write_text("set logging file %s\nset logging redirect on\nset logging enabled on\n" % (folder / "gdb") + """python
def at(what):
    print("=== %s %s | %s" % (what, gdb.execute("io-when", to_string=True).strip(), gdb.execute("info registers", to_string=True).replace("\\n", ";")))
def fails(command):
    try:
        gdb.execute(command)
        print("=== no error from " + command)
    except gdb.error as e:
        print("=== ERROR " + str(e))
end
break ata_irq
continue
continue
continue
python at("one")
python here = int(gdb.execute("io-when", to_string=True).split()[1])
stepi 3000
python at("two")
break sys_dup3
io-rewind -3000
python at("one")
io-frame
python gdb.execute("io-rewind %d" % (here + 3000))
python at("two")
delete 1
python fails("io-rewind -999999999999")
python fails("io-rewind soon")
python fails("io-rewind")
python fails("io-rewind 999999999999")
python fails("io-when")
python gdb.execute("io-rewind %d" % here)
python at("one")
""")
    r = tool("replay", folder / "run", "--gdb-script", folder / "script")
    said = (folder / "gdb").read_text()
    assert r.status == 9 and "Traceback" not in said + r.err.decode(), r
    places = {}
    for m in re.finditer(r"^=== (one|two) instruction (\d+) \| (.*)$", said, re.M):
        places.setdefault(m.group(1), []).append((int(m.group(2)), m.group(3)))
    assert len(places["one"]) == 3 and len(set(places["one"])) == 1 and len(places["two"]) == 2 and len(set(places["two"])) == 1, places
    assert places["two"][0][0] == places["one"][0][0] + 3000
    assert re.search(r"^interrupted at .* IRQ 14$", said, re.M)
    errors = re.findall(r"^=== ERROR (.*)$", said, re.M)
    assert len(errors) == 5 and "were executed so far" in errors[0] and "the recording ends before" in errors[3] and "no guest" in errors[4], errors
    # What the command printed comes out once, however often the run is started anew.
    inside = "".join(line + "\n" for line in first.lines)
    assert r.text.count(inside) == 1 and r.err.count(b"done\n") == 1


def test_no_replay(tmp_path):
    (tmp_path / "script").write_text("""python
for c in ("io-when", "io-rewind 5"):
    try:
        gdb.execute(c)
    except gdb.error as e:
        print("=== ERROR " + str(e))
end
""")
    r = tool("run", "--gdb-script", tmp_path / "script", "--", "true")
    assert r.text.count("=== ERROR io-") == 2 and r.text.count("this run is not a replay") == 2, r


def refuses(said, *args):
    r = tool(*args)
    assert r.status == 126 and said in r.err.decode() and len(r.err.splitlines()) == 1 and not r.out, r


def altered(source, target, change):
    """A copy of a recording with its members changed: change(name, data) gives the new data, None for none."""
    with zipfile.ZipFile(source) as a, zipfile.ZipFile(target, "w") as b:
        for name in a.namelist():
            data = change(name, a.read(name))
            if data is not None:
                b.writestr(name, data)
    return target


def test_refuses_what_has_changed(recorded, tmp_path):
    folder, _ = recorded
    run = folder / "run"

    def manifest(**words):
        def change(name, data):
            return json.dumps(dict(json.loads(data), **words)) if name == "manifest.json" else data
        return change

    def flip(member):
        return lambda name, data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:] if name == member else data

    machine = json.loads(zipfile.ZipFile(run).read("manifest.json"))["machine"]
    refuses("its kernel has changed", "replay", altered(run, tmp_path / "a", flip("kernel")))
    refuses("its image-0 has changed", "replay", altered(run, tmp_path / "b", flip("image-0")))
    refuses("its image-1 has changed", "replay", altered(run, tmp_path / "c", lambda name, data: None if name == "image-1" else data))
    refuses("QEMU has changed", "replay", altered(run, tmp_path / "d", manifest(machine=dict(machine, qemu="QEMU emulator version 1.0"))))
    refuses("QEMU's firmware has changed", "replay", altered(run, tmp_path / "e", manifest(machine=dict(machine, firmware="0"))))
    refuses("made by another tools/vm", "replay", altered(run, tmp_path / "f", manifest(format=0)))
    whole = run.read_bytes()
    (tmp_path / "g").write_bytes(whole[:len(whole) // 2])
    refuses("no recording, or a damaged one", "replay", tmp_path / "g")
    refuses("No such file", "replay", tmp_path / "none")
    # Other output than recorded is never success.
    streams = json.loads(zipfile.ZipFile(run).read("manifest.json"))["streams"]
    r = tool("replay", altered(run, tmp_path / "h", manifest(streams=dict(streams, out="0"))))
    assert r.status == 126 and b"its stdout differs" in r.err


def test_refuses_what_it_cannot_do(recorded, tmp_path):
    folder, _ = recorded
    disk = sluice.blank(tmp_path / "disk", 1)
    refuses("no FILE", "record", "--", "true")
    refuses("no COMMAND", "record", tmp_path / "x")
    refuses("no such folder", "record", tmp_path / "none" / "x", "--", "true")
    refuses("NVMe", "record", tmp_path / "x", "--disk", disk + ",if=nvme", "--", "true")
    refuses("is not recorded", "record", tmp_path / "x", "--qemu", "-drive file=%s,if=none,id=x" % disk, "--", "true")
    refuses("record first", "record", tmp_path / "x", "--gdb", "--", "true")
    refuses("not for a replay", "replay", folder / "run", "--mem", "64")
    refuses("the command is the recorded one", "replay", folder / "run", "--", "true")
    assert os.listdir(tmp_path) == ["disk"]


def test_other_disks_and_input(tmp_path):
    """A CD-ROM, a floppy, an AHCI and a virtio disk beside it; and a run that is ended from outside replays to its end, too."""
    disks = ["--disk=%s,if=%s" % (sluice.blank(tmp_path / kind, 1), kind) for kind in ("ahci", "virtio", "cdrom")]
    disks.append("--disk=%s,if=floppy" % (tmp_path / "fd"))
    with open(tmp_path / "fd", "wb") as f:
        f.truncate(1440 << 10)
    first = tool("record", tmp_path / "run", *disks, "--mem", "32", "--log", tmp_path / "log", "--timeout", "3", "--", "sh", "-c",
                 "cat /proc/interrupts; sleep 100")
    assert first.status == 124 and b"stopped after 3 s" in first.err, first
    again = tool("replay", tmp_path / "run", "--log", tmp_path / "log2")
    assert (again.status, again.out, again.err) == (124, first.out, first.err) and (tmp_path / "log").read_bytes() == (tmp_path / "log2").read_bytes(), again
