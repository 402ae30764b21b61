"""make doctor: a line for each tool, and what to do about a missing or an old one."""
import os
import subprocess

import sluice


def doctor(**env):
    r = subprocess.run(["make", "-s", "doctor"], cwd=sluice.TOP, env=dict(os.environ, **env), capture_output=True, text=True)
    return r.returncode, r.stdout


def line_of(text, tool):
    return next(line for line in text.splitlines() if " %s " % tool in line)


def test_all_is_there():
    status, text = doctor()
    assert status == 0 and text.rstrip().endswith("doctor: all is there"), text
    assert line_of(text, "nasm").startswith("ok")


def test_an_old_tool_is_named(tmp_path):
    old = tmp_path / "nasm"
    old.write_text("#!/bin/sh\necho NASM version 1.2.3\n")
    old.chmod(0o755)
    status, text = doctor(PATH="%s:%s" % (tmp_path, os.environ["PATH"]))
    assert status != 0 and "1 to see to" in text, text
    line = line_of(text, "nasm")
    assert line.startswith("TOO OLD") and "1.2.3, at least 2.14 is wanted" in line and "apt-get install nasm" in line


def test_missing_tools_are_named(tmp_path):
    for name in ("make", "sh", "env"):
        os.symlink("/usr/bin/" + name, tmp_path / name)
    r = subprocess.run(["/usr/bin/python3", os.path.join(sluice.TOP, "tools/doctor")], env={"PATH": str(tmp_path)}, capture_output=True, text=True)
    assert r.returncode == 1
    line = line_of(r.stdout, "qemu-system-i386")
    assert line.startswith("MISSING") and "is the machine" in line and "qemu-system-x86" in line
    assert line_of(r.stdout, "gdb").startswith("absent")
