"""The C and Python listings of the documents' chapters 5 and 6, cut out of them and built as they stand: the reader by AIO, the server by
sendfile, the copy by splice, the tasks of asyncio."""
import hashlib
import os
import re

import pytest
import sluice

MIB = 100
# The AIO listing mixes libaio's names with the kernel's.
AIO_NAMES = ("-DIOCB_CMD_PREAD=IO_CMD_PREAD", "-Daio_buf=u.c.buf", "-Daio_nbytes=u.c.nbytes", "-Daio_offset=u.c.offset")
DEBIAN = os.path.join(sluice.TOP, "build", "debian", "root", "usr")
SCRIPT = """
mkdir -p /t/m; mount -t ext2 /dev/sdb /t/m || exit 1; cd /t/m
echo == aio; /t/aio small || exit 2
echo == splice; /t/splice big copy || exit 3
md5sum <copy
echo == sendfile
/t/server big >/t/said & server=$!
until nc 127.0.0.1 8080 </dev/null >/t/sum.in 2>/dev/null; do kill -0 $server || exit 4; usleep 10000; done
wait $server; echo status $?; md5sum </t/sum.in; cat /t/said
cd /; umount /t/m
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """({part: its lines}, the text of the small file, the digest of the big one), all from one guest."""
    folder = tmp_path_factory.mktemp("listings")
    both = sluice.listing("c", "splice(", "sendfile(")
    cut = both.index("/*\n * splice()")
    sources = {"aio": (sluice.listing("c", "io_submit", "libaio.h"), [DEBIAN + "/lib/i386-linux-gnu/libaio.a"],
                       ("-include", "stdint.h", "-D_GNU_SOURCE", "-I" + DEBIAN + "/include", *AIO_NAMES)),
               "server": (both[:cut], [], ("-w",)), "splice": (both[cut:], [], ("-D_GNU_SOURCE",))}
    programs = []
    for name, (text, libraries, flags) in sources.items():
        (folder / (name + ".c")).write_text(text)
        programs.append((sluice.compile_glibc(str(folder / name), str(folder / (name + ".c")), *libraries, flags=flags), "/t/" + name))
    data = sluice.seed().randbytes(1 << 20) * MIB
    (folder / "files").mkdir()
    (folder / "files" / "big").write_bytes(data)
    small = "".join(chr(97 + i * i % 25) for i in range(8192))
    (folder / "files" / "small").write_text(small)
    image = sluice.mkfs(folder / "image", 2 * MIB + 56, folder / "files")
    r = sluice.sh(SCRIPT, add=programs, disk=[image], timeout=200).good()
    sluice.fsck(image)
    return dict(re.findall(r"^== (\w+)\n(.*?)(?=^== |\Z)", r.text, re.M | re.S)), small, hashlib.md5(data).hexdigest()


def test_aio(said):
    parts, small, _ = said
    assert parts["aio"].splitlines() == ["Async I/O submitted, doing other work...", "Read 4096 bytes successfully", "First 64 bytes: " + small[:64]]


def test_splice(said):
    parts, _, digest = said
    assert parts["splice"].splitlines() == ["File copied using splice (zero-copy)", digest + "  -"]


def test_sendfile(said):
    parts, _, digest = said
    assert parts["sendfile"].splitlines()[:2] == ["status 0", digest + "  -"], parts["sendfile"]
    assert "File sent successfully using zero-copy: %d bytes" % (MIB << 20) in parts["sendfile"]
    assert re.search(r"^Client connected: 127\.0\.0\.1:\d+$", parts["sendfile"], re.M)


def test_asyncio(soak):
    """Debian's python3 runs the tasks; they read and write through its pool of threads."""
    text = sluice.listing("python", "asyncio.gather")
    if not soak:
        pytest.skip("a Python from Debian's packages; make soak runs it")
    r = sluice.with_packages("python3,python3-aiofiles", "python3 /t/tasks.py && wc -c </tmp/test_async.txt", add=[(sluice.script_file(text), "/t/tasks.py")])
    for name in "/etc/hostname", "/etc/os-release", "/proc/cpuinfo":
        assert re.search(r"^\[%s\] Read \d+ bytes$" % name, r.text, re.M), r.text
    assert r.lines[-2:] == ["All operations completed!", "15000"]
