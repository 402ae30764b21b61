/*
 * cachemix FOLDER PROCESSES KIB STEPS SEED: each process works on a file of its own in every way there is (read, write, append, truncate,
 * shared and private mappings, msync, fsync, O_DIRECT, sync, fadvise) and compares all it sees with a copy in its memory. Prints
 * "cachemix ok".
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

static uint32_t state;
static uint8_t *model;
static uint32_t size, room;
static int fd, direct;
static uint32_t step_nr;

static uint32_t rnd(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return below ? state % below : state;
}

static void die(const char *what, uint32_t at)
{
	fprintf(stderr, "step %u: %s at %u of %u: %s\n", step_nr, what, at, size, strerror(errno));
	exit(1);
}

static void compare(const uint8_t *got, uint32_t pos, uint32_t n, const char *how)
{
	for (uint32_t i = 0; i < n; i++)
		if (got[i] != model[pos + i]) {
			fprintf(stderr, "step %u: %s: byte %u of %u is %02x, should be %02x\n", step_nr, how, pos + i, size, got[i], model[pos + i]);
			exit(1);
		}
}

static void fill(uint8_t *p, uint32_t n)
{
	uint32_t s = rnd(0) | 1;

	for (uint32_t i = 0; i < n; i++) {
		s = s * 1664525 + 1013904223;
		p[i] = (uint8_t)(s >> 24);
	}
}

static void do_write(uint8_t *buf, uint32_t pos, uint32_t n)
{
	fill(buf, n);
	for (uint32_t done = 0; done < n;) {
		ssize_t r = pwrite(fd, buf + done, n - done, pos + done);

		if (r <= 0)
			die("pwrite", pos);
		done += (uint32_t)r;
	}
	if (pos > size)
		memset(model + size, 0, pos - size);
	memcpy(model + pos, buf, n);
	if (pos + n > size)
		size = pos + n;
}

static void do_read(uint8_t *buf, uint32_t pos, uint32_t n)
{
	ssize_t want = pos >= size ? 0 : n < size - pos ? n : size - pos, r = pread(fd, buf, n, pos);

	if (r != want)
		die("pread", pos);
	compare(buf, pos, (uint32_t)r, "read");
}

static void do_direct(uint8_t *aligned, uint32_t pos, uint32_t n, int write)
{
	pos &= ~511u;
	n = (n + 511) & ~511u;
	if (direct < 0)
		return;
	if (!write) {
		ssize_t want = pos >= size ? 0 : n < size - pos ? n : size - pos, r = pread(direct, aligned, n, pos);

		if (r != want)
			die("direct read", pos);
		compare(aligned, pos, (uint32_t)r, "direct read");
		return;
	}
	fill(aligned, n);
	if (pwrite(direct, aligned, n, pos) != (ssize_t)n)
		die("direct write", pos);
	if (pos > size)
		memset(model + size, 0, pos - size);
	memcpy(model + pos, aligned, n);
	if (pos + n > size)
		size = pos + n;
}

static void do_map(uint32_t pos, uint32_t n, int how)
{
	uint32_t from = pos & ~4095u, len;
	uint8_t *p;

	if (pos >= size)
		return;
	if (n > size - pos)
		n = size - pos;
	len = pos + n - from;
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, how == 2 ? MAP_PRIVATE : MAP_SHARED, fd, from);
	if (p == MAP_FAILED)
		die("mmap", pos);
	if (how == 0 || how == 2)
		compare(p, from, len, "mapping");
	if (how == 1) {
		uint8_t *b = malloc(n);

		fill(b, n);
		memcpy(p + (pos - from), b, n);
		memcpy(model + pos, b, n);
		free(b);
		if (rnd(3) == 0 && msync(p, len, rnd(2) ? MS_SYNC : MS_ASYNC))
			die("msync", pos);
	}
	if (how == 2)
		memset(p + (pos - from), 0x55, n); /* must not be seen by anybody */
	if (munmap(p, len))
		die("munmap", pos);
}

static void do_truncate(uint32_t to)
{
	if (ftruncate(fd, to))
		die("ftruncate", to);
	if (to > size)
		memset(model + size, 0, to - size);
	size = to;
}

static void step(uint8_t *buf, uint8_t *aligned)
{
	uint32_t pos = rnd(room - 70000), n = 1 + rnd(rnd(4) ? 5000 : 65536);

	switch (rnd(16)) {
	case 0: case 1: case 2: do_write(buf, pos, n); break;
	case 3: case 4: case 5: do_read(buf, pos, n); break;
	case 6: do_write(buf, size < room - 70000 ? size : 0, n); break;
	case 7: do_direct(aligned, pos, n, 0); break;
	case 8: do_direct(aligned, pos, n, 1); break;
	case 9: do_map(pos, n, 0); break;
	case 10: case 11: do_map(pos, n, 1); break;
	case 12: do_map(pos, n, 2); break;
	case 13: if (!rnd(4)) do_truncate(rnd(3) ? size - size / 8 : rnd(room - 70000)); break;
	case 14: if ((rnd(2) ? fsync(fd) : fdatasync(fd))) die("fsync", 0); break;
	case 15:
		if (!rnd(8))
			sync();
		else if (posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
			die("fadvise", 0);
		break;
	}
}

static void work(const char *folder, int nr, uint32_t steps, uint32_t seed)
{
	char path[256];
	uint8_t *buf = malloc(66000), *aligned;

	state = seed * 2654435761u + (uint32_t)nr * 97 + 1;
	model = malloc(room);
	if (!buf || !model || posix_memalign((void **)&aligned, 4096, 70000))
		die("no memory", 0);
	snprintf(path, sizeof(path), "%s/mix%d", folder, nr);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	direct = open(path, O_RDWR | O_DIRECT);
	if (fd < 0)
		die("open", 0);
	for (step_nr = 0; step_nr < steps; step_nr++)
		step(buf, aligned);
	for (uint32_t pos = 0; pos < size; pos += 65536)
		do_read(buf, pos, 65536);
	exit(0);
}

int main(int argc, char **argv)
{
	int processes = argc > 2 ? atoi(argv[2]) : 4, bad = 0, status;
	uint32_t steps = argc > 4 ? (uint32_t)atoi(argv[4]) : 1000, seed = argc > 5 ? (uint32_t)atoi(argv[5]) : 1;

	room = (argc > 3 ? (uint32_t)atoi(argv[3]) : 1024) << 10;
	for (int i = 0; i < processes; i++)
		if (fork() == 0)
			work(argv[1], i, steps, seed);
	while (wait(&status) > 0)
		if (status) {
			fprintf(stderr, "a process ended with %#x\n", status);
			bad = 1;
		}
	if (!bad)
		printf("cachemix ok\n");
	return bad;
}
