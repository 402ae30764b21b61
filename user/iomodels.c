/*
 * iomodels [udp | pipe | serial [TTY] | disk DEV]: reads a slow source by each of the five models of I/O, with a computation beside it that wants
 * the CPU, and prints what each costs: how often the reader was blocked, its system calls, the part of the CPU that it spent waiting, and the
 * time all took.
 *
 *   udp     a process sends datagrams over lo, the last one empty (the default)
 *   pipe    a process writes blocks
 *   serial  the host sends 20 blocks of 64 bytes over the line (/dev/ttyS1) each time a 'g' came from us
 *   disk    blocks of a slow disk, O_DIRECT
 *
 * The computation runs in the same process wherever the model leaves it room: between two looks, or while a read is under way; in a blocking
 * model it can only run between two reads. The part of the CPU spent waiting is the reader's CPU time that was neither computation nor a
 * read that brought data.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "user/linux_aio.h"

#define BLOCKS 20
#define BLOCK 512
#define SERIAL_BLOCK 64
#define DISK_BLOCK 4096
#define PAUSE_MS 20

static char buffer[DISK_BLOCK] __attribute__((aligned(DISK_BLOCK)));
static size_t block = BLOCK, partial;   /* of a block: bytes that came */
static long left = -1;                  /* blocks that still come; -1: until the end of the file */
static const char *device;
static unsigned long calls, work;
static volatile unsigned sink;
static long long computing; /* ns */

static long long now(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* A small piece of the computation. */
static void compute(void)
{
	long long start = now(CLOCK_MONOTONIC); /* by the vDSO: no system call */

	for (unsigned i = 0; i < 20000; i++)
		sink = sink * 1664525 + i;
	computing += now(CLOCK_MONOTONIC) - start;
	work++;
}

static void die(const char *what)
{
	fprintf(stderr, "iomodels: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- the sources: each starts to bring data and answers the descriptor to read ---- */

/* A process that writes a block now and then; for datagrams an empty one tells the end. */
static void feed(int to, bool datagrams)
{
	static char data[BLOCK];
	struct timespec pause = { 0, PAUSE_MS * 1000000 };

	for (int i = 0; i < BLOCKS; i++) {
		nanosleep(&pause, NULL);
		if (write(to, data, BLOCK) != BLOCK)
			_exit(1);
	}
	_exit(datagrams && write(to, data, 0));
}

static int start_pipe(pid_t *child)
{
	int p[2];

	if (pipe(p) || (*child = fork()) < 0)
		die("pipe");
	if (!*child)
		feed(p[1], false);
	close(p[1]);
	return p[0];
}

static int start_udp(pid_t *child)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	int from = socket(AF_INET, SOCK_DGRAM, 0), to = socket(AF_INET, SOCK_DGRAM, 0);

	if (bind(from, (struct sockaddr *)&at, sizeof(at)) || getsockname(from, (struct sockaddr *)&at, &size) ||
	    connect(to, (struct sockaddr *)&at, sizeof(at)) || (*child = fork()) < 0)
		die("udp");
	if (!*child)
		feed(to, true);
	close(to);
	return from;
}

static int start_serial(pid_t *child)
{
	struct termios t;
	int fd = open(device, O_RDWR | O_NOCTTY);

	if (fd < 0 || tcgetattr(fd, &t))
		die(device);
	cfmakeraw(&t);
	t.c_cc[VMIN] = SERIAL_BLOCK; /* a read waits for a whole block */
	t.c_cc[VTIME] = 0;
	if (tcsetattr(fd, TCSANOW, &t) || write(fd, "g", 1) != 1)
		die(device);
	*child = 0;
	block = SERIAL_BLOCK;
	left = BLOCKS;
	return fd;
}

static int start_disk(pid_t *child)
{
	int fd = open(device, O_RDONLY | O_DIRECT);

	if (fd < 0)
		die(device);
	*child = 0;
	block = DISK_BLOCK;
	left = BLOCKS;
	return fd;
}

/* Bytes of the source came: work on each block that is whole. */
static void came(ssize_t n)
{
	for (partial += (size_t)n; partial >= block; partial -= block) {
		compute();
		if (left > 0)
			left--;
	}
}

/* One read: what it brought, 0 at the end. */
static ssize_t take(int fd)
{
	if (!left)
		return 0;
	calls++;
	ssize_t n = read(fd, buffer, block - partial);
	if (n > 0)
		came(n);
	return n;
}

/* ---- the models ---- */

static void blocking(int fd)
{
	while (take(fd) > 0)
		;
}

static void nonblocking(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	while (take(fd))
		;
}

static void multiplexing(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };

	while (left) {
		calls++;
		if (poll(&p, 1, -1) < 0)
			die("poll");
		if (!take(fd))
			return;
	}
}

static volatile sig_atomic_t ready;
static void on_io(int sig) { (void)sig; ready = 1; }

static void signal_driven(int fd)
{
	struct sigaction sa = { .sa_handler = on_io };

	sigaction(SIGIO, &sa, NULL);
	fcntl(fd, F_SETOWN, getpid());
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC | O_NONBLOCK);
	calls += 2;
	for (;;) {
		ready = 0;
		for (ssize_t n; (n = take(fd)) != -1 || errno != EAGAIN;)
			if (!n)
				return;
		while (!ready)
			compute();
	}
}

/*
 * A disk is asked for the block itself. Of the others readiness is asked for, since a request to read them would wait in io_submit; the event
 * says that the data can be taken without waiting.
 */
static void asynchronous(int fd)
{
	bool disk = block == DISK_BLOCK;
	struct iocb cb = { .opcode = disk ? IOCB_CMD_PREAD : IOCB_CMD_POLL, .fd = (uint32_t)fd, .buf = disk ? (uintptr_t)buffer : POLLIN,
			   .nbytes = disk ? block : 0 };
	struct iocb *list = &cb;
	aio_context_t context = 0;
	struct io_event event;

	if (io_setup(4, &context))
		die("io_setup");
	const volatile struct aio_ring *ring = (const volatile struct aio_ring *)context; /* in our memory: looking at it is no system call */
	calls++;
	for (ssize_t n = 1; n && left;) {
		if (io_submit(context, 1, &list) != 1)
			die("io_submit");
		calls++;
		do
			compute();
		while (ring->head == ring->tail);
		if (io_getevents(context, 1, 1, &event, -1) != 1)
			die("io_getevents");
		calls++;
		if (!disk) {
			n = take(fd);
		} else {
			n = (ssize_t)event.res;
			cb.offset += n;
			came(n);
		}
	}
	io_destroy(context);
	calls++;
}

static int (*start_source)(pid_t *child);

static void measure(const char *name, void (*model)(int))
{
	struct rusage before, after;
	pid_t child;

	calls = work = partial = 0;
	computing = 0;
	int fd = start_source(&child);
	getrusage(RUSAGE_SELF, &before);
	long long start = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	model(fd);
	cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	long long took = now(CLOCK_MONOTONIC) - start;
	getrusage(RUSAGE_SELF, &after);
	if (child)
		waitpid(child, NULL, 0);
	close(fd);
	double waiting = (double)(cpu - computing) / (double)took * 100;
	printf("%-14s %13ld %13lu %12.1f%% %11lld ms %12lu\n", name, after.ru_nvcsw - before.ru_nvcsw, calls, waiting < 0 ? 0 : waiting, took / 1000000, work);
}

int main(int argc, char **argv)
{
	const char *source = argc > 1 ? argv[1] : "udp";

	device = argc > 2 ? argv[2] : "/dev/ttyS1";
	start_source = !strcmp(source, "udp") ? start_udp : !strcmp(source, "pipe") ? start_pipe : !strcmp(source, "serial") ? start_serial :
		       !strcmp(source, "disk") && argc > 2 ? start_disk : NULL;
	if (!start_source) {
		fputs("usage: iomodels [udp | pipe | serial [TTY] | disk DEV]\n", stderr);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("%-14s %13s %13s %13s %14s %12s\n", "model", "times blocked", "system calls", "CPU waiting", "total time", "work done");
	measure("blocking", blocking);
	measure("nonblocking", nonblocking);
	measure("multiplexing", multiplexing);
	measure("signal", signal_driven);
	measure("async", asynchronous);
	return 0;
}
