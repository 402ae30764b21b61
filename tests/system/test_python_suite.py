"""Python's own tests (Debian's libpython3.11-testsuite) in the guest, module by module, against what they give on Linux: python-suite.txt lists the
modules, and each test that does not pass with its reason. In `make soak` only: they take hours in an emulator."""
import fnmatch
import os
import re

import pytest

import sluice

PACKAGES = "python3,libpython3.11-testsuite"
RUNNER = os.path.join(sluice.HERE, "programs", "python_suite.py")
SCRIPT = """
chmod 1777 /tmp
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
ifconfig lo up
mkdir -p /t/out; chmod 777 /t/out
cd /tmp
PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TERM=dumb TMPDIR=/tmp HOME=%(home)s timeout -s KILL %(seconds)d \\
	python3 /t/suite.py /t/out/results %(uid)d -v -u network %(module)s >/t/out/log 2>&1
echo status $?
cat /t/out/results
echo ===
tail -n 60 /t/out/log
"""


def listed():
    """[(module, user, seconds)], [patterns of reasons to skip], [patterns of tests that fail]."""
    modules, skips, fails = [], [], []
    with open(os.path.join(sluice.HERE, "python-suite.txt"), encoding="utf-8") as f:
        for text in f.read().splitlines():
            word, _, rest = text.partition(" ")
            if word == "module":
                name, user, seconds = rest.split()
                modules.append((name, user, int(seconds)))
            elif word in ("skip", "only"):
                skips.append(rest.partition(" :: ")[0])
            elif word == "fail":
                test, _, why = rest.partition(" :: ")
                assert why, text
                fails.append(test)
            else:
                assert not text or text.startswith("#"), text
    return modules, skips, fails


MODULES, SKIPS, FAILS = listed()


def outcomes(text):
    """{test: (outcome, reason)}; what began and did not end is "HANG"."""
    found = {}
    for m in re.finditer(r"^([\w.]+)\t(start|ok|skip|FAIL)\t(.*)$", text, re.M):
        test, outcome, why = m.groups()
        if outcome == "start":
            found.setdefault(test, ("HANG", ""))
        elif found.get(test, ("HANG",))[0] != "FAIL":
            found[test] = (outcome, why)
    return found


# Without --soak one test that skips stands for all of them.
RUN = MODULES if os.environ.get("SLUICE_SOAK") else [("all", "root", 0)]


@pytest.mark.parametrize("module,user,seconds", RUN, ids=["%s-%s" % m[:2] for m in RUN])
def test_module(module, user, seconds, soak):
    if not soak:
        pytest.skip("Python's own tests; make soak runs them")
    script = SCRIPT % {"module": module, "seconds": seconds, "uid": 0 if user == "root" else 1000, "home": "/root" if user == "root" else "/tmp"}
    r = sluice.with_packages(PACKAGES, script, timeout=seconds + sluice.PATIENCE, mem=512, add=[(RUNNER, "/t/suite.py")])
    found, tail = outcomes(r.text.partition("\n===\n")[0]), r.text.partition("\n===\n")[2]
    assert found, tail
    wrong = []
    for test, (outcome, why) in sorted(found.items()):
        short = test.partition("test.")[2]
        if outcome in ("FAIL", "HANG") and not any(fnmatch.fnmatchcase(short, f) for f in FAILS):
            wrong.append("%s: %s %s" % (short, outcome, why))
        if outcome == "skip" and not any(fnmatch.fnmatchcase(why, s) for s in SKIPS):
            wrong.append("%s: skipped, a reason that is not listed: %s" % (short, why))
        if outcome == "ok" and short in FAILS:
            wrong.append("%s: is listed as failing and passes" % short)
    assert not wrong, "\n".join(wrong + ["...", tail])
    assert re.search(r"^status (0|2)$", r.text, re.M), tail
