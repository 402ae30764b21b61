"""stress-ng, Debian's: what it does to a kernel must end in no complaint of the kernel, no hang, nothing lost, and nothing that its --verify
finds wrong. A few stressors in `make test`; all that work here, as root and as an ordinary user, with little memory and with more, in `make soak`."""
import re

import pytest

from sluice import KERNELS, program, with_packages

COMPLAINTS = re.compile(r"UBSan|BUG|WARNING|lock rank|poison|leak|Kernel panic")

# Some seconds each. What a stressor loads when it runs first (names in the cache, threads of work queues) is no loss: only a second run is judged.
RUN = """
user=%s seconds=%s
mkdir -p /t/w && chmod 777 /t/w
stress() {
	options="--$1 2 -t $seconds --verify --pathological --temp-path /t/w"
	case $user in
	root) timeout -s KILL 150 stress-ng $options ;;
	*) timeout -s KILL 150 busybox su -s /bin/sh $user -c "exec stress-ng $options" ;;
	esac >/t/out 2>&1 </dev/null
	status=$?
	[ $status = 0 ] || { cat /t/out; echo "$1 as $user: status $status"; }
	rm -rf /t/w/*
}
for s in %s; do
	before=$(/t/inuse)
	stress $s
	[ $seconds = 1 ] || /t/inuse "$before" >/dev/null && continue
	before=$(/t/inuse)
	stress $s
	/t/inuse "$before" || echo "$s as $user: memory is lost"
done
echo end
"""

FEW = "mremap pipe epoll aio splice mmapfork"

# One line is one guest. Not here: what Sluice does not have (ptrace, namespaces, netlink, swap, message queues, seccomp, loop devices and the like).
ALL = """
access chattr chdir chmod chown copy-file dentry dir dirdeep dirmany dup fallocate fcntl file-ioctl filename flock fpunch fstat getdent hdd
inode-flags inotify io iomix ioprio lease link locka lockf lockofd mknod open procfs rename symlink sync-file touch utime
aio aiol rawdev readahead revio seek sendfile splice tee vm-splice pipe pipeherd fifo ring-pipe eventfd epoll poll
sock sockabuse sockfd sockpair udp udp-flood sigabrt sigchld sigfd sigfpe sigio signal signest sigpending sigpipe sigq sigrt sigsegv sigsuspend sigtrap
alarm bad-altstack brk clock clone close cyclic daemon dev dev-shm dynlib env exit-group fault fork forkheavy full futex getrandom
itimer kcmp kill klog madvise malloc memfd mincore mlock mlockmany mmap mmapaddr mmapfixed mmapfork mmaphuge mmapmany mprotect mremap
msync msyncmany munmap mutex nanosleep nice null opcode pagemove pageswap pci personality prctl pthread race-sched remap resched resources rlimit rmap rtc
schedpolicy seal sem session set shm shm-sysv sleep switch sysinfo sysfs sysbadaddr timer timerfd tlb-shootdown urandom
vdso vfork vforkmany vm vm-addr wait yield zero zombie enosys oom-pipe bigheap
"""
OTHERS_ONLY = "bad-ioctl exec spawn sysinval get"      # not for root, or fails at what only root is asked for


def stress(tmp_path, user, seconds, names, **options):
    log = tmp_path / "log"
    try:
        r = with_packages("stress-ng", RUN % (user, seconds, names), add=[(program("inuse.c"), "/t/inuse")], log=log, **options)
    finally:
        complaints = [line for line in (log.read_text(errors="replace") if log.exists() else "").splitlines() if COMPLAINTS.search(line)]
        assert complaints == []
    assert r.text == "end\n", repr(r)


def test_a_few_stressors(tmp_path):
    stress(tmp_path, "root", 1, FEW, kernel=KERNELS["debug"])


@pytest.mark.parametrize("user,kernel,mem", [("root", "debug", 128), ("nobody", "debug", 64), ("nobody", "release", 256)])
def test_all_stressors(tmp_path, soak, user, kernel, mem):
    if not soak:
        pytest.skip("half an hour; make soak runs it")
    for names in ALL.strip().splitlines() + ([OTHERS_ONLY] if user != "root" else []):
        stress(tmp_path, user, 3, names, kernel=KERNELS[kernel], mem=mem, timeout=3000)
