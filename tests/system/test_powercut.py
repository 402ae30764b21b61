"""
Power cuts: disks with a volatile cache behind an NBD server; QEMU and the server are killed in the middle of a writing torture. What e2fsck leaves
must hold everything that fsync had acknowledged. Three disks at a time make three cuts of one run of the machine.
"""
import os
import shutil
import signal
import subprocess
import time

import sluice
from sluice import Live, debugfs, mkfs, program

SERVER = os.path.join(sluice.HERE, "servers", "volatile.py")
DISKS = ("a", "b", "c")
BLOCK_SIZES = {"a": "1024", "b": "4096", "c": "1024"}
RECORD = 16


class File:
    """What a file may hold: a set of tags for each record, and whether it must be there."""

    def __init__(self, tags, must=True):
        self.tags, self.must = tags, must


def data_of(tags):
    return b"".join(b"%s%08x" % (t, i) for i, t in enumerate(tags))


class Model:
    """What is on one disk by what the torture said."""

    def __init__(self):
        self.files, self.step, self.acks = {}, None, 0

    def line(self, words):
        if words[0] == "ack":
            self.acks += 1
            self.files = self.after()
            self.step = None
        else:
            self.step = words[1:]

    def after(self):
        """The files once the step has been done: {name: [tags]}."""
        if self.step is None:
            return self.files
        kind, name, first, count, tag = self.step[0], self.step[1], int(self.step[2]), int(self.step[3]), self.step[4].encode()
        files = dict(self.files)
        if kind in ("create", "replace"):
            files[name] = [tag] * count
        elif kind in ("append", "over", "map"):
            files[name] = files[name][:first] + [tag] * count + files[name][first + count:]
        elif kind == "cut":
            files[name] = files[name][:count]
        elif kind == "remove":
            del files[name]
        return files

    def complaints(self, read):
        """What is wrong with the disk; read(name) gives the contents, None if there is no such file."""
        wrong, later = [], self.after()
        for name in sorted(set(self.files) | set(later)):
            got = read(name)
            if self.step and name == self.step[1] and self.step[0] != "noise":
                if not self.under_way(got, self.files.get(name), later.get(name), lambda: read(name + ".tmp")):
                    wrong.append("%s, of which %s was under way" % (name, self.step))
            elif got != data_of(self.files[name]):
                wrong.append("%s: %s" % (name, describe(got, data_of(self.files[name]))))
        return wrong

    def under_way(self, got, old, new, read_tmp):
        kind = self.step[0]
        if kind == "create":
            return True     # nothing was promised
        if got is None:
            # A name that is being replaced may be seen gone once the new contents are there; ext2 has no journal.
            return kind == "remove" or kind == "replace" and read_tmp() == data_of(new)
        if kind in ("remove", "replace"):
            return got == data_of(old) or new is not None and got == data_of(new)
        keep = min(len(old), len(new))     # append, over, map, cut: what is not concerned stays, the rest is old or new
        for i in range(keep):
            if got[i * RECORD:(i + 1) * RECORD] not in (data_of_record(old, i), data_of_record(new, i)):
                return False
        return True


def data_of_record(tags, i):
    return b"%s%08x" % (tags[i], i)


def describe(got, want):
    if got is None:
        return "is gone"
    at = next((i for i in range(min(len(got), len(want))) if got[i] != want[i]), min(len(got), len(want)))
    return "has %d bytes, should have %d; differs from %d on: %r, should be %r" % (len(got), len(want), at, got[at:at + 24], want[at:at + 24])


def cut_once(tmp_path, templates, rng, longest):
    """One run of the machine, ended by the cut: how many acknowledgements each disk had, and complaints."""
    folder = tmp_path / ("run%d" % rng.randrange(1 << 30))
    folder.mkdir()
    for d in DISKS:
        shutil.copyfile(templates[d], folder / d)
    socket, pidfile, seed = folder / "sock", folder / "qemu.pid", rng.randrange(1, 1 << 30)
    server = subprocess.Popen(["nbdkit", "-f", "-U", str(socket), "python", SERVER, "folder=%s" % folder, "seed=%d" % seed],
                              stdin=subprocess.DEVNULL, stderr=open(folder / "server.log", "w"))
    try:
        end = time.monotonic() + sluice.PATIENCE
        while not socket.exists():
            assert time.monotonic() < end and server.poll() is None, (folder / "server.log").read_text()
            time.sleep(0.01)
        qemu = ["-pidfile %s" % pidfile] + ["-drive file=nbd+unix:///%s?socket=%s,format=raw,if=ide,index=%d,media=disk" % (d, socket, i + 1)
                                            for i, d in enumerate(DISKS)]
        script = "".join("mkdir /%s; mount -t ext2 /dev/sd%s /%s; " % (d, "bcd"[i], d) for i, d in enumerate(DISKS))
        script += "".join("/t/powercut /%s %s %d & " % (d, d, seed + i) for i, d in enumerate(DISKS)) + "wait"
        live = Live("sh", "-c", script, add=[(program("powercut.c"), "/t/powercut")], qemu=qemu)
        wanted = rng.randrange(1, rng.choice((60, longest)))
        live_until(live, lambda: live.out.count(b" ack\n") >= wanted)
        time.sleep(rng.random() * 0.02)
        first, second = rng.sample([server.pid, int(pidfile.read_text())], 2)
        os.kill(first, signal.SIGKILL)
        os.kill(second, signal.SIGKILL)
    finally:
        server.kill()
        server.wait()
    result = live.end()
    assert b"panic" not in result.err.lower(), repr(result)
    return judge(folder, result.text, "seed %d, %d acknowledgements wanted" % (seed, wanted))


def live_until(live, condition):
    end = time.monotonic() + sluice.PATIENCE
    while not condition():
        assert time.monotonic() < end and live.p.poll() is None, repr(live.end())
        time.sleep(0.002)


def judge(folder, text, what):
    wrong, acks = [], 0
    lines = text.split("\n")
    for d in DISKS:
        model = Model()
        for line in lines[:-1]:     # what comes after the last newline was cut short
            words = line.split()
            if words and words[0] == d:
                model.line(words[1:])
        acks += model.acks
        r = subprocess.run(["e2fsck", "-fy", str(folder / d)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert r.returncode in (0, 1), "%s, disk %s: e2fsck says %d\n%s" % (what, d, r.returncode, r.stdout)
        out = folder / (d + ".files")
        out.mkdir()
        debugfs(folder / d, *["rdump %s %s" % (x, out) for x in ("d0", "d1", "d2")])

        def read(name):
            path = out / name
            return path.read_bytes() if path.exists() else None
        complaints = model.complaints(read)
        if complaints:
            wrong.append("%s, disk %s after %d: %s\n%s" % (what, d, model.acks, "; ".join(complaints), r.stdout))
    if not wrong:
        shutil.rmtree(folder)
    return acks, wrong


def test_what_was_synced_survives_a_power_cut(tmp_path, soak):
    """7 cuts of 3 disks; 67 in `make soak`."""
    rng = sluice.seed()
    templates = {d: mkfs(tmp_path / ("template" + d), 12, options=("-b", BLOCK_SIZES[d], "-N", "512")) for d in DISKS}
    acks, wrong = 0, []
    for _ in range(67 if soak else 7):
        more, complaints = cut_once(tmp_path, templates, rng, 600 if soak else 150)
        acks += more
        wrong += complaints
    assert not wrong, "\n".join(wrong)
    assert acks > 20
