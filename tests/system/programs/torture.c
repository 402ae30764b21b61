/*
 * torture FOLDER PROCESSES STEPS SEED: processes create, write, append, truncate, rename, link, unlink, map, write directly and fsync files side by
 * side in the same folders, each with names of its own, so that what comes out does not depend on who is faster. All is chosen by SEED;
 * tests/system/test_torture.py takes the same steps with a model. Prints "torture ok".
 *
 * Contents are records of 16 bytes, "TTTTTTTTIIIIIIII": the tag of the step and the record's place, in hex; zeros where nothing was written.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define RECORD 16
#define MAX_RECORDS 2048
#define SLOTS 6
#define BLOCK 256 /* records in 4 KiB, what O_DIRECT writes */

static const char *folder;
static uint32_t state, me, tag;
static uint8_t buf[MAX_RECORDS * RECORD + 1] __attribute__((aligned(4096)));
static int there[SLOTS];
static int has_folder;

static uint32_t rnd(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % below;
}

static void die(const char *what)
{
	fprintf(stderr, "torture %u: step %x: %s: %s\n", me, tag, what, strerror(errno));
	exit(1);
}

static const char *path_of(uint32_t slot)
{
	static char path[4][200];
	static int turn;
	char *p = path[turn = (turn + 1) & 3];

	snprintf(p, 200, "%s/s%u/p%u_%u", folder, (slot + me) % 3, me, slot);
	return p;
}

static void fill(uint32_t first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		snprintf((char *)buf + i * RECORD, RECORD + 1, "%08x%08x", tag, first + i);
}

static int open_slot(uint32_t slot, int flags)
{
	int fd = open(path_of(slot), O_RDWR | flags, 0644);

	if (fd < 0)
		die("open");
	return fd;
}

static uint32_t records(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		die("fstat");
	return (uint32_t)st.st_size / RECORD;
}

static void write_at(int fd, uint32_t first, uint32_t count)
{
	fill(first, count);
	if (pwrite(fd, buf, count * RECORD, (off_t)first * RECORD) != (ssize_t)(count * RECORD))
		die("pwrite");
}

static void do_write(uint32_t slot)
{
	uint32_t first = rnd(MAX_RECORDS), count = 1 + rnd(MAX_RECORDS - first);
	int fd = open_slot(slot, O_CREAT);

	write_at(fd, first, count);
	close(fd);
	there[slot] = 1;
}

static void do_append(uint32_t slot)
{
	uint32_t want = 1 + rnd(200), at;
	int fd = open_slot(slot, O_APPEND);

	at = records(fd);
	if (at + want <= MAX_RECORDS) {
		fill(at, want);
		if (write(fd, buf, want * RECORD) != (ssize_t)(want * RECORD))
			die("append");
	}
	close(fd);
}

static void do_truncate(uint32_t slot)
{
	if (truncate(path_of(slot), (off_t)rnd(MAX_RECORDS) * RECORD))
		die("truncate");
}

static void do_rename(uint32_t slot, uint32_t to)
{
	struct stat a, b;
	int same;

	if (to == slot)
		return;
	same = there[to] && !stat(path_of(slot), &a) && !stat(path_of(to), &b) && a.st_ino == b.st_ino;
	if (rename(path_of(slot), path_of(to)))
		die("rename");
	there[to] = 1;
	there[slot] = same; /* two names of one file: rename does nothing */
}

static void do_link(uint32_t slot, uint32_t to)
{
	if (there[to])
		return;
	if (link(path_of(slot), path_of(to)))
		die("link");
	there[to] = 1;
}

static void do_unlink(uint32_t slot)
{
	if (unlink(path_of(slot)))
		die("unlink");
	there[slot] = 0;
}

static void do_map(uint32_t slot)
{
	int fd = open_slot(slot, 0);
	uint32_t n = records(fd), a = rnd(MAX_RECORDS), b = rnd(MAX_RECORDS), sync = rnd(3), first, count;

	if (n) {
		uint8_t *p = mmap(NULL, n * RECORD, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		if (p == MAP_FAILED)
			die("mmap");
		first = a % n;
		count = 1 + b % (n - first);
		fill(first, count);
		memcpy(p + first * RECORD, buf, count * RECORD);
		if (!sync && msync(p, n * RECORD, MS_SYNC))
			die("msync");
		munmap(p, n * RECORD);
	}
	close(fd);
}

static void do_direct(uint32_t slot)
{
	uint32_t block = rnd(MAX_RECORDS / BLOCK);
	int fd = open(path_of(slot), O_RDWR | O_DIRECT);

	if (fd < 0)
		die("open for direct writing");
	write_at(fd, block * BLOCK, BLOCK);
	close(fd);
}

static void do_sync(uint32_t slot)
{
	int fd = open_slot(slot, 0), how = (int)rnd(4);

	if (how == 0 ? fsync(fd) : how == 1 ? fdatasync(fd) : how == 2 ? sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE) : 0)
		die("fsync");
	close(fd);
}

static void do_folder(void)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/s%u/folder%u", folder, me % 3, me);
	if (has_folder ? rmdir(path) : mkdir(path, 0755))
		die(has_folder ? "rmdir" : "mkdir");
	has_folder = !has_folder;
}

static void one_step(void)
{
	uint32_t what = rnd(13), slot = rnd(SLOTS), other = rnd(SLOTS);

	tag++;
	if (what == 12)
		do_folder();
	else if (!there[slot] || what < 3)
		do_write(slot);
	else if (what == 3)
		do_append(slot);
	else if (what == 4)
		do_truncate(slot);
	else if (what == 5)
		do_rename(slot, other);
	else if (what == 6)
		do_link(slot, other);
	else if (what == 7)
		do_unlink(slot);
	else if (what < 10)
		do_map(slot);
	else if (what == 10)
		do_direct(slot);
	else
		do_sync(slot);
}

int main(int argc, char **argv)
{
	uint32_t processes = (uint32_t)atoi(argv[2]), steps = (uint32_t)atoi(argv[3]), seed = (uint32_t)strtoul(argv[4], NULL, 0);
	int bad = 0, status;
	char path[200];

	folder = argv[1];
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/s%d", folder, i);
		if (mkdir(path, 0755))
			die(path);
	}
	for (me = 0; me < processes; me++)
		if (!fork()) {
			state = (seed + me) * 2654435761u | 1;
			tag = me << 24;
			for (uint32_t i = 0; i < steps; i++)
				one_step();
			_exit(0);
		}
	for (uint32_t i = 0; i < processes; i++)
		bad |= wait(&status) < 0 || status;
	if (!bad)
		printf("torture ok\n");
	return bad;
}
