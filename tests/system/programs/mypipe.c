/*
 * The two devices of labs/mypipe (arguments: the size of their buffers, and how many bytes to send): order of data, blocking both ways, O_NONBLOCK, poll, select, signals, and
 * that a request under way holds the module.
 * Prints a line for each thing that is wrong, and "fine" at the end.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "user/linux_aio.h"

static unsigned total = 1 << 20;
static int bad;
#define CHECK(c) do { if (!(c)) { printf("line %d: %s (errno %d)\n", __LINE__, #c, errno); bad = 1; } } while (0)

static unsigned char pattern(unsigned n) { return (unsigned char)(n * 7 + (n >> 8) * 13); }

static int events(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };

	return poll(&p, 1, 0) < 0 ? -1 : p.revents;
}

static void on_alarm(int sig) { (void)sig; }

/* Many bytes through a buffer of a few kilobytes, in pieces of odd sizes, one process writing and one reading. */
static void stream(int a, int b)
{
	static unsigned char buf[10000];
	pid_t pid = fork();

	if (!pid) {
		for (unsigned at = 0; at < total;) {
			unsigned n = 1 + at * 31 % 9000;

			if (n > total - at)
				n = total - at;
			for (unsigned i = 0; i < n; i++)
				buf[i] = pattern(at + i);
			ssize_t done = write(a, buf, n);
			if (done <= 0)
				_exit(1);
			at += (unsigned)done;
		}
		_exit(0);
	}
	unsigned at = 0;
	while (at < total) {
		ssize_t n = read(b, buf, 1 + at * 17 % 9999);

		CHECK(n > 0);
		if (n <= 0)
			break;
		for (ssize_t i = 0; i < n; i++)
			if (buf[i] != pattern(at + (unsigned)i)) {
				printf("byte %u is wrong\n", at + (unsigned)i);
				bad = 1;
				return;
			}
		at += (unsigned)n;
	}
	int status;
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

/* Nobody has the devices open any more, but a request waits for one of them. */
static void held_by_a_request(int a, int b)
{
	struct iocb wait = { .opcode = IOCB_CMD_POLL, .fd = (uint32_t)b, .buf = POLLIN }, *list = &wait;
	aio_context_t ctx = 0;
	char users[8] = "";

	CHECK(io_setup(1, &ctx) == 0 && io_submit(ctx, 1, &list) == 1);
	close(a);
	close(b);
	CHECK(syscall(SYS_delete_module, "mypipe", O_NONBLOCK) == -1 && errno == EBUSY);
	CHECK(io_destroy(ctx) == 0);
	for (int i = 0; i < 1000 && users[0] != '0'; i++) {
		int fd = open("/sys/module/mypipe/refcnt", O_RDONLY);
		CHECK(read(fd, users, sizeof(users)) > 0);
		close(fd);
		usleep(10000);
	}
	CHECK(users[0] == '0');
}

int main(int argc, char **argv)
{
	unsigned size = (unsigned)atoi(argv[1]);
	char *big = calloc(1, size + 1), text[16];
	int a = open("/dev/mypipe0", O_RDWR), b = open("/dev/mypipe1", O_RDWR), an = open("/dev/mypipe0", O_RDWR | O_NONBLOCK);

	if (argc > 2)
		total = (unsigned)atoi(argv[2]);
	CHECK(a >= 0 && b >= 0 && an >= 0);
	CHECK(events(a) == POLLOUT);
	CHECK(read(an, text, 1) == -1 && errno == EAGAIN);
	CHECK(write(a, "abc", 3) == 3);
	CHECK(events(b) == (POLLIN | POLLOUT));
	CHECK(events(a) == POLLOUT);
	CHECK(read(b, text, sizeof(text)) == 3 && !memcmp(text, "abc", 3));
	struct iovec v[3] = { { "one", 3 }, { "", 0 }, { "two", 3 } };
	CHECK(writev(b, v, 3) == 6);
	CHECK(read(a, text, sizeof(text)) == 6 && !memcmp(text, "onetwo", 6));
	/* Full: no more room, a short write, then EAGAIN. */
	CHECK(write(an, big, size + 1) == (ssize_t)size);
	CHECK(events(a) == 0);
	CHECK(write(an, "x", 1) == -1 && errno == EAGAIN);
	CHECK(read(b, big, size + 1) == (ssize_t)size);
	/* Bad memory, positions. */
	CHECK(write(a, (void *)0x10, 4) == -1 && errno == EFAULT);
	CHECK(write(a, "keep", 4) == 4);
	CHECK(read(b, (void *)0x10, 4) == -1 && errno == EFAULT);
	CHECK(read(b, text, 4) == 4 && !memcmp(text, "keep", 4));
	CHECK(lseek(a, 0, SEEK_SET) == -1 && errno == ESPIPE);
	CHECK(pread(a, text, 1, 0) == -1 && errno == ESPIPE);
	/* A signal ends the wait. */
	struct sigaction act = { .sa_handler = on_alarm };
	sigaction(SIGALRM, &act, NULL);
	alarm(1);
	CHECK(read(b, text, 1) == -1 && errno == EINTR);
	/* poll wakes up when data comes. */
	pid_t pid = fork();
	if (!pid) {
		usleep(100000);
		_exit(write(a, "late", 4) != 4);
	}
	struct pollfd p = { .fd = b, .events = POLLIN };
	CHECK(poll(&p, 1, 20000) == 1 && p.revents == POLLIN);
	CHECK(read(b, text, 16) == 4);
	waitpid(pid, NULL, 0);
	fd_set in;
	FD_ZERO(&in);
	FD_SET(b, &in);
	CHECK(select(b + 1, &in, NULL, NULL, &(struct timeval){ 0, 1000 }) == 0);
	/* SIGIO when data come. */
	sigset_t io;
	sigemptyset(&io);
	sigaddset(&io, SIGIO);
	sigprocmask(SIG_BLOCK, &io, NULL);
	CHECK(fcntl(b, F_SETOWN, getpid()) == 0 && fcntl(b, F_SETFL, O_RDWR | O_ASYNC) == 0);
	CHECK(write(a, "s", 1) == 1 && sigtimedwait(&io, NULL, &(struct timespec){ 20, 0 }) == SIGIO);
	CHECK(read(b, text, 1) == 1 && fcntl(b, F_SETFL, O_RDWR) == 0);
	/* A signal of our choice says what happened where. */
	siginfo_t info;
	sigemptyset(&io);
	sigaddset(&io, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &io, NULL);
	CHECK(fcntl(b, F_SETSIG, SIGRTMIN) == 0 && fcntl(b, F_SETFL, O_RDWR | O_ASYNC) == 0);
	CHECK(write(a, "s", 1) == 1 && sigtimedwait(&io, &info, &(struct timespec){ 20, 0 }) == SIGRTMIN);
	CHECK(info.si_code == POLL_IN && info.si_fd == b && info.si_band & POLLIN);
	CHECK(read(b, text, 1) == 1 && fcntl(b, F_SETFL, O_RDWR) == 0);
	stream(a, b);
	stream(b, a);
	close(an);
	held_by_a_request(a, b);
	if (!bad)
		puts("fine");
	return bad;
}
