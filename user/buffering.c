/*
 * buffering PATH [BLOCKS] [WORK_MS]: reads blocks of a slow disk and works on each, first with one buffer, then with two: while the program works
 * on one block, the next is on its way into the other buffer (AIO with O_DIRECT, so that the disk works and nobody else). Prints counts
 * and a time line of both: r the disk reads, w the program works, R both at once.
 * With a disk of 10 ms (tools/vm run --disk FILE,slow=10ms) and 10 ms of work two buffers take little more than half the time of one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include "user/linux_aio.h"

#define BLOCK 4096
#define MOST 256
#define COLUMNS 64

static aio_context_t context;
static int file;
static char *buffer[2];
static struct iocb request[2];
static struct { double read_start, read_end, work_start, work_end; } times[MOST];
static unsigned sum;

static void fail(const char *what)
{
	fprintf(stderr, "buffering: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void start_read(int block, int into)
{
	struct iocb *list = &request[into];

	request[into] = (struct iocb){ .data = (uint64_t)block, .fd = (uint32_t)file, .buf = (uintptr_t)buffer[into], .nbytes = BLOCK,
				       .offset = (int64_t)block * BLOCK };
	times[block].read_start = now_ms();
	if (io_submit(context, 1, &list) != 1)
		fail("io_submit");
}

/* The read under way has ended at some time between the last look and this one. */
static void look(int wait)
{
	struct io_event e;
	long n = io_getevents(context, wait, 1, &e, wait ? -1 : 0);

	if (n < 0)
		fail("io_getevents");
	if (n) {
		if (e.res != BLOCK)
			fail("read");
		times[e.data].read_end = now_ms();
	}
}

static void work_on(int block, int in, double ms)
{
	double end = (times[block].work_start = now_ms()) + ms;

	while (now_ms() < end) {
		for (int i = 0; i < BLOCK; i++)
			sum = sum * 31 + (unsigned char)buffer[in][i];
		look(0);
	}
	times[block].work_end = now_ms();
}

static double run(int buffers, int blocks, double work_ms)
{
	double start = now_ms();

	memset(times, 0, sizeof(times));
	start_read(0, 0);
	for (int b = 0; b < blocks; b++) {
		while (!times[b].read_end)
			look(1);
		if (buffers == 2 && b + 1 < blocks)
			start_read(b + 1, (b + 1) % 2);
		work_on(b, buffers == 2 ? b % 2 : 0, work_ms);
		if (buffers == 1 && b + 1 < blocks)
			start_read(b + 1, 0);
	}
	return now_ms() - start;
}

static void time_line(int blocks, double start, double scale)
{
	char line[COLUMNS + 1];

	memset(line, ' ', COLUMNS);
	for (int c = 0; c < COLUMNS; c++) {
		double at = start + (c + 0.5) * scale;
		int reads = 0, works = 0;
		for (int b = 0; b < blocks; b++) {
			reads |= times[b].read_start < at && times[b].read_end > at;
			works |= times[b].work_start < at && times[b].work_end > at;
		}
		line[c] = reads && works ? 'R' : reads ? 'r' : works ? 'w' : ' ';
	}
	line[COLUMNS] = 0;
	printf("  %s\n", line);
}

static void report(const char *name, int blocks, double took)
{
	int at_once = 0, waits = 0;

	for (int b = 1; b < blocks; b++) {
		at_once += times[b].read_start < times[b - 1].work_end;
		waits += times[b].read_end > times[b - 1].work_end;
	}
	printf("%-8s %8d %18d %14d %9.0f ms\n", name, blocks, at_once, waits, took);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return fprintf(stderr, "usage: buffering PATH [BLOCKS] [WORK_MS]\n"), 2;
	int blocks = argc > 2 ? atoi(argv[2]) : 12;
	double work_ms = argc > 3 ? atof(argv[3]) : 10;
	if (blocks < 2 || blocks > MOST)
		return fprintf(stderr, "buffering: 2 to %d blocks\n", MOST), 2;
	file = open(argv[1], O_RDONLY | O_DIRECT);
	if (file < 0)
		fail(argv[1]);
	for (int i = 0; i < 2; i++)
		buffer[i] = mmap(NULL, BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (io_setup(2, &context))
		fail("io_setup");
	printf("%-8s %8s %18s %14s %12s\n", "buffers", "blocks", "read while working", "waited for disk", "total time");
	double one = run(1, blocks, work_ms), start_one = times[0].read_start, scale = one / COLUMNS;
	report("single", blocks, one);
	time_line(blocks, start_one, scale);
	double two = run(2, blocks, work_ms), start_two = times[0].read_start;
	report("double", blocks, two);
	time_line(blocks, start_two, scale);
	printf("double / single: %.2f\n", two / one);
	return 0;
}
