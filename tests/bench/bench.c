/*
 * The figures: what a system call, a read, a write, a fork cost in guest instructions. Run by `make bench` under --accel icount, where one
 * nanosecond of the clock is one instruction, so that the figures repeat; on any other machine they are nanoseconds of noise.
 *
 *     bench FOLDER DISK      FOLDER: on a disk file system, for scratch files; DISK: a block device, 8 MiB of it are read
 *
 * A line for each figure: NAME VALUE UNIT. Linux calls alone. The whole runs for about a second of guest time.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "user/linux_aio.h"

#define MIB (1u << 20)

static char *buffer;    /* 1 MiB, page-aligned and touched */

static int must(long rc, const char *what)
{
	if (rc < 0) {
		fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
		exit(1);
	}
	return (int)rc;
}

static int64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void per_operation(const char *name, int64_t start, unsigned n)
{
	printf("%s %.0f ns\n", name, (double)(now() - start) / n);
}

static void per_byte(const char *name, int64_t start, unsigned bytes)
{
	printf("%s %.0f MB/s\n", name, bytes * 1000.0 / (double)(now() - start));
}

static void null_call(void)
{
	int64_t start = now();

	for (int i = 0; i < 20000; i++) {
		long r;
		__asm__ volatile("int $0x80" : "=a"(r) : "a"(SYS_getppid) : "memory");
	}
	per_operation("null.int80", start, 20000);
	start = now();
	for (int i = 0; i < 20000; i++)
		(void)getppid();
	per_operation("null.libc", start, 20000);
	start = now();
	for (int i = 0; i < 20000; i++)
		(void)now();
	per_operation("clock_gettime", start, 20000);
}

static void pipes(void)
{
	int there[2], back[2], status;
	char c = 0;

	must(pipe(there) | pipe(back), "pipe");
	int64_t start = now();
	for (int i = 0; i < 4000; i++) {
		must(write(there[1], &c, 1), "write");
		must(read(there[0], &c, 1), "read");
	}
	per_operation("pipe.self", start, 4000);
	pid_t child = must(fork(), "fork");
	if (!child) {
		while (read(there[0], &c, 1) == 1 && c != 'q')
			must(write(back[1], &c, 1), "write");
		_exit(0);
	}
	start = now();
	for (int i = 0; i < 2000; i++) {
		must(write(there[1], &c, 1), "write");
		must(read(back[0], &c, 1), "read");
	}
	per_operation("pipe.roundtrip", start, 2000);
	must(write(there[1], "q", 1), "write");
	waitpid(child, &status, 0);
}

static void forks(void)
{
	int64_t start = now();

	for (int i = 0; i < 100; i++) {
		int status;
		pid_t child = must(fork(), "fork");
		if (!child)
			_exit(0);
		waitpid(child, &status, 0);
	}
	per_operation("fork.exit.wait", start, 100);
}

/* One live pipe among 1,000 idle ones: ready, and written to by this process each time. */
static void many(void)
{
	enum { N = 1000, ROUNDS = 2000 };
	struct rlimit most = { 4096, 4096 };
	struct epoll_event event = { .events = EPOLLIN }, told;
	static int ends[N][2];
	int ep = must(epoll_create1(0), "epoll_create1");
	char c = 0;

	must(setrlimit(RLIMIT_NOFILE, &most), "setrlimit");
	for (int i = 0; i < N; i++) {
		must(pipe(ends[i]), "pipe");
		must(epoll_ctl(ep, EPOLL_CTL_ADD, ends[i][0], &event), "epoll_ctl");
	}
	int64_t start = now();
	for (int i = 0; i < ROUNDS; i++) {
		must(write(ends[i % N][1], &c, 1), "write");
		must(epoll_wait(ep, &told, 1, -1), "epoll_wait");
		must(read(ends[i % N][0], &c, 1), "read");
	}
	per_operation("epoll.event.1000", start, ROUNDS);
	must(write(ends[N - 1][1], &c, 1), "write");
	start = now();
	for (int i = 0; i < ROUNDS; i++)
		must(epoll_wait(ep, &told, 1, -1), "epoll_wait");
	per_operation("epoll.ready.1000", start, ROUNDS);
	for (int i = 0; i < N; i++)
		close(ends[i][0]), close(ends[i][1]);
	close(ep);
}

static void ready(void)
{
	enum { N = 100, ROUNDS = 200 };
	static struct pollfd p[N];
	int ends[2], most = 0;
	fd_set all, set;

	FD_ZERO(&all);
	must(pipe(ends), "pipe");
	must(write(ends[1], "", 1), "write");
	for (int i = 0; i < N; i++) {
		p[i] = (struct pollfd){ .fd = must(dup(ends[0]), "dup"), .events = POLLIN };
		FD_SET(p[i].fd, &all);
		most = p[i].fd;
	}
	int64_t start = now();
	for (int i = 0; i < ROUNDS; i++)
		must(poll(p, N, 0), "poll");
	per_operation("poll.per_descriptor", start, N * ROUNDS);
	start = now();
	for (int i = 0; i < ROUNDS; i++) {
		set = all;
		must(select(most + 1, &set, NULL, NULL, &(struct timeval){ 0, 0 }), "select");
	}
	per_operation("select.per_descriptor", start, N * ROUNDS);
	for (int i = 0; i < N; i++)
		close(p[i].fd);
}

/* Through the cache, warm. The file is 4 MiB. */
static void cached(int fd)
{
	int64_t start = now();

	for (int i = 0; i < 4000; i++)
		must(pread(fd, buffer, 4096, (off_t)(i % 1024) * 4096), "pread");
	per_operation("pread.4k.cached", start, 4000);
	start = now();
	for (int i = 0; i < 10000; i++)
		must(pread(fd, buffer, 1, i * 37), "pread");
	per_operation("pread.1b.cached", start, 10000);
	must(lseek(fd, 0, SEEK_SET), "lseek");
	start = now();
	for (int i = 0; i < 64; i++)
		must(read(fd, buffer, 65536), "read");
	per_byte("read.64k.cached", start, 4 * MIB);
	start = now();
	volatile char *map = mmap(NULL, 4 * MIB, PROT_READ, MAP_SHARED, fd, 0);
	for (unsigned at = 0; at < 4 * MIB; at += 4096)
		(void)map[at];
	per_operation("mmap.touch.page", start, 1024);
	start = now();
	must(munmap((void *)map, 4 * MIB), "munmap");
	per_operation("munmap.page", start, 1024);
}

/* What has to leave the file, 64 KiB at a time: by a copy or by reference. */
static void sent(int fd, int to, bool copied, const char *name)
{
	must(lseek(fd, 0, SEEK_SET), "lseek");
	int64_t start = now();
	for (unsigned done = 0; done < 4 * MIB; done += 65536) {
		if (copied) {
			must(read(fd, buffer, 65536), "read");
			must(write(to, buffer, 65536), "write");
		} else {
			for (int part = 0; part < 65536; )
				part += must(sendfile(to, fd, NULL, (size_t)(65536 - part)), "sendfile");
		}
	}
	per_byte(name, start, 4 * MIB);
}

/* Into a pipe that a child reads dry, and to /dev/null. The file is 4 MiB, in the cache. */
static void zero_copy(int fd)
{
	int ends[2], null = must(open("/dev/null", O_WRONLY), "/dev/null"), status;

	must(pipe(ends), "pipe");
	pid_t child = must(fork(), "fork");
	if (!child) {
		close(ends[1]);
		while (read(ends[0], buffer, 65536) > 0)
			;
		_exit(0);
	}
	close(ends[0]);
	sent(fd, ends[1], true, "readwrite.pipe");
	sent(fd, ends[1], false, "sendfile.pipe");
	close(ends[1]);
	waitpid(child, &status, 0);
	sent(fd, null, true, "readwrite.null");
	must(pipe(ends), "pipe");
	must(lseek(fd, 0, SEEK_SET), "lseek");
	int64_t start = now();
	for (unsigned done = 0; done < 4 * MIB; ) {
		int got = must(splice(fd, NULL, ends[1], NULL, 65536, 0), "splice");
		done += (unsigned)got;
		while (got > 0)
			got -= must(splice(ends[0], NULL, null, NULL, (size_t)got, 0), "splice");
	}
	per_byte("splice.null", start, 4 * MIB);
	close(ends[0]), close(ends[1]), close(null);
}

static void cold(int fd, size_t block, const char *name)
{
	must(fsync(fd), "fsync");
	must(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) ? -1 : 0, "fadvise");
	must(lseek(fd, 0, SEEK_SET), "lseek");
	int64_t start = now();
	for (unsigned at = 0; at < 4 * MIB; at += block)
		must(read(fd, buffer, block), "read");
	per_byte(name, start, 4 * MIB);
}

static uint32_t random_page(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 21;
}

static void direct(const char *disk)
{
	static const struct { size_t block; const char *name; } sizes[] = {
		{ 4096, "seqread.direct.4k" }, { 65536, "seqread.direct.64k" }, { 131072, "seqread.direct.128k" }, { MIB, "seqread.direct.1m" } };
	int fd = must(open(disk, O_RDONLY | O_DIRECT), disk);
	uint32_t random = 1;

	for (unsigned i = 0; i < 4; i++) {
		unsigned total = sizes[i].block == 4096 ? MIB : 8 * MIB;
		int64_t start = now();
		for (unsigned at = 0; at < total; at += sizes[i].block)
			must(pread(fd, buffer, sizes[i].block, at), "direct read");
		per_byte(sizes[i].name, start, total);
	}
	int64_t start = now();
	for (int i = 0; i < 500; i++)
		must(pread(fd, buffer, 4096, (off_t)random_page(&random) * 4096), "direct read");
	per_operation("randread.direct.4k", start, 500);
	close(fd);
}

/* 32 random reads of 4 KiB always on their way. */
static void queued(const char *disk)
{
	enum { DEPTH = 32, TOTAL = 1024 };
	static struct iocb cb[DEPTH], *list[DEPTH];
	static struct io_event done[DEPTH];
	aio_context_t context = 0;
	uint32_t seed = 1;
	int fd = must(open(disk, O_RDONLY | O_DIRECT), disk), ready = DEPTH;

	must(io_setup(DEPTH, &context), "io_setup");
	for (int i = 0; i < DEPTH; i++) {
		cb[i] = (struct iocb){ .fd = (uint32_t)fd, .opcode = IOCB_CMD_PREAD, .buf = (uintptr_t)buffer + (uint32_t)i * 4096, .nbytes = 4096 };
		list[i] = &cb[i];
	}
	int64_t start = now();
	for (int got = 0, sent = 0; got < TOTAL; got += ready) {
		if (ready > TOTAL - sent)
			ready = TOTAL - sent;
		for (int i = 0; i < ready; i++)
			list[i]->offset = (int64_t)random_page(&seed) * 4096;
		for (int i = 0; i < ready; )
			i += must(io_submit(context, ready - i, list + i), "io_submit");
		sent += ready;
		ready = must(io_getevents(context, 1, DEPTH, done, -1), "io_getevents");
		for (int i = 0; i < ready; i++)
			list[i] = (struct iocb *)(uintptr_t)done[i].obj;
	}
	per_operation("randread.aio32.4k", start, TOTAL);
	io_destroy(context);
	close(fd);
}

static void writes(int fd)
{
	int64_t start = now();

	for (unsigned at = 0; at < 4 * MIB; at += 65536)
		must(pwrite(fd, buffer, 65536, at), "pwrite");
	must(fsync(fd), "fsync");
	per_byte("seqwrite.new", start, 4 * MIB);
	start = now();
	for (unsigned at = 0; at < 4 * MIB; at += 65536)
		must(pwrite(fd, buffer, 65536, at), "pwrite");
	must(fsync(fd), "fsync");
	per_byte("seqwrite.overwrite", start, 4 * MIB);
}

/* 512 bytes at a time, one fsync at the end. */
static void small_writes(int fd, const char *name)
{
	int64_t start = now();

	for (int i = 0; i < 2048; i++)
		must(pwrite(fd, buffer, 512, i * 512), "pwrite");
	must(fsync(fd), "fsync");
	per_operation(name, start, 2048);
}

static int file(const char *folder, const char *name)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	int fd = must(open(path, O_RDWR | O_CREAT | O_TRUNC, 0644), path);
	unlink(path);
	return fd;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return fprintf(stderr, "usage: bench FOLDER DISK\n"), 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	buffer = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(buffer, 'x', MIB);
	null_call();
	pipes();
	forks();
	ready();
	many();
	int big = file(argv[1], "big"), small = file(argv[1], "small");
	writes(big);
	cached(big);
	zero_copy(big);
	cold(big, 65536, "seqread.cold.64k");
	cold(big, 4096, "seqread.cold.4k");
	small_writes(small, "smallwrite.new");
	small_writes(small, "smallwrite.overwrite");
	direct(argv[2]);
	queued(argv[2]);
	return 0;
}
