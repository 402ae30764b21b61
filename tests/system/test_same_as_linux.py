"""Programs that use only Linux calls (programs/same/*.c): they print the same on Sluice and on the host's own Linux."""
import difflib
import glob
import os
import re
import subprocess

import pytest

import sluice

SOURCES = sorted(os.path.basename(p)[:-2] for p in glob.glob(os.path.join(sluice.HERE, "programs", "same", "*.c")))
# Against musl, and those that are as much about the C library against glibc too: NAME_glibc.
NAMES = SOURCES + [n + "_glibc" for n in SOURCES if n.startswith(("threads", "posix_timers", "vdso")) and sluice.have_glibc()]
pytestmark = pytest.mark.xdist_group("same")


@pytest.fixture(scope="module")
def binaries():
    headers = tuple(glob.glob(os.path.join(sluice.HERE, "programs", "same", "*.h")))
    return {n: sluice.program("same/%s.c" % n.removesuffix("_glibc"), headers, libc="glibc" if n.endswith("_glibc") else "musl") for n in NAMES}


@pytest.fixture(scope="module")
def in_guest(binaries):
    """{name: (status, output)}, all from one boot."""
    text = sluice.as_nice_as_here() + "".join("mkdir /t/w-%s; cd /t/w-%s; echo === %s; /t/p/%s 2>&1; echo === status $?\n" % (n, n, n, n) for n in NAMES)
    r = sluice.sh(text, add=[(path, "/t/p/" + n) for n, path in binaries.items()], timeout=150)
    return r, {m.group(1): (m.group(3), m.group(2)) for m in re.finditer(r"^=== (\w+)\n(.*?)=== status (\d+)$", r.text, re.M | re.S)}


@pytest.mark.parametrize("name", NAMES)
def test_same(name, binaries, in_guest, tmp_path):
    if not sluice.host_runs_i386():
        pytest.skip("this host does not execute i386 programs")
    r, found = in_guest
    assert name in found, repr(r)
    host = subprocess.run([binaries[name]], cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          start_new_session=True, timeout=300)
    want, got = host.stdout.decode().splitlines(), found[name][1].splitlines()
    assert want, "no output on the host"
    difference = [line for line in difflib.unified_diff(want, got, "linux", "sluice", lineterm="", n=2)]
    assert not difference, "\n".join(difference)
    assert int(found[name][0]) == host.returncode % 256
