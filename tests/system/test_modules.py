"""Loadable modules, from the outside: make module, insmod and rmmod, parameters, dependencies, files of devices that go, broken files, and the
driver of the design document as it is printed."""
import os
import re
import shutil
import struct
import subprocess
import zlib

import pytest

from sluice import BUILD, HERE, KERNELS, TOP, listing, program, script_file, seed, vm

MAGIC = b"SLmodCRC"
pytestmark = pytest.mark.xdist_group("modules")      # one guest for most of them


def make_module(folder, *options):
    """make module M=folder; what it printed."""
    r = subprocess.run(["make", "--no-print-directory", "module", "M=%s" % folder, *options], cwd=TOP, stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=dict(os.environ, SLUICE_DEPS_DONE="1", MAKEFLAGS=""))
    return r.returncode, r.stdout


def mychar_listing():
    """The driver of chapter 4.2 of the design document."""
    return listing("c", "mychar_init", "alloc_chrdev_region")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder with the modules of tests/system/modules and the first one of docs/drivers.md, built outside the tree."""
    folder = str(tmp_path_factory.mktemp("modules"))
    shutil.copytree(os.path.join(HERE, "modules"), folder, dirs_exist_ok=True)
    with open(os.path.join(TOP, "docs", "drivers.md")) as f, open(os.path.join(folder, "hello.c"), "w") as hello:
        hello.write(re.search(r"```c\n(.*?)```", f.read(), re.S).group(1))
    top = os.path.join(TOP, "kernel", "include")
    headers = sorted((os.path.relpath(os.path.join(at, n), top) for at, _, names in os.walk(top) for n in names), reverse=True)
    with open(os.path.join(folder, "headers.c"), "w") as f:
        f.write("".join("#include <%s>\n" % h for h in headers) + 'MODULE_LICENSE("GPL");\n')
    status, out = make_module(folder)
    assert status == 0, out
    assert re.findall(r'warning: "(\w+)" is not offered', out) == ["no_such_thing", "nor_this_one"], out
    return folder


# ---- one guest for all that a script can see --------------------------------------

SCRIPT = r"""
cd /t/m
say() { echo "== $*"; }
say params
insmod params.ko number=-0x10 'word="two words"' flag list=5,6,7 words=a,b big=18446744073709551615 hidden=9 unknown=1 count=4294967295
echo status=$?
cd /sys/module/params/parameters; for i in *; do echo "$i=$(cat $i) $(stat -c %a $i)"; done
echo 77 > number; echo new > word; echo 9,8 > list; echo 81 > nr_port; echo N > flag; echo n > inverted; echo 4 > even; echo -n xyz > text
echo "now $(cat number) $(cat word) $(cat list) $(cat nr_port) $(cat flag) $(cat inverted) $(cat even) $(cat text)"
echo 5 > even; echo 70000 > nr_port; echo 1,2,3,4,5 > list; echo 12345678 > text; echo x > number
echo "still $(cat number) $(cat list) $(cat nr_port) $(cat even) $(cat text)"
cat ../version ../initstate ../refcnt
cd /t/m; rmmod params; ls -d /sys/module/params
for bad in number=12x count=-1 nr_port=65536 list=1,2,3,4,5 word number flag=maybe text=12345678; do insmod params.ko $bad; echo "$bad=$?"; done
say dependencies
insmod user.ko; echo status=$?
insmod provider.ko; insmod user.ko; grep -E 'provider|user' /proc/modules | sed 's/0x.*//'; ls /sys/module/provider/holders
rmmod provider; echo status=$?
rmmod user; insmod closed.ko; echo status=$?; rmmod provider; lsmod | wc -l
say failures
insmod badinit.ko error=17 word=kept; echo status=$?
insmod badinit.ko error=110; echo status=$?
cat /proc/modules; ls /sys/module; grep badinit /proc/devices
insmod nosym.ko; echo status=$?
insmod noexit.ko; insmod noexit.ko; echo twice=$?; rmmod noexit; echo status=$?; cat /proc/modules | sed 's/0x.*//'
head -c 1000 params.ko > short.ko; insmod short.ko; echo status=$?; insmod /bin/busybox; echo status=$?
rmmod nobody; echo status=$?
say user
cp mychar.ko /tmp/x.ko; chmod 644 /tmp/x.ko
su user -c 'insmod /tmp/x.ko'; echo status=$?
insmod /tmp/x.ko; su user -c 'rmmod mychar; cat /proc/modules' | grep -v noexit; su user -c 'cat /sys/module/mychar/sections/.text'; rmmod mychar
say debug
insmod other.ko; echo status=$?
say mutations
/t/modmut mychar.ko changes; echo status=$?
say held
insmod held.ko; exec 5</dev/held1; rmmod held; echo busy=$?; cat /sys/module/held/refcnt; /t/held; exec 5<&-
rmmod held; echo status=$?; grep held /proc/devices; ls /dev/held* /sys/class/held
say forgetful
insmod forgetful.ko; mknod /tmp/f c $(grep forgetful /proc/devices | cut -d' ' -f1) 0; cat /tmp/f; echo read=$?; rmmod forgetful; echo status=$?
cat /tmp/f; sleep 0.1; grep -c forgetful /proc/interrupts
say misc
insmod misc.ko
ls -l /dev/misctest | tr -s ' ' | cut -d' ' -f1,5-6; su user -c 'exec 5<>/dev/misctest; echo word >&5; cat <&5'
cd /sys/class/misc/misctest; echo 7 > level; cat level; echo x > level; cat level; cd /t/m; rmmod misc; ls /dev/misctest
say hello
exec 6</dev/uevents; insmod hello.ko times=2; cat /sys/module/hello/parameters/times; rmmod hello; timeout 1 cat <&6 2>/dev/null | grep -E 'ACTION|DEVPATH|SUBSYSTEM'; exec 6<&-
say mypipe
modprobe mypipe size=5000; /t/mypipe 8192; rmmod mypipe; ls /dev/mypipe*
say rounds
mem() { grep MemFree /proc/meminfo | tr -dc 0-9; }
round() { insmod mychar.ko && echo $1 > /dev/mychar && [ "$(cat /dev/mychar)" = $1 ] && rmmod mychar || echo bad; }
for i in 1 2 3 4 5; do round $i; done
a=$(mem); i=0; while [ $i -lt ROUNDS ]; do round $i; i=$((i+1)); done; echo lost=$((a-$(mem)))
say log
dmesg | sed 's/^\[[^]]*\] *//' | grep -E '^(params|user|closed|nosym|module|held|noexit|mychar|forgetful|other|badinit):|^hello, |^goodbye'
"""


def put_u32(data, at, v):
    data[at:at + 4] = struct.pack("<I", v & 0xffffffff)


class Ko:
    """The numbers of an ELF file that a change may hit."""

    def __init__(self, data):
        self.data = data
        self.shoff = struct.unpack_from("<I", data, 32)[0]
        self.shnum = struct.unpack_from("<H", data, 48)[0]
        self.sections = [list(struct.unpack_from("<10I", data, self.shoff + 40 * i)) for i in range(self.shnum)]
        names = self.sections[struct.unpack_from("<H", data, 50)[0]]
        self.names = [data[names[4] + s[0]:].split(b"\0", 1)[0].decode() for s in self.sections]
        self.symtab = next(i for i, s in enumerate(self.sections) if s[1] == 2)

    def section(self, name):
        return self.sections[self.names.index(name)]


def changes(data, rng, count):
    """Changes of a module's sections, symbols and relocations that each make it invalid, with the checksum put right or left wrong."""
    assert data[-12:-4] == MAGIC
    ko, size = Ko(data[:-12]), len(data) - 12
    sym = ko.sections[ko.symtab]
    strings = ko.sections[sym[6]]
    loaded = [i for i, s in enumerate(ko.sections) if s[2] & 2]
    rels = [i for i, s in enumerate(ko.sections) if s[1] == 9 and ko.sections[s[7]][2] & 2 and s[5]]
    symbols = range(1, sym[5] // 16)
    shndx = {n: struct.unpack_from("<H", data, sym[4] + 16 * n + 14)[0] for n in symbols}
    outside = lambda: rng.choice([size, size + 1, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff, rng.randrange(size, 1 << 32)])
    field = lambda i, n: ko.shoff + 40 * i + 4 * n

    def change(new):
        kind = rng.randrange(14)
        if kind == 0:                                   # a section outside the file
            put_u32(new, field(rng.choice([i for i in loaded if ko.sections[i][1] != 8]), rng.choice((4, 5))), outside())
        elif kind == 1:                                 # too large, of no alignment, of an odd type
            i = rng.choice(loaded)
            put_u32(new, *rng.choice([(field(i, 5), rng.randrange(1 << 28, 1 << 32)), (field(i, 8), rng.choice([3, 6, 0x2000, 0xffffffff])),
                                      (field(i, 1), rng.choice([0, 6, 7777, 0x70000000]))]))
        elif kind == 2:                                 # header
            at, form, values = rng.choice([(0, "<I", [0, 0x7f]), (4, "<B", [0, 2, 3]), (5, "<B", [0, 2]), (16, "<H", [0, 2, 3]), (18, "<H", [0, 62, 40]),
                                           (32, "<I", [outside(), ko.shoff + 1]), (46, "<H", [0, 39, 64]), (48, "<H", [0, 1, 0xffff]),
                                           (50, "<H", [ko.shnum, 0xffff, 0])])
            struct.pack_into(form, new, at, rng.choice(values))
        elif kind == 3:                                 # a symbol's name, section, value
            n = rng.choice([n for n in symbols if 0 < shndx[n] < 0xff00 and ko.sections[shndx[n]][2] & 2])
            at = sym[4] + 16 * n
            which = rng.randrange(4)
            if which == 0:
                put_u32(new, at, strings[5] + rng.randrange(1 << 20))
            elif which == 1:
                struct.pack_into("<H", new, at + 14, rng.choice([ko.shnum, 0xfff2, 0xfff3, 0xffff]))
            else:
                put_u32(new, at + 4 * (which - 1), rng.randrange(1 << 24, 1 << 32))
        elif kind == 4:                                 # an undefined symbol of another name
            n = rng.choice([n for n in symbols if not shndx[n] and data[sym[4] + 16 * n + 12] >> 4 == 1])
            name = strings[4] + struct.unpack_from("<I", data, sym[4] + 16 * n)[0]
            new[name] = ord("0")
        elif kind == 5:                                 # a relocation's place, type, symbol
            s = ko.sections[rng.choice(rels)]
            at = s[4] + 8 * rng.randrange(s[5] // 8)
            info = struct.unpack_from("<I", data, at + 4)[0]
            which = rng.randrange(3)
            if which == 0:
                put_u32(new, at, ko.sections[s[7]][5] - rng.choice([3, 2, 1, 0, -1, -0x10000]))
            elif which == 1:
                put_u32(new, at + 4, info & ~0xff | rng.choice([3, 5, 6, 7, 8, 9, 10, 20, 255]))
            else:
                put_u32(new, at + 4, (len(symbols) + 1 + rng.randrange(1 << 16)) << 8 | info & 0xff)
        elif kind == 6:                                 # a relocation section's own numbers
            i = rng.choice(rels)
            put_u32(new, *rng.choice([(field(i, 5), ko.sections[i][5] + rng.randrange(1, 8)), (field(i, 6), rng.randrange(ko.shnum, 1 << 16)),
                                      (field(i, 7), rng.randrange(ko.shnum, 1 << 16)), (field(i, 9), rng.choice([0, 1, 12])), (field(i, 1), 4)]))
        elif kind == 7:                                 # the symbol table's, and the names'
            put_u32(new, *rng.choice([(field(ko.symtab, 6), rng.choice([0, ko.shnum, 1])), (field(ko.symtab, 9), 24), (field(ko.symtab, 5), sym[5] + 3),
                                      (field(ko.symtab, 1), 1), (field(sym[6], 1), 1), (field(sym[6], 5), 0)]))
        elif kind == 8:                                 # a section's name, code that can be written
            put_u32(new, *rng.choice([(field(rng.randrange(1, ko.shnum), 0), rng.randrange(1 << 20, 1 << 32)),
                                      (field(ko.names.index(".text"), 2), 7)]))
        elif kind == 9:                                 # another kernel's
            at = data.index(b"vermagic=")
            new[at + 9 + rng.randrange(20)] ^= 1 << rng.randrange(7)
        elif kind == 10:                                # no struct module, or of another size
            i = ko.names.index(".gnu.linkonce.this_module")
            put_u32(new, *rng.choice([(field(i, 5), ko.sections[i][5] - 4), (field(i, 5), 0), (field(i, 0), 0)]))
        elif kind == 11:                                # its name
            at = ko.section(".gnu.linkonce.this_module")[4]
            new[at] = rng.choice([0, ord("/"), ord("."), 0xff])
        elif kind == 12:                                # cut short
            return rng.randrange(1, size)
        else:                                           # any bit: only the checksum can tell
            for _ in range(rng.randrange(1, 5)):
                new[rng.randrange(size)] ^= 1 << rng.randrange(8)
            return -1
        return size

    out = []
    while len(out) < count:
        new = bytearray(data[:-12])
        length = change(new)
        trailer = MAGIC + struct.pack("<I", zlib.crc32(new)) if length > 0 and rng.random() < 0.8 else data[-12:]
        new += trailer
        if new == data:
            continue
        places, at = [], 0
        while at < len(data):
            if new[at] != data[at]:
                end = at + 1
                while end < len(data) and new[end] != data[end]:
                    end += 1
                places.append("%d %s" % (at, new[at:end].hex()))
                at = end
            at += 1
        out.append("%d %s" % (len(data) if length in (-1, size) else length, " ".join(places)))
    return "\n".join(out) + "\n"


@pytest.fixture(scope="module")
def said(built, soak, tmp_path_factory):
    """What the one guest said, by topic: {topic: lines}."""
    at = tmp_path_factory.mktemp("said")
    labs = os.path.join(BUILD, "release", "labs")
    with open(os.path.join(labs, "mychar.ko"), "rb") as f:
        data = f.read()
    with open(at / "changes", "w") as f:
        f.write(changes(data, seed(), 5000 if soak else 400))
    with open(at / "other.ko", "wb") as f:             # as if built for the debug kernel
        magic = data[data.index(b"vermagic="):].split(b"\0")[0]
        new = data[:-12].replace(magic, magic[:-3] + b"abc")
        f.write(new + MAGIC + struct.pack("<I", zlib.crc32(new)))
    add = [(os.path.join(built, n), "/t/m/" + n) for n in os.listdir(built) if n.endswith(".ko")]
    add += [(str(at / n), "/t/m/" + n) for n in ("changes", "other.ko")]
    add += [(os.path.join(labs, "mychar.ko"), "/t/m/mychar.ko")] + [(program(n + ".c"), "/t/" + n) for n in ("modmut", "held", "mypipe")]
    script = script_file(SCRIPT.replace("ROUNDS", "1000" if soak else "25"))
    r = vm("sh", "-c", "sh /t/script 2>&1", add=[*add, (script, "/t/script")], timeout=600 if soak else 150).good()
    topics = {}
    for part in r.text.split("== ")[1:]:
        topic, _, text = part.partition("\n")
        topics[topic] = text.splitlines()
    return topics


def test_parameters(said):
    text = said["params"]
    assert "status=0" in text
    want = ["big=18446744073709551615 444", "count=4294967295 444", "even=even 2 644", "flag=Y 600", "inverted=Y 644", "list=5,6,7 644",
            "nr_port=80 644", "number=-16 644", "text=abc 644", "word=two words 644", "words=a,b 444"]
    assert [l for l in text if re.search(r"=.* \d{3}$", l)] == want
    assert "now 77 new 9,8 81 N N even 4 xyz" in text and "still 77 1,2 81 even 4 xyz" in text
    assert text[text.index("1.2"):][:3] == ["1.2", "live", "0"]
    assert any("/sys/module/params: No such file" in l for l in text)
    assert [l for l in text if re.match(r"(?!status)\w+(=.*)?=\d\d$", l)] == [
        "number=12x=22", "count=-1=34", "nr_port=65536=34", "list=1,2,3,4,5=22", "word=22", "number=22", "flag=maybe=22", "text=12345678=28"]
    assert "params: hidden 9, list of 3" in said["log"] and "params: number 77, word new" in said["log"]
    assert "params: unknown parameter 'unknown' ignored" in said["log"]


def test_dependencies(said):
    text = said["dependencies"]
    assert [l for l in text if l.startswith("status=")] == ["status=2", "status=1", "status=2"]     # no symbol yet; in use; the licence
    assert [re.sub(r" \d+ ", " N ", l, 1) for l in text if " Live " in l] == ["user N 0 - Live ", "provider N 1 user, Live "]
    assert "user" in text and text[-1] == "1"                                   # the holders; lsmod's headline alone
    assert "user: Unknown symbol provider_add (err -2)" in said["log"] and "user: 51" in said["log"]
    assert "closed: provider_gpl is for modules under a GPL-compatible licence only (MODULE_LICENSE)" in said["log"]


def test_failures_leave_nothing(said):
    text = "\n".join(said["failures"])
    assert "'badinit.ko': File exists" in text and "'badinit.ko': Connection timed out" in text
    assert not re.search(r"^(badinit|nosym|params|provider|user)$", text, re.M)
    assert "'nosym.ko': unknown symbol in module" in text
    assert {"nosym: Unknown symbol no_such_thing (err -2)", "nosym: Unknown symbol nor_this_one (err -2)"} <= set(said["log"])
    assert "twice=1" in text and re.search(r"^noexit \d+ 0 \[permanent\], Live $", text, re.M)
    assert text.count("invalid module format") == 2
    assert "'nobody': No such file" in text


def test_only_root(said):
    text = "\n".join(said["user"])
    assert "insmod: can't insert '/tmp/x.ko': Operation not permitted" in text
    assert "rmmod: can't unload module 'mychar': Operation not permitted" in text
    assert re.search(r"^mychar \d+ 0 - Live 0x00000000$", text, re.M) and "Permission denied" in text


def test_version_magic(said):
    assert said["debug"] == ["insmod: can't insert 'other.ko': invalid module format", "status=8"]
    assert any(re.match(r"mychar: version magic '6\.1\.0-sluice .*abc' should be '6\.1\.0-sluice ", l) for l in said["log"])


def test_damaged_files_are_refused(said):
    figures, status = said["mutations"][-2:]
    m = re.match(r"noexec=(\d+) noent=(\d+) other=0$", figures)
    assert m and status == "status=0" and int(m.group(1)) > 200 and int(m.group(2)) > 3, said["mutations"]


def test_device_goes_while_open(said):
    text = said["held"]
    assert text[0].startswith("rmmod: can't unload module 'held'") and "busy" in text[0]
    assert text[1:4] == ["busy=1", "1", "fine"] and "status=0" in text
    assert "\n".join(text).count("No such file") == 2
    assert said["log"].count("held: release") == 2                              # held1 and held0; held2's open failed


def test_what_a_module_leaves_behind_is_taken_away(said):
    assert said["forgetful"] == ["read=0", "status=0", "cat: can't open '/tmp/f': No such device or address", "0"]
    assert {"forgetful: left 1 %s behind: taken away" % what for what in (
        "interrupt handlers (free_irq)", "timers (del_timer_sync)", "character devices (cdev_del)")} <= set(said["log"])


def test_misc_device(said):
    assert re.match(r"crw-rw-rw- 10, \d+$", said["misc"][0]) and said["misc"][1:] == ["WORD", "7", "sh: write error: Invalid argument", "7",
                                "ls: /dev/misctest: No such file or directory"]


def test_first_module_of_the_docs(said):
    assert [l for l in said["hello"] if l != "Terminated"] == ["2", "ACTION=add", "DEVPATH=/module/hello", "SUBSYSTEM=module", "ACTION=remove", "DEVPATH=/module/hello",
                             "SUBSYSTEM=module"]
    assert {"hello, number 1", "hello, number 2"} <= set(said["log"])


def test_mypipe(said):
    assert said["mypipe"] == ["fine", "ls: /dev/mypipe*: No such file or directory"]


def test_rounds_leave_memory_as_it_was(said):
    assert len(said["rounds"]) == 1 and int(said["rounds"][0].split("=")[1]) < 100, said["rounds"]


# ---- the listing ------------------------------------------------------------------

MYCHAR = """
cd /t
insmod mychar.ko; echo hello > /dev/mychar; head -c 5 /dev/mychar; echo
grep mychar /proc/devices; cat /sys/class/mychar/mychar/dev; ls -l /dev/mychar | tr -s ' ' | cut -d' ' -f1,5-6
exec 5</dev/mychar; rmmod mychar; echo busy=$?; exec 5<&-
%s
rmmod mychar; echo status=$?; grep mychar /proc/devices /proc/modules; ls /sys/class/mychar /dev/mychar
dmesg | sed 's/^\\[[^]]*\\] *//' | grep -A 9 '^mychar:\\|UBSan\\|KASan'
"""


@pytest.fixture(scope="module")
def mychar(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mychar")
    (folder / "mychar.c").write_text(mychar_listing())
    return str(folder)


def test_listing(mychar):
    status, out = make_module(mychar)
    assert status == 0 and "warning" not in out, out
    r = vm("sh", "-c", "sh /t/script 2>&1", add=[(mychar + "/mychar.ko", "/t/mychar.ko"), (script_file(MYCHAR % ""), "/t/script")]).good()
    lines = r.lines
    major = re.match(r" *(\d+) mychar$", lines[1]).group(1)
    assert lines[0] == "hello" and lines[2] == major + ":0" and lines[3] == "crw------- %s, 0" % major
    assert "busy" in lines[4] and lines[5] == "busy=1" and lines[6] == "status=0"
    assert "\n".join(lines[7:9]).count("No such file") == 2
    for text in ("Device number allocated (Major: %s)" % major, "Device driver initialized successfully", "Device opened", "Written 6 bytes: hello",
                 "Read 1024 bytes", "Device closed", "Device driver removed"):
        assert "mychar: " + text in lines[9:], (text, lines)


DEBUG = r"""
insmod wild.ko; rmmod wild
insmod held.ko; ./held; rmmod held
insmod mypipe.ko; ./mypipe 4096 100000; rmmod mypipe
insmod provider.ko; insmod user.ko; rmmod user provider
"""


def test_listing_in_the_debug_kernel(mychar, tmp_path):
    """The byte past the end of its buffer is noticed, with the place; the kernel goes on. Other wild accesses of modules, too; what is in
    order is not complained of (locks, sleeping)."""
    assert subprocess.run(["make", "-s", "debug"], cwd=TOP, env=dict(os.environ, SLUICE_DEPS_DONE="1", MAKEFLAGS="")).returncode == 0
    names = ("held", "provider", "wild", "mypipe")
    for name in (*names, "user_main", "user_more"):
        source = os.path.join(TOP, "labs", name) if name == "mypipe" else os.path.join(HERE, "modules")
        shutil.copy(os.path.join(source, name + ".c"), tmp_path)
    shutil.copy(os.path.join(mychar, "mychar.c"), tmp_path)
    (tmp_path / "Makefile").write_text("obj-m := mychar.o user.o %s.o\nuser-objs := user_main.o user_more.o\n" % ".o ".join(names))
    status, out = make_module(str(tmp_path), "DEBUG=1")
    assert status == 0, out
    line = 1 + mychar_listing().split("kernel_buffer[len] = ")[0].count("\n")
    script = MYCHAR % ("head -c 1500 /dev/zero > /dev/mychar\n" + DEBUG)
    add = [(str(tmp_path / (n + ".ko")), "/t/%s.ko" % n) for n in (*names, "mychar", "user")]
    add += [(program(n + ".c"), "/t/" + n) for n in ("held", "mypipe")] + [(script_file(script), "/t/script")]
    r = vm("sh", "-c", "sh /t/script 2>&1", kernel=KERNELS["debug"], add=add).good()
    assert "hello" in r.lines and "status=0" in r.lines and r.lines.count("fine") == 2
    assert re.search(r"KASan: write of 1 byte at [0-9a-f]{8}, past the end of 'kernel_buffer' \(1024 bytes\) of .*mychar\.c:\d+\n"
                     r" *by mychar_write\+0x", r.text), r.text
    assert re.search(r"UBSan: index out of bounds at .*mychar\.c:%d:\d+\n *index 1024 of 'char \[1024\]'" % line, r.text), r.text
    assert re.search(r"\] mychar_write\+0x[0-9a-f]+/0x[0-9a-f]+ \[mychar\]", r.text)
    finds = re.findall(r"KASan: (.*?) at [0-9a-f]{8}, (.*)", r.text)
    assert [f for f in finds if "kernel_buffer" not in f[1]] == [
        ("write of 24 bytes", finds[1][1]), ("write of 1 byte", "past the end of an object of kmalloc"),
        ("write of 1 byte", "past the end of an object of kmalloc"), ("read of 1 byte", "in an object of kmalloc that was freed")], r.text
    assert re.match(r"past the end of 'static_object' \(20 bytes\) of .*wild\.c:", finds[1][1])
    assert not re.search("panic|warning at|mutex order|lock order", r.text)


# ---- make module ------------------------------------------------------------------

def test_make_module_says_what_is_wrong(tmp_path):
    def fails(folder, pattern, files=()):
        os.makedirs(folder, exist_ok=True)
        for name, text in files:
            with open(os.path.join(folder, name), "w") as f:
                f.write(text)
        status, out = make_module(folder)
        assert status and re.search(pattern, out), out

    fails(str(tmp_path / "empty"), "neither a Makefile nor a .c file")
    fails(str(tmp_path / "two"), r"several \.c files .*obj-m", [("a.c", ""), ("b.c", "")])
    fails(str(tmp_path / "none"), r'no line "obj-m', [("Makefile", "all:\n")])
    fails(str(tmp_path / "syntax"), r"x\.c:1:\d+: error", [("x.c", "int x(void) { return }\n")])
    fails(str(tmp_path / "self"), "cannot have a source of its own name", [("Makefile", "obj-m := x.o\nx-objs := x.o y.o\n")])
    status, out = make_module(str(tmp_path / "missing"))
    assert status and "is no folder" in out
    # A Makefile as people write it for Linux, with rules of its own, through either door.
    kbuild = tmp_path / "kbuild"
    kbuild.mkdir()
    (kbuild / "Makefile").write_text("ifneq ($(KERNELRELEASE),)\nobj-m := one-two.o\nccflags-y := -DANSWER=42\nelse\nKDIR := %s\nall:\n"
                                     "\t$(MAKE) -C $(KDIR) M=$(CURDIR) modules\nendif\n" % TOP)
    (kbuild / "one-two.c").write_text("/* x */\n#include <linux/module.h>\nint answer = ANSWER;\nMODULE_LICENSE(\"GPL\");\n")
    r = subprocess.run(["make"], cwd=kbuild, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                       env=dict(os.environ, SLUICE_DEPS_DONE="1", MAKEFLAGS=""))
    assert r.returncode == 0 and (kbuild / "one-two.ko").exists(), r.stdout
    with open(kbuild / "one-two.ko", "rb") as f:
        assert b"name=one_two\0" in f.read()
