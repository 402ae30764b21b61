/*
 * Every system call with pointers that lead nowhere.
 *   badcalls names   the calls of the table below, by name
 *   badcalls strict  each pointer of each call in the table, replaced by each kind of bad pointer: EFAULT and nothing else
 *   badcalls sweep UID STEP  all numbers from 0 to 469, every argument replaced by every bad pointer, the others from a few plausible sets (each
 *                    STEP-th combination), as that user: anything may come back, but it has to come back, or the process has to die when told to
 * Prints one line for each thing that is wrong, and "end".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096
#define NR_ARGS 6

/* What stands in the table for an argument that is a pointer: read from, written to, or the name of a file, a link, a program. */
#define IN_    0x0badf001
#define OUT_   0x0badf002
#define PATH_  0x0badf003
#define LINK_  0x0badf004
#define PROG_  0x0badf005
#define VALID_ 0x0badf006 /* good memory, never replaced */
#define SEGMENT_ 0x0badf007 /* System V shared memory, semaphores, messages: never replaced */
#define SEMS_ 0x0badf008
#define QUEUE_ 0x0badf009
#define is_pointer(a) ((a) >= IN_ && (a) <= PROG_)
#define is_name(a) ((a) >= PATH_ && (a) <= PROG_)

enum { PASSWD = 10, TMP, FOLDER, PIPE_R, PIPE_W, EPOLL, TIMERFD, SOCKET, INOTIFY, PIDFD }; /* descriptors opened at the start */

static const struct call {
	const char *name;
	long nr, arg[NR_ARGS];
} calls[] = {
#define C(name, ...) { #name, SYS_##name, { __VA_ARGS__ } },
#define X(name, nr, ...) { #name, nr, { __VA_ARGS__ } }, /* numbers that the C library does not name so */
	C(read, PASSWD, OUT_, 16) C(write, PIPE_W, IN_, 16) C(open, PATH_, 0, 0) C(creat, PATH_, 0600) C(link, PATH_, PATH_) C(unlink, PATH_)
	C(execve, PROG_, IN_, IN_) C(chdir, PATH_) C(time, OUT_) C(mknod, PATH_, 0100644, 0) C(chmod, PATH_, 0644) C(lchown, PATH_, 0, 0)
	X(oldstat, 18, LINK_, OUT_) C(mount, PATH_, PATH_, PATH_, 0, IN_) C(umount, PATH_) C(stime, IN_) X(oldfstat, 28, PASSWD, OUT_)
	C(utime, PATH_, IN_) C(access, PATH_, 0) C(rename, PATH_, PATH_) C(mkdir, PATH_, 0755) C(rmdir, PATH_) C(pipe, OUT_) C(times, OUT_)
	C(umount2, PATH_, 0) C(ioctl, PIPE_R, FIONREAD, OUT_) C(fcntl, TMP, 6, IN_) X(oldolduname, 59, OUT_) C(chroot, PATH_)
	C(sigaction, SIGUSR1, IN_, OUT_) C(sigpending, OUT_) C(sethostname, IN_, 5) C(setrlimit, RLIMIT_CORE, IN_) C(getrlimit, RLIMIT_CORE, OUT_)
	C(getrusage, 0, OUT_) X(gettimeofday, 78, OUT_, OUT_) X(settimeofday, 79, IN_, 0) C(getgroups, 10, OUT_) C(setgroups, 2, IN_)
	X(select, 82, IN_) C(symlink, PATH_, PATH_) X(oldlstat, 84, LINK_, OUT_) C(readlink, LINK_, OUT_, 100) C(readdir, FOLDER, OUT_, 1)
	C(mmap, IN_) C(truncate, PATH_, 100) C(statfs, LINK_, OUT_) C(fstatfs, PASSWD, OUT_) C(syslog, 3, OUT_, 100) C(setitimer, 0, IN_, OUT_)
	C(getitimer, 0, OUT_) C(stat, LINK_, OUT_) C(lstat, LINK_, OUT_) C(fstat, PASSWD, OUT_) X(olduname, 109, OUT_) C(sysinfo, OUT_)
	C(setdomainname, IN_, 5) C(uname, OUT_) C(sigprocmask, SIG_BLOCK, IN_, OUT_) C(_llseek, PASSWD, 0, 0, OUT_, 0) C(getdents, FOLDER, OUT_, 512)
	C(_newselect, 8, OUT_, OUT_, OUT_, IN_) C(readv, PASSWD, IN_, 1) C(writev, PIPE_W, IN_, 1) C(sched_setparam, 0, IN_)
	C(sched_getparam, 0, OUT_) C(sched_setscheduler, 0, 0, IN_) C(sched_rr_get_interval, 0, OUT_) C(nanosleep, IN_, 0) C(poll, IN_, 1, 0)
	C(getresuid, OUT_, OUT_, OUT_) C(getresgid, OUT_, OUT_, OUT_) C(prctl, 15, IN_) X(prctl, SYS_prctl, 16, OUT_)
	C(rt_sigaction, SIGUSR1, IN_, OUT_, 8) C(rt_sigprocmask, SIG_BLOCK, IN_, OUT_, 8) C(rt_sigpending, OUT_, 8)
	C(rt_sigtimedwait, IN_, 0, IN_, 8) C(rt_sigqueueinfo, 1, 0, IN_) C(rt_sigsuspend, IN_, 8) C(pread64, PASSWD, OUT_, 16, 0, 0)
	C(pwrite64, TMP, IN_, 16, 0, 0) C(chown, PATH_, 0, 0) C(getcwd, OUT_, 100) C(capget, IN_, 0) C(capset, IN_, VALID_) C(sigaltstack, IN_, 0) C(sigaltstack, 0, OUT_)
	C(sendfile, PIPE_W, PASSWD, IN_, 5) C(ugetrlimit, RLIMIT_CORE, OUT_) C(truncate64, PATH_, 100, 0) C(stat64, LINK_, OUT_)
	C(lstat64, LINK_, OUT_) C(fstat64, PASSWD, OUT_) C(lchown32, PATH_, 0, 0) C(getgroups32, 10, OUT_) C(setgroups32, 2, IN_)
	C(getresuid32, OUT_, OUT_, OUT_) C(getresgid32, OUT_, OUT_, OUT_) C(chown32, PATH_, 0, 0) C(mincore, VALID_, PAGE, OUT_)
	C(getdents64, FOLDER, OUT_, 512) C(fcntl64, TMP, 13, IN_) X(fcntl64, SYS_fcntl64, TMP, 12, OUT_)
	C(sendfile64, PIPE_W, PASSWD, IN_, 5) C(futex, IN_, 0, 1, 0) C(sched_setaffinity, 0, 4, IN_) C(sched_getaffinity, 0, 4, OUT_)
	C(set_thread_area, IN_) C(get_thread_area, IN_) X(clock_settime, 264, 0, IN_) X(clock_gettime, 265, 0, OUT_) X(clock_getres, 266, 0, OUT_)
	X(clock_nanosleep, 267, 0, 0, IN_, 0) C(statfs64, LINK_, 84, OUT_) C(fstatfs64, PASSWD, 84, OUT_) C(utimes, PATH_, IN_)
	C(openat, AT_FDCWD, PATH_, 0) C(mkdirat, AT_FDCWD, PATH_, 0755) C(mknodat, AT_FDCWD, PATH_, 0100644, 0)
	C(fchownat, AT_FDCWD, PATH_, 0, 0, 0) C(futimesat, AT_FDCWD, PATH_, IN_) C(fstatat64, AT_FDCWD, LINK_, OUT_, 0)
	C(unlinkat, AT_FDCWD, PATH_, 0) C(renameat, AT_FDCWD, PATH_, AT_FDCWD, PATH_) C(linkat, AT_FDCWD, PATH_, AT_FDCWD, PATH_, 0)
	C(symlinkat, PATH_, AT_FDCWD, PATH_) C(readlinkat, AT_FDCWD, LINK_, OUT_, 100) C(fchmodat, AT_FDCWD, PATH_, 0644)
	C(faccessat, AT_FDCWD, PATH_, 0) C(pselect6, 8, OUT_, OUT_, OUT_, IN_, IN_) C(ppoll, IN_, 1, IN_, IN_, 8) C(get_robust_list, 0, OUT_, OUT_)
	C(getcpu, OUT_, OUT_, 0) C(utimensat, AT_FDCWD, PATH_, IN_, 0) C(pipe2, OUT_, 0) C(preadv, PASSWD, IN_, 1, 0, 0)
	C(pwritev, TMP, IN_, 1, 0, 0) C(rt_tgsigqueueinfo, 1, 1, 0, IN_) C(prlimit64, 0, RLIMIT_CORE, IN_, OUT_)
	C(renameat2, AT_FDCWD, PATH_, AT_FDCWD, PATH_, 0) C(getrandom, OUT_, 16, 0) C(execveat, AT_FDCWD, PROG_, IN_, IN_, 0)
	C(preadv2, PASSWD, IN_, 1, 0, 0, 0) C(pwritev2, TMP, IN_, 1, 0, 0, 0) C(statx, AT_FDCWD, LINK_, 0, 0x7ff, OUT_)
	X(clock_gettime64, 403, 0, OUT_) X(clock_settime64, 404, 0, IN_) X(clock_getres_time64, 406, 0, OUT_)
	X(clock_nanosleep_time64, 407, 0, 0, IN_, 0) X(utimensat_time64, 412, AT_FDCWD, PATH_, IN_, 0)
	X(pselect6_time64, 413, 8, OUT_, OUT_, OUT_, IN_, IN_) X(ppoll_time64, 414, IN_, 1, IN_, IN_, 8) X(rt_sigtimedwait_time64, 421, IN_, 0, IN_, 8)
	X(futex_time64, 422, IN_, 0, 1, 0) X(sched_rr_get_interval_time64, 423, 0, OUT_) X(clone3, 435, IN_, 64)
	C(epoll_ctl, EPOLL, EPOLL_CTL_ADD, PIPE_R, IN_) C(epoll_wait, EPOLL, OUT_, 1, 0) C(epoll_pwait, EPOLL, OUT_, 1, 0, IN_, 8)
	X(io_setup, 245, IN_) X(io_cancel, 249, VALID_, IN_, VALID_) X(io_getevents, 247, VALID_, 1, 1, VALID_, IN_)
	X(io_pgetevents, 385, VALID_, 1, 1, VALID_, VALID_, IN_) X(io_pgetevents_time64, 416, VALID_, 1, 1, VALID_, VALID_, IN_)
	C(init_module, IN_, PAGE, VALID_) C(delete_module, PATH_, 0)
	X(splice, 313, PASSWD, IN_, PIPE_W, 0, 10, 0) X(vmsplice, 316, PIPE_W, IN_, 1, 0) X(copy_file_range, 377, PASSWD, IN_, TMP, IN_, 10, 0)
	X(socketcall, 102, 1, IN_) X(socketpair, 360, 1, 1, 0, OUT_) X(bind, 361, SOCKET, IN_, 10) X(connect, 362, SOCKET, IN_, 10)
	X(getsockname, 367, SOCKET, VALID_, IN_) X(getpeername, 368, SOCKET, VALID_, IN_) X(setsockopt, 366, SOCKET, 1, 2, IN_, 4)
	X(getsockopt, 365, SOCKET, 1, 3, VALID_, IN_) X(sendto, 369, SOCKET, IN_, 10, 0, 0, 0) X(sendmsg, 370, SOCKET, IN_, 0)
	X(recvfrom, 371, SOCKET, OUT_, 1, 0x42, 0, 0) X(recvmsg, 372, SOCKET, IN_, 0) X(sendmmsg, 345, SOCKET, IN_, 1, 0) X(recvmmsg, 337, SOCKET, IN_, 1, 0, IN_)
	X(recvmmsg_time64, 417, SOCKET, IN_, 1, 0, IN_)
	X(epoll_pwait2, 441, EPOLL, OUT_, 1, IN_, IN_, 8) C(signalfd, -1, IN_, 8) C(signalfd4, -1, IN_, 8, 0)
	X(timerfd_settime, 325, TIMERFD, 0, IN_, OUT_) X(timerfd_gettime, 326, TIMERFD, OUT_) X(timerfd_settime64, 411, TIMERFD, 0, IN_, OUT_)
	X(timerfd_gettime64, 410, TIMERFD, OUT_)
	X(timer_create, 259, 1, IN_, VALID_) X(timer_create, 259, 1, 0, OUT_) X(timer_settime, 260, 0, 0, IN_, OUT_) X(timer_gettime, 261, 0, OUT_)
	X(timer_settime64, 409, 0, 0, IN_, OUT_)
	X(timer_gettime64, 408, 0, OUT_)
	X(memfd_create, 356, PATH_, 0) X(inotify_add_watch, 292, INOTIFY, PATH_, 1)
	X(ipc, 117, 21, SEGMENT_, 0, OUT_, 0, 0) X(ipc, 117, 24, SEGMENT_, 0x102, 0, OUT_, 0) X(ipc, 117, 24, SEGMENT_, 0x101, 0, IN_, 0)
	X(ipc, 117, 24, 0, 0x103, 0, OUT_, 0) X(ipc, 117, 24, 0, 14, 0, OUT_, 0) X(shmctl, 396, SEGMENT_, 2, OUT_) X(shmctl, 396, SEGMENT_, 1, IN_)
	X(ipc, 117, 1, SEMS_, 1, 0, IN_, 0) X(ipc, 117, 4, SEMS_, 1, 0, IN_, IN_) X(ipc, 117, 3, SEMS_, 0, 12, IN_, 0) X(semtimedop_time64, 420, SEMS_, IN_, 1, IN_)
	X(semctl, 394, SEMS_, 0, 1, IN_) X(semctl, 394, SEMS_, 0, 2, OUT_) X(semctl, 394, SEMS_, 0, 13, OUT_) X(semctl, 394, SEMS_, 0, 17, IN_)
	X(ipc, 117, 11, QUEUE_, 4, 04000, IN_, 0) X(ipc, 117, 12, QUEUE_, 10, 04000, IN_, 0) X(ipc, 117, 14, QUEUE_, 0x102, 0, OUT_, 0)
	X(msgsnd, 400, QUEUE_, IN_, 4, 04000) X(msgrcv, 401, QUEUE_, OUT_, 4, 0, 04000) X(msgctl, 402, QUEUE_, 1, IN_) X(msgctl, 402, QUEUE_, 2, OUT_)
	X(setxattr, 226, LINK_, PROG_, IN_, 4, 0) X(lsetxattr, 227, LINK_, PROG_, IN_, 4, 0) X(fsetxattr, 228, TMP, PROG_, IN_, 4, 0)
	X(getxattr, 229, LINK_, PROG_) X(lgetxattr, 230, LINK_, PROG_) X(fgetxattr, 231, TMP, PROG_) X(listxattr, 232, LINK_) X(llistxattr, 233, LINK_)
	X(removexattr, 235, LINK_, PROG_) X(lremovexattr, 236, LINK_, PROG_) X(fremovexattr, 237, TMP, PROG_) X(pidfd_send_signal, 424, PIDFD, 0, IN_, 0)
	X(openat2, 437, AT_FDCWD, PATH_, IN_, 24) X(faccessat2, 439, AT_FDCWD, PATH_, 0, 0)
};
#define NR_CALLS (sizeof(calls) / sizeof(calls[0]))

/* One system call. The child of a clone may have a stack that is none, or ours: it ends at once without using it. */
static long call(long nr, const long *a)
{
	long result;
	struct { long edi, ebp; } last = { a[4], a[5] };

	__asm__ volatile("pushl %%ebp; pushl %%edi; pushl %%ebx; movl (%%edi), %%ebx; pushl %%ebx; movl 4(%%edi), %%ebp; popl %%edi; movl (%%esp), %%ebx\n"
			 "cmpl $120, %%eax; je 1f; cmpl $435, %%eax; je 1f; cmpl $190, %%eax; je 1f; cmpl $2, %%eax; je 1f\n"
			 "int $0x80; jmp 2f\n"
			 "1: int $0x80; testl %%eax, %%eax; jnz 2f; movl $1, %%eax; xorl %%ebx, %%ebx; int $0x80\n"
			 "2: popl %%ebx; popl %%edi; popl %%ebp"
			 : "=a"(result)
			 : "a"(nr), "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(&last)
			 : "memory", "cc");
	return result;
}

/* ---- what the arguments point to ---- */

static long segment, sems, queue;
static char *good, *read_only, *hole, *nothing, *edge, *text;

static void *pages(int n, int prot)
{
	return mmap(NULL, (size_t)n * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void make_memory(void)
{
	good = pages(4, PROT_READ | PROT_WRITE);
	text = pages(1, PROT_READ | PROT_WRITE);
	read_only = pages(1, PROT_READ);
	nothing = pages(1, PROT_NONE);
	hole = pages(3, PROT_READ | PROT_WRITE);
	edge = hole + PAGE - 4;
	memset(hole, 'x', PAGE);
	munmap(hole + PAGE, PAGE);
	hole += PAGE;
}

static void make_descriptors(void)
{
	int p[2], null = open("/dev/null", O_RDWR);

	dup2(open("/etc/passwd", O_RDONLY), PASSWD);
	dup2(open("tmp", O_RDWR | O_CREAT, 0666), TMP);
	dup2(open(".", O_RDONLY | O_DIRECTORY), FOLDER);
	if (pipe(p))
		exit(2);
	fcntl(p[0], F_SETFL, O_NONBLOCK);
	fcntl(p[1], F_SETFL, O_NONBLOCK);
	dup2(p[0], PIPE_R);
	dup2(p[1], PIPE_W);
	dup2(epoll_create1(0), EPOLL);
	struct epoll_event always = { .events = EPOLLOUT };
	epoll_ctl(EPOLL, EPOLL_CTL_ADD, PIPE_W, &always);
	dup2(timerfd_create(CLOCK_MONOTONIC, 0), TIMERFD);
	dup2((int)syscall(291), INOTIFY);
	dup2((int)syscall(434, getpid(), 0), PIDFD);
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) || write(pair[1], "x", 1) != 1)
		exit(2);
	dup2(pair[0], SOCKET);
	dup2(null, 0);
}

/* ---- strict ---- */

static long valid(long kind)
{
	switch (kind) {
	case IN_: case OUT_: case VALID_: return (long)good;
	case PATH_: return (long)strcpy(text, "does/not/exist");
	case LINK_: return (long)"/proc/self/cwd";
	case PROG_: return (long)"/bin/true";
	case SEGMENT_: return segment;
	case SEMS_: return sems;
	case QUEUE_: return queue;
	default: return kind;
	}
}

static int strict_one(const struct call *c)
{
	const long wild[] = { 0x10, (long)0xc0000000, (long)0xc0100000, (long)0xfffff000, (long)0xfffffffc, -1, (long)hole, (long)nothing,
			      (long)read_only, (long)edge };
	int bad = 0;

	for (int at = 0; at < NR_ARGS; at++)
		for (unsigned w = 0; is_pointer(c->arg[at]) && w < sizeof(wild) / sizeof(wild[0]); w++) {
			long a[NR_ARGS], result;

			if ((wild[w] == (long)read_only && c->arg[at] != OUT_) || (wild[w] == (long)edge && !is_name(c->arg[at])))
				continue;
			memset(good, 0, PAGE);
			for (int i = 0; i < NR_ARGS; i++)
				a[i] = valid(c->arg[i]);
			a[at] = wild[w];
			result = call(c->nr, a);
			if (result == -EFAULT || (result == -EINVAL && wild[w] == -1 && !strncmp(c->name, "futex", 5))) /* those lie at a multiple of 4 */
				continue;
			bad = 1;
			printf("%s: argument %d %#lx: %ld (%s)\n", c->name, at, wild[w], result, result < 0 ? strerror((int)-result) : "no error");
		}
	fflush(stdout);
	return bad;
}

static int strict(void)
{
	gid_t groups[] = { 1, 2 };
	int bad = 0, status;

	setgroups(2, groups);
	segment = syscall(395, 0, 4 * PAGE, 0600); /* shmget; too large for the hole */
	sems = syscall(393, 0, 2, 0600);
	queue = syscall(399, 0, 0600);
	for (int i = 0; i < 50; i++) /* each msgrcv takes one */
		syscall(400, queue, (long[]){ 1, 0 }, 4, 0);
	for (unsigned i = 0; i < NR_CALLS; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			alarm(10);
			syscall(259, CLOCK_MONOTONIC, NULL, good); /* timer 0: a child does not inherit one */
			_exit(42 + strict_one(&calls[i]));
		}
		waitpid(pid, &status, 0);
		bad |= status != 42 << 8;
		if (status != 42 << 8 && status != 43 << 8)
			printf("%s: ended with status %#x\n", calls[i].name, status);
	}
	return bad;
}

/* ---- the sweep ---- */

#define NR_NUMBERS 470
#define NR_WILD 11
#define NR_SETS 4
#define COMBINATIONS (NR_ARGS * NR_WILD * NR_SETS)
#define PATIENCE_MS 150   /* a call that waits so long is waiting, and the process is killed */
#define DEATH_MS 60000    /* and one that does not die in this time never will */

static struct progress { volatile long at, made, blocked[NR_NUMBERS]; } *progress;

static void nobody(int sig)
{
}

static void arguments(long *a, unsigned combination)
{
	const long wild[NR_WILD] = { 0x10, (long)0xc0000000, (long)0xc0100000, (long)0xfffff000, (long)0xfffffffc, -1, (long)0x7fffffff, (long)hole,
				     (long)nothing, (long)read_only, (long)edge };
	unsigned set = combination / (NR_ARGS * NR_WILD);

	for (int i = 0; i < NR_ARGS; i++)
		a[i] = set == 0 ? (long)good + i * 512 : set == 1 ? 0 : set == 2 ? 1 + i : i == 0 ? PASSWD + (long)combination % 5 : i == 2 ? PAGE : (long)good;
	a[combination % NR_ARGS] = wild[combination / NR_ARGS % NR_WILD];
}

/* Calls that could harm what the test itself stands on, not the kernel. */
static int left_out(long nr, uid_t uid)
{
	return nr == SYS_exit || nr == SYS_exit_group || nr == 119 || nr == SYS_rt_sigreturn ||
	       (uid == 0 && (nr == SYS_reboot || nr == SYS_kill || nr == SYS_tkill || nr == SYS_tgkill || nr == SYS_vhangup ||
			     nr == SYS_rt_sigqueueinfo || nr == SYS_rt_tgsigqueueinfo || nr == SYS_umount || nr == SYS_umount2));
}

static void sweep_child(unsigned step, uid_t uid)
{
	struct sigaction sa = { .sa_handler = nobody };
	struct itimerval tick = { { 0, 8000 }, { 0, 8000 } };

	setpgid(0, 0);
	dup2(0, 1);
	dup2(0, 2);
	if (uid && (setgid(uid) || setuid(uid)))
		_exit(1);
	sigaction(SIGALRM, &sa, NULL);
	while (progress->at < (long)NR_NUMBERS * COMBINATIONS) {
		long at = progress->at, nr = at / COMBINATIONS, a[NR_ARGS];

		progress->at = at + step; /* before the call: who dies of it does not try it again */
		if (left_out(nr, uid) || progress->blocked[nr] > 3)
			continue;
		setitimer(ITIMER_REAL, &tick, NULL);
		memset(good, 0, 16);
		strcpy(good + 512, "tmp");
		arguments(a, (unsigned)at % COMBINATIONS);
		progress->made++;
		if (call(nr, a) == -EINTR)
			progress->blocked[nr]++;
	}
	_exit(77);
}

static void milliseconds(long ms)
{
	struct timespec t = { 0, ms * 1000000 };
	nanosleep(&t, NULL);
}

/* Wait for the child's end; a standstill is ended by force. */
static int watch(pid_t pid)
{
	long seen = -1, still = 0;
	int status, told = 0;

	while (waitpid(pid, &status, WNOHANG) != pid) {
		milliseconds(4);
		still = seen == progress->at ? still + 4 : 0;
		seen = progress->at;
		if (still > PATIENCE_MS && !told) {
			progress->blocked[(seen - 1) / COMBINATIONS]++;
			kill(pid, SIGKILL);
			told = 1;
		}
		if (still > DEATH_MS) {
			printf("system call %ld does not end, before combination %ld\n", (seen - 1) / COMBINATIONS, seen % COMBINATIONS);
			fflush(stdout);
			exit(1);
		}
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 77;
}

static int sweep(uid_t uid, unsigned step)
{
	for (;;) {
		pid_t pid = fork();
		if (pid == 0)
			sweep_child(step, uid);
		if (pid < 0) {
			printf("fork: %s\n", strerror(errno));
			return 1;
		}
		if (watch(pid)) {
			printf("%ld calls\n", progress->made);
			return 0;
		}
	}
}

int main(int argc, char **argv)
{
	int bad = 0;

	progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0); /* before there is a hole it could lie in */
	make_memory();
	make_descriptors();
	if (argc > 1 && !strcmp(argv[1], "names")) {
		for (unsigned i = 0; i < NR_CALLS; i++)
			puts(calls[i].name);
		return 0;
	}
	bad = argc > 3 ? sweep((uid_t)atoi(argv[2]), (unsigned)atoi(argv[3])) : strict();
	printf("end\n");
	return bad;
}
