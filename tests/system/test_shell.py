"""Shell scripts with known output: all in one boot, on the release and on the debug kernel (UBSan, lock ranks, assertions).

A case is (name, script, what it prints). Scripts run with cwd in a fresh folder /t/NAME; stderr counts as output."""
import re

import pytest

import sluice

CASES = [
    # ---- processes, shell
    ("pipeline", "seq 1000 | sort -rn | head -3 | tr '\\n' ' '", "1000 999 998 "),
    ("long_pipe", "seq 200000 | md5sum", "0e10426a1d5bddffcef02f1345787128  -\n"),
    ("exit_codes", "false; echo $?; (exit 42); echo $?; sh -c 'kill -TERM $$'; echo $?", "1\n42\nTerminated\n143\n"),
    ("background", "{ for i in 1 2 3 4 5; do (sleep 0.$((6-i)); echo $i) & done; wait; } | sort; echo all", "1\n2\n3\n4\n5\nall\n"),
    ("trap", "trap 'echo got' USR1; kill -USR1 $$; echo on", "got\non\n"),
    ("sigpipe", "yes | head -1; echo done", "y\ndone\n"),
    ("subshells", "i=0; while [ $i -lt 100 ]; do i=$((i+$(echo 1))); done; echo $i", "100\n"),
    ("here_document", "cat <<E\nline $((1+1))\nE", "line 2\n"),
    ("script_interpreter", "printf '#!/bin/sh\\necho \"$0 $1\"\\n' > s; chmod 755 s; ./s x", "./s x\n"),
    ("nested_interpreter", "printf '#!/bin/sh\\nexec sh \"$@\"\\n' > a; chmod 755 a; printf '#!%s/a\\necho nested $1\\n' \"$PWD\" > b; chmod 755 b; ./b y",
     "nested y\n"),
    ("interpreter_missing", "printf '#!/no/such\\n' > s; chmod 755 s; ./s 2>/dev/null; echo $?", "127\n"),
    ("environment", "X=abc sh -c 'echo $X'; env -i /bin/busybox env", "abc\n"),
    ("big_environment", "x=$(head -c 100000 /dev/zero | tr '\\0' x); X=$x busybox sh -c 'echo ${#X}'", "100000\n"),
    ("deep_recursion", "f() { [ $1 -eq 0 ] || f $(($1-1)); }; f 500; echo ok", "ok\n"),
    ("time", "[ $(date +%s) -gt 1600000000 ] && echo sane", "sane\n"),
    ("sleep_order", "(sleep 0.2; echo b) & echo a; wait", "a\nb\n"),
    ("ps", "sleep 77 & until ps -o args | grep -o '[s]leep 77'; do sleep 0.1; done; kill $!; wait $! 2>/dev/null; echo $?", "sleep 77\n143\n"),
    ("stop_and_continue", "sleep 50 & kill -STOP $!; sleep 0.1; cut -d' ' -f3 /proc/$!/stat; kill -CONT $!; sleep 0.1; cut -d' ' -f3 /proc/$!/stat; kill $!",
     "T\nS\n"),
    ("nice_tools", "echo 'b 2\na 1' | sort | awk '{ s += $2 } END { print s }' | sed 's/3/three/'", "three\n"),
    ("orphans", "sh -c 'sleep 0.1 & exit 0'; sleep 0.3; ps -o stat | grep -c Z", "0\n"),
    ("many_processes", "for i in $(seq 150); do sleep 0.3 & done; wait; echo ok", "ok\n"),
    ("fork_storm", "for i in $(seq 300); do /bin/true; done; echo ok", "ok\n"),
    # ---- files
    ("copy_move_link", "echo x > a; cp a b; ln a c; ln -s a d; mv b e; cat c d e; stat -c %h a; readlink d", "x\nx\nx\n2\na\n"),
    ("permissions", "umask 027; touch f; mkdir d; stat -c %a f d; chmod 4711 f; stat -c %a f", "640\n750\n4711\n"),
    ("permission_checked", "mkdir p; chmod 777 p; echo s > p/f; chmod 600 p/f; su -s /bin/sh user -c 'cat p/f' 2>&1 | sed 's/.*: //'", "Permission denied\n"),
    ("sparse", "dd if=/dev/zero of=s bs=1 count=1 seek=10000000 2>/dev/null; stat -c '%s' s; [ $(stat -c %b s) -lt 100 ] && echo sparse",
     "10000001\nsparse\n"),
    ("append_and_truncate", "echo 1 > f; echo 2 >> f; cat f; : > f; stat -c %s f", "1\n2\n0\n"),
    ("deep_folders", "p=.; for i in $(seq 60); do p=$p/d; mkdir $p; done; echo x > $p/f; cat $p/f; rm -r d; ls", "x\n"),
    ("rename_over", "echo a > a; echo b > b; mv a b; cat b; ls", "a\nb\n"),
    ("remove_open", "echo kept > f; exec 3< f; rm f; cat <&3; ls", "kept\n"),
    ("dot_dot", "mkdir -p a/b; cd a/b; pwd; cd ../..; ls a", "/t/dot_dot/a/b\nb\n"),
    ("find", "mkdir -p x/y; touch x/1 x/y/2; find x -type f | sort", "x/1\nx/y/2\n"),
    ("long_name", "n=$(head -c 255 /dev/zero | tr '\\0' n); echo x > $n; cat $n; touch ${n}n 2>&1 | sed 's/.*: //'", "x\nFile name too long\n"),
    ("symlink_loop", "ln -s b a; ln -s a b; cat a 2>&1 | sed 's/.*: //'", "Too many levels of symbolic links\n"),
    ("not_a_folder", "touch f; cat f/x 2>&1 | sed 's/.*: //'; mkdir f 2>&1 | sed 's/.*: //'", "Not a directory\nFile exists\n"),
    ("folder_not_empty", "mkdir d; touch d/f; rmdir d 2>&1 | sed 's/.*: //'", "Directory not empty\n"),
    ("gzip", "seq 50000 > f; md5sum < f > a; gzip f; gunzip f.gz; md5sum < f | cmp - a && echo same", "same\n"),
    ("tar", "mkdir d; for i in $(seq 50); do echo $i > d/$i; done; tar cf t d; mkdir o; tar xf t -C o; diff -r d o/d && echo same", "same\n"),
    ("times", "touch -d '2001-02-03 04:05:06' f; stat -c %y f | cut -c1-19; date -r f +%s", "2001-02-03 04:05:06\n981173106\n"),
    ("fifo", "mkfifo p; echo through > p & cat p; wait", "through\n"),
    ("many_files", "for i in $(seq 400); do echo $i > f$i; done; ls | wc -l; cat f* | wc -c; rm f*; ls | wc -l", "400\n1492\n0\n"),
    ("dev_files", "echo x > /dev/null; head -c 3 /dev/zero | od -An -tx1; echo x > /dev/full 2>/dev/null || echo full; head -c 16 /dev/urandom | wc -c",
     " 00 00 00\nfull\n16\n"),
    ("dev_full_errno", "echo x 2>&1 > /dev/full | sed 's/.*: //'", "No space left on device\n"),
    ("tmpfs", "mkdir m; mount -t tmpfs none m; echo x > m/f; cat m/f; umount m; ls m", "x\n"),
    ("mount_busy", "mkdir m; mount -t tmpfs none m; cd m; umount /t/mount_busy/m 2>&1 | sed 's/.*: //'; cd ..; umount m && echo gone",
     "Device or resource busy\ngone\n"),
    ("read_only_mount", "mkdir m; mount -t tmpfs none m; mount -o remount,ro m; touch m/x 2>&1 | sed 's/.*: //'; umount m", "Read-only file system\n"),
    ("df", "df / | awk 'NR == 2 { print NF, $6 }'", "6 /\n"),
    ("proc_self", "readlink /proc/self/exe; readlink /proc/self/cwd", "/bin/busybox\n/t/proc_self\n"),
    ("proc_cmdline", "sleep 9 & sleep 0.3; tr '\\0' ' ' < /proc/$!/cmdline; kill $!", "sleep 9 "),
    ("proc_files", "cd /proc; for f in mounts meminfo stat uptime loadavg interrupts filesystems cmdline cpuinfo version self/stat self/status self/maps; do "
                   "[ -n \"$(cat $f)\" ] || echo empty $f; done; echo ok", "ok\n"),
    ("fd_links", "exec 7< /etc/passwd; readlink /proc/$$/fd/7", "/etc/passwd\n"),
    ("free_and_top", "free | awk 'NR == 2 && $2 > 100000 { print \"ok\" }'; top -b -n1 | grep -c ^Mem:", "ok\n1\n"),
    ("uptime", "uptime | grep -c 'load average'", "1\n"),
    ("interrupts", "grep -c -i -E '^ *0: .*(timer|pit)' /proc/interrupts; grep -E 'ata|ide' /proc/interrupts | grep -c 14:", "1\n1\n"),
    ("mounts", "awk '$2 == \"/\" { print $1, $3 }' /proc/mounts", "/dev/sda ext2\n"),
    ("dmesg", "dmesg | grep -c -i sluice > n; [ $(cat n) -ge 1 ] && echo there", "there\n"),
    ("drop_caches", "seq 100000 > f; sync; a=$(md5sum < f); echo 3 > /proc/sys/vm/drop_caches; [ \"$a\" = \"$(md5sum < f)\" ] && echo same", "same\n"),
    ("page_cache_mmap", "cp /bin/busybox .; ./busybox echo runs; rm busybox", "runs\n"),
    ("text_busy", "cp /bin/busybox .; ./busybox sleep 5 & sleep 0.2; sh -c ': > busybox' 2>&1 | sed 's/.*: //'; kill $!", "Text file busy\n"),
    ("hexdump", "printf 'abc' | hexdump -C | head -1", "00000000  61 62 63                                          |abc|\n"),
    ("bad_pointer", "/t/prog/badptr", "ok\n"),
]
PROGRAMS = ["badptr.c"]

DRIVER = """mkdir -p /t; cd /t
for s in /t/cases/*; do
	n=${s##*/}; mkdir -p /t/$n; cd /t/$n
	echo "=== $n"
	sh $s 2>&1
	echo "=== status $?"
done
"""


@pytest.fixture(scope="module", params=[pytest.param(k, marks=pytest.mark.xdist_group("shell-" + k)) for k in ("release", "debug")])
def outcomes(request, tmp_path_factory):
    """{name: (status, output)} of one boot."""
    folder = tmp_path_factory.mktemp("cases")
    for name, text, _ in CASES:
        (folder / name).write_text(text + "\n")
    add = [(folder, "/t/cases")] + [(sluice.program(p), "/t/prog/" + p[:-2]) for p in PROGRAMS]
    log = folder.parent / ("log-" + request.param)
    r = sluice.sh(DRIVER, add=add, kernel=sluice.KERNELS[request.param], log=log, timeout=240)
    found = {m.group(1): (int(m.group(3)), m.group(2)) for m in re.finditer(r"^=== (\w+)\n(.*?)=== status (\d+)$", r.text, re.M | re.S)}
    return r, found, log.read_text(errors="replace")




@pytest.mark.parametrize("name", [c[0] for c in CASES])
def test_case(outcomes, name):
    r, found, _ = outcomes
    assert name in found, "the boot broke off before this case: test_boot_ended_well has the reason"
    want = next(c[2] for c in CASES if c[0] == name)
    assert found[name][1] == want


def test_boot_ended_well(outcomes):
    r, found, log = outcomes
    r.good()
    assert len(found) == len(CASES)
    bad = [line for line in log.splitlines() if re.search(r"UBSan|BUG|WARNING|lock rank|leak", line)]
    assert bad == []
