"""The walk of a read, printed from a real trace, and the README's table of it: they cannot drift apart."""
import os
import re

from sluice import TOP, vm


def walks(text):
    """Each walk as a list of (function, file)."""
    found = []
    for line in text.splitlines():
        if line.startswith("walk "):
            found.append([])
        m = re.match(r"\s+[\d.]+\s+[v^]\s+\w+\s+(\w+)\s+([\w/.]+):\d+", line)
        if m and found:
            found[-1].append((m.group(1), m.group(2)))
    return found


def readme_table():
    """The rows of the README's walk, in order: (functions, files)."""
    with open(os.path.join(TOP, "README.md")) as f:
        part = f.read().split("## The walk of one read")[1].split("\n## ")[0]
    rows = [line.split("|")[2:4] for line in part.splitlines() if line.startswith("|") and "`" in line]
    return [(re.findall(r"`(\w+)`", names), re.findall(r"`([\w/.]+)`", files)) for names, files in rows]


def test_cold_read_walks_as_the_readme_says():
    r = vm("iowalk", "-c", "cat", "/etc/hostname").good()
    assert r.lines[0] == "sluice"
    cold = [w for w in walks(r.text) if ("ata_dma_start", "drivers/block/ata/ata_dma.c") in w and ("page_cache_read", "io/cache/filemap.c") in w]
    assert cold, "no walk of a read reaches the disk:\n" + r.text
    walk = cold[-1]
    order = [(name, files) for names, files in readme_table() for name in names]
    at = 0
    for function, path in walk:
        if function == "page_cache_wait":       # a fast disk interrupts before anybody waits
            continue
        places = [i for i in range(at, len(order)) if order[i][0] == function]
        assert places, "%s is not in the README's table, or not at its place; the walk was %s" % (function, [f for f, _ in walk])
        at = places[0]
        assert path in order[at][1], "the README says %s is in %s, it is in %s" % (function, order[at][1], path)
    for must in ("page_cache_read", "blk_submit", "issue", "ata_start", "ata_dma_start", "outb_start", "ata_irq", "blk_complete"):
        assert must in [f for f, _ in walk], "%s is missing from the walk" % must


def test_warm_read_ends_at_the_page_cache():
    r = vm("sh", "-c", "cat /etc/hostname >/dev/null; iowalk cat /etc/hostname").good()
    reads = [w for w in walks(r.text) if w and w[-1][0] == "page_cache_read"]
    assert reads and not any("blk_submit" in [f for f, _ in w] for w in walks(r.text)), r.text


def test_files_of_the_readme_exist():
    for names, files in readme_table():
        for path in files:
            with open(os.path.join(TOP, path)) as f:
                text = f.read()
        assert files and any(re.search(r"\b%s\(" % n, text) for n in names), "%s: none of %s" % (files, names)
