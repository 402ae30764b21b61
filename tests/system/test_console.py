"""The serial terminal, typed at through a pseudo-terminal: line editing, job control, full-screen programs, power-off."""
import os
import re

import pytest

import sluice
from sluice import Console

pytestmark = pytest.mark.xdist_group("console")


@pytest.fixture(scope="module")
def shared():
    """The guest that most tests share; a test that leaves it without a prompt gets the next one a new guest."""
    holder = []
    yield holder
    for c in holder:
        c.close()


@pytest.fixture
def console(shared):
    if shared:
        try:
            shared[0].send("\x03")
            shared[0].prompt(60)
            return shared[0]
        except (AssertionError, OSError):
            shared.pop().close()
    shared.append(Console(timeout=900))
    shared[0].prompt()
    return shared[0]


def start_sleep(console):
    """A program in the foreground. It says so itself: when the shell shows the end of the line, it still reads keys on its own."""
    console.send("sh -c 'echo RU\"\"N; exec sleep 100'\n")
    console.expect("RUN\r\n")


def press(console, key, pattern):
    """For a job that fg brings back: it is named on the terminal before it is the foreground, so a key may come too early."""
    for _ in range(8):
        console.send(key)
        try:
            return console.expect(pattern, 5)
        except AssertionError:
            pass
    raise AssertionError("%r has no effect" % key)


def test_echo_and_output(console):
    assert console.run("echo $((6*7))") == "42"
    assert console.run("tty") == "/dev/ttyS0"
    assert console.run("stty size") == "%d %d" % (Console.ROWS, Console.COLUMNS)


def test_erase_and_kill_keys_in_canonical_mode(console):
    console.send("echo READY; cat\n")
    console.expect("\r\nREADY\r\n")
    console.send("wrongx\x15rigt\x7fht\n")
    console.expect("\r\nright\r\n")
    console.send("\x04")
    console.prompt()


def test_ctrl_c_ends_sleep(console):
    start_sleep(console)
    console.send("\x03")
    console.prompt()
    assert console.run("echo $?") == "130"


def test_ctrl_c_leaves_the_shell_alone(console):
    console.send("abc\x03")
    console.prompt()
    assert console.run("echo on") == "on"


def test_ctrl_z_bg_and_fg(console):
    start_sleep(console)
    console.send("\x1a")
    console.expect("Stopped")
    console.prompt()
    assert "Stopped" in console.run("jobs")
    console.send("fg\n")
    console.expect("sleep 100")
    press(console, "\x1a", "Stopped")
    console.prompt()
    console.run("bg")
    assert "Running" in console.run("jobs")
    for _ in range(20):     # too early a key ends the command fg and leaves the job in the background
        console.send("fg\n")
        console.expect("sleep 100")
        press(console, "\x03", r"# $")
        if console.run("jobs") == "":
            break
    else:
        raise AssertionError("^C does not end the job")


def test_ctrl_backslash_quits(console):
    start_sleep(console)
    console.send("\x1c")
    console.prompt()
    assert console.run("echo $?") == "131"


def test_background_reader_is_stopped(console):
    console.run("cat > /tmp/bg &")
    console.run("sleep 0.3")
    assert re.search(r"Stopped.*cat", console.run("jobs"))
    console.run("kill %1; kill -CONT %1; wait; true")


def test_raw_mode(console):
    console.send("stty raw -echo; echo READY; head -c 3 | od -An -tx1; stty sane\n")
    console.expect("\nREADY\n")
    console.send("a\r\x03")
    console.expect(r"61 0d 03")
    console.prompt()


def test_vi_edits_and_saves(console):
    console.run("printf 'one\\ntwo\\nthree\\n' > /tmp/v")
    console.send("vi /tmp/v\n")
    console.expect("three")
    console.type("jdd", "oinserted", "\x1b", ":wq\n")
    console.prompt()
    assert console.run("cat /tmp/v") == "one\nthree\ninserted"


def test_less_pages(console):
    console.send("seq 200 | less\n")
    console.expect("K23\r\n")
    console.type(" ")
    console.expect("K40\r\n")
    console.type("q")
    console.prompt()


def test_top_refreshes(console):
    console.send("top -d 1\n")
    console.expect("Mem:")
    console.expect("Load average")
    console.expect("Mem:")
    console.send("q")
    console.prompt()


def test_long_lines_and_much_output(console):
    assert console.run("x=xxxxxxxxxxxxxxxx; x=$x$x$x$x; echo $x$x$x$x") == "x" * 256
    out = console.run("seq 5000")
    assert out == "\n".join(str(i) for i in range(1, 5001))


def test_history_editing(console):
    console.send("echo abc")
    console.send("\x1b[D\x1b[Dx\n")
    console.expect("axbc\r\n")
    console.prompt()


def test_exit_starts_a_new_shell(console):
    console.send("exit\n")
    console.prompt()
    assert console.run("echo again") == "again"


def test_poweroff_ends_it(tmp_path):
    root = str(tmp_path / "root")
    with Console(root=root) as c:
        c.prompt()
        c.run("echo kept > /root/kept; sync")
        c.send("poweroff -f\n")
        assert c.status() == 0
    sluice.fsck(root)
    assert sluice.debugfs(root, "cat /root/kept").endswith(b"kept\n")


def test_poweroff_through_init(tmp_path):
    root = str(tmp_path / "root")
    with Console(root=root) as c:
        c.prompt()
        c.run("echo kept > /root/kept")
        c.send("poweroff\n")
        assert c.status() == 0
    sluice.fsck(root)
    assert sluice.debugfs(root, "cat /root/kept").endswith(b"kept\n")


def test_iso_menu_to_the_prompt():
    """What make run does."""
    with Console(iso=os.path.join(sluice.BUILD, "sluice.iso")) as c:
        c.expect("GRUB")
        c.prompt()
        assert c.run("uname -s") == "Linux"
        c.send("poweroff -f\n")
        assert c.status() == 0
