"""Debian's bash-static: a script of a few hundred lines prints the same on Sluice and on the host's Linux."""
import difflib
import os
import signal
import subprocess

import pytest

from sluice import HERE, TOP, vm

SCRIPT = os.path.join(HERE, "scripts", "tour.bash")
BASH = os.path.join(TOP, "build", "debian", "root", "bin", "bash-static")


def default_signals():
    """Started in the background of a script, the tests ignore these, and so would the tour."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)


def on_host(tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    try:
        r = subprocess.run([BASH, SCRIPT, str(work)], stdin=subprocess.DEVNULL, capture_output=True, timeout=300, env={"PATH": os.environ["PATH"]},
                           preexec_fn=default_signals)
    except OSError as e:
        pytest.skip("the host cannot execute i386 programs: %s" % e)
    return r.returncode, r.stdout.decode("utf-8", "replace")


@pytest.mark.parametrize("where", ["/tmp", "/root"])
def test_tour_prints_the_same(tmp_path, where):
    r = vm("sh", "-c", "mkdir %s/work && exec bash /t/tour.bash %s/work" % (where, where), add=[(SCRIPT, "/t/tour.bash")])
    status, want = on_host(tmp_path)
    difference = "\n".join(difflib.unified_diff(want.splitlines(), r.lines, "Linux", "Sluice", lineterm="", n=2))
    assert not difference, difference + "\n" + repr(r)
    assert (status, r.status) == (42, 42), repr(r)
