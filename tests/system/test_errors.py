"""Errors of disks: each handler of io/error reached by an injected fault, counters, policies, and disks that are late, flaky or gone."""
import hashlib
import json
import os
import subprocess
import sys
import time

import sluice
from sluice import Live, mkfs, script_file, sh

sys.path.insert(0, os.path.join(sluice.TOP, "tools"))
from sluicevm import qmp  # noqa: E402

IDE, NVME = "ide-hd,drive=%s,bus=ide.0,unit=1,werror=report", "nvme,drive=%s,serial=x"
HANDLERS = {"retry", "split", "skip", "reset", "pio", "offline"}


def node(name, image, *rules):
    return "-blockdev '%s'" % json.dumps({"driver": "raw", "node-name": name, "file": {"driver": "blkdebug", "image": {
        "driver": "file", "filename": str(image)}, "inject-error": [dict({"event": "none", "errno": 5, "once": False}, **r) for r in rules]}})


def counts(lines):
    return {k: int(v) for k, v in (line.split() for line in lines)}


def section(r, name):
    text = r.text.split("<%s>\n" % name)[1]
    return text.split("</%s>" % name)[0].splitlines()


COMMON = """e() { echo "<$1>"; cat /sys/block/$2/ioerr; echo "</$1>"; }
"""


SLOW = """if [ $4 -ge 2097152 ]; then sleep 1.8; elif [ $4 -ge 1048576 ] && [ ! -e %s ]; then touch %s; sleep 2.2; fi
dd if=%s bs=65536 skip=$4 count=$3 iflag=skip_bytes,count_bytes status=none"""


class Server:
    """nbdkit with a socket, for the time of a with."""

    def __init__(self, folder, name, *words):
        self.sock = folder / (name + ".sock")
        self.words = ["nbdkit", "-f", "-U", str(self.sock), *map(str, words)]

    def __enter__(self):
        self.p = subprocess.Popen(self.words)
        while not self.sock.exists():
            assert self.p.poll() is None, self.words
            time.sleep(0.05)
        return "file=nbd+unix:///?socket=%s,format=raw" % self.sock

    def __exit__(self, *_):
        self.p.kill()
        self.p.wait()


def test_handlers(tmp_path):
    """Bad, late and flaky on IDE and NVMe; every handler is reached, and which were is printed."""
    rng = sluice.seed()
    data = rng.randbytes(4 << 20)
    for name in "inl":
        (tmp_path / name).write_bytes(data)
    digest = hashlib.md5(data).hexdigest() + "  -"
    bad = 8 * rng.randrange(300, 400) + 3
    flag = tmp_path / "flag"
    with Server(tmp_path, "late", "eval", "get_size=echo %d" % len(data), "pread=" + SLOW % (flag, flag, tmp_path / "l"), "can_write=exit 0",
                "pwrite=cat >/dev/null") as late:
        r = sh(COMMON + """
dd if=/dev/nvme0n1 bs=1M 2>/dev/null | md5sum
dd if=/dev/nvme0n1 of=/dev/null bs=1M iflag=direct 2>&1 | grep -c 'Input/output'
cat /sys/block/nvme0n1/queue/error_policy | grep medium
e nvme nvme0n1
cd /sys/block/nvme0n1/queue; echo medium none > error_policy; echo nonsense > error_policy || echo refused
dd if=/dev/nvme0n1 of=/dev/null bs=64k iflag=direct 2>&1 | grep -c 'Input/output'
echo medium retry split skip > error_policy; echo 0 > error_recovery
dd if=/dev/nvme0n1 of=/dev/null bs=64k iflag=direct 2>&1 | grep -c 'Input/output'
e none nvme0n1
md5sum < /dev/sdb
cd /sys/block/nvme1n1/queue; cat io_timeout; echo 700 > io_timeout
dd if=/dev/nvme1n1 bs=4k count=4 skip=300 iflag=direct 2>/dev/null | md5sum
e late nvme1n1
echo timeout offline > error_policy
for i in 1 2 3; do dd if=/dev/nvme1n1 of=/dev/null bs=4k count=1 skip=600 iflag=direct 2>/dev/null; echo $?; done; cat online
dd if=/dev/nvme1n1 of=/dev/null bs=4k count=1 iflag=direct 2>&1 | grep -o 'Input/output error'
echo 1 > online
dd if=/dev/nvme1n1 bs=4k count=1 iflag=direct 2>/dev/null | md5sum
e off nvme1n1
cd /sys/block/sdc/queue; echo 700 > io_timeout
for i in 0 1; do dd if=/dev/sdc of=/dev/null bs=512 count=1 skip=5000 iflag=direct 2>/dev/null; done
echo 10000 > io_timeout; echo 1 > online; dd if=/dev/sdc bs=512 count=1 skip=5001 iflag=direct 2>/dev/null | md5sum
e pio sdc
sync; dmesg | grep -c 'nvme1: reset'; dmesg | grep -c 'is late'; echo alive
""", timeout=180, qemu=[node("n0", tmp_path / "n", {"sector": bad, "iotype": "read"}), "-device " + NVME % "n0",
                        node("i0", tmp_path / "i", {"sector": 805, "iotype": "read", "once": True}), "-device " + IDE % "i0",
                        "-drive %s,if=none,id=late -device nvme,drive=late,serial=y" % late,
                        "-drive %s,if=none,id=slow -device ide-hd,drive=slow,bus=ide.1,unit=0" % late])
    lines = r.lines
    nvme, none, late, off, pio = (counts(section(r, s)) for s in ("nvme", "none", "late", "off", "pio"))
    reached = {h for s in (nvme, late, off, pio) for h in HANDLERS if s[h]}
    print("handlers reached:", *sorted(reached))
    assert reached == HANDLERS
    assert lines[1] == "1" and "medium retry split skip" in lines and "refused" in lines
    assert none["retry"] == nvme["retry"] and none["failed"] == nvme["failed"] + 2, (nvme, none)
    assert digest in lines, "the transient error was told"

    def sum_of(start, size):
        return hashlib.md5(data[start:start + size]).hexdigest() + "  -"
    assert sum_of(300 * 4096, 16384) in lines and late["timeout"] and late["reset"] and not late["failed"] and late["recovered"], late
    assert off["offline"] == 1 and "Input/output error" in lines and sum_of(0, 4096) in lines, off
    assert sum_of(5001 * 512, 512) in lines and pio["pio"] == 1, pio
    assert int(lines[-3]) >= 4 and int(lines[-2]) >= 5 and lines[-1] == "alive"


def test_flaky(tmp_path):
    """One transfer in twenty fails at random, on IDE and NVMe: no program sees it, nothing is lost."""
    rng = sluice.seed()
    data = rng.randbytes(3 << 20)
    for name in "in":
        (tmp_path / name).write_bytes(data)
    words = ("--filter=error", "file")
    with Server(tmp_path, "a", *words, tmp_path / "i", "error-rate=5%") as ide, Server(tmp_path, "b", *words, tmp_path / "n", "error-rate=5%") as nvme:
        r = sh(COMMON + """
for d in sdb nvme0n1; do
	md5sum < /dev/$d
	dd if=/dev/$d of=/dev/null bs=16k iflag=direct 2>/dev/null || echo told	# so many requests that some fail for sure
	dd if=/dev/$d of=/dev/$d bs=4k count=256 skip=100 seek=500 conv=notrunc,fsync 2>/dev/null || echo told
	for i in 0 1 2 3 4 5 6 7 8 9; do dd if=/dev/$d of=/dev/$d bs=64k count=3 skip=$i seek=$((i + 30)) oflag=direct iflag=direct conv=notrunc 2>&1; done | grep error
	sync
done
dmesg | grep -c error; e ide sdb; e nvme nvme0n1
""", timeout=180, qemu=["-drive %s,if=none,id=i -device ide-hd,drive=i,bus=ide.0,unit=1,werror=report" % ide,
                        "-drive %s,if=none,id=n,werror=report -device nvme,drive=n,serial=n" % nvme]).good()
    assert [x for x in r.lines if x.endswith("-")] == [hashlib.md5(data).hexdigest() + "  -"] * 2 and "told" not in r.text, r
    want = bytearray(data)
    want[500 * 4096:756 * 4096] = want[100 * 4096:356 * 4096]
    for i in range(10):
        want[(i + 30) * 65536:(i + 33) * 65536] = want[i * 65536:(i + 3) * 65536]
    assert (tmp_path / "i").read_bytes() == want and (tmp_path / "n").read_bytes() == want
    nvme = counts(section(r, "nvme"))
    assert nvme["retry"] and nvme["recovered"] and not nvme["failed"], nvme


def test_gone_while_busy(tmp_path):
    """drive_del under readers, a writer and a mounted file system: errors everywhere, an end everywhere, sync included."""
    drives = []
    for name, device in (("i", "ide-hd,drive=i,bus=ide.0,unit=1,werror=report"), ("n", "nvme,drive=n,serial=n")):
        drives += ["-drive file=%s,format=raw,if=none,id=%s%s -device %s" % (mkfs(tmp_path / name, 16), name, ",werror=report" if name == "n" else "", device)]
    sock = str(tmp_path / "qmp")
    script = """for d in sdb nvme0n1; do mkdir -p /t/$d; mount /dev/$d /t/$d; done
for d in sdb nvme0n1; do
	(while dd if=/dev/$d of=/dev/null bs=64k iflag=direct 2>/t/$d.err; do :; done; grep -o 'Input/output error\\|No such device.*' /t/$d.err | head -1) &
	(i=0; while dd if=/dev/zero of=/t/$d/f bs=64k count=20 conv=fsync 2>/t/$d.werr; do :; done; echo writer $d ended) &
done
echo ready; wait
sync; echo synced
for d in sdb nvme0n1; do
	echo 3 > /proc/sys/vm/drop_caches; ls /t/$d > /dev/null 2>&1; umount /t/$d
	grep -E 'medium|gone' /sys/block/$d/ioerr | awk '{ n += $2 } END { print (n > 0) }'
done
echo alive
"""
    guest = Live("sh", "/t/script", add=[(script_file(script), "/t/script")], qemu=[qmp.ARGS % sock, *drives], timeout=120)
    with qmp.Qmp(sock) as monitor:
        guest.wait_for("ready")
        time.sleep(0.3)
        monitor.monitor("drive_del i")
        monitor.monitor("drive_del n")
        r = guest.end()
    assert r.lines[-1] == "alive" and "synced" in r.lines and r.lines.count("Input/output error") == 2, r
    assert {"writer sdb ended", "writer nvme0n1 ended"} <= set(r.lines) and r.lines.count("1") == 2, r


def test_a_failed_write_is_told_to_each_descriptor_once(tmp_path):
    drives = []
    for name, device in (("i", IDE), ("n", NVME)):
        drives += [node(name, sluice.blank(tmp_path / name, 1), {"sector": 100, "iotype": "write"}), "-device " + device % name]
    r = sh("toldonce /dev/sdb; toldonce /dev/nvme0n1", add=[(sluice.program("toldonce.c"), "/bin/toldonce")], qemu=drives).good()
    assert [x.replace("I/O error", "Input/output error") for x in r.lines] == ["Input/output error Input/output error good good good"] * 2
