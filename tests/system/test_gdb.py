"""The debugger: tools/vm run --gdb, and every io-* command against the running kernel: before paging, in the middle of a disk interrupt,
and in a kernel whose data are overwritten."""
import fcntl
import os
import pty
import re
import select
import shutil
import socket
import subprocess
import termios
import time

import pytest

import sluice

pytestmark = pytest.mark.xdist_group("gdb")

COMMANDS = ["io-entry", "io-pic", "io-idt", "io-frame", "io-irq-break", "io-step-irq", "io-irqs", "io-bh", "io-waitq", "io-prd", "io-devs",
            "io-ps", "io-bt", "io-dmesg", "io-rq", "io-bio", "io-cache", "io-mod", "io-walk", "io-steps", "io-when",
            "io-rewind"]

# In gdb: run(WHERE, COMMAND...) prints what each says between lines that a test can find. Errors are part of it.
HEAD = """
python
def run(where, *commands):
    for c in commands:
        print("=== %s: %s" % (where, c))
        try:
            print(gdb.execute(c, to_string=True), end="")
        except gdb.error as e:
            print("ERROR " + str(e))
    print("=== end")
def value(expression):
    return int(gdb.parse_and_eval(expression).cast(gdb.lookup_type("unsigned int")))
def overwrite(expression, data):
    gdb.selected_inferior().write_memory(value(expression), data)
end
"""

# Every command without arguments that would run the machine, and some with one.
LOOKS = ["io-mod", "io-pic", "io-idt", "io-idt 0x2e", "io-frame", "io-irqs", "io-bh", "io-waitq", "io-waitq &ksoftirqd_wait", "io-prd", "io-devs", "io-ps",
         "io-bt", "io-bt 1", "io-dmesg", "io-rq", "io-rq sda", "io-bio", "io-cache"]
WRONG = ["io-idt 256", "io-idt x", "io-irq-break", "io-irq-break 16", "io-irq-break no_such_thing", "io-step-irq maybe", "io-bt 99999",
         "io-bt x", "io-rq hda", "io-bio 1", "io-bio 0xc0000000", "io-waitq 5", "io-frame 7", "io-ps now", "io-dmesg 0", "io-cache 0xfffffff0"]

SESSION = HEAD + """
python run("early", *%(looks)r)
python run("help", *["help " + c for c in %(commands)r])

io-irq-break 14
hbreak kernel_main
continue
delete
python run("main", *%(looks)r)

tbreak isr_sysenter
continue
python run("sysenter", "io-frame")
tbreak 'return_by_sysexit.sysexit'
continue
python run("sysexit", "io-frame")

tbreak sys_read if n == 4096
continue
tbreak ata_dma_start
continue
delete
python run("start", *%(looks)r)
io-irq-break 14
continue
python run("irq", *%(looks)r)
python run("irq", "io-bio %%d" %% value("((struct ata_channel *)$edx)->rq->bio"))
python run("irq", "io-cache %%d" %% value("((struct ata_channel *)$edx)->rq->bio->bdev->mapping"), "io-dmesg 3")
python run("wrong", *%(wrong)r)
python run("step", "io-step-irq", "io-step-irq on", "io-step-irq off")

python
for name in ("irq_lines", "all_tasks", "all_disks", "'kernel/irq/softirq.c'::vectors", "sysfs_root_node", "'kernel/debug/printk.c'::ring_end"):
    size = gdb.parse_and_eval("sizeof(%%s)" %% name)
    overwrite("&" + name, bytes(5 + i %% 7 for i in range(int(size))))
end
python run("overwritten", *%(looks)r)
python
channel = value("(unsigned)$edx")
for name in ("boot_cpu", "init_task", "'io/cache/replacement.c'::page_replacement"):
    overwrite("&" + name, bytes([0xf0] * int(gdb.parse_and_eval("sizeof(%%s)" %% name))))
for name in ("all_tasks", "all_disks"):
    overwrite("&" + name, value("&" + name).to_bytes(4, "little") * 2)
end
python run("overwritten more", *%(looks)r)
echo === done\\n
""" % {"looks": LOOKS, "wrong": WRONG, "commands": COMMANDS}


def gdb(script, tmp_path, *command, **options):
    """Run a gdb script on a guest that runs a command; what gdb printed."""
    path = tmp_path / "script.gdb"
    path.write_text(script)
    r = sluice.vm(*command, **{"gdb-script": path}, **options)
    assert "Traceback" not in r.text + r.err.decode() and "Python Exception" not in r.text + r.err.decode(), r
    return r


def sections(text):
    """{(where, command): output}"""
    return {(m.group(1), m.group(2)): m.group(3) for m in re.finditer(r"^=== ([\w ]+): (.*)\n((?:(?!===).*\n)*)", text, re.M)}


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What a whole session printed, by command."""
    r = gdb(SESSION, tmp_path_factory.mktemp("gdb"), "dd", "if=/dev/sda", "of=/dev/null", "bs=4096", "count=1", "skip=20000")
    assert "=== done" in r.text, r
    return sections(r.text)


def rows(text):
    return [line.split() for line in text.splitlines()]


@pytest.mark.parametrize("name", COMMANDS)
def test_help(said, name):
    assert len(said["help", "help " + name]) > 60 and "not documented" not in said["help", "help " + name]


def test_before_paging(said):
    for c in LOOKS:
        text = said["early", c]
        if c == "io-pic":
            assert "vectors 0x08 to 0x0f" in text, text     # as the firmware left it
        else:
            assert re.fullmatch(r"ERROR .*\n", text), (c, text)


def test_at_the_start_of_the_kernel(said):
    """Each says something, if only one line that this is not there yet."""
    for c in LOOKS:
        text = said["main", c]
        assert text and (not text.startswith("ERROR") or re.fullmatch(r"ERROR io-\w+: .*\n", text)), (c, text)
    assert "not set up" in said["main", "io-rq"] or "no disks" in said["main", "io-rq"], said["main", "io-rq"]


def test_pic(said):
    master, slave = said["irq", "io-pic"].split("slave")
    assert "vectors 0x20 to 0x27" in master and "vectors 0x28 to 0x2f" in slave
    assert re.search(r"ISR 0x04 +in service +2 cascade\n", master), master
    assert re.search(r"ISR 0x40 +in service +14 IDE 0\n", slave), slave
    for chip in (master, slave):
        mask, lines = re.search(r"IMR 0x(\w\w) +masked +(.*)", chip).groups()
        assert bin(int(mask, 16)).count("1") == (0 if lines == "none" else len(lines.split(", "))), chip


def test_idt(said):
    text = said["irq", "io-idt"]
    assert re.search(r"0x2e +IRQ 14 +interrupt gate +0 +0x60 +0xc\w{7} +isr_46\n", text), text
    assert re.search(r"0x80 +system call +trap gate +3 +0x60 +0xc\w{7} +isr_syscall\n", text)
    assert re.search(r"0xef +APIC timer +interrupt gate +0 +0x60 +0xc\w{7} +isr_apic_timer\n", text), text
    assert re.search(r"0x08 +double fault +task gate", text)
    assert "handler is in kernel/hal/isr.asm:" in said["irq", "io-idt 0x2e"]


def test_frame(said):
    text = said["irq", "io-frame"]
    assert re.search(r"^interrupted at 0x\w+ \(struct regs\): vector 0x2e, IRQ 14$", text, re.M), text
    text = said["start", "io-frame"]
    assert re.search(r"\Aentry to the kernel of pid \d+ at 0x\w+ \(struct regs\): vector 0x80, system call, number 3$", text, re.M), text
    assert re.search(r"cs +0x0073 \(user code, RPL 3\)", text) and "privilege change: ring 3 to ring 0" in text
    assert re.search(r"eip +0x[0-7]\w{7}  in the program", text)


def test_lines(said):
    text = said["irq", "io-irqs"]
    assert re.search(r"^ +14 +[1-9]\d* .* running +.*\(ata_irq\)", text, re.M), text
    assert re.search(r"^ +0 +[1-9]\d* .*timer", text, re.M)
    assert len(text.splitlines()) == 17


def test_bottom_halves(said):
    text = said["irq", "io-bh"]
    assert "hard interrupt context" in text and "hard interrupt depth 1" in text, text
    assert "hard interrupt depth 0" in said["start", "io-bh"]
    assert re.search(r"BLOCK +(-|pending) +[1-9]\d* +blk_softirq", text), text
    assert re.search(r"^tasklets waiting: 0$", text, re.M) and re.search(r"^events +\d+ +\d+ +[1-9]", text, re.M), text


def test_sysenter(said):
    """The CPU saves nothing: io-frame says what the stub has built so far, and what sysexit will take."""
    assert "20 bytes of it are still to come" in said["sysenter", "io-frame"], said["sysenter", "io-frame"]
    assert re.search(r"^  eip +0x7ffff\w{3}  in the program, from edx$", said["sysexit", "io-frame"], re.M), said["sysexit", "io-frame"]
    assert "by sysenter: the stub has built all of this" in said["start", "io-frame"], said["start", "io-frame"]


def test_tasks(said):
    text = said["start", "io-ps"]
    assert re.search(r"^ +1 +1 +0 +S .* init$", text, re.M), text
    assert re.search(r"^> +\d+ +\d+ +1 +R ", text, re.M), text
    assert re.search(r"ksoftirqd/0$", text, re.M)


def test_backtraces(said):
    text = said["irq", "io-bt"]
    assert re.search(r"#0 .* ata_irq .*drivers/block/ata/ata_core.c:\d+", text), text
    assert re.search(r"irq_common .*\n +---- struct regs at 0x\w+: from ", text)
    text = said["start", "io-bt"]
    assert re.search(r"sys_read(.*\n)+.*syscall_dispatch.*\n.*isr_sys(call|enter).*\n +---- struct regs at 0x\w+: from the program", text), text
    asleep = said["irq", "io-bt 1"]
    assert re.search(r"#0 .*schedule(.*\n)*.*do_wait(.*\n)*.*isr_sys(call|enter)", asleep), asleep


def test_wait_queues(said):
    text = said["irq", "io-waitq"]
    assert re.search(r"ksoftirqd/0 +I +ksoftirqd_wait +ksoftirqd_main kernel/irq/softirq.c:\d+", text), text
    assert re.search(r"^ +1 +init +S +\S+ +do_wait kernel/process/wait.c:\d+", text, re.M), text
    assert re.search(r"ksoftirqd_wait: 1 waiting\n.*\n.*autoremove_wake_function +\d+ ksoftirqd/0", said["irq", "io-waitq &ksoftirqd_wait"])


def test_requests(said):
    text = said["irq", "io-rq"]
    assert re.search(r"^sda: \d+ sectors, elevator [\w-]+ with \d+ queued, 127 of 128 requests free, driver ata$", text, re.M), text
    row = [r for r in rows(text) if r[0].startswith("0xf")][0]
    assert row[2] == "issued" and row[3] == "read", text
    assert said["irq", "io-rq sda"] == text
    sector = row[row.index("read"):][1:]
    sector = int([w for w in sector if w.isdigit()][0])
    assert "request %s, id" % row[0] in said["irq", "io-prd"] and "read sector %d," % sector in said["irq", "io-prd"], said["irq", "io-prd"]


def test_bios(said):
    text = said["irq", "io-bio"]
    bio = re.search(r"^(0x\w+) +sda +issued .* (\d+) +(\d+) +(\d+) +\d+ +(\w+)$", text, re.M)
    assert bio, text
    one = [v for (w, c), v in said.items() if w == "irq" and c.startswith("io-bio 3")][0]
    assert "bio %s: read" % bio.group(1) in one and "device sda, sector %s, %s bytes" % (bio.group(2), bio.group(3)) in one, one
    assert one.count("piece") == int(bio.group(4)) and "at its end: %s " % bio.group(5) in one


def test_prd(said):
    text = said["irq", "io-prd"]
    assert re.search(r"^\w+ \(sda\): active, ports 0x1f0 and 0x3f6, irq 14$", text, re.M), text
    assert re.search(r"command 0x09 \(started, device to memory\), status 0x\w+ \(.*interrupt\), table at 0x[1-9a-f]\w+$", text, re.M), text
    assert re.search(r"^ +0 +0x0\w{7} +\d+( +end)?$", text, re.M)


def test_devices(said):
    text = said["irq", "io-devs"]
    assert re.search(r"^bus pci\n(.*\n)* +0000:00:01.1 +ata_piix +0xc\w+ +8086:7010 class 010180", text, re.M), text
    assert re.search(r"^bus platform\n(.*\n)*.*irq 1$", text, re.M)
    assert re.search(r"^class block\n.*\n +sda +8:0 ", text, re.M) and re.search(r"^ +null +1:3 ", text, re.M)


def test_cache(said):
    text = said["irq", "io-cache"]
    assert re.search(r"^hits +\d+$", text, re.M) and re.search(r"^sda +0xc\w+ +[1-9]\d*$", text, re.M), text
    number = re.search(r"^sda +0x\w+ +(\d+)$", text, re.M).group(1)
    pages = [v for (w, c), v in said.items() if w == "irq" and c.startswith("io-cache 3")]
    assert [p for p in pages if "%s pages, operations " % number in p and p.count("private") > 2], pages


def test_log(said):
    text = said["irq", "io-dmesg"]
    assert "root: /dev/sda (ext2)" in text and "<6>" not in text
    assert said["irq", "io-dmesg 3"] == "".join(line + "\n" for line in text.splitlines()[-3:])


def test_stepping(said):
    assert "interrupts held back, timers held back" in said["step", "io-step-irq"] and said["step", "io-step-irq off"] == said["step", "io-step-irq"]
    assert "interrupts come in, timers run" in said["step", "io-step-irq on"]


def test_wrong_arguments(said):
    for c in WRONG:
        assert re.search(r"(?m)^ERROR %s: .+\n\Z" % c.split()[0], said["wrong", c]), (c, said["wrong", c])


def test_overwritten(said):
    """Whatever lies in memory, a command ends, and where it cannot go on with one line that says so."""
    for where in ("overwritten", "overwritten more"):
        for c in LOOKS:
            text = said[where, c]
            assert "ERROR" not in text or re.search(r"(?m)^ERROR io-\w+: .+\n\Z", text), (where, c, text)
    assert "ERROR" in said["overwritten", "io-ps"] and "ERROR" in said["overwritten", "io-rq"] and "ERROR" in said["overwritten", "io-irqs"]
    assert "ERROR" in said["overwritten more", "io-frame"]


def test_ends_as_the_command_does(tmp_path):
    """Output and status of the command come through, gdb's own status when the command has not ended."""
    r = gdb("continue\n", tmp_path, "sh", "-c", "echo out; echo err >&2; exit 7")
    assert r.status == 7 and "out\n" in r.text and b"err\n" in r.err, r
    r = gdb("quit 3\n", tmp_path, "true")
    assert r.status == 3, r


def test_users_own_files_are_left_alone(tmp_path):
    (tmp_path / ".gdbinit").write_text("echo MINE\\n\nquit 5\n")
    (tmp_path / "script").write_text("info registers eip\n")
    r = subprocess.run([sluice.VM, "run", "--gdb-script", "script", "--", "true"], cwd=tmp_path, env=dict(os.environ, HOME=str(tmp_path)),
                       stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100)
    assert r.returncode == 0 and "MINE" not in r.stdout and re.search(r"eip +0x1000\w\w", r.stdout), (r.stdout, r.stderr)


def test_without_gdb(tmp_path):
    (tmp_path / "bin").mkdir()
    for tool in ("debugfs", "qemu-system-i386", "python3"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool))
    r = subprocess.run([sluice.VM, "run", "--gdb", "--", "true"], env=dict(os.environ, PATH=str(tmp_path / "bin")), stdin=subprocess.DEVNULL,
                       capture_output=True, text=True, timeout=300)
    assert r.returncode == 126 and "no gdb here" in r.stderr, r.stderr


LABS = os.path.join(sluice.BUILD, "release", "labs")   # not all of the build: other tests leave modules of that name there


def test_module(tmp_path):
    """From before its init, which runs from memory that is thrown away, to after its end."""
    r = gdb(HEAD + """
tbreak module_loaded
continue
python run("coming", "io-mod")
break mypipe_init
continue
python run("init", "info symbol $pc", "bt 2", "next")
delete
tbreak sys_delete_module
continue
python run("live", "io-mod", "io-mod " + %r, "print mypipe_exit", "io-mod /no/such/place", "io-devs")
tbreak sys_exit_group
continue
python run("gone", "io-mod", "print mypipe_exit")
""" % LABS, tmp_path, "sh", "-c", "modprobe mypipe; rmmod mypipe")
    said = sections(r.text)
    assert re.search(r"^mypipe +coming +0 +0xf\w{7} +\d+ +\S*build/release/labs/mypipe.ko$", said["coming", "io-mod"], re.M), r
    assert "in section .init.text of" in said["init", "info symbol $pc"] and "mypipe_init ()" in said["init", "bt 2"], said
    assert re.search(r"^mypipe +live ", said["live", "io-mod"], re.M) and said["live", "io-mod"] == said["live", "io-mod " + LABS]
    assert re.search(r"0xf\w{7} <mypipe_exit>|0xf\w{7} <cleanup_module>", said["live", "print mypipe_exit"]), said["live", "print mypipe_exit"]
    assert said["live", "io-mod /no/such/place"] == "ERROR io-mod: no such file or folder: /no/such/place\n"
    assert "mypipe" in said["live", "io-devs"]
    assert said["gone", "io-mod"] == "no module is loaded\n" and said["gone", "print mypipe_exit"].startswith("ERROR No symbol"), said


# ---- at a terminal --------------------------------------------------------------

def test_at_a_terminal(tmp_path):
    """make gdb: gdb has this terminal and its Ctrl-C, the guest's is tools/gdb/console; nothing is left behind."""
    build = tmp_path / "build"
    build.mkdir()
    for name in os.listdir(sluice.BUILD):
        if name != "gdb-console":
            (build / name).symlink_to(os.path.join(sluice.BUILD, name))
    master, slave = pty.openpty()
    p = subprocess.Popen([sluice.VM, "run", "--gdb"], stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                         preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0), env=dict(os.environ, SLUICE_BUILD=str(build), TERM="dumb"))
    os.close(slave)
    seen = bytearray()

    def expect(word, seconds=40):
        end = time.monotonic() + seconds
        while word not in bytes(seen):
            assert time.monotonic() < end and select.select([master], [], [], seconds)[0], bytes(seen)
            seen.extend(os.read(master, 65536))
        del seen[:seen.index(word) + len(word)]

    expect(b"tools/gdb/console")
    expect(b"at the kernel's entry")
    expect(b"(gdb) ")
    os.write(master, b"continue\n")
    with socket.socket(socket.AF_UNIX) as console:
        console.connect(str(build / "gdb-console"))
        console.settimeout(60)
        text = b""
        while b"# " not in text:
            text += console.recv(65536)
        console.sendall(b"echo $((6*7))\n")
        while b"\n42" not in text.replace(b"\r", b""):
            text += console.recv(65536)
    os.write(master, b"\x03")
    expect(b"(gdb) ")
    os.write(master, b"io-bt 1\n")
    expect(b"pid 1, init, state S")
    expect(b"(gdb) ")
    os.write(master, b"quit\n")
    assert p.wait(sluice.PATIENCE) == 0
    os.close(master)
    assert not (build / "gdb-console").exists()
