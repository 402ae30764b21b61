/*
 * fuzz SEED CALLS PROCESSES FOLDER...: random system calls with plausible and with random arguments, several processes at once, as user 1000.
 * Each FOLDER (of a tmpfs, of a disk) gets a small tree; descriptors come from its files, pipes, a terminal; addresses from a few
 * mappings; names from the tree. Whatever the calls answer is right, as long as they answer: a process that stands still is killed, and one
 * that then does not die is the failure, told with its last call. Prints "N calls", how many of them succeeded, and "end".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TIMERFD_SETTIME 325 /* the C library has other names for these */
#define TIMERFD_GETTIME 326
#define TIMER_CREATE 259
#define TIMER_SETTIME 260
#define TIMER_GETTIME 261
#define TIMER_GETOVERRUN 262
#define TIMER_DELETE 263
#define SHMGET 395
#define SHMCTL 396
#define SHMAT 397
#define SHMDT 398
#define USER 1000
#define PAGE 4096u
#define NR_NUMBERS 460
#define MAX_PROCESSES 16
#define LIFE 1500            /* calls of one process */
#define POOL 64u             /* pages that addresses are taken from */
#define PATIENCE_MS 400
#define DEATH_MS 60000

/* Written by the processes, and by the kernel where a random address lies in it: the watcher believes nothing of it blindly. */
static struct shared {
	volatile pid_t pids[64];
	struct { volatile uint32_t calls, fine; volatile long nr, arg[6]; } slot[MAX_PROCESSES];
} *shared;
static uint32_t all_calls, all_fine;

static uint32_t state;
static char *pool, **folders;
static int nr_folders;

static uint32_t below(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % n;
}

/* ---- the calls ---- */

/*
 * One letter an argument. f descriptor, d folder's descriptor, s name, b buffer, n bytes, o open flags, m mode, a address, l length, p protection,
 * g mapping flags, v vector, c small count, k offset, S signal, P process, t time in memory, w lseek's whence, F fcntl command, I ioctl, q poll
 * array, E epoll operation, R where an AIO context goes, X an AIO context, Y and W control blocks of AIO, i small number,
 * J segment of shared memory, U user id, C clone flags, H futex operation, Z zero.
 */
static const struct known { short nr; char args[7]; char weight; } known[] = {
	{ SYS_read, "fbn", 8 }, { SYS_write, "fbn", 8 }, { SYS_open, "som", 8 }, { SYS_close, "f", 3 }, { SYS_creat, "sm", 2 }, { SYS_link, "ss", 2 },
	{ SYS_unlink, "s", 3 }, { SYS_execve, "sbb", 1 }, { SYS_chdir, "s", 2 }, { SYS_mknod, "smZ", 1 }, { SYS_chmod, "sm", 2 }, { SYS_lchown, "sUU", 1 },
	{ SYS_lseek, "fkw", 3 }, { SYS_mount, "sssib", 1 }, { SYS_umount, "s", 1 }, { SYS_alarm, "i", 1 }, { SYS_utime, "sb", 1 }, { SYS_access, "si", 1 },
	{ SYS_sync, "", 1 }, { SYS_kill, "PS", 2 }, { SYS_rename, "ss", 4 }, { SYS_mkdir, "sm", 3 }, { SYS_rmdir, "s", 2 }, { SYS_dup, "f", 2 },
	{ SYS_pipe, "b", 2 }, { SYS_times, "b", 1 }, { SYS_brk, "a", 1 }, { SYS_ioctl, "fIb", 4 }, { SYS_fcntl64, "fFb", 6 }, { SYS_setpgid, "PP", 1 },
	{ SYS_umask, "m", 1 }, { SYS_chroot, "s", 1 }, { SYS_dup2, "ff", 2 }, { SYS_setsid, "", 1 }, { SYS_symlink, "ss", 2 }, { SYS_readlink, "sbn", 1 },
	{ SYS_reboot, "iiii", 1 }, { SYS_munmap, "al", 2 }, { SYS_truncate, "sk", 2 }, { SYS_ftruncate, "fk", 3 }, { SYS_fchmod, "fm", 1 },
	{ SYS_setpriority, "iPi", 1 }, { SYS_statfs, "sb", 1 }, { SYS_fstatfs, "fb", 1 }, { SYS_setitimer, "itt", 1 }, { SYS_stat64, "sb", 2 },
	{ SYS_lstat64, "sb", 1 }, { SYS_fstat64, "fb", 2 }, { SYS_wait4, "Pbib", 2 }, { SYS_fsync, "f", 1 }, { SYS_fdatasync, "f", 1 }, { SYS_clone, "CZbZb", 1 },
	{ SYS_mprotect, "alp", 3 }, { SYS_fchdir, "d", 1 }, { SYS__llseek, "fZkbw", 1 }, { SYS_getdents64, "dbn", 3 }, { SYS_getdents, "dbn", 1 },
	{ SYS__newselect, "ibbbt", 1 }, { SYS_flock, "fi", 2 }, { SYS_msync, "ali", 2 }, { SYS_readv, "fvc", 3 }, { SYS_writev, "fvc", 3 },
	{ SYS_mlock, "al", 1 }, { SYS_munlock, "al", 1 }, { SYS_sched_setscheduler, "Pib", 1 }, { SYS_sched_yield, "", 1 }, { SYS_nanosleep, "tb", 1 },
	{ SYS_mremap, "alliA", 3 }, { SYS_poll, "qci", 2 }, { SYS_prctl, "iii", 1 }, { SYS_rt_sigaction, "SbbI", 1 }, { SYS_rt_sigprocmask, "ibbc", 1 },
	{ SYS_rt_sigtimedwait, "bbtc", 1 }, { SYS_rt_sigqueueinfo, "PSb", 1 }, { SYS_pread64, "fbnkZ", 3 }, { SYS_pwrite64, "fbnkZ", 3 },
	{ SYS_getcwd, "bn", 1 }, { SYS_sigaltstack, "bb", 1 }, { SYS_sendfile64, "ffbn", 2 }, { SYS_vfork, "", 1 }, { SYS_fork, "", 1 },
	{ SYS_mmap2, "alpgfi", 6 }, { SYS_truncate64, "skZ", 1 }, { SYS_ftruncate64, "fkZ", 2 }, { SYS_fchown32, "fUU", 1 }, { SYS_chown32, "sUU", 1 },
	{ SYS_setresuid32, "UUU", 1 }, { SYS_mincore, "alb", 1 }, { SYS_madvise, "ali", 3 }, { SYS_readahead, "fkZn", 1 }, { SYS_tkill, "PS", 1 },
	{ SYS_futex, "bHitbi", 4 }, { SYS_set_thread_area, "b", 1 }, { SYS_fadvise64, "fkZni", 1 }, { SYS_utimes, "sb", 1 }, { SYS_waitid, "iPbib", 1 },
	{ SYS_openat, "dsom", 4 }, { SYS_mkdirat, "dsm", 1 }, { SYS_mknodat, "dsmZ", 1 }, { SYS_unlinkat, "dsi", 2 }, { SYS_renameat, "dsds", 2 },
	{ SYS_linkat, "dsdsi", 1 }, { SYS_symlinkat, "sds", 1 }, { SYS_fchmodat, "dsm", 1 }, { SYS_pselect6, "ibbbtb", 1 }, { SYS_ppoll, "qctbc", 1 },
	{ SYS_set_robust_list, "bi", 1 }, { SYS_sync_file_range, "fkZni", 1 }, { SYS_utimensat, "dsbi", 1 }, { SYS_fallocate, "fikZnZ", 2 },
	{ SYS_dup3, "ffo", 1 }, { SYS_pipe2, "bo", 2 }, { SYS_preadv, "fvckZ", 1 }, { SYS_pwritev, "fvckZ", 1 }, { SYS_prlimit64, "Pibb", 1 },
	{ SYS_renameat2, "dsdsi", 2 }, { SYS_execveat, "dsbbi", 1 }, { SYS_statx, "dsiib", 1 }, { SYS_close_range, "ffi", 0 }, { SYS_remap_file_pages, "alZiZ", 1 },
	{ SYS_epoll_create1, "Z", 2 }, { SYS_epoll_ctl, "fEfb", 8 }, { SYS_epoll_wait, "fbii", 3 }, { SYS_eventfd2, "iZ", 2 }, { SYS_signalfd4, "fbcZ", 2 },
	{ SYS_timerfd_create, "iZ", 2 }, { TIMERFD_SETTIME, "fitb", 2 }, { TIMERFD_GETTIME, "fb", 1 },
	{ TIMER_CREATE, "ibb", 2 }, { TIMER_SETTIME, "iitb", 3 }, { TIMER_GETTIME, "ib", 1 }, { TIMER_GETOVERRUN, "i", 1 }, { TIMER_DELETE, "i", 1 },
	{ SYS_inotify_init1, "Z", 2 }, { SYS_inotify_add_watch, "fsi", 6 }, { SYS_inotify_add_watch, "fsm", 4 }, { SYS_inotify_rm_watch, "fi", 2 },
	{ SYS_memfd_create, "sc", 2 },
	{ SHMGET, "inm", 3 }, { SHMAT, "JZi", 2 }, { SHMAT, "Jak", 3 }, { SHMDT, "a", 3 }, { SHMCTL, "Jib", 4 },
	{ SYS_splice, "fbfbni", 3 }, { SYS_splice, "fZfZni", 4 }, { SYS_tee, "ffni", 2 }, { SYS_vmsplice, "fvci", 3 }, { SYS_copy_file_range, "fbfbnZ", 2 },
	{ SYS_socket, "iiZ", 2 }, { SYS_socketpair, "iiZb", 3 }, { SYS_bind, "fbn", 1 }, { SYS_connect, "fbn", 1 }, { SYS_listen, "fi", 1 },
	{ SYS_accept4, "fbbZ", 1 }, { SYS_sendto, "fbnibn", 2 }, { SYS_recvfrom, "fbnibb", 2 }, { SYS_sendmsg, "fbi", 2 }, { SYS_recvmsg, "fbi", 2 },
	{ SYS_setsockopt, "fiibn", 1 }, { SYS_getsockopt, "fiibb", 1 }, { SYS_shutdown, "fi", 1 },
	{ SYS_io_setup, "cR", 1 }, { SYS_io_submit, "XcW", 6 }, { SYS_io_getevents, "Xiibt", 2 }, { SYS_io_cancel, "XYb", 1 }, { SYS_io_destroy, "X", 1 },
};
#define NR_KNOWN (sizeof(known) / sizeof(known[0]))

static const char *name(void)
{
	static char text[4][512];
	static int turn;
	char *to = text[turn++ & 3];
	int at = below(8) ? sprintf(to, "%s", folders[below((uint32_t)nr_folders)]) : 0;

	if (!below(40))
		return below(2) ? "/proc/self/maps" : below(2) ? "/dev/null" : below(2) ? "/proc/self/exe" : "/dev/zero";
	for (uint32_t depth = below(3); depth--;)
		at += sprintf(to + at, "%sd%u", at ? "/" : "", below(3));
	if (below(10))
		at += sprintf(to + at, "%sf%u", at ? "/" : "", below(8));
	if (!below(30))
		at += sprintf(to + at, "/..");
	if (!below(60))
		memset(to + at, 'n', 300), to[at + 300] = 0;
	return to;
}

static char *buffer(void)
{
	return pool + below(POOL * PAGE - (below(4) ? 16384 : 16)) / 4 * 4;
}

static long vector(void)
{
	struct iovec *v = (struct iovec *)buffer();

	for (int i = 0; i < 4; i++)
		v[i] = (struct iovec){ below(10) ? buffer() : (void *)(uintptr_t)below(0xffffffff), below(10) ? below(3000) : below(0xffffffff) };
	return (long)v;
}

static long random_value(void)
{
	switch (below(7)) {
	case 0: return (long)below(100);
	case 1: return -(long)below(100);
	case 2: return (long)buffer();
	case 3: return (long)(1u << below(32));
	case 4: return (long)(0xc0000000u - 64 + below(128));
	case 5: return 0x7fffffff;
	default: return (long)below(0xffffffff);
	}
}

static long time_in_memory(void)
{
	struct timespec *t = (struct timespec *)buffer();
	uint32_t *words = (uint32_t *)t;

	for (int i = 0; i < 4; i++)
		words[i] = below(3) ? 0 : below(2) ? below(2000) : below(0xffffffff);
	return (long)t;
}

static unsigned long aio_context;

/* A request of AIO, plausible but for its opcode at times. */
static uint32_t *control_block(void)
{
	static const uint8_t kinds[] = { 0, 0, 1, 1, 2, 3, 5, 7, 8, 9 };
	uint32_t *c = (uint32_t *)buffer();

	memset(c, 0, 64);
	c[4] = kinds[below(10)];
	c[5] = below(24);
	c[6] = c[4] == 5 ? 1 : c[4] == 2 || c[4] == 3 ? 0 : (uint32_t)(below(4) ? (long)buffer() / 512 * 512 : vector());
	c[8] = c[4] == 5 || c[4] == 2 || c[4] == 3 ? 0 : below(3) ? below(9) * 512 : below(5000);
	c[10] = c[8] ? below(40) * 512 : 0;
	return c;
}

static long control_blocks(void)
{
	uint32_t *list = (uint32_t *)buffer();

	for (int i = 0; i < 8; i++)
		list[i] = (uint32_t)control_block();
	return (long)list;
}

static long polled(void)
{
	struct pollfd *p = (struct pollfd *)buffer();

	for (int i = 0; i < 5; i++)
		p[i] = (struct pollfd){ (int)below(40) - 2, (short)below(0x2000), 0 };
	return (long)p;
}

/* The identifier of a segment of System V shared memory by its place; -1: there is none. */
static long segment(int place)
{
	char ds[128];

	return syscall(SHMCTL, place, 13 /* SHM_STAT */, ds);
}

static void remove_segments(void)
{
	char info[64];

	for (int place = (int)syscall(SHMCTL, 0, 14 /* SHM_INFO */, info); place >= 0; place--) {
		long id = segment(place);

		if (id >= 0)
			syscall(SHMCTL, id, 0 /* IPC_RMID */, 0);
	}
}

static long argument(char kind)
{
	static const long ioctls[] = { TCGETS, TCSETS, TCSETSW, TCSETSF, TIOCGWINSZ, TIOCSWINSZ, FIONREAD, FIONBIO, FIOCLEX, TIOCGPGRP, TIOCSPGRP, TIOCSCTTY, TIOCNOTTY,
		TIOCSTI, TCFLSH, TCXONC, TCSBRK, TIOCGSID, TIOCOUTQ, TIOCEXCL, TIOCNXCL, FIOASYNC, 0x1260, 0x1268, 0x127b };
	static const int prots[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC, 7 };

	if (!below(16))
		return random_value();
	switch (kind) {
	case 'f': return (long)below(below(6) ? 24 : 60);
	case 'd': return below(2) ? AT_FDCWD : (long)below(24);
	case 's': return below(40) ? (long)name() : (long)buffer();
	case 'b': return below(6) ? (long)buffer() : 0;
	case 'n': return (long)(below(4) ? below(600) : below(20000));
	case 'o': return (long)(below(4) | (below(2) ? O_CREAT : 0) | (below(6) ? 0 : O_TRUNC) | (below(6) ? 0 : O_APPEND) | (below(3) ? 0 : O_NONBLOCK) |
				(below(9) ? 0 : O_DIRECTORY) | (below(9) ? 0 : O_DIRECT) | (below(9) ? 0 : O_EXCL) | (below(9) ? 0 : O_CLOEXEC) | (below(20) ? 0 : O_SYNC) |
				(below(20) ? 0 : O_PATH) | (below(20) ? 0 : O_NOFOLLOW));
	case 'm': return (long)(below(3) ? 0777 : below(0200000));
	case 'a': return (long)(pool + below(POOL) * PAGE);
	case 'A': return (long)(pool + below(POOL) * PAGE);
	case 'l': return (long)(below(8) * PAGE + (below(4) ? 0 : below(PAGE)));
	case 'p': return prots[below(8) ? 2 : below(5)];
	case 'g': return (long)((below(2) ? MAP_PRIVATE : MAP_SHARED) | (below(2) ? MAP_ANONYMOUS : 0) | (below(2) ? MAP_FIXED : 0) | (below(20) ? 0 : MAP_GROWSDOWN) |
				(below(9) ? 0 : MAP_POPULATE));
	case 'v': return vector();
	case 'c': return (long)below(below(3) ? 5 : 20);
	case 'k': return (long)(below(3) ? below(20000) : below(3000000));
	case 'S': return (long)below(66);
	case 'P': return below(3) ? shared->pids[below(64)] : (long)below(4) - 2;
	case 't': return below(5) ? time_in_memory() : 0;
	case 'w': return (long)below(6);
	case 'F': return (long)below(below(8) ? 17 : 1100);
	case 'I': return below(9) ? ioctls[below(sizeof(ioctls) / sizeof(ioctls[0]))] : (long)(0x5400 + below(0x80));
	case 'R': return aio_context = 0, (long)&aio_context;
	case 'X': return below(10) ? (long)aio_context : random_value();
	case 'Y': return (long)control_block();
	case 'W': return control_blocks();
	case 'E': return 1 + (long)below(3);
	case 'q': return polled();
	case 'U': return below(3) ? USER : (long)below(3) - 1;
	case 'C': return (long)(below(2) ? below(0xffffffff) & ~CLONE_VM : CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | below(0x10000));
	case 'H': return (long)(below(14) | (below(2) ? 128 : 0));
	case 'J': return segment((int)below(8));
	case 'Z': return 0;
	default: return (long)below(below(3) ? 8 : 300);
	}
}

/* One system call; the child of a clone may stand on our stack or on none, so it ends without touching it. */
static long call(long nr, const volatile long *a)
{
	long result;
	struct { long edi, ebp; } last = { a[4], a[5] };

	__asm__ volatile("pushl %%ebp; pushl %%edi; pushl %%ebx; movl (%%edi), %%ebx; pushl %%ebx; movl 4(%%edi), %%ebp; popl %%edi; movl (%%esp), %%ebx\n"
			 "cmpl $120, %%eax; je 1f; cmpl $435, %%eax; je 1f; cmpl $190, %%eax; je 1f\n"
			 "int $0x80; jmp 2f\n"
			 "1: int $0x80; testl %%eax, %%eax; jnz 2f; movl $1, %%eax; xorl %%ebx, %%ebx; int $0x80\n"
			 "2: popl %%ebx; popl %%edi; popl %%ebp"
			 : "=a"(result)
			 : "a"(nr), "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(&last)
			 : "memory", "cc");
	return result;
}

/* ---- a process ---- */

static void nobody(int sig)
{
}

static void open_things(void)
{
	int p[2], fd;

	for (int i = 0; i < 3; i++)
		if (!pipe2(p, below(2) ? O_NONBLOCK : 0) && below(2))
			(void)!write(p[1], "some bytes", 10);
	(void)!open("/dev/tty", O_RDWR | O_NONBLOCK);
	(void)!open("/proc/self/status", O_RDONLY);
	(void)!open("/", O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < 10; i++) {
		fd = open(name(), O_RDWR | O_CREAT, 0777);
		if (fd < 0)
			fd = open(name(), O_RDONLY);
		if (fd >= 0)
			(void)!ftruncate(fd, (off_t)below(30000));
	}
	for (int i = 0; i < nr_folders; i++)
		(void)!open(folders[i], O_RDONLY | O_DIRECTORY);
}

static void become_ordinary(int null)
{
	struct rlimit few = { 40, 40 }, cpu = { 20, 20 }, files = { 4 << 20, 4 << 20 }, memory = { 64 << 20, 64 << 20 };

	for (int i = 0; i < 3; i++)
		dup2(null, i);
	setsid();
	(void)!open("/dev/tty1", O_RDWR | O_NOCTTY | O_NONBLOCK);
	setrlimit(RLIMIT_NPROC, &few);
	setrlimit(RLIMIT_CPU, &cpu);
	setrlimit(RLIMIT_FSIZE, &files);
	setrlimit(RLIMIT_AS, &memory);
	umask(0);
	if (setgroups(0, NULL) || setgid(USER) || setuid(USER))
		_exit(1);
	for (int sig = 1; sig < 65; sig++)
		if (sig != SIGSEGV && sig != SIGBUS && sig != SIGILL && sig != SIGFPE && sig != SIGTRAP && sig != SIGTERM)
			sigaction(sig, &(struct sigaction){ .sa_handler = nobody }, NULL);
}

static int choose(long *args)
{
	uint32_t at;

	if (!below(12)) {
		for (int i = 0; i < 6; i++)
			args[i] = random_value();
		return (int)below(NR_NUMBERS);
	}
	for (at = below((uint32_t)NR_KNOWN); !known[at].weight || below(8) >= (uint32_t)known[at].weight; at = below((uint32_t)NR_KNOWN))
		;
	for (int i = 0; i < 6; i++)
		args[i] = i < (int)strlen(known[at].args) ? argument(known[at].args[i]) : random_value();
	return known[at].nr;
}

/* Calls that would end the process or take its signals away at once, and so test nothing. */
static int left_out(long nr)
{
	return nr == SYS_exit || nr == SYS_exit_group || nr == SYS_sigreturn || nr == SYS_rt_sigreturn;
}

static void live(int slot, uint32_t seed)
{
	state = seed * 2654435761u | 1;
	shared->pids[below(64)] = getpid();
	pool = mmap(NULL, POOL * PAGE, PROT_READ | PROT_WRITE, (below(2) ? MAP_PRIVATE : MAP_SHARED) | MAP_ANONYMOUS, -1, 0);
	open_things();
	for (int i = 0; i < LIFE; i++) {
		struct itimerval tick = { { 0, 8000 }, { 0, 8000 } };
		long args[6], nr = choose(args);
		int me = getpid();

		if (left_out(nr))
			continue;
		setitimer(ITIMER_REAL, &tick, NULL);
		if (below(64) == 0)
			mmap(pool, POOL * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		shared->slot[slot].nr = nr;
		for (int k = 0; k < 6; k++)
			shared->slot[slot].arg[k] = args[k];
		shared->slot[slot].calls++;
		if (call(nr, args) >= 0)
			shared->slot[slot].fine++;
		if (getpid() != me) { /* a child goes on for a while */
			state ^= (uint32_t)getpid();
			state |= 1;
			i = LIFE - 40;
		}
	}
	_exit(0);
}

/* ---- those who watch ---- */

static void kill_all(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (setgid(USER) || setuid(USER))
			_exit(1);
		kill(-1, SIGKILL);
		_exit(0);
	}
	usleep(2000);
}

static struct { pid_t pid; uint32_t calls, fine; int still, told; } watched[MAX_PROCESSES];

/* What a counter has grown since it was seen last; a jump is not counted. */
static uint32_t growth(uint32_t *seen, uint32_t now)
{
	uint32_t n = now - *seen;

	*seen = now;
	return n < LIFE ? n : 0;
}

static void look_at(int slot)
{
	uint32_t calls = growth(&watched[slot].calls, shared->slot[slot].calls);

	if (calls)
		watched[slot].still = watched[slot].told = 0;
	all_calls += calls;
	all_fine += growth(&watched[slot].fine, shared->slot[slot].fine);
	watched[slot].still += 4;
	if (watched[slot].pid && watched[slot].still > PATIENCE_MS && !watched[slot].told++)
		kill(watched[slot].pid, SIGKILL);
	if (watched[slot].pid && watched[slot].still > DEATH_MS) {
		printf("process %d does not die in call %ld(", watched[slot].pid, shared->slot[slot].nr);
		for (int i = 0; i < 6; i++)
			printf("%#lx%s", shared->slot[slot].arg[i], i < 5 ? ", " : ")\n");
		fflush(stdout);
		exit(1);
	}
}

static void run(uint32_t seed, uint32_t limit, int processes, int null)
{
	pid_t pid;

	while (all_calls < limit) {
		for (int i = 0; i < processes; i++) {
			look_at(i);
			if (watched[i].pid)
				continue;
			seed++;
			watched[i].still = watched[i].told = 0;
			watched[i].pid = fork();
			if (watched[i].pid == 0) {
				become_ordinary(null);
				live(i, seed);
			}
		}
		usleep(4000);
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			for (int i = 0; i < processes; i++)
				if (watched[i].pid == pid)
					watched[i].pid = 0;
	}
	do { /* orphans come to us: until there is nobody left */
		kill_all();
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
	} while (pid == 0);
}

int main(int argc, char **argv)
{
	int null = open("/dev/null", O_RDWR);

	if (argc < 5 || atoi(argv[3]) > MAX_PROCESSES)
		return 2;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	folders = argv + 4;
	nr_folders = argc - 4;
	for (int i = 0; i < nr_folders; i++)
		if (chmod(folders[i], 0777))
			return 2;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	run((uint32_t)strtoul(argv[1], NULL, 0), (uint32_t)atoi(argv[2]), atoi(argv[3]), null);
	remove_segments();
	printf("%u calls\n%u fine\nend\n", all_calls, all_fine);
	return 0;
}
