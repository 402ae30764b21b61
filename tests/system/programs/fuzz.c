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
#include <netinet/in.h>
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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SEMCTL 394 /* the C library does not name these for i386 */
#define SHMCTL 396
#define MSGCTL 402
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
 * array, E epoll operation, R where an AIO context goes, X an AIO context, Y and W control blocks of AIO, i small number, U user id, C clone flags,
 * x clone3's structure, y openat2's, H futex operation, r limits, G I/O priority, j range of descriptors, N socket family, T socket type, K socket
 * address, L socket level, M message, D several messages, B arguments in memory, O those of old calls, J segment of shared memory,
 * z set of semaphores, V message queue, 9 one of these three, Q what ipc does, h shmget's flags, e what a timer does, u a structure's size,
 * 8 a signal set's size, 0 to 6 descriptors by what is behind them (enum kind), Z zero.
 */
#define C(number, call, letters, how_often) { number, letters, how_often },
static const struct known { short nr; char args[7]; char weight; } known[] = {
#include "tests/system/programs/fuzz_calls.h"
};
#undef C
#define NR_KNOWN (sizeof(known) / sizeof(known[0]))

static const char *name(void)
{
	static const char *const special[] = { "/proc/self/maps", "/dev/null", "/proc/self/exe", "/dev/zero", "/dev/full", "/dev/urandom", "/dev/tty", "/dev/uevents",
		"/proc/self/fd", "/proc/self/fd/5", "/dev/fd/9", "/proc/self/cwd", "/proc/self/status", "/proc/net/unix", "/proc/net/tcp", "/proc/slabinfo",
		"/proc/mounts", "/proc/timer_list", "/proc/1/stat", "/proc/1/fd", "/proc", "/sys", "/sys/block/sda/queue", "/proc/interrupts", "/proc/self/io" };
	static char text[4][512];
	static int turn;
	char *to = text[turn++ & 3];
	int at = below(8) ? sprintf(to, "%s/", folders[below((uint32_t)nr_folders)]) : 0;

	if (!below(30))
		return special[below(sizeof(special) / sizeof(special[0]))];
	for (uint32_t depth = below(2) ? 0 : below(3); depth--;)
		at += sprintf(to + at, "d%u/", below(2));
	if (below(4))
		at += sprintf(to + at, "f%u", below(5));
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

/* SIGEV_SIGNAL, SIGEV_NONE, or anything. */
static long timer_event(void)
{
	uint32_t *e = (uint32_t *)buffer();

	e[1] = 1 + below(64);
	e[2] = below(3);
	return below(3) ? (long)e : 0;
}

/* Descriptors that the process has, by what is behind them. */
enum kind { EPOLL, INOTIFY, TIMERFD, EVENTFD, SIGNALFD, SOCKET, PIDFD, NR_KINDS };
static int kinds[NR_KINDS][4];

static void have(enum kind k, int fd)
{
	static uint32_t turn;

	kinds[k][turn++ & 3] = fd;
}

static void came(long nr, long result, const long *args)
{
	static const struct { short nr; enum kind kind; } makers[] = {
		{ 254, EPOLL }, { 329, EPOLL }, { 291, INOTIFY }, { 332, INOTIFY }, { 322, TIMERFD }, { 323, EVENTFD }, { 328, EVENTFD }, { 321, SIGNALFD },
		{ 327, SIGNALFD }, { 359, SOCKET }, { 364, SOCKET }, { 434, PIDFD },
	};

	for (uint32_t i = 0; result >= 0 && i < sizeof(makers) / sizeof(makers[0]); i++)
		if (makers[i].nr == nr)
			have(makers[i].kind, (int)result);
	if (nr == SYS_socketpair && result == 0)
		for (int i = 0; i < 2; i++)
			have(SOCKET, ((int *)args[3])[i]);
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

/* A name of a file, an abstract one, or a port. */
static long socket_address(void)
{
	char *to = buffer();
	struct sockaddr_un *u = (struct sockaddr_un *)to;

	memset(to, 0, 128);
	if (!below(3)) {
		*(struct sockaddr_in *)to = (struct sockaddr_in){ AF_INET, htons((uint16_t)(3000 + below(4))), { htonl(INADDR_LOOPBACK) }, { 0 } };
		return (long)to;
	}
	u->sun_family = AF_UNIX;
	if (below(2))
		snprintf(u->sun_path, sizeof(u->sun_path), "%s", name());
	else
		u->sun_path[1] = (char)('0' + below(4));
	return (long)to;
}

/* A few bytes, mostly with descriptors beside them, so that sockets come to be held by messages alone. */
static long message(struct msghdr *m)
{
	char *control = buffer();
	struct cmsghdr *c = (struct cmsghdr *)control;
	uint32_t n = 1 + below(4);

	*m = (struct msghdr){ .msg_iov = (void *)vector(), .msg_iovlen = (int)below(5), .msg_control = below(4) ? control : NULL,
			      .msg_controllen = CMSG_SPACE(n * sizeof(int)) };
	if (!below(4)) {
		m->msg_name = (void *)socket_address();
		m->msg_namelen = 16 + below(2) * 94;
	}
	if (below(3))
		*m->msg_iov = (struct iovec){ buffer(), below(3000) };
	*c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(n * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = below(9) ? SCM_RIGHTS : (int)below(4) };
	for (uint32_t i = 0; i < n; i++)
		((int *)CMSG_DATA(c))[i] = (int)below(24);
	return (long)m;
}

static long messages(void)
{
	struct mmsghdr *m = (struct mmsghdr *)buffer();

	for (int i = 0; i < 4; i++)
		message(&m[i].msg_hdr);
	return (long)m;
}

/* The arguments of socketcall: descriptors and numbers, addresses, sizes. */
static long arguments(void)
{
	long *a = (long *)buffer();

	for (int i = 0; i < 6; i++)
		a[i] = below(3) == 0 ? socket_address() : below(3) == 0 ? (long)buffer() : i ? (long)below(200) : (long)kinds[SOCKET][below(4)];
	if (!below(4))
		a[1] = message((struct msghdr *)buffer());
	return (long)a;
}

/* Those of the old mmap, which the old select takes for its own. */
static long old_arguments(void)
{
	long *a = (long *)buffer();

	a[0] = (long)(pool + below(POOL) * PAGE);
	a[1] = (long)(below(8) * PAGE);
	a[2] = below(8) ? PROT_READ | PROT_WRITE : (long)below(8);
	a[3] = (long)(MAP_FIXED | (below(2) ? MAP_PRIVATE : MAP_SHARED) | (below(2) ? MAP_ANONYMOUS : 0));
	a[4] = (long)below(24);
	a[5] = (long)(below(4) * PAGE);
	return (long)a;
}

static long limits(void)
{
	uint32_t *r = (uint32_t *)buffer();

	for (int i = 0; i < 4; i++)
		r[i] = below(4) == 0 ? ~0u : below(3) == 0 ? below(100) : below(64) << 20;
	return (long)r;
}

/* Of openat2: flags, mode, how the path is walked. */
static long open_how(void)
{
	uint64_t *how = (uint64_t *)buffer();

	how[0] = (below(4) | (below(2) ? O_CREAT : 0) | (below(9) ? 0 : O_PATH)) & ~(below(30) ? 0 : 3u);
	how[1] = how[0] & O_CREAT ? 0777 : 0;
	how[2] = below(2) ? 0 : below(64);
	how[3] = below(8) ? 0 : below(9);
	return (long)how;
}

static long clone_flags(void)
{
	return (long)(below(2) ? below(0xffffffff) & ~CLONE_VM : CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | below(0x10000));
}

static long clone_args(void)
{
	uint64_t *a = (uint64_t *)buffer();

	memset(a, 0, 128);
	a[0] = (uint32_t)clone_flags() & ~0xffu;
	for (int i = 1; i < 4; i++)
		a[i] = (uint32_t)(uintptr_t)buffer();
	a[4] = a[0] & CLONE_THREAD ? 0 : below(3) ? SIGCHLD : below(70);
	if (a[0] & CLONE_VM) {
		a[5] = (uint32_t)(uintptr_t)pool;
		a[6] = PAGE;
	}
	a[7] = (uint32_t)(uintptr_t)buffer();
	return (long)a;
}

static long polled(void)
{
	struct pollfd *p = (struct pollfd *)buffer();

	for (int i = 0; i < 5; i++)
		p[i] = (struct pollfd){ (int)below(40) - 2, (short)below(0x2000), 0 };
	return (long)p;
}

/* The identifier of something of System V IPC by its place; -1: there is none. */
static long ipc_at(long control, uint32_t place)
{
	char ds[128];

	if (control == SEMCTL)
		return syscall(SEMCTL, place, 0, 18 /* SEM_STAT */, ds);
	return syscall(control, place, control == SHMCTL ? 13 /* SHM_STAT */ : 11 /* MSG_STAT */, ds);
}

static const long ipc_kinds[] = { SHMCTL, SEMCTL, MSGCTL };

static void remove_ipc(void)
{
	for (int k = 0; k < 3; k++)
		for (uint32_t place = 0; place < 32768; place++) {
			long id = ipc_at(ipc_kinds[k], place);

			if (id >= 0)
				syscall(ipc_kinds[k], id, 0 /* IPC_RMID, for semctl the number of a semaphore */, 0 /* IPC_RMID for semctl */, 0);
		}
}

/* What ipc does: all that it can, and what it cannot. */
static long ipc_call(void)
{
	static const uint8_t calls[] = { 1, 2, 3, 4, 11, 12, 13, 14, 21, 22, 23, 24 };

	return below(9) ? calls[below(sizeof(calls))] : (long)below(30);
}

static long argument(char kind)
{
	static const uint8_t sizes[] = { 4, 8, 12, 16, 24, 32, 64, 84, 88, 110 };
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
	case 'C': return clone_flags();
	case 'x': return clone_args();
	case 'y': return open_how();
	case 'r': return limits();
	case 'G': return (long)(below(4) << 13 | below(9));
	case 'j': return (long)(20 + below(40));
	case 'N': return below(4) ? AF_UNIX : below(2) ? AF_INET : (long)below(12);
	case 'T': return (long)((1 + below(3) + (below(8) ? 0 : 2)) | (below(2) ? SOCK_NONBLOCK : 0));
	case 'K': return socket_address();
	case 'L': return below(2) ? SOL_SOCKET : below(2) ? IPPROTO_TCP : (long)below(20);
	case 'M': return message((struct msghdr *)buffer());
	case 'D': return messages();
	case 'B': return arguments();
	case 'h': return (long)(below(6) ? 01777 : below(04000));
	case 'e': return timer_event();
	case 'u': return sizes[below(sizeof(sizes))];
	case '8': return 8;
	case '0' ... '6': return below(8) ? kinds[kind - '0'][below(4)] : (long)below(24);
	case 'Q': return ipc_call();
	case 'O': return old_arguments();
	case 'H': return (long)(below(14) | (below(2) ? 128 : 0));
	case 'J': return ipc_at(SHMCTL, below(8));
	case 'z': return ipc_at(SEMCTL, below(8));
	case 'V': return ipc_at(MSGCTL, below(8));
	case '9': return ipc_at(ipc_kinds[below(3)], below(8));
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

static const char *one_of(const char *format, int nr)
{
	static char text[256];

	snprintf(text, sizeof(text), format, folders[nr / 2], (unsigned)nr % 2);
	return text;
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
	for (int i = 0; i < nr_folders * 2; i++)
		mkdir(one_of("%s/d%u", i), 0777), mkdir(one_of("%s/d0/d%u", i), 0777);
	for (int i = 0; i < 10; i++) {
		fd = open(name(), O_RDWR | O_CREAT, 0777);
		if (fd < 0)
			fd = open(name(), O_RDONLY);
		if (fd >= 0)
			(void)!ftruncate(fd, (off_t)below(30000));
	}
	for (int i = 0; i < nr_folders; i++)
		(void)!open(folders[i], O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < 2; i++)
		if (!socketpair(AF_UNIX, (int)(below(2) ? SOCK_STREAM : SOCK_DGRAM) | (below(2) ? SOCK_NONBLOCK : 0), 0, p))
			have(SOCKET, p[0]), have(SOCKET, p[1]);
	have(EPOLL, (int)syscall(SYS_epoll_create1, 0));
	have(INOTIFY, (int)syscall(SYS_inotify_init1, O_NONBLOCK));
	have(TIMERFD, (int)syscall(SYS_timerfd_create, 1, O_NONBLOCK));
	have(EVENTFD, (int)syscall(SYS_eventfd2, 1, O_NONBLOCK));
}

static void become_ordinary(int null)
{
	struct rlimit few = { 40, 40 }, cpu = { 20, 20 }, files = { 4 << 20, 4 << 20 }, memory = { 64 << 20, 64 << 20 },
		      locked = { 1 << 20, 1 << 20 };

	for (int i = 0; i < 3; i++)
		dup2(null, i);
	setsid();
	(void)!open("/dev/tty1", O_RDWR | O_NOCTTY | O_NONBLOCK);
	setrlimit(RLIMIT_NPROC, &few);
	setrlimit(RLIMIT_CPU, &cpu);
	setrlimit(RLIMIT_FSIZE, &files);
	setrlimit(RLIMIT_AS, &memory);
	setrlimit(RLIMIT_MEMLOCK, &locked);
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
		long result = call(nr, args);
		came(nr, result, args);
		if (result >= 0)
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

/* At the end everybody was killed, again and again; who lives now does not die. */
static void tell_living(void)
{
	printf("these do not die:\n");
	fflush(stdout);
	pid_t pid = fork();
	if (!pid)
		execl("/bin/busybox", "ps", "-o", "pid,ppid,stat,comm", NULL);
	waitpid(pid, NULL, 0);
	exit(1);
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
	for (int ms = 0; ms < DEATH_MS; ms += 2) { /* orphans come to us: until there is nobody left */
		kill_all();
		while ((pid = waitpid(-1, NULL, WNOHANG | __WALL)) > 0)
			;
		if (pid < 0)
			return;
	}
	tell_living();
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
	remove_ipc();
	printf("%u calls\n%u fine\nend\n", all_calls, all_fine);
	return 0;
}
