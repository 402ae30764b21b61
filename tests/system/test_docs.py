"""What README.md and docs/ name exists: files, functions of the kernel, kernel words, links."""
import glob
import os
import re

import pytest

import sluice

PAGES = ["README.md", *sorted(glob.glob("docs/*.md", root_dir=sluice.TOP))]
FOLDERS = ("boot", "kernel", "mm", "io", "drivers", "labs", "user", "tests", "tools", "iso", ".ci", ".devcontainer", "docs")
# Single words in code style that look like functions, but are commands, files, states, packages or parts of a worked example.
FUNCTION = re.compile(r"^[a-z][a-z0-9]*(?:_[a-z0-9]+)+$")
EXAMPLE = {"sys_uptime_ns", "uptime_ns"}


def read(path):
    with open(os.path.join(sluice.TOP, path), encoding="utf-8", errors="replace") as f:
        return f.read()


@pytest.fixture(scope="module")
def words():
    """Every identifier in the sources."""
    found = set()
    for folder in FOLDERS[:9]:
        for at, _, names in os.walk(os.path.join(sluice.TOP, folder)):
            for name in names:
                if name.endswith((".c", ".h", ".asm", ".py")):
                    found.update(re.findall(r"\w+", read(os.path.join(at, name))))
    return found


def code(text):
    """Inline code, not the blocks."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"(?ms)^```.*?^```", "", text))


def test_the_pages_are_there():
    for name in ("read", "write", "process", "syscall", "hang"):
        assert "docs/%s.md" % name in PAGES
        assert "docs/%s.md" % name in read("README.md"), name


@pytest.mark.parametrize("page", PAGES)
def test_files_exist(page):
    named = set(re.findall(r"(?<![\w./-])((?:%s)/[\w./*-]*\w)" % "|".join(re.escape(f) for f in FOLDERS), read(page)))
    assert page == "docs/hang.md" or named, "names no file"
    missing = [p for p in named if not glob.glob(os.path.join(sluice.TOP, p)) and not p.startswith("build")]
    assert not missing


@pytest.mark.parametrize("page", PAGES)
def test_functions_exist(page, words):
    named = {w for piece in code(read(page)) for w in [piece.strip().rstrip("()")] if FUNCTION.match(w)} - EXAMPLE
    assert not [w for w in sorted(named) if w not in words]


@pytest.mark.parametrize("page", PAGES)
def test_functions_stand_in_the_file_named_with_them(page):
    """`function` (`file`): the function is in that file."""
    wrong = [(f, path) for f, path in re.findall(r"`(\w+)` \(`([\w./-]+\.(?:c|h|asm))`\)", read(page))
             if os.path.exists(os.path.join(sluice.TOP, path)) and not re.search(r"\b%s\b" % f, read(path))]
    wrong += [(f, path) for f, path in re.findall(r"`(\w+)` in `([\w./-]+\.(?:c|h|asm))`", read(page))
              if not re.search(r"\b%s\b" % f, read(path))]
    for row in re.findall(r"(?m)^\|.*\|$", read(page)):     # a table: the functions of a row are in its files
        files = re.findall(r"`([\w./-]+\.(?:c|h|asm))`", row)
        names = [w for w in code(row) if FUNCTION.match(w)]
        if any(x.startswith(("linux/", "asm/")) for x in files):     # headers of kernel/include, which stand for others
            wrong += [(row, x) for x in files if x.startswith(("linux/", "asm/")) and not os.path.exists(os.path.join(sluice.TOP, "kernel/include", x))]
            continue
        wrong += [(f, files) for f in names if files and not any(re.search(r"\b%s\b" % f, read(x)) for x in files)]
    assert not wrong


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    links = [m for m in re.findall(r"\]\(([^)#]+)\)", read(page)) if "://" not in m]
    assert not [m for m in links if not os.path.exists(os.path.join(sluice.TOP, os.path.dirname(page), m))]


def test_the_page_of_system_calls_is_the_table():
    table = read("kernel/syscall/table.c")
    works, partial, missing = re.match(r".*## Works \(\d+\)(.*)## Works in part(.*)## Not there \(\d+\)(.*)", read("docs/syscalls.md"), re.S).groups()
    there = set(re.findall(r"\bS\(\d+, (\w+), \w+\)", table))
    assert set(re.findall(r"`(\w+)`", works)) == there
    assert set(re.findall(r"^\| `(\w+)`", partial, re.M)) <= there
    assert set(re.findall(r"`(\w+)`", missing)) == set(re.findall(r"\bN\(\d+, (\w+)\)", table))
