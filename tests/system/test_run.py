"""What a command run by tools/vm sees, and how it comes back: exit status, streams, arguments, files, panic, hang."""
import os

import pytest

import sluice
from sluice import program, sh, vm


def test_arithmetic_uname_and_exit_status():
    r = vm("busybox", "sh", "-c", "echo $((6*7)); uname -sm; exit 7")
    assert (r.status, r.out, r.err) == (7, b"42\nLinux i686\n", b"")


def test_version_names_sluice():
    assert b"Sluice" in vm("cat", "/proc/version").good().out


def test_arguments_come_through():
    odd = ["a b", "", "it's", 'dou"ble', "back\\slash", "new\nline", "$HOME `x` *", "\u00e4\u00f6\u00fc", "-n", "--", "x" * 4000]
    r = vm("/t/args", *odd, add=[(program("args.c"), "/t/args")]).good()
    assert r.out == b"".join(a.encode() + b"\0" for a in odd)


def test_where_it_runs():
    r = vm("sh", "-c", "pwd; id -u; echo $PATH; readlink /proc/self/fd/0; umask; hostname; ps -o pid,ppid,sid,args | grep [s]h.-c | head -1")
    lines = r.good().lines
    assert lines[:6] == ["/root", "0", "/sbin:/bin:/usr/sbin:/usr/bin", "/dev/null", "0022", "sluice"]


@pytest.mark.parametrize("command,status", [("no-such-program", 127), ("/no/such/program", 127), ("/etc/passwd", 126), ("/etc", 126)])
def test_what_cannot_be_executed(command, status):
    r = vm(command)
    assert r.status == status and command.encode() in r.err and r.out == b""


@pytest.mark.parametrize("number", [9, 15, 11])
def test_killed_by_a_signal(number):
    r = vm("sh", "-c", "kill -%d $$" % number)
    assert (r.status, r.out, r.err) == (128 + number, b"", b"")


@pytest.mark.parametrize("status", [124, 125, 126])
def test_own_status_like_ours(status):
    r = vm("sh", "-c", "exit %d" % status)
    assert r.status == status and b"command itself" in r.err


def test_streams_are_binary_safe(tmp_path, soak):
    size = 5 << 20
    blob = sluice.seed().randbytes(size)
    (tmp_path / "blob").write_bytes(blob)
    r = sh("cat /t/blob >&2 & cat /t/blob; wait", add=[(tmp_path / "blob", "/t/blob")]).good()
    assert r.out == blob and r.err == blob


def test_output_comes_as_it_is_written():
    live = sluice.Live("sh", "-c", "echo early; sleep 1; touch /late; sleep 60")
    live.wait_for("early\n")
    assert live.p.poll() is None
    live.p.terminate()
    live.end()


def test_panic_on_demand():
    r = vm("sh", "-c", "echo before; echo c > /proc/sysrq-trigger; echo after")
    assert r.status == 125 and r.out == b"before\n"
    assert b"Kernel panic" in r.err and b"Call trace" in r.err
    assert b"sysrq" in r.err        # the backtrace has names


def test_hang():
    r = vm("sleep", "1000", timeout=8)
    assert r.status == 124 and b"stopped after 8 s" in r.err


def test_leftover_processes_do_not_hold_it_up():
    r = vm("sh", "-c", "sleep 1000 & sh -c 'trap \"\" TERM; while :; do sleep 1; done' & exit 3", timeout=240)
    assert r.status == 3


def test_poweroff_by_the_command_is_no_success():
    r = vm("poweroff", "-f")
    assert r.status == 125 and r.err


def test_files_in_and_out(tmp_path):
    rng = sluice.seed()
    (tmp_path / "in").write_bytes(rng.randbytes(200001))
    (tmp_path / "in").chmod(0o640)
    r = sh("ls -ln /deep/er/in | cut -c1-10; ls -ln /deep/er/in | awk '{ print $3, $4 }'; cp /deep/er/in /out; chmod 600 /out",
           add=[(tmp_path / "in", "/deep/er/in")], get=[("/out", tmp_path / "out")]).good()
    assert r.lines == ["-rw-r-----", "0 0"]
    assert (tmp_path / "out").read_bytes() == (tmp_path / "in").read_bytes()
    assert os.stat(tmp_path / "out").st_mode & 0o777 == 0o600


def test_iso_boots_through_grub():
    r = vm("sh", "-c", "uname -s; cat /proc/cmdline; exit 5", iso=os.path.join(sluice.BUILD, "sluice.iso"), append="marker=through-grub")
    assert r.status == 5 and r.lines[0] == "Linux" and "marker=through-grub" in r.lines[1]
    with open(os.path.join(sluice.BUILD, "sluice.iso"), "rb") as f:
        assert b"GRUB" in f.read()


@pytest.mark.parametrize("mib", [16, 64, 512, 1024])
def test_memory_sizes(mib):
    r = vm("sh", "-c", "grep MemTotal /proc/meminfo; dd if=/dev/zero of=/t bs=64k count=64 2>/dev/null; md5sum < /t", mem=mib).good()
    total = int(r.lines[0].split()[1]) >> 10
    assert 0.85 * min(mib, 896) - 2 <= total <= min(mib, 896)
    assert r.lines[1].startswith("b5cfa9d6c8febd618f91ac2843d50a1c")


def test_too_little_memory_says_so(tmp_path):
    r = vm("true", mem=8, log=tmp_path / "log", timeout=120)
    assert r.status in (124, 125, 126)
    assert b"16 MiB" in (tmp_path / "log").read_bytes() + r.err
