"""A disk can be unmounted as soon as the last process that used it has been waited for, in whatever way it held its files."""
import re

import sluice
from sluice import KERNELS, mkfs, program, sh

WAYS = ("message", "chain", "circle", "bound", "map", "buffered", "direct")
SAID = "".join("%s: Resource busy, gone\n" % way * 2 for way in WAYS) + """
sent: Resource busy
received without room: cut, one left: Resource busy
closed: gone
screen: 0 kept
""".lstrip()


def test_nothing_is_held_by_who_has_ended(tmp_path):
    """The disk is slow, so that requests are under way when their process ends. The debug kernel says who holds what is busy."""
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "file").write_bytes(b"f" * (64 * 4096))
    image = mkfs(tmp_path / "image", 4, tmp_path / "tree")
    r = sh("mkdir /t/d; /t/letgo /dev/sdb /t/d", add=[(program("letgo.c"), "/t/letgo")], disk=["%s,slow=3ms" % image], kernel=KERNELS["debug"],
           log=tmp_path / "log").good()
    assert r.text == SAID, repr(r)
    log = (tmp_path / "log").read_text(errors="replace")
    assert "still in use" not in log, log[-3000:]
    assert re.search(r"sdb is busy: \d+ references\n.*\n.* file in /, inode 12: 1 references\n.*\(letgo\): descriptor \d+\n", log), log[-3000:]
    sluice.fsck(image)
