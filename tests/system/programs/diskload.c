/*
 * Load for a disk, to look at its scheduling.
 *
 *   diskload batch DEV LIST GO       submit all requests of the list ("R|W SECTOR NR" a line), O_DIRECT, behind a read that the disk holds; tell
 *                                    how many are in the queue then (its inflight file), let the disk go on, and wait for them
 *   diskload share DEV MS LEVEL...   a process for each I/O priority level; each has 8 random 16 KiB reads under way for so long, of n processes
 *                                    the i-th of those 16 KiB whose number is i modulo n; prints the bytes of each
 *   diskload reads DEV COUNT         COUNT random 4 KiB reads in the first quarter of the disk, one after the other, O_DIRECT
 *   diskload writes DEV              random 64 KiB writes through the cache in the other half, without end
 *   diskload nowait DEV GO           behind a held read a full queue of four (nr_requests): does one more with RWF_NOWAIT get EAGAIN, and one
 *                                    without wait for room?
 *   diskload flush DEV GO            behind a held read 16 writes, and fsync beside them
 *
 * The disk holds reads of its last page until a byte is written to the disk GO (tools/vm --disk ...,seek=hold:FILE).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "user/linux_aio.h"

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#endif
#define BLKGETSIZE64_ 0x80041272
#define MOST 2048

static int fd;
static unsigned long long disk_bytes;
static unsigned long aio;
static struct iocb cb[MOST];

static void die(const char *what)
{
	fprintf(stderr, "diskload: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void open_disk(const char *path, int flags)
{
	fd = open(path, O_RDWR | flags);
	if (fd < 0 || ioctl(fd, BLKGETSIZE64_, &disk_bytes))
		die(path);
}

static void *buffer(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	memset(p, 0x5a, size);
	return p;
}

static void aio_setup(unsigned n)
{
	if (io_setup(n, &aio))
		die("io_setup");
}

static void aio_prepare(unsigned i, int op, void *buf, size_t bytes, unsigned long long offset)
{
	memset(&cb[i], 0, sizeof(cb[i]));
	cb[i].data = i;
	cb[i].opcode = (unsigned short)op;
	cb[i].fd = (unsigned)fd;
	cb[i].buf = (unsigned long)buf;
	cb[i].nbytes = bytes;
	cb[i].offset = (long long)offset;
}

static void aio_submit(unsigned first, unsigned n)
{
	struct iocb *list[MOST];

	for (unsigned i = 0; i < n; i++)
		list[i] = &cb[first + i];
	if (io_submit(aio, (long)n, list) != (long)n)
		die("io_submit");
}

/* Wait for one: its number. */
static unsigned aio_wait(void)
{
	struct io_event e;

	while (io_getevents(aio, 1, 1, &e, -1) != 1)
		if (errno != EINTR)
			die("io_getevents");
	if (e.res < 0) {
		errno = (int)-e.res;
		die("a request");
	}
	return (unsigned)e.data;
}

/* How many requests are in the queue of the disk. */
static unsigned in_queue(const char *disk)
{
	unsigned reads, writes;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/block/%s/inflight", strrchr(disk, '/') + 1);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%u %u", &reads, &writes) != 2)
		die(path);
	fclose(f);
	return reads + writes;
}

/* A read that the disk holds: number 0. */
static void hold(void)
{
	aio_setup(MOST);
	aio_prepare(0, IOCB_CMD_PREAD, buffer(4096), 4096, disk_bytes - 4096);
	aio_submit(0, 1);
}

static void release(const char *go)
{
	char *byte = buffer(512);
	int to = open(go, O_WRONLY | O_DIRECT | O_SYNC);

	if (to < 0 || write(to, byte, 512) != 512)
		die(go);
	close(to);
}

static void batch(const char *disk, const char *list, const char *go)
{
	FILE *f = fopen(list, "r");
	unsigned long long sector;
	unsigned nr, n = 1;
	char op;

	if (!f)
		die(list);
	while (n < MOST && fscanf(f, " %c %llu %u", &op, &sector, &nr) == 3) {
		aio_prepare(n, op == 'R' ? IOCB_CMD_PREAD : IOCB_CMD_PWRITE, buffer(nr * 512), nr * 512, sector * 512);
		n++;
	}
	fclose(f);
	hold();
	aio_submit(1, n - 1);
	printf("waiting %u\n", in_queue(disk));
	release(go);
	for (unsigned i = 0; i < n; i++)
		aio_wait();
	printf("%u done\n", n - 1);
}

static unsigned long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned long long)t.tv_sec * 1000 + (unsigned long long)t.tv_nsec / 1000000;
}

static unsigned long long random_place(unsigned long long from, unsigned long long to, unsigned bytes)
{
	static unsigned long long state = 88172645463325252ull;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return from + (state >> 8) % ((to - from) / bytes) * bytes;
}

#define SHARE_BYTES 16384

static unsigned long long share_place(unsigned i, unsigned n)
{
	return random_place(0, disk_bytes, SHARE_BYTES * n) + SHARE_BYTES * i;
}

static void reader(int level, unsigned me, unsigned n, unsigned long long stop, int out)
{
	enum { DEPTH = 8, BYTES = SHARE_BYTES };
	unsigned long long done = 0;

	if (syscall(SYS_ioprio_set, 1, 0, 2 << 13 | level))
		die("ioprio_set");
	aio_setup(DEPTH);
	for (unsigned i = 0; i < DEPTH; i++)
		aio_prepare(i, IOCB_CMD_PREAD, buffer(BYTES), BYTES, share_place(me, n));
	aio_submit(0, DEPTH);
	while (now_ms() < stop) {
		unsigned i = aio_wait();

		done += BYTES;
		cb[i].offset = (long long)share_place(me, n);
		aio_submit(i, 1);
	}
	if (write(out, &done, sizeof(done)) != sizeof(done))
		die("pipe");
	exit(0); /* what is under way goes with the process */
}

static void share(unsigned ms, int n, char **levels)
{
	unsigned long long stop = now_ms() + ms, done;
	int pipes[8][2];

	for (int i = 0; i < n && i < 8; i++) {
		if (pipe(pipes[i]))
			die("pipe");
		if (!fork())
			reader(atoi(levels[i]), (unsigned)i, (unsigned)n, stop, pipes[i][1]);
	}
	for (int i = 0; i < n && i < 8; i++) {
		if (read(pipes[i][0], &done, sizeof(done)) != sizeof(done))
			die("a reader");
		printf("level %s bytes %llu\n", levels[i], done);
	}
	while (wait(NULL) > 0)
		;
}

static void reads(unsigned count)
{
	char *buf = buffer(4096);

	for (unsigned i = 0; i < count; i++)
		if (pread64(fd, buf, 4096, (long long)random_place(0, disk_bytes / 4, 4096)) != 4096)
			die("pread");
	printf("%u read\n", count);
}

static void writes(void)
{
	char *buf = buffer(65536);

	for (;;)
		if (pwrite64(fd, buf, 65536, (long long)random_place(disk_bytes / 2, disk_bytes, 65536)) != 65536)
			die("pwrite");
}

static int *released; /* shared: who sets it first lets the disk go on, so that it is told once */

static bool may_release(void) { return !__sync_lock_test_and_set(released, 1); }

/* Let the disk go on once so many are in its queue, or the process `asleep` waits (0: none does). */
static pid_t release_when(const char *disk, unsigned queued, pid_t asleep, const char *go)
{
	char path[64], state;
	FILE *f;

	released = mmap(NULL, sizeof(*released), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (released == MAP_FAILED)
		die("mmap");

	pid_t child = fork();

	if (child)
		return child;
	for (;;) {
		if (!asleep && in_queue(disk) >= queued)
			break;
		snprintf(path, sizeof(path), "/proc/%d/stat", asleep);
		f = asleep ? fopen(path, "r") : NULL;
		if (f && fscanf(f, "%*d (%*[^)]) %c", &state) == 1 && state == 'D')
			break;
		if (f)
			fclose(f);
		usleep(2000);
	}
	if (may_release())
		release(go);
	_exit(0);
}

static const char *answer(long r)
{
	return r == 4096 ? "read" : strerror(errno);
}

static void nowait(const char *go)
{
	enum { QUEUE = 4 };
	char *buf = buffer(4096);
	struct iovec v = { buf, 4096 };

	for (unsigned i = 1; i < QUEUE; i++)
		aio_prepare(i, IOCB_CMD_PREAD, buffer(4096), 4096, 65536ull * i);
	hold();
	aio_submit(1, QUEUE - 1);
	printf("full: %s\n", answer(syscall(SYS_preadv2, fd, &v, 1l, 8 << 20, 0l, RWF_NOWAIT)));
	release_when("", 0, getpid(), go);
	printf("waiting: %s\n", answer(pread64(fd, buf, 4096, 8 << 20)));
	for (unsigned i = 0; i < QUEUE; i++)
		aio_wait();
	printf("empty: %s\n", answer(syscall(SYS_preadv2, fd, &v, 1l, 8 << 20, 0l, RWF_NOWAIT)));
	wait(NULL);
}

static void flush(const char *disk, const char *go)
{
	enum { N = 17 };
	pid_t child;

	for (unsigned i = 1; i < N; i++)
		aio_prepare(i, IOCB_CMD_PWRITE, buffer(4096), 4096, 1000000 / 4096 * 4096ull * i);
	hold();
	aio_submit(1, N - 1);
	child = release_when(disk, N + 1, 0, go);
	if (fsync(fd))
		die("fsync");
	if (may_release()) { /* fsync had nothing to wait for */
		kill(child, SIGKILL);
		release(go);
	}
	wait(NULL);
	for (unsigned i = 0; i < N; i++)
		aio_wait();
	printf("flushed\n");
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";

	if (!*what) {
		fprintf(stderr, "usage: diskload batch|share|reads|writes|nowait|flush DEV ...\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	open_disk(argv[2], strcmp(what, "writes") ? O_DIRECT : 0);
	if (!strcmp(what, "batch") && argc > 4)
		batch(argv[2], argv[3], argv[4]);
	else if (!strcmp(what, "share") && argc > 4)
		share((unsigned)atoi(argv[3]), argc - 4, argv + 4);
	else if (!strcmp(what, "reads") && argc > 3)
		reads((unsigned)atoi(argv[3]));
	else if (!strcmp(what, "writes"))
		writes();
	else if (!strcmp(what, "nowait") && argc > 3)
		nowait(argv[3]);
	else if (!strcmp(what, "flush") && argc > 3)
		flush(argv[2], argv[3]);
	return 0;
}
