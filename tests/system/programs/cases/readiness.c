/* select, poll and their kin: arguments, times, masks, which descriptors, what changes during the wait. */
#include "cases.h"
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>

static int p[2];
static volatile int seen;

static void on_signal(int sig)
{
	(void)sig;
	seen++;
}

static void handle(int sig)
{
	struct sigaction a = { .sa_handler = on_signal };

	sigaction(sig, &a, NULL);
}

static void say_poll(const char *what, int fd, int events)
{
	struct pollfd f = { fd, (short)events, 0x7777 };
	int n = poll(&f, 1, 0);

	say("%s: %d, events %#x", what, n, (unsigned short)f.revents);
}

CASE(poll_no_descriptors, "poll of nothing sleeps; bad addresses count only with descriptors")
{
	SAY(poll(NULL, 0, 0));
	SAY(poll(NULL, 0, 5));
	SAY(poll((void *)16, 0, 0));
	SAY(poll((void *)16, 1, 0));
	SAY(poll(NULL, 1, 0));
}

CASE(poll_too_many, "more descriptors than RLIMIT_NOFILE are refused")
{
	struct rlimit r = { 20, 4096 };
	struct pollfd f[21];

	memset(f, 0xff, sizeof(f));
	SAY(setrlimit(RLIMIT_NOFILE, &r));
	SAY(poll(f, 20, 0));
	SAY(poll(f, 21, 0));
	SAY(syscall(SYS_poll, f, -1, 0));
	SAY(syscall(SYS_poll, NULL, 21, 0));
}

CASE(poll_negative, "a negative descriptor is left out, its events are cleared")
{
	struct pollfd f[3] = { { -1, POLLIN, 0x55 }, { -5, POLLOUT, 0x66 }, { 1000, POLLIN, 0 } };

	SAY(poll(f, 2, 0));
	say("%#x %#x", f[0].revents, f[1].revents);
	SAY(poll(f, 3, 0));
	say("%#x %#x %#x", f[0].revents, f[1].revents, f[2].revents);
	SAY(poll(f, 3, -1));
}

CASE(poll_nval, "a closed descriptor is POLLNVAL, whatever is asked for")
{
	pipe(p);
	close(p[0]);
	say_poll("closed, POLLIN", p[0], POLLIN);
	say_poll("closed, nothing", p[0], 0);
	say_poll("writer of it, nothing", p[1], 0);
	int path = open(".", O_PATH);
	say_poll("O_PATH", path, POLLIN);
}

CASE(poll_files, "files, folders and devices are always ready")
{
	int all = POLLIN | POLLOUT | POLLPRI | POLLRDNORM | POLLWRNORM | POLLRDHUP;

	say_poll("file, reader", open("f", O_RDONLY | O_CREAT, 0600), all);
	say_poll("file, writer", open("f", O_WRONLY), all);
	say_poll("folder", open(".", O_RDONLY), all);
	say_poll("/dev/null", open("/dev/null", O_RDWR), all);
	say_poll("/dev/zero", open("/dev/zero", O_RDWR), all);
	say_poll("/dev/urandom", open("/dev/urandom", O_RDONLY), POLLIN);
	say_poll("proc file", open("/proc/self/stat", O_RDONLY), all);
}

CASE(poll_asked_only, "only what is asked for is told, but for ERR, HUP and NVAL")
{
	pipe(p);
	write(p[1], "x", 1);
	say_poll("nothing asked, data", p[0], 0);
	say_poll("POLLOUT asked of the reader", p[0], POLLOUT);
	say_poll("POLLRDNORM", p[0], POLLRDNORM);
	close(p[1]);
	say_poll("nothing asked, hung up", p[0], 0);
	pipe(p);
	close(p[0]);
	say_poll("nothing asked, broken", p[1], 0);
}

CASE(poll_same_twice, "one descriptor may stand there several times")
{
	pipe(p);
	write(p[1], "x", 1);
	struct pollfd f[3] = { { p[0], POLLIN, 0 }, { p[0], POLLOUT, 0 }, { p[0], POLLIN, 0 } };
	SAY(poll(f, 3, 0));
	say("%#x %#x %#x", f[0].revents, f[1].revents, f[2].revents);
}

CASE(poll_close_by_other, "a descriptor that another process closes stays open here")
{
	int status;

	pipe(p);
	pid_t pid = fork();
	if (!pid) {
		close(p[0]);
		close(p[1]);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	say_poll("reader", p[0], POLLIN);
	say_poll("writer", p[1], POLLOUT);
}

CASE(poll_wakes, "what comes during the wait wakes")
{
	pipe(p);
	if (!fork()) {
		wait_state(getppid(), "S");
		write(p[1], "x", 1);
		_exit(0);
	}
	struct pollfd f = { p[0], POLLIN, 0 };
	SAY(poll(&f, 1, -1));
	say("%#x", f.revents);
}

CASE(poll_hangup_wakes, "the end of the last writer wakes a poll that asked for nothing")
{
	pipe(p);
	if (!fork()) {
		close(p[0]);
		wait_state(getppid(), "S");
		_exit(0);
	}
	close(p[1]);
	struct pollfd f = { p[0], 0, 0 };
	SAY(poll(&f, 1, -1));
	say("%#x", f.revents);
}

CASE(poll_timeouts, "time-outs of 0, of some, negative ones")
{
	struct timespec a, b;

	pipe(p);
	struct pollfd f = { p[0], POLLIN, 0x11 };
	clock_gettime(CLOCK_MONOTONIC, &a);
	SAY(poll(&f, 1, 30));
	clock_gettime(CLOCK_MONOTONIC, &b);
	long ms = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
	say("not too early: %d, events %#x", ms >= 29, f.revents);
	write(p[1], "x", 1);
	SAY(poll(&f, 1, -100));
	SAY(poll(&f, 1, 0x80000000));
}

CASE(ppoll_times, "ppoll: times that are none")
{
	long bad[2] = { 0, 1000000000 }, negative[2] = { -1, 0 }, negative_ns[2] = { 0, -1 }, none[2] = { 0, 0 };

	SAY(syscall(SYS_ppoll, NULL, 0, bad, NULL, 8));
	SAY(syscall(SYS_ppoll, NULL, 0, negative, NULL, 8));
	SAY(syscall(SYS_ppoll, NULL, 0, negative_ns, NULL, 8));
	SAY(syscall(SYS_ppoll, NULL, 0, none, NULL, 8));
	SAY(syscall(SYS_ppoll, NULL, 0, (void *)16, NULL, 8));
	SAY(syscall(SYS_ppoll, NULL, 0, none, NULL, 3));
	SAY(syscall(SYS_ppoll, NULL, 0, none, none, 4));
	SAY(syscall(SYS_ppoll, NULL, 0, none, (void *)16, 8));
}

CASE(ppoll_time_left, "ppoll tells the time that is left, poll's descriptors or none")
{
	long t[2] = { 100, 0 };

	pipe(p);
	write(p[1], "x", 1);
	struct pollfd f = { p[0], POLLIN, 0 };
	SAY(syscall(SYS_ppoll, &f, 1, t, NULL, 8));
	say("left %d", t[0] >= 75 && t[0] <= 100);
	read(p[0], t, 1);
	t[0] = 0;
	t[1] = 1000000;
	SAY(syscall(SYS_ppoll, &f, 1, t, NULL, 8));
	say("left %ld %ld", t[0], t[1]);
}

CASE(ppoll_mask, "ppoll's mask is there for the wait only; a pending signal is taken at once")
{
	sigset_t block, none, now;

	handle(SIGUSR1);
	sigemptyset(&none);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	sigprocmask(SIG_BLOCK, &block, NULL);
	raise(SIGUSR1);
	say("before %d", seen);
	SAY(ppoll(NULL, 0, NULL, &none));
	sigprocmask(SIG_BLOCK, NULL, &now);
	say("after %d, blocked %d", seen, sigismember(&now, SIGUSR1));
}

CASE(ppoll_mask_ready, "with something ready ppoll succeeds, and the pending signal stays for later")
{
	sigset_t block, none, pending;
	struct timespec zero = { 0, 0 };

	pipe(p);
	write(p[1], "x", 1);
	handle(SIGUSR1);
	sigemptyset(&none);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	sigprocmask(SIG_BLOCK, &block, NULL);
	raise(SIGUSR1);
	struct pollfd f = { p[0], POLLIN, 0 };
	SAY(ppoll(&f, 1, NULL, &none));
	sigpending(&pending);
	say("seen %d, pending %d", seen, sigismember(&pending, SIGUSR1));
	SAY(ppoll(&f, 1, &zero, &none));
	say("seen %d", seen);
	read(p[0], &pending, 1);
	SAY(ppoll(&f, 1, &zero, &none));
	say("seen %d", seen);
}

CASE(ppoll_mask_blocks, "ppoll's mask can block as well: the signal comes after it")
{
	sigset_t block;
	struct timespec soon = { 0, 20000000 };

	handle(SIGUSR1);
	sigfillset(&block);
	pid_t pid = fork(), parent = getppid();
	(void)parent;
	if (!pid) {
		kill(getppid(), SIGUSR1);
		_exit(0);
	}
	while (!seen)
		sleep_ms(1);
	waitpid(pid, NULL, 0);
	SAY(ppoll(NULL, 0, &soon, &block));
	sigset_t now;
	sigprocmask(SIG_BLOCK, NULL, &now);
	say("blocked after %d", sigismember(&now, SIGUSR1));
}

/* ---- select ---- */

static long raw_select(int n, void *in, void *out, void *ex, void *time) { return syscall(SYS__newselect, n, in, out, ex, time); }

CASE(select_arguments, "select: counts and addresses")
{
	long none[2] = { 0, 0 };
	unsigned char bits[128] = { 0 };

	SAY(raw_select(-1, NULL, NULL, NULL, none));
	SAY(raw_select(0, (void *)16, NULL, NULL, none));
	SAY(raw_select(1, (void *)16, NULL, NULL, none));
	SAY(raw_select(1, bits, bits, bits, none));
	SAY(raw_select(0x7fffffff, NULL, NULL, NULL, none));
	SAY(raw_select(1024, bits, NULL, NULL, none));
	SAY(raw_select(1, NULL, NULL, NULL, (void *)16));
}

CASE(select_times, "select: negative times are refused, too many microseconds are taken")
{
	long t[2] = { -1, 0 };

	SAY(raw_select(0, NULL, NULL, NULL, t));
	t[0] = 0;
	t[1] = -1;
	SAY(raw_select(0, NULL, NULL, NULL, t));
	t[0] = 1000;
	t[1] = 1000001;
	pipe(p);
	write(p[1], "x", 1);
	fd_set in;
	FD_ZERO(&in);
	FD_SET(p[0], &in);
	SAY(raw_select(p[0] + 1, &in, NULL, NULL, t));
	say("left: most of it %d", t[0] > 500 && t[0] <= 1001);
}

CASE(select_closed, "a closed descriptor in a set is EBADF and the sets stay")
{
	fd_set in;
	struct timeval none = { 0, 0 };

	FD_ZERO(&in);
	FD_SET(0, &in);
	FD_SET(20, &in);
	SAY(select(21, &in, NULL, NULL, &none));
	say("0: %d, 20: %d", FD_ISSET(0, &in), FD_ISSET(20, &in));
	SAY(select(20, &in, NULL, NULL, &none));
	say("0: %d, 20: %d", FD_ISSET(0, &in), !!FD_ISSET(20, &in));
	SAY(select(21, NULL, &in, NULL, &none));
	SAY(select(21, NULL, NULL, &in, &none));
}

/* The first descriptor is closed when the leader of the process sleeps, then something comes. */
static void *close_then_write(void *fds)
{
	const int *f = fds;

	wait_state(getpid(), "S");
	close(f[0]);
	write(f[1], "x", 1);
	return NULL;
}

CASE(select_closed_meanwhile, "a descriptor that another thread closes during the wait is ready when something else wakes it")
{
	struct timeval patience = { 30, 0 };
	int fds[2];
	pthread_t t;
	fd_set in, out;

	pipe(p);
	fds[0] = dup(p[0]);
	fds[1] = p[1];
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(p[0], &in);
	FD_SET(fds[0], &in);
	FD_SET(fds[0], &out);
	pthread_create(&t, NULL, close_then_write, fds);
	SAY(select(fds[0] + 1, &in, &out, NULL, &patience));
	say("in %d %d, out %d", !!FD_ISSET(p[0], &in), !!FD_ISSET(fds[0], &in), !!FD_ISSET(fds[0], &out));
	pthread_join(t, NULL);
}

CASE(select_bits_above, "the bits above the count are left as they are, to the end of the word they are cleared")
{
	unsigned long in[4] = { ~0ul, ~0ul, ~0ul, ~0ul };
	long none[2] = { 0, 0 };

	SAY(raw_select(1, in, NULL, NULL, none));
	say("%lx %lx", in[0], in[1]);
}

CASE(select_counts, "select counts bits: a descriptor in two sets counts twice")
{
	fd_set in, out, ex;
	struct timeval none = { 0, 0 };
	int s[2];

	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	write(s[1], "x", 1);
	FD_ZERO(&in);
	FD_SET(s[0], &in);
	FD_SET(s[1], &in);
	out = ex = in;
	SAY(select(s[1] + 1, &in, &out, &ex, &none));
	say("in %d %d, out %d %d, ex %d %d", !!FD_ISSET(s[0], &in), !!FD_ISSET(s[1], &in), !!FD_ISSET(s[0], &out), !!FD_ISSET(s[1], &out),
	    !!FD_ISSET(s[0], &ex), !!FD_ISSET(s[1], &ex));
}

CASE(select_same_set, "one address for all three sets")
{
	fd_set set;
	struct timeval none = { 0, 0 };

	pipe(p);
	write(p[1], "x", 1);
	FD_ZERO(&set);
	FD_SET(p[0], &set);
	SAY(select(p[0] + 1, &set, &set, NULL, &none));
	say("%d", !!FD_ISSET(p[0], &set));
}

CASE(select_ends, "hang-up counts as readable, a broken pipe as readable and writable")
{
	fd_set in, out, ex;
	struct timeval none = { 0, 0 };

	pipe(p);
	close(p[1]);
	FD_ZERO(&in);
	FD_SET(p[0], &in);
	out = ex = in;
	SAY(select(p[0] + 1, &in, &out, &ex, &none));
	say("%d %d %d", !!FD_ISSET(p[0], &in), !!FD_ISSET(p[0], &out), !!FD_ISSET(p[0], &ex));
	pipe(p);
	close(p[0]);
	FD_ZERO(&in);
	FD_SET(p[1], &in);
	out = ex = in;
	SAY(select(p[1] + 1, &in, &out, &ex, &none));
	say("%d %d %d", !!FD_ISSET(p[1], &in), !!FD_ISSET(p[1], &out), !!FD_ISSET(p[1], &ex));
}

CASE(select_high, "descriptors above 255")
{
	struct timeval none = { 0, 0 };
	fd_set in;

	pipe(p);
	int high = fcntl(p[0], F_DUPFD, 700);
	write(p[1], "x", 1);
	FD_ZERO(&in);
	FD_SET(high, &in);
	SAY(select(high + 1, &in, NULL, NULL, &none));
	say("%d %d", high, !!FD_ISSET(high, &in));
}

CASE(select_old, "select of old: its arguments in memory")
{
	fd_set in;
	long none[2] = { 0, 0 };

	pipe(p);
	write(p[1], "x", 1);
	FD_ZERO(&in);
	FD_SET(p[0], &in);
	unsigned long args[5] = { (unsigned long)p[0] + 1, (unsigned long)&in, 0, 0, (unsigned long)none };
	SAY(syscall(SYS_select, args));
	SAY(syscall(SYS_select, (void *)16));
}

CASE(pselect_mask, "pselect takes the mask by a pointer and a size")
{
	sigset_t block, none;

	handle(SIGUSR1);
	sigemptyset(&none);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	sigprocmask(SIG_BLOCK, &block, NULL);
	raise(SIGUSR1);
	SAY(pselect(0, NULL, NULL, NULL, NULL, &none));
	say("seen %d", seen);
	unsigned long bad[2] = { (unsigned long)&none, 4 };
	long zero[2] = { 0, 0 };
	SAY(syscall(SYS_pselect6, 0, NULL, NULL, NULL, zero, bad));
	SAY(syscall(SYS_pselect6, 0, NULL, NULL, NULL, zero, (void *)16));
	bad[0] = 0;
	SAY(syscall(SYS_pselect6, 0, NULL, NULL, NULL, zero, bad));
}

CASE(poll_eventfd_states, "an eventfd: empty, some, full")
{
	uint64_t v = 1;
	int fd = eventfd(0, EFD_NONBLOCK);

	say_poll("0", fd, POLLIN | POLLOUT | POLLERR);
	write(fd, &v, 8);
	say_poll("1", fd, POLLIN | POLLOUT);
	v = 0xfffffffffffffffd;
	write(fd, &v, 8);
	say_poll("full", fd, POLLIN | POLLOUT);
	read(fd, &v, 8);
	say_poll("0", fd, POLLIN | POLLOUT);
}
