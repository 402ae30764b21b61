"""docs/gdb.md is true: what its two tours type at gdb prints what the page says."""
import os
import re
import shlex
import subprocess

import pytest

import sluice


def tours():
    """[(command line, [(what is typed at gdb, the lines it should print)])] of the page."""
    with open(os.path.join(sluice.TOP, "docs", "gdb.md")) as f:
        page = f.read()
    found = []
    for block in re.findall(r"(?ms)^```\n(.*?)^```$", page[page.index("## Tour 1"):page.index("## Time travel")]):
        for line in block.splitlines():
            if line.startswith("$ tools/vm run --gdb"):
                found.append((line[2:].split(None, 3)[3], []))
            elif line.startswith("(gdb) "):
                found[-1][1].append((re.sub(r"\s+# .*", "", line[6:]), []))
            else:
                found[-1][1][-1][1].append(line)
    return found


def pattern(line):
    """A line of the page as a pattern: white space does not matter, nor do addresses, line numbers, pids, counts of instructions."""
    line = re.escape(" ".join(line.split()))
    line = re.sub(r"0x[0-9a-f]{5,8}", "0x[0-9a-f]+", line)
    line = re.sub(r":\d+", r":\\d+", line)
    line = re.sub(r"\b(pid\\ |id\\ |breakpoint\\ |\$)\d+", r"\1\\d+", line)
    line = re.sub(r"^(\d+\\ )?(?=[a-z_0-9]+\\ +[a-z_]+/|instructions)", r"(\\d+ )?", line)
    line = re.sub(r"^\d+(?=\\ )", r"\\d+", line)
    line = re.sub(r"\\\+\d+>", r"\\+\\d+>", line)
    return line.replace(r"\.\.\.", ".*")


def follows(wanted, printed):
    """Whether the lines printed are the wanted ones, where "..." stands for any lines; else the first that is missing."""
    printed = [" ".join(line.split()) for line in printed if line.strip()]
    at, gap = 0, False
    for line in wanted:
        if line.strip() == "...":
            gap = True
            continue
        want = re.compile(pattern(line) + r"\Z")
        while gap and at < len(printed) and not want.match(printed[at]):
            at += 1
        if at == len(printed) or not want.match(printed[at]):
            return line
        at, gap = at + 1, False
    return None if gap or at == len(printed) else "nothing more than: " + printed[at]


def replay_tour(words, steps, tmp_path):
    """Type the tour at gdb: what was printed after each command, or None when gdb stopped half-way."""
    script = "".join("echo \\n=== %d\\n\n%s\n" % (n, command) for n, (command, _) in enumerate(steps))
    (tmp_path / "tour").write_text(script + "echo \\n=== end\\n\n")
    args = shlex.split("tools/vm run --timeout 90 --gdb-script %s %s" % (tmp_path / "tour", words))
    r = subprocess.run(args, cwd=sluice.TOP, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    parts = re.split(r"^=== (?:\d+|end)\n", r.stdout, flags=re.M)[1:]
    return [p.splitlines() for p in parts], r.stdout[-2000:] + r.stderr[-2000:]


@pytest.mark.parametrize("number", range(2))
def test_tour(number, tmp_path):
    """Each command of the tour prints what the page says."""
    words, steps = tours()[number]
    assert len(steps) > 12
    printed, said = replay_tour(words, steps, tmp_path)
    for (command, wanted), lines in zip(steps, printed):
        missing = follows(wanted, lines)
        assert missing is None, "after '%s' the page says\n  %s\nbut gdb printed\n  %s" % (command, missing, "\n  ".join(lines))
    assert len(printed) >= len(steps), said
