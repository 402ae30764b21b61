/*
 * powercut FOLDER NAME SEED: writes for ever, and says in a line on stdout when something is safe: fsync of the file, and of its folder where a
 * name changed, have returned. NAME starts each line. All is chosen by SEED; a line comes before each step, so that whoever reads knows what
 * was under way when the power went.
 *
 * Contents are records of 16 bytes, "TTTTTTTTIIIIIIII": a tag and the record's own number, in hex.
 *
 *   NAME start STEP FILE FIRST COUNT TAG       NAME ack
 *
 * create FILE: COUNT records.  append FILE: COUNT records at its end, FIRST.  over FILE, map FILE: COUNT records at FIRST.
 * replace FILE: new contents by way of FILE.tmp and rename.  remove FILE.  cut FILE: its first COUNT records stay.
 * noise: writing that nobody waits for.
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
#include <unistd.h>

#define RECORD 16
#define MAX_RECORDS 4096
#define FILES 12

static const char *folder, *me;
static uint32_t state, tag;
static char buf[MAX_RECORDS * RECORD + 1];
static uint32_t size[FILES]; /* records; 0: it is not there */
static int dirs[3];

static uint32_t rnd(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % below;
}

static void die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", me, what, strerror(errno));
	exit(1);
}

static void say(const char *text)
{
	if (write(1, text, strlen(text)) < 0)
		exit(1);
}

static void start(const char *step, uint32_t file, uint32_t first, uint32_t count)
{
	char line[100];

	snprintf(line, sizeof(line), "%s start %s d%u/f%u %u %u %08x\n", me, step, file % 3, file, first, count, ++tag);
	say(line);
}

static void ack(void)
{
	char line[40];

	snprintf(line, sizeof(line), "%s ack\n", me);
	say(line);
}

static const char *path_of(uint32_t file, const char *more)
{
	static char path[2][200];
	static int turn;
	char *p = path[turn ^= 1];

	snprintf(p, 200, "%s/d%u/f%u%s", folder, file % 3, file, more);
	return p;
}

static void fill(uint32_t first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		snprintf(buf + i * RECORD, RECORD + 1, "%08x%08x", tag, first + i);
}

static void write_all(int fd, uint32_t first, uint32_t count)
{
	fill(first, count);
	if (pwrite(fd, buf, count * RECORD, (off_t)first * RECORD) != (ssize_t)(count * RECORD))
		die("write");
}

static int open_file(const char *path, int flags)
{
	int fd = open(path, O_RDWR | flags, 0644);

	if (fd < 0)
		die(path);
	return fd;
}

static void sync_and_close(int fd, int data_only)
{
	if (data_only ? fdatasync(fd) : fsync(fd))
		die("fsync");
	close(fd);
}

static void sync_folder(uint32_t file)
{
	if (fsync(dirs[file % 3]))
		die("fsync of the folder");
}

static void create(uint32_t f)
{
	uint32_t count = 1 + rnd(rnd(4) ? 600 : MAX_RECORDS);
	int fd;

	start("create", f, 0, count);
	fd = open_file(path_of(f, ""), O_CREAT | O_EXCL);
	write_all(fd, 0, count);
	sync_and_close(fd, 0);
	sync_folder(f);
	size[f] = count;
}

static void append(uint32_t f)
{
	uint32_t count = 1 + rnd(300);
	int dsync = rnd(3) == 0, fd;

	if (size[f] + count > MAX_RECORDS)
		count = MAX_RECORDS - size[f];
	if (!count)
		return;
	start("append", f, size[f], count);
	fd = open_file(path_of(f, ""), dsync ? O_DSYNC : 0);
	write_all(fd, size[f], count);
	if (dsync)
		close(fd);
	else
		sync_and_close(fd, rnd(2));
	size[f] += count;
}

static void overwrite(uint32_t f)
{
	uint32_t first = rnd(size[f]), count = 1 + rnd(size[f] - first);
	int fd;

	start("over", f, first, count);
	fd = open_file(path_of(f, ""), 0);
	write_all(fd, first, count);
	sync_and_close(fd, rnd(2));
}

static void map(uint32_t f)
{
	uint32_t first = rnd(size[f]), count = 1 + rnd(size[f] - first);
	int fd = open_file(path_of(f, ""), 0);
	char *p = mmap(NULL, size[f] * RECORD, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		die("mmap");
	start("map", f, first, count);
	fill(first, count);
	memcpy(p + first * RECORD, buf, count * RECORD);
	if (msync(p, size[f] * RECORD, MS_SYNC))
		die("msync");
	munmap(p, size[f] * RECORD);
	close(fd);
}

static void replace(uint32_t f)
{
	uint32_t count = 1 + rnd(1500);
	int fd;

	start("replace", f, 0, count);
	fd = open_file(path_of(f, ".tmp"), O_CREAT | O_TRUNC);
	write_all(fd, 0, count);
	sync_and_close(fd, 0);
	if (rename(path_of(f, ".tmp"), path_of(f, "")))
		die("rename");
	sync_folder(f);
	size[f] = count;
}

static void cut(uint32_t f)
{
	uint32_t count = 1 + rnd(size[f]);
	int fd;

	start("cut", f, 0, count);
	fd = open_file(path_of(f, ""), 0);
	if (ftruncate(fd, (off_t)count * RECORD))
		die("ftruncate");
	sync_and_close(fd, 0);
	size[f] = count;
}

static void remove_file(uint32_t f)
{
	start("remove", f, 0, 0);
	if (unlink(path_of(f, "")))
		die("unlink");
	sync_folder(f);
	size[f] = 0;
}

/* Files that come and go without any fsync, so that there is always something half done, and blocks are used again. */
static void noise(uint32_t f)
{
	int fd;

	start("noise", f, 0, 0);
	if (rnd(3) == 0) {
		unlink(path_of(f, ".noise"));
		return;
	}
	fd = open_file(path_of(f, ".noise"), O_CREAT | (rnd(2) ? O_TRUNC : O_APPEND));
	write_all(fd, 0, 1 + rnd(2500));
	close(fd);
}

int main(int argc, char **argv)
{
	char path[200];

	folder = argv[1];
	me = argv[2];
	state = (uint32_t)strtoul(argc > 3 ? argv[3] : "1", NULL, 0) * 2654435761u | 1;
	for (int d = 0; d < 3; d++) {
		snprintf(path, sizeof(path), "%s/d%d", folder, d);
		if (mkdir(path, 0755) || (dirs[d] = open(path, O_RDONLY | O_DIRECTORY)) < 0)
			die(path);
	}
	sync();
	for (;;) {
		uint32_t f = rnd(FILES);
		static void (*const steps[])(uint32_t f) = { append, append, overwrite, map, replace, cut, remove_file, remove_file };

		if (rnd(3) == 0)
			noise(f);
		else if (!size[f])
			create(f);
		else
			steps[rnd(sizeof(steps) / sizeof(*steps))](f);
		ack();
	}
}
