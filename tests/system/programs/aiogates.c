/*
 * aiogates MODE DEV GATES N: asynchronous reads of a disk whose reads end one by one, when their gates are opened (servers/gates.py; N: which of the
 * server's disks DEV is; GATES: the disk with the gates). Page p of DEV begins with the number p.
 *
 *   all       32 reads are started before the first one ends
 *   order     8 reads of each of four disks, DEV1 to DEV4, numbered from N on: they come as their disks are done
 *   queue     12 reads of one disk, which does one after the other: they come one by one
 *   cached    12 reads through the page cache, more than the kernel has threads for them; a pipe becomes readable meanwhile
 *   cancel    a read that is with the disk cannot be cancelled, one that waits for a pipe can
 *   destroy   io_destroy waits for what is with the disk, and takes the ring away
 *   killed    a process is killed, one ends, one executes another program, with reads under way: it waits for them, and none is left afterwards
 *   closed    the file is closed and its memory unmapped with reads under way
 *   unplug    32 reads, "READY", and when the disk is going: half of those that are with it succeed, half of them fail
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "user/linux_aio.h"

#define PAGE 4096
#define PAGES 64
#define READS 32

static const char *device;
static int gates_fd, disk;
static unsigned char *gates; /* a sector for each disk */
static aio_context_t ctx;
static struct iocb cb[PAGES];
static struct io_event events[PAGES];
static char *memory;

static void die(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	exit(1);
}

static void pause_ms(int ms)
{
	struct timespec t = { 0, ms * 1000000L };

	nanosleep(&t, NULL);
}

static void *pages(size_t n)
{
	void *p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

/* Gates from, from + 1, ... below end: 0 shut, 1 open, 2 fail. */
static void set_gates(int from, int end, int how)
{
	memset(gates + disk * 512 + from, how, (size_t)(end - from));
	if (pwrite(gates_fd, gates + disk * 512, 512, disk * 512) != 512)
		die("gates");
}

static int open_device(int flags)
{
	int fd = open(device, O_RDONLY | flags);

	if (fd < 0)
		die(device);
	return fd;
}

static void setup(void)
{
	ctx = 0;
	if (io_setup(PAGES, &ctx))
		die("io_setup");
}

static struct iocb *prepare(int slot, int op, int fd, int page)
{
	cb[slot] = (struct iocb){ .data = (uint64_t)slot, .opcode = (uint16_t)op, .fd = (uint32_t)fd, .buf = (uintptr_t)(memory + slot * PAGE),
				  .nbytes = PAGE, .offset = (int64_t)page * PAGE };
	return &cb[slot];
}

static long submit_reads(int fd, int n)
{
	struct iocb *list[PAGES];

	for (int i = 0; i < n; i++)
		list[i] = prepare(i, IOCB_CMD_PREAD, fd, 2 * i); /* apart, so that none are merged */
	return io_submit(ctx, n, list);
}

static long submit_poll(int slot, int fd)
{
	struct iocb *p = &cb[slot];

	*p = (struct iocb){ .data = 1000, .opcode = IOCB_CMD_POLL, .fd = (uint32_t)fd, .buf = POLLIN };
	return io_submit(ctx, 1, &p);
}

/* The next event: its number; what it brought is right. */
static int next(void)
{
	long n = io_getevents(ctx, 1, PAGES, events, -1);
	unsigned page;

	if (n != 1)
		printf("%ld events at once\n", n);
	memcpy(&page, memory + events[0].data * PAGE, sizeof(page));
	if (events[0].res != PAGE || page != 2 * events[0].data)
		printf("read %d: %lld, begins with %u\n", (int)events[0].data, (long long)events[0].res, page);
	return (int)events[0].data;
}

/* All others: how many succeeded, failed with EIO, with ENODEV. */
static void rest(int n)
{
	int good = 0, eio = 0, enodev = 0;

	while (n > 0) {
		long got = io_getevents(ctx, 1, PAGES, events, -1);
		if (got <= 0)
			die("io_getevents");
		for (long i = 0; i < got; i++) {
			unsigned page = ~0u;
			memcpy(&page, memory + events[i].data * PAGE, sizeof(page));
			good += events[i].res == PAGE && page == 2 * events[i].data;
			eio += events[i].res == -EIO;
			enodev += events[i].res == -ENODEV;
		}
		n -= (int)got;
	}
	printf("good %d, EIO %d, ENODEV %d, left %d\n", good, eio, enodev, n);
}

/* Objects in use in the kernel's cache of that name. */
static int objects(const char *name)
{
	char line[256], found[64];
	int active, n = -1;
	FILE *f = fopen("/proc/slabinfo", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%63s %d", found, &active) == 2 && !strcmp(found, name))
			n = active;
	if (f)
		fclose(f);
	return n;
}

static int rings(void)
{
	char line[256];
	int n = 0;
	FILE *f = fopen("/proc/self/maps", "r");

	while (f && fgets(line, sizeof(line), f))
		n += strstr(line, "[aio]") != NULL;
	if (f)
		fclose(f);
	return n;
}

static int number_in(const char *path)
{
	int n = -1;
	FILE *f = fopen(path, "r");

	if (f && fscanf(f, "%d", &n) != 1)
		n = -1;
	if (f)
		fclose(f);
	return n;
}

/* Requests and transfers of the whole kernel are over, soon. */
static void settled(void)
{
	int i = 0;

	while ((objects("aio_kiocb") || objects("dio") > 0) && i++ < 3000)
		pause_ms(10);
	printf("requests %d, transfers %d, aio-nr %d, rings %d\n", objects("aio_kiocb"), objects("dio"), number_in("/proc/sys/fs/aio-nr"), rings());
}

static void all(void)
{
	int fd = open_device(O_DIRECT);

	setup();
	printf("submitted %ld\n", submit_reads(fd, READS));
	printf("events %ld\n", io_getevents(ctx, 0, PAGES, events, 0));
	set_gates(0, PAGES, 1);
	rest(READS);
	io_destroy(ctx);
	close(fd);
}

static void order(void)
{
	static const int wanted[] = { 2, 0, 3, 1 };
	char *name = strdup(device);
	int fd[4], first = disk;

	setup();
	for (int d = 0; d < 4; d++) {
		disk = first + d;
		set_gates(0, PAGES, 0);
		name[strlen(name) - 1] = (char)('1' + d);
		fd[d] = open(name, O_RDONLY | O_DIRECT);
		for (int i = 0; i < 8; i++) {
			struct iocb *p = prepare(8 * d + i, IOCB_CMD_PREAD, fd[d], 2 * i);
			if (io_submit(ctx, 1, &p) != 1)
				die("io_submit");
		}
	}
	printf("events %ld\norder", io_getevents(ctx, 0, PAGES, events, 0));
	for (int d = 0; d < 4; d++) {
		disk = first + wanted[d];
		set_gates(0, PAGES, 1);
		int good = 0;
		for (int n = 0; n < 8;) {
			long got = io_getevents(ctx, 1, 8 - n, events, -1);
			for (long i = 0; i < got; i++)
				good += events[i].data / 8 == (unsigned)wanted[d] && events[i].res == PAGE;
			n += (int)got;
		}
		printf(" %d:%d", wanted[d], good);
	}
	printf("\n");
	io_destroy(ctx);
	free(name);
	for (int d = 0; d < 4; d++)
		close(fd[d]);
}

static void queue(void)
{
	int fd = open_device(O_DIRECT);

	setup();
	printf("submitted %ld\nin order", submit_reads(fd, 12));
	for (int i = 0; i < 5; i++) {
		set_gates(2 * i, 2 * i + 1, 1);
		printf(" %d", next());
	}
	printf("\n");
	set_gates(0, PAGES, 1);
	rest(7);
	io_destroy(ctx);
	close(fd);
}

static void cached(void)
{
	int fd = open_device(0), p[2];

	setup();
	posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	if (pipe(p) || submit_poll(PAGES - 1, p[0]) != 1)
		die("poll");
	printf("submitted %ld\n", submit_reads(fd, 12));
	printf("events %ld\n", io_getevents(ctx, 0, PAGES, events, 0));
	if (write(p[1], "x", 1) != 1)
		die("write");
	long n = io_getevents(ctx, 1, PAGES, events, -1);
	printf("%ld event, of %lld: %d\n", n, (long long)events[0].data, (int)events[0].res);
	set_gates(0, PAGES, 1);
	rest(12);
	io_destroy(ctx);
	close(fd);
	close(p[0]);
	close(p[1]);
}

static void cancel(void)
{
	int fd = open_device(O_DIRECT), p[2];

	setup();
	if (pipe(p) || submit_poll(PAGES - 1, p[0]) != 1 || submit_reads(fd, 1) != 1)
		die("submit");
	long r = io_cancel(ctx, &cb[0], events);
	printf("read: %s\n", r ? strerror(errno) : "0");
	r = io_cancel(ctx, &cb[PAGES - 1], events);
	printf("poll: %s\n", r ? strerror(errno) : "0");
	long n = io_getevents(ctx, 1, PAGES, events, -1);
	printf("%ld event, of %lld: %d\n", n, (long long)events[0].data, (int)events[0].res);
	set_gates(0, PAGES, 1);
	rest(1);
	io_destroy(ctx);
	close(fd);
	close(p[0]);
	close(p[1]);
}

static volatile int destroyed;
static void *destroy_it(void *unused)
{
	io_destroy(ctx);
	destroyed = 1;
	return unused;
}

static void destroy(void)
{
	int fd = open_device(O_DIRECT);
	pthread_t t;

	setup();
	printf("submitted %ld, rings %d\n", submit_reads(fd, READS), rings());
	pthread_create(&t, NULL, destroy_it, NULL);
	while (io_submit(ctx, 0, NULL) == 0) /* until it is being destroyed */
		pause_ms(1);
	pause_ms(50);
	printf("destroyed %d\n", destroyed);
	set_gates(0, PAGES, 1);
	pthread_join(t, NULL);
	close(fd);
	settled();
}

/* Free memory in KiB. */
static int free_kib(void)
{
	char line[128];
	int n = 0;
	FILE *f = fopen("/proc/meminfo", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemFree: %d", &n) == 1)
			break;
	if (f)
		fclose(f);
	return n;
}

/* A child that has reads and a poll under way, and ends in one of the ways. */
static void child(int flags, int way, int told)
{
	int fd = open_device(flags), p[2];

	memory = pages(PAGES);
	setup();
	if (pipe(p) || submit_poll(PAGES - 1, p[0]) != 1 || submit_reads(fd, READS) != READS || write(told, "x", 1) != 1)
		_exit(1);
	if (way == 1)
		_exit(0);
	if (way == 2) {
		execl("/bin/busybox", "true", NULL);
		_exit(1);
	}
	for (;;)
		pause();
}

static void ending_processes(int flags)
{
	int before = 0;

	for (int way = 0; way < 12; way++) {
		int p[2], status;
		char c;
		if (way == 3)
			before = free_kib();
		set_gates(0, PAGES, 0);
		if (pipe(p))
			die("pipe");
		pid_t pid = fork();
		if (!pid)
			child(flags, way % 3, p[1]);
		if (read(p[0], &c, 1) != 1)
			die("child");
		if (way % 3 == 0)
			kill(pid, SIGKILL);
		pause_ms(20);
		int early = waitpid(pid, &status, WNOHANG), under_way = objects("aio_kiocb") >= (flags ? READS : 8);
		set_gates(0, PAGES, 1);
		if (!early)
			waitpid(pid, &status, 0);
		if (way < 3)
			printf("%s %d; under way %d, early %d, left %d\n", WIFSIGNALED(status) ? "signal" : "exit",
			       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), under_way, early, objects("aio_kiocb"));
		close(p[0]);
		close(p[1]);
	}
	settled();
	int lost = before - free_kib(); /* nine times the reads' pages would be 1152 */
	if (lost > 400)
		printf("lost %d KiB\n", lost);
}

static void closed(void)
{
	int fd = open_device(O_DIRECT);

	setup();
	printf("submitted %ld\n", submit_reads(fd, READS));
	close(fd);
	munmap(memory, PAGES * PAGE);
	memory = pages(PAGES); /* the same place: what the disk brings does not appear in it */
	memset(memory, 0x11, PAGES * PAGE);
	set_gates(0, PAGES, 1);
	int good = 0, untouched = 0;
	for (int n = 0; n < READS;) {
		long got = io_getevents(ctx, 1, PAGES, events, -1);
		for (long i = 0; i < got; i++)
			good += events[i].res == PAGE;
		n += (int)got;
	}
	for (int i = 0; i < PAGES * PAGE; i++)
		untouched += memory[i] == 0x11;
	printf("good %d, untouched %d\n", good, untouched == PAGES * PAGE);
	io_destroy(ctx);
	settled();
}

static void unplug(void)
{
	int fd = open_device(O_DIRECT);

	setup();
	printf("submitted %ld\nREADY\n", submit_reads(fd, READS));
	for (int again; (again = open(device, O_RDONLY)) >= 0; close(again)) /* until the disk is being taken away */
		pause_ms(10);
	printf("no more: %s\n", strerror(errno));
	set_gates(0, READS, 1); /* half of those that are under way */
	set_gates(READS, 2 * READS, 2);
	rest(READS);
	prepare(0, IOCB_CMD_PREAD, fd, 0);
	struct iocb *list = &cb[0];
	printf("one more: %ld\n", io_submit(ctx, 1, &list));
	rest(1);
	io_destroy(ctx);
	close(fd);
	settled();
}

int main(int argc, char **argv)
{
	if (argc != 5)
		return 2;
	setvbuf(stdout, NULL, _IONBF, 0);
	device = argv[2];
	gates_fd = open(argv[3], O_RDWR | O_DIRECT);
	disk = atoi(argv[4]);
	if (gates_fd < 0)
		die(argv[3]);
	gates = pages(1);
	if (pread(gates_fd, gates, PAGE, 0) != PAGE)
		die(argv[3]);
	memory = pages(PAGES);
	set_gates(0, PAGES, 0);
	if (!strcmp(argv[1], "all"))
		all();
	else if (!strcmp(argv[1], "order"))
		order();
	else if (!strcmp(argv[1], "queue"))
		queue();
	else if (!strcmp(argv[1], "cached"))
		cached();
	else if (!strcmp(argv[1], "cancel"))
		cancel();
	else if (!strcmp(argv[1], "destroy"))
		destroy();
	else if (!strcmp(argv[1], "killed"))
		ending_processes(O_DIRECT);
	else if (!strcmp(argv[1], "closed"))
		closed();
	else if (!strcmp(argv[1], "unplug"))
		unplug();
	else
		return 2;
	return 0;
}
