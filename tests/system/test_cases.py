"""Small cases, programs (programs/cases/*.c) and shell scripts (scripts/cases/*.sh): each prints the same on Sluice and on the host's own
Linux, but for the differences listed in cases-differences.txt. Subjects whose name begins with fs_ run in the guest on ext2 and on tmpfs."""
import difflib
import glob
import os
import re
import subprocess
import tempfile

import pytest

import sluice

FOLDER = os.path.join(sluice.HERE, "programs", "cases")
SCRIPTS = os.path.join(sluice.HERE, "scripts", "cases")
BUSYBOX = os.path.join(sluice.TOP, "build", "debian", "root", "bin", "busybox")
pytestmark = pytest.mark.xdist_group("cases")


def names_in(folder, ending, pattern):
    """{subject: {case: needs root}} of the sources in a folder."""
    found = {}
    for path in sorted(glob.glob(os.path.join(folder, "*" + ending))):
        with open(path) as f:
            found[os.path.basename(path)[:-len(ending)]] = {m.group(2): bool(m.group(1)) for m in re.finditer(pattern, f.read(), re.M)}
    return found


PROGRAMS = names_in(FOLDER, ".c", r'^CASE(_ROOT)?\((\w+), "')
SHELL = names_in(SCRIPTS, ".sh", r"^(root_)?case_(\w+)\(\)")
ALL = [(s, c) for kind in (PROGRAMS, SHELL) for s in kind for c in kind[s]]


def places(subject):
    return ("ext2", "tmpfs") if subject.startswith("fs_") else ("ext2",)


def results(text):
    """{case: lines, the last is how it ended} of what a runner printed."""
    found = {}
    for part in re.split(r"^== ", text, flags=re.M)[1:]:
        lines = part.splitlines()
        found[lines[0]] = lines[1:]
    return found


def accepted():
    """{case or case@place: (lines of Linux, lines of Sluice)} of the table; each entry has its reason."""
    found, at = {}, None
    with open(os.path.join(sluice.HERE, "cases-differences.txt")) as f:
        for line in f.read().splitlines():
            if line.startswith("#") or not line:
                continue
            if line[0] in "-+:" and at:
                found[at][line[0]].append(line[2:])
            else:
                at = line
                found[at] = {"-": [], "+": [], ":": []}
    return found


ACCEPTED = accepted()


@pytest.fixture(scope="module")
def runners():
    headers = (os.path.join(FOLDER, "cases.h"), os.path.join(sluice.HERE, "programs", "same", "say.h"))
    made = {s: sluice.program("cases/%s.c" % s, headers) for s in PROGRAMS}
    made["shell_cases"] = sluice.program("shell_cases.c", headers)
    return made


@pytest.fixture(scope="module")
def in_guest(runners):
    """{(subject, place): {case: lines}}, all from one boot."""
    text = sluice.as_nice_as_here() + "mkdir /t/ext2 /t/tmpfs\nmount -t tmpfs none /t/tmpfs\n"
    add = [(path, "/t/p/" + n) for n, path in runners.items()] + [(os.path.join(SCRIPTS, s + ".sh"), "/t/s/%s.sh" % s) for s in SHELL]
    for s in [*PROGRAMS, *SHELL]:
        run = "/t/p/" + s if s in PROGRAMS else "/t/p/shell_cases /bin/busybox /bin /t/s/%s.sh %s" % (s, " ".join(SHELL[s]))
        for place in places(s):
            text += "cd /t/%s; echo '=== %s %s'; %s 2>&1\n" % (place, s, place, run)
    r = sluice.sh(text, add=add, timeout=200)
    return r, {(m.group(1), m.group(2)): results(m.group(3))
               for m in re.finditer(r"^=== (\w+) (\w+)\n(.*?)(?=^=== |\Z)", r.text, re.M | re.S)}


@pytest.fixture(scope="module")
def on_host(runners, tmp_path_factory):
    """A function: {case: lines} of a subject, run once."""
    folder, done = tmp_path_factory.mktemp("cases"), {}
    bin_folder = folder / "bin"
    os.mkdir(bin_folder)

    def run(subject):
        if subject not in done:
            if not list(bin_folder.iterdir()):
                subprocess.run([BUSYBOX, "--install", "-s", str(bin_folder)], check=True)
            os.mkdir(folder / subject)
            command = [runners[subject]] if subject in PROGRAMS else [runners["shell_cases"], BUSYBOX, str(bin_folder),
                                                                     os.path.join(SCRIPTS, subject + ".sh"), *SHELL[subject]]
            # A script's output into a file: a pipe would be lent the pages of what `cat` shows, and tell what is written to them before it
            # is read. A program's into a pipe, where its limits on files do not count.
            with tempfile.TemporaryFile() as out:
                r = subprocess.run(command, cwd=folder / subject, stdin=subprocess.DEVNULL, stdout=out if subject in SHELL else subprocess.PIPE,
                                   stderr=subprocess.STDOUT, start_new_session=True, timeout=200)
                out.seek(0)
                done[subject] = results((r.stdout or out.read()).decode("utf-8", "replace"))
        return done[subject]
    return run


def difference(want, got):
    """What must be listed: the lines of Linux and the lines of Sluice that differ."""
    diff = [d for d in difflib.ndiff(want, got) if d[0] in "-+"]
    return [d[2:] for d in diff if d[0] == "-"], [d[2:] for d in diff if d[0] == "+"]


@pytest.mark.parametrize("subject,case", ALL, ids=["%s.%s" % pair for pair in ALL])
def test_case(subject, case, in_guest, on_host):
    if not sluice.host_runs_i386():
        pytest.skip("this host does not execute i386 programs")
    if os.getuid() and (PROGRAMS if subject in PROGRAMS else SHELL)[subject][case]:
        pytest.skip("the host's half of this case needs root")
    want = on_host(subject).get(case)
    assert want, "no result on the host"
    r, found = in_guest
    for place in places(subject):
        got = found.get((subject, place), {}).get(case)
        assert got, "no result in the guest on %s: %r" % (place, r)
        listed = ACCEPTED.get("%s.%s@%s" % (subject, case, place)) or ACCEPTED.get("%s.%s" % (subject, case)) or {"-": [], "+": []}
        text = "\n".join(difflib.unified_diff(want, got, "linux", "sluice on " + place, lineterm="", n=3))
        assert difference(want, got) == (listed["-"], listed["+"]), "other than listed in cases-differences.txt:\n" + text


def test_differences_have_cases_and_reasons():
    known = {"%s.%s" % pair for pair in ALL}
    for name, entry in ACCEPTED.items():
        assert name.partition("@")[0] in known, name
        assert entry[":"], name + ": no reason"
