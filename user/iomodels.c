/*
 * iomodels: reads a slow source by each of the five models of I/O, with a computation beside it that wants the CPU, and prints what each
 * costs: how often the reader was blocked, its system calls, the part of the CPU that it spent waiting, and the time all took.
 *
 * The source is a process that writes a block into a pipe, for the asynchronous model a socket, every few milliseconds. The computation runs in
 * the same process wherever the model leaves it room: between two looks, or while a read is under way; in a blocking model it can only run
 * between two reads. The part of the CPU spent waiting is the reader's CPU time that was neither computation nor a read that brought data.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BLOCKS 20
#define BLOCK 512
#define PAUSE_MS 20

static char buffer[BLOCK];
static unsigned long calls, work;
static volatile unsigned sink;

static long long now(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* A small piece of the computation. */
static void compute(void)
{
	for (unsigned i = 0; i < 20000; i++)
		sink = sink * 1664525 + i;
	work++;
}

/* The slow source: its descriptor. */
static int start_source(pid_t *child)
{
	int p[2];

	if (pipe(p) || (*child = fork()) < 0)
		exit(1);
	if (!*child) {
		static char block[BLOCK];
		struct timespec pause = { 0, PAUSE_MS * 1000000 };
		for (int i = 0; i < BLOCKS; i++) {
			nanosleep(&pause, NULL);
			if (write(p[1], block, BLOCK) != BLOCK)
				_exit(1);
		}
		_exit(0);
	}
	close(p[1]);
	return p[0];
}

static ssize_t take(int fd)
{
	calls++;
	return read(fd, buffer, BLOCK);
}

static void blocking(int fd)
{
	while (take(fd) > 0)
		compute();
}

static void nonblocking(int fd)
{
	fcntl(fd, F_SETFL, O_NONBLOCK);
	for (;;) {
		ssize_t n = take(fd);
		if (!n)
			return;
		if (n > 0)
			compute();
	}
}

static void multiplexing(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };

	for (;;) {
		calls++;
		if (poll(&p, 1, -1) < 0)
			exit(1);
		if (!take(fd))
			return;
		compute();
	}
}

static volatile sig_atomic_t ready;
static void on_io(int sig) { (void)sig; ready = 1; }

static void signal_driven(int fd)
{
	struct sigaction sa = { .sa_handler = on_io };

	sigaction(SIGIO, &sa, NULL);
	fcntl(fd, F_SETOWN, getpid());
	fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK);
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

struct iocb {
	uint64_t data;
	uint32_t key, rw_flags;
	uint16_t opcode;
	int16_t reqprio;
	uint32_t fd;
	uint64_t buf, nbytes;
	int64_t offset;
	uint64_t reserved;
	uint32_t flags, resfd;
};
struct io_event { uint64_t data, obj; int64_t res, res2; };

/* Readiness is asked for as a request; its event says that the data can be taken without waiting. */
static void asynchronous(int fd)
{
	struct iocb cb = { .opcode = 5, .fd = (uint32_t)fd, .buf = POLLIN }, *list = &cb;
	struct timespec none = { 0, 0 };
	unsigned long context = 0;
	struct io_event event;

	if (syscall(SYS_io_setup, 4, &context))
		exit(1);
	calls++;
	for (ssize_t n = 1; n;) {
		if (syscall(SYS_io_submit, context, 1, &list) != 1)
			exit(1);
		calls++;
		do {
			compute();
			calls++;
		} while (!syscall(SYS_io_getevents, context, 0, 1, &event, &none));
		n = take(fd);
	}
	syscall(SYS_io_destroy, context);
	calls++;
}

static void measure(const char *name, void (*model)(int))
{
	struct rusage before, after;
	pid_t child;
	long long piece = now(CLOCK_PROCESS_CPUTIME_ID);

	for (int i = 0; i < 64; i++)
		compute();
	piece = (now(CLOCK_PROCESS_CPUTIME_ID) - piece) / 64;
	calls = work = 0;
	int fd = start_source(&child);
	getrusage(RUSAGE_SELF, &before);
	long long start = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	model(fd);
	cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	long long took = now(CLOCK_MONOTONIC) - start;
	getrusage(RUSAGE_SELF, &after);
	waitpid(child, NULL, 0);
	close(fd);
	double waiting = (double)(cpu - (long long)work * piece) / (double)took * 100;
	printf("%-14s %13ld %13lu %12.1f%% %11lld ms %12lu\n", name, after.ru_nvcsw - before.ru_nvcsw, calls, waiting < 0 ? 0 : waiting, took / 1000000, work);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("%-14s %13s %13s %13s %14s %12s\n", "model", "times blocked", "system calls", "CPU waiting", "total time", "work done");
	measure("blocking", blocking);
	measure("nonblocking", nonblocking);
	measure("multiplexing", multiplexing);
	measure("signal", signal_driven);
	measure("async", asynchronous);
	return 0;
}
