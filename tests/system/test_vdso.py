"""The vDSO: clocks that cost no system call, and a CPU without sysenter. sysenter by hand is in test_isolation.py."""
import re

import sluice
from sluice import program, sh

# Looking takes about a hundred mode switches by itself.
BASH = r"""
look() { while read -r key value; do [ $key = mode_switches: ] && n=$value; done < /proc/$$/copies; }
look; a=$n; for i in {1..1000}; do t=$EPOCHREALTIME; done; look
[ $((n - a)) -lt 600 ] && echo "bash: none" || echo "bash: $((n - a))"
"""


def test_clocks_make_no_call(tmp_path):
    """A program against musl, the same against glibc, and bash; where the vDSO lies."""
    (tmp_path / "clocks").write_text(BASH)
    glibc = program("sysenters.c", libc="glibc" if sluice.have_glibc() else "musl")
    r = sh("cd /t; ./musl copies 1000; ./glibc copies 1000; bash clocks; tail -n 2 /proc/self/maps",
           add=[(program("sysenters.c"), "/t/musl"), (glibc, "/t/glibc"), (tmp_path / "clocks", "/t/clocks")]).good()
    musl, glibc, bash, vvar, vdso = r.lines
    assert musl == glibc == "1000 readings of clocks: no mode switch: 1; 10 of CPU time: 20" and bash == "bash: none", repr(r)
    assert re.fullmatch(r"7fffe000-7ffff000 r--p .* \[vvar\]", vvar) and re.fullmatch(r"7ffff000-80000000 r-xp .* \[vdso\]", vdso), (vvar, vdso)


def test_a_cpu_without_sysenter(tmp_path):
    """The same vDSO enters by int 0x80; a program sees no difference (its output on Linux: test_same_as_linux.py)."""
    add = [(program("same/vdso.c", (sluice.HERE + "/programs/same/say.h",)), "/t/vdso"), (program("sysenters.c"), "/t/sysenters")]
    script = "cd /t; grep -c -w sep /proc/cpuinfo; ./vdso; echo $?; ./sysenters copies 10"
    with_it, without = (sh(script, add=add, qemu=q).lines for q in ("", "-cpu qemu32,-sep"))
    assert with_it[0] == "1" and without[0] == "0"
    assert with_it[1:] == without[1:] and with_it[-2] == "0" and len(with_it) > 60
