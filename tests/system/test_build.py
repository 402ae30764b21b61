"""The build and its tools: nothing is done twice, headers rebuild what includes them, another compiler and other flags build everything,
lint catches what it is for."""
import os
import re
import shutil
import subprocess

import pytest

import sluice

TREE = ("boot", "kernel", "mm", "io", "drivers", "labs", "user", "tests", "tools", "iso", "Makefile", "linker.ld", ".clang-format")


def make(*args, **keywords):
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "WERROR", "SLUICE_BUILD")}
    return subprocess.run(["make", *args], cwd=keywords.pop("cwd", sluice.TOP), env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)


def copy_sources(top):
    for name in TREE:
        source = os.path.join(sluice.TOP, name)
        if os.path.isdir(source):
            shutil.copytree(source, top / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, top / name)
    return top


@pytest.fixture
def copy(tmp_path):
    """A copy of the sources that a test may change."""
    return copy_sources(tmp_path)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A copy of the sources, built by clang; nobody else changes it meanwhile."""
    top = copy_sources(tmp_path_factory.mktemp("clang"))
    (top / "build").mkdir()
    os.symlink(os.path.join(sluice.TOP, "build", "debian"), top / "build" / "debian")
    r = make("-j2", "CC=clang", cwd=top)
    assert r.returncode == 0, r.stdout[-3000:]
    return top


pytestmark = pytest.mark.xdist_group("build")


def test_second_make_does_nothing(built):
    r = make("CC=clang", cwd=built)
    assert r.returncode == 0 and re.fullmatch(r"make(\[\d+\])?: Nothing to be done for 'all'\.\n", r.stdout), r.stdout


def test_clang_kernel_boots(built):
    kernel = built / "build" / "release" / "sluice.elf"
    assert b"clang version" in kernel.read_bytes()
    r = sluice.vm("sh", "-c", "md5sum /bin/busybox | wc -w; echo $((6*7))", kernel=kernel).good()
    assert r.lines == ["2", "42"]


def test_header_rebuilds_what_includes_it(built):
    def compiled(header):
        r = make("-n", "-W", header, "CC=clang", "kernel", cwd=built)
        assert r.returncode == 0, r.stdout
        return set(re.findall(r"CC +(\S+\.c)", r.stdout))
    elevator = compiled("io/contract/elevator.h")
    assert any(p.startswith("io/block/elevators/") for p in elevator) and "kernel/lib/string.c" not in elevator
    types = compiled("kernel/lib/types.h")
    assert elevator < types and len(types) > 100
    assert "LD " in make("-n", "-W", "linker.ld", "CC=clang", "kernel", cwd=built).stdout
    assert "NASM" in make("-n", "-W", "boot/boot.asm", "CC=clang", "kernel", cwd=built).stdout


def test_other_flags_rebuild(built):
    flags = built / "build" / "release" / ".flags"
    kept = flags.read_text()
    try:
        r = make("CC=clang", "WERROR=1", "build/release/kernel/lib/string.o", cwd=built)
        assert r.returncode == 0 and "kernel/lib/string.c" in r.stdout and "-Werror" in flags.read_text()
    finally:
        flags.write_text(kept)


def test_kernel_is_small_and_has_its_maps(tmp_path):
    elf = sluice.KERNELS["release"]
    subprocess.run(["objcopy", "--strip-debug", elf, str(tmp_path / "k")], check=True)
    assert 30000 < os.path.getsize(tmp_path / "k") < 1 << 20
    for suffix, word in (("map", "kernel_main"), ("sym", "kernel_main"), ("dis", "<kernel_main>:")):
        with open(os.path.join(os.path.dirname(elf), "sluice." + suffix), errors="replace") as f:
            assert word in f.read()


# ---- lint ---------------------------------------------------------------------

def lint(top):
    r = subprocess.run([os.path.join(sluice.TOP, "tools", "lint"), "--top", str(top)], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return r.returncode, r.stdout


def test_tree_is_clean(copy):
    status, said = lint(copy)
    assert status == 0, said


@pytest.mark.parametrize("path,text,complaint", [
    ("mm/bad.c", '/* x */\n#include "io/contract/file.h"\n', "may not include io/contract/file.h"),
    ("kernel/sched/bad.c", '/* x */\n#include "drivers/bus/pci.h"\n', "may not include"),
    ("drivers/block/bad.c", '/* x */\n#include "io/block/queue.h"\n', "may not include io/block/queue.h"),
    ("drivers/char/bad.c", '/* x */\n#include "io/vfs/files.h"\n', "may not include"),
    ("io/block/elevators/bad.c", '/* x */\n#include "io/block/queue.h"\n', "may not include"),
    ("io/block/bad.c", '/* x */\n#include "io/cache/page_cache.h"\n', "may not include"),
    ("io/cache/bad.c", '/* x */\n#include "io/vfs/files.h"\n', "may not include"),
    ("io/fs/ext2/bad.c", '/* x */\n#include "io/cache/page_cache.h"\n', "may not include"),
    ("io/block/bad.c", '/* x */\n#include "kernel/hal/port.h"\n', "may not include"),
    ("kernel/hal/bad.c", '/* x */\n#include "mm/no-such.h"\n', "no file"),
    ("drivers/char/bad.c", "/* x */\nvoid f(void) { outb(0x80, 1); }\n", "port access"),
    ("io/block/bad.c", "/* x */\nint f(void) { return inl(0x80); }\n", "port access"),
    ("drivers/char/bad.c", '/* x */\nvoid f(void) { __asm__ volatile("outb %%al, %%dx" : : ); }\n', "assembly"),
    ("drivers/char/bad.asm", "; x\n\tout dx, al\n", "port access"),
    ("drivers/char/bad.c", "int x;\n", "no comment at the top"),
    ("drivers/char/bad.c", "/* x */\nint x; /* TO" "DO: y */\n", "note to self"),
    ("drivers/char/bad.c", "/* x */\nint x; \n", "white space"),
    ("drivers/char/bad.c", "/* %s */\n" % ("x" * 200), "columns"),
], ids=lambda v: v if len(v) < 30 and "\n" not in v else "")
def test_lint_catches(copy, path, text, complaint):
    (copy / path).write_text(text)
    status, said = lint(copy)
    assert status == 1
    assert [line for line in said.splitlines() if path in line and complaint in line], said


def test_lint_knows_comments_and_names(copy):
    (copy / "drivers/char/good.c").write_text('/* outb(1, 2) in a comment */\nvoid my_outb_like(int a);\nconst char *s = "outb(3)";\n')
    assert "good.c" not in lint(copy)[1]
