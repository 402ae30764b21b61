/*
 * ioways: the same bytes read in four ways, side by side.
 *
 *	ioways [DISK]	(default: sdb, or sda where there is none)
 *
 * 4 MiB from the start of the disk, by
 *	polled     programmed I/O: the CPU asks for each block and moves each word itself
 *	interrupt  programmed I/O: the device says when a block is there, the CPU moves each word
 *	dma        the bus master moves the data; an interrupt for each command
 *	channel    a channel program on /dev/channel0: 64 KiB a command, over DMA; one interrupt, at its end
 * The first three are reads of 512 KiB past the cache, with the driver switched by /sys/block/DISK/device/transfer_mode.
 *
 * Columns: what the CPU spent in the driver from each command's start to its completion, in cycles, which are guest instructions under
 * --accel icount; port accesses; interrupts (channel: to the owner of the program); commands (channel: of the program); and how much of the
 * CPU is left for a process that computes beside it, when every way is given the same time for the 4 MiB: what the slowest needs.
 */
#define _GNU_SOURCE
#include "../kernel/uapi/channel.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BYTES (4u << 20)
#define PIECE (512u << 10)
#define CHANNEL_PIECE (64u << 10)
#define BESIDE_ROUNDS 2  /* readings for the last column */
#define ALONE_MS 100     /* how long the computing process is measured alone */

enum { COMMANDS, INTERRUPTS, PORTS, CYCLES, COUNTS };
static const char *const count_files[COUNTS] = { "commands", "interrupts", "port_accesses", "driver_cycles" };

struct way {
	const char *name, *mode;
	bool channel;
	unsigned long long count[COUNTS]; /* of the disk */
	unsigned int left;                /* per mille of the CPU */
};
static struct way ways[] = {
	{ .name = "polled", .mode = "poll" },
	{ .name = "interrupt", .mode = "pio" },
	{ .name = "dma", .mode = "dma" },
	{ .name = "channel", .mode = "dma", .channel = true },
};
#define NR_WAYS (sizeof(ways) / sizeof(ways[0]))

static char folder[128], old_mode[16];
static const char *disk;
static int disk_fd, channel_fd;
static char *buffer;
static struct channel_status status;
static volatile unsigned int *progress; /* of the computing process */

static void restore(void);

static void fail(const char *what)
{
	fprintf(stderr, "ioways: %s: %s\n", what, strerror(errno));
	restore();
	exit(1);
}

static void on_signal(int n)
{
	restore();
	_exit(128 + n);
}

static void read_file(const char *name, char *text, size_t size)
{
	char path[192];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_RDONLY);
	n = fd < 0 ? -1 : read(fd, text, size - 1);
	if (n < 0)
		fail(path);
	text[n] = 0;
	text[strcspn(text, "\n")] = 0;
	close(fd);
}

static bool set_mode(const char *mode)
{
	char path[192];
	bool good;
	int fd;

	snprintf(path, sizeof(path), "%s/transfer_mode", folder);
	fd = open(path, O_WRONLY);
	good = fd >= 0 && write(fd, mode, strlen(mode)) == (ssize_t)strlen(mode);
	if (fd >= 0)
		close(fd);
	return good;
}

static void restore(void)
{
	if (old_mode[0] && !set_mode(old_mode))
		fprintf(stderr, "ioways: %s stays as it is: %s\n", disk, strerror(errno));
	old_mode[0] = 0;
}

static void take_counts(unsigned long long *c)
{
	char text[32];

	for (int i = 0; i < COUNTS; i++) {
		read_file(count_files[i], text, sizeof(text));
		c[i] = strtoull(text, NULL, 10);
	}
}

/* ---- reading ---- */

static void by_read(void)
{
	for (unsigned int at = 0; at < BYTES; at += PIECE)
		if (pread(disk_fd, buffer + at, PIECE, at) != (ssize_t)PIECE)
			fail(disk);
}

static void by_channel(void)
{
	static struct {
		struct channel_program head;
		struct channel_command c[1 + BYTES / CHANNEL_PIECE];
	} p;
	unsigned int n = BYTES / CHANNEL_PIECE;

	p.head.device = disk_fd;
	p.head.commands = n + 1;
	p.c[0] = (struct channel_command){ .op = CHANNEL_SEEK, .flags = CHANNEL_CHAIN_COMMAND };
	for (unsigned int i = 0; i < n; i++)
		p.c[i + 1] = (struct channel_command){
			.op = CHANNEL_READ,
			.flags = i + 1 < n ? CHANNEL_CHAIN_COMMAND : 0,
			.address = (unsigned long)buffer + i * CHANNEL_PIECE,
			.count = CHANNEL_PIECE,
		};
	if (write(channel_fd, &p, sizeof(p)) != sizeof(p) || read(channel_fd, &status, sizeof(status)) != sizeof(status))
		fail("/dev/channel0");
	errno = -status.error;
	if (status.error)
		fail("channel program");
}

static unsigned int checksum(void)
{
	const unsigned int *w = (const unsigned int *)buffer;
	unsigned int sum = 0;

	for (unsigned int i = 0; i < BYTES / 4; i++)
		sum = (sum << 1 | sum >> 31) ^ w[i];
	return sum;
}

static void read_by(const struct way *w)
{
	if (w->channel)
		by_channel();
	else
		by_read();
}

static void measure(struct way *w)
{
	unsigned long long before[COUNTS];

	if (!set_mode(w->mode))
		fail(w->mode);
	memset(buffer, 0, BYTES);
	take_counts(before);
	read_by(w);
	take_counts(w->count);
	for (int i = 0; i < COUNTS; i++)
		w->count[i] -= before[i];
}

/* ---- the computing process ---- */

static unsigned long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned long long)t.tv_sec * 1000000000u + (unsigned int)t.tv_nsec;
}

static pid_t start_computing(void)
{
	pid_t pid;

	progress = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (progress == MAP_FAILED)
		fail("mmap");
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			++*progress;
	}
	return pid;
}

/* Turns of its loop in a second of the CPU. */
static double alone(void)
{
	unsigned long long t = now_ns();
	unsigned int n = *progress;

	usleep(ALONE_MS * 1000);
	return (double)(*progress - n) / (double)(now_ns() - t);
}

/* Read beside it, and rest until `period` ns have passed; how long it took, and what was left of the CPU. */
static unsigned long long measure_beside(struct way *w, double speed, unsigned long long period)
{
	unsigned long long start, took;
	unsigned int n;
	double left;

	if (!set_mode(w->mode))
		fail(w->mode);
	start = now_ns();
	n = *progress;
	for (int i = 0; i < BESIDE_ROUNDS; i++)
		read_by(w);
	took = now_ns() - start;
	if (took < period)
		usleep((unsigned int)((period - took) / 1000));
	left = (double)(*progress - n) / (double)(now_ns() - start) / speed;
	w->left = left > 1 ? 1000 : (unsigned int)(left * 1000);
	return took;
}

static void measure_all_beside(void)
{
	unsigned long long period = 0, took;
	pid_t pid = start_computing();
	double speed = alone();

	for (unsigned int i = 0; i < NR_WAYS; i++) {
		took = measure_beside(&ways[i], speed, 0);
		if (took > period)
			period = took;
	}
	for (unsigned int i = 0; i < NR_WAYS; i++)
		measure_beside(&ways[i], speed, period);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* ---- */

static void print_table(void)
{
	printf("%u KiB of %s read in four ways\n\n", BYTES >> 10, disk);
	printf("%-10s %12s %14s %11s %9s %9s\n", "way", "instructions", "port accesses", "interrupts", "commands", "CPU left");
	for (unsigned int i = 0; i < NR_WAYS; i++) {
		const struct way *w = &ways[i];

		printf("%-10s %12llu %14llu %11llu %9llu %7u.%u%%\n", w->name, w->count[CYCLES], w->count[PORTS],
		       w->channel ? status.interrupts : w->count[INTERRUPTS], w->channel ? status.executed : w->count[COMMANDS], w->left / 10, w->left % 10);
	}
	printf("\nThe program's %u transfers interrupted the CPU %llu times, but never its owner; the software that stands in\n"
	       "for a channel processor took %llu instructions of its own, and the CPU switched tasks %u times meanwhile.\n",
	       status.transfers, ways[3].count[INTERRUPTS], status.cycles, status.switches);
}

int main(int argc, char **argv)
{
	char path[64];
	struct channel_status kept;
	unsigned int sum = 0;

	disk = argc > 1 ? argv[1] : access("/sys/block/sdb/device/transfer_mode", F_OK) ? "sda" : "sdb";
	if (!strncmp(disk, "/dev/", 5))
		disk += 5;
	snprintf(folder, sizeof(folder), "/sys/block/%.20s/device", disk);
	snprintf(path, sizeof(path), "/dev/%.20s", disk);
	disk_fd = open(path, O_RDONLY | O_DIRECT);
	if (disk_fd < 0)
		fail(path);
	channel_fd = open("/dev/channel0", O_RDWR);
	if (channel_fd < 0)
		fail("/dev/channel0");
	buffer = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (buffer == MAP_FAILED)
		fail("mmap");
	read_file("transfer_mode", old_mode, sizeof(old_mode));
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	for (unsigned int i = 0; i < NR_WAYS; i++) {
		measure(&ways[i]);
		if (i && checksum() != sum) {
			errno = EIO;
			fail("the ways differ in what they read");
		}
		sum = checksum();
	}
	kept = status;
	measure_all_beside();
	status = kept;
	restore();
	print_table();
	return 0;
}
