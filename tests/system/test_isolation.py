"""Nothing a program does harms more than itself: bad pointers in every system call, damaged programs, a fork bomb."""
import os
import re

import pytest

import sluice
from sluice import KERNELS, program, seed, sh, vm

# Calls that get no pointer, or none that is looked at before something has happened that this test does not arrange (a child's end, a
# signal's frame); the sweep has them too.
NO_POINTER = set("""
restart_syscall exit fork close waitpid lseek getpid setuid getuid alarm pause nice sync kill dup brk setgid getgid signal geteuid getegid
setpgid umask ustat dup2 getppid getpgrp setsid setreuid setregid sigsuspend reboot munmap ftruncate fchmod fchown getpriority setpriority
vhangup wait4 fsync sigreturn clone modify_ldt mprotect getpgid fchdir personality setfsuid setfsgid flock msync getsid fdatasync mlock munlock
mlockall munlockall sched_getscheduler sched_yield sched_get_priority_max sched_get_priority_min mremap setresuid setresgid rt_sigreturn vfork
mmap2 ftruncate64 getuid32 getgid32 geteuid32 getegid32 setreuid32 setregid32 fchown32 setresuid32 setresgid32 setuid32 setgid32 setfsuid32
setfsgid32 madvise gettid readahead tkill fadvise64 exit_group remap_file_pages set_tid_address tgkill fadvise64_64 waitid set_robust_list
sync_file_range fallocate dup3 syncfs membarrier arch_prctl rseq close_range
socket listen shutdown accept4 epoll_create epoll_create1 eventfd eventfd2 timerfd_create io_destroy io_submit tee finit_module ioprio_set ioprio_get
shmget shmat shmdt semget msgget timer_getoverrun timer_delete inotify_init inotify_init1 inotify_rm_watch
flistxattr pidfd_open pidfd_getfd
""".split())


def test_bad_pointers_give_efault(tmp_path):
    """Each pointer argument of each call; the table of the test names every call that the kernel's table has."""
    r = sh("cd /t; ./badcalls names; echo; ./badcalls strict", add=[(program("badcalls.c"), "/t/badcalls")], kernel=KERNELS["debug"],
           log=tmp_path / "log").good()
    assert [line for line in (tmp_path / "log").read_text(errors="replace").splitlines() if re.search(r"UBSan|BUG|WARNING", line)] == []
    names, said = r.text.split("\n\n")
    assert said == "end\n"
    with open(os.path.join(sluice.TOP, "kernel/syscall/table.c")) as f:
        implemented = set(re.findall(r"\bS\(\d+, (\w+), \w+\)", f.read()))
    assert len(implemented) > 250
    assert implemented - set(names.split()) - NO_POINTER == set()


@pytest.mark.parametrize("user", [1000, 0])
def test_bad_pointers_everywhere(user, tmp_path, soak):
    """Every number, every argument: it may answer what it likes, but it does answer."""
    r = sh("cd /t; chmod 777 .; ./badcalls sweep %d %d; echo alive" % (user, 1 if soak else 7), add=[(program("badcalls.c"), "/t/badcalls")],
           kernel=KERNELS["debug"], log=tmp_path / "log").good()
    assert [line for line in (tmp_path / "log").read_text(errors="replace").splitlines() if re.search(r"UBSan|BUG|WARNING", line)] == []
    calls = re.fullmatch(r"(\d+) calls\nend\nalive\n", r.text)
    assert calls and int(calls.group(1)) > (100000 if soak else 15000), repr(r)


def test_sysenter_by_hand(tmp_path):
    """Twelve stacks, most of them none, with each mixture of the flags TF, DF, NT, AC; other segments."""
    r = sh("cd /t; ./sysenters", add=[(program("sysenters.c"), "/t/sysenters")], kernel=KERNELS["debug"], log=tmp_path / "log").good()
    found = dict(line.split(":") for line in r.lines[:12])
    assert len(found) == 12
    for name, results in found.items():
        want = "answered" if name.startswith("a ") else "11"
        assert results.split() == [want] * 16, (name, results)
    assert r.lines[12:] == ["segments: answered 1, kept 1 1 1"] * 2 + ["a segment that goes: 0, then 0", "end"]
    assert not re.search(r"UBSan|BUG|WARNING", (tmp_path / "log").read_text(errors="replace"))


def test_damaged_programs(soak):
    """Damage to the headers of a program, and to #! lines; SEED=n repeats it."""
    rounds = 5000 if soak else 400
    r = sh("cd /t; ./elfhurt ./elfhurt %d %d; echo alive" % (seed().randrange(1 << 30), rounds), add=[(program("elfhurt.c"), "/t/elfhurt")],
           kernel=KERNELS["debug"], timeout=600 if soak else 100).good()
    counts = {name: int(n) for name, n in re.findall(r"^(.*): (\d+)$", r.text, re.M)}
    assert r.lines[-2:] == ["end", "alive"] and sum(counts.values()) == rounds, repr(r)
    assert counts["Exec format error"] > rounds / 5 and counts.get("signal 11", 0) > 0, repr(r)


def test_fork_bomb():
    """It ends in EAGAIN; the shell answers while hundreds of its processes run, and afterwards nothing is left of it."""
    r = sh("""cd /t; ./bomb stop & i=0
count() { ls -d /proc/[0-9]* | wc -l; }
before=$(count)
until [ $(count) -gt 300 ]; do sleep 0.1; done
echo answers
> stop; wait
[ $(count) -lt $before ] && echo gone""", add=[(program("bomb.c"), "/t/bomb")], kernel=KERNELS["release"]).good()
    assert r.text == "answers\nResource temporarily unavailable after many\ngone\n", repr(r)


def test_memory_eater_dies_alone():
    """One that eats everything, as an ordinary user's program would: killed, and the others still have what they had."""
    r = vm("/t/eater", add=[(program("eater.c"), "/t/eater")], mem=32, kernel=KERNELS["debug"]).good()
    assert r.text == "limit: Out of memory\neater: signal 9\nothers: 4 well\n", repr(r)
