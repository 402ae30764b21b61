/*
 * cachestat: what of a file lies in the page cache, and how often reads find their page there.
 *
 *	cachestat FILE...           a line for each file: pages cached, of how many, and where they lie: a bar of 64 places, '#' for a place of
 *	                            which all pages are cached, '+' for some, '.' for none
 *	cachestat [SECONDS [COUNT]] a line each SECONDS (1), COUNT times (for ever): hits and misses of reads and page faults since the line
 *	                            before, the hit rate in percent, pages read ahead, pages made dirty, and the sizes of the cache in KiB
 *
 * The first looks with mincore(2), which does not read anything; the second takes pgcache_hit, pgcache_miss, pgcache_readahead and nr_dirtied of
 * /proc/vmstat, and Buffers and Cached of /proc/meminfo. Exit status: 0; 1 when a file could not be looked at.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096u
#define PLACES 64u
#define CHUNK (64u << 20) /* mapped at a time */
#define BLKGETSIZE64_ 0x80041272

static long long size_of(int fd)
{
	unsigned long long bytes;
	struct stat st;

	if (fstat(fd, &st))
		return -1;
	if (S_ISBLK(st.st_mode))
		return ioctl(fd, BLKGETSIZE64_, &bytes) ? -1 : (long long)bytes;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return -1;
	}
	return st.st_size;
}

/* How many pages of each place are cached. false: errno says why not. */
static bool look(int fd, long long size, unsigned int pages, unsigned int *cached)
{
	static unsigned char vec[CHUNK / PAGE];

	for (long long at = 0; at < size; at += CHUNK) {
		size_t len = size - at < CHUNK ? (size_t)(size - at) : CHUNK;
		unsigned int first = (unsigned int)(at / PAGE), n = (unsigned int)((len + PAGE - 1) / PAGE);
		void *p = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, at);

		if (p == MAP_FAILED)
			return false;
		int failed = mincore(p, len, vec);
		munmap(p, len);
		if (failed)
			return false;
		for (unsigned int i = 0; i < n; i++)
			cached[(unsigned long long)(first + i) * PLACES / pages] += vec[i] & 1;
	}
	return true;
}

static bool show_file(const char *name)
{
	unsigned int cached[PLACES] = { 0 }, pages, sum = 0;
	char bar[PLACES + 1] = "";
	int fd = open(name, O_RDONLY);
	long long size = fd < 0 ? -1 : size_of(fd);

	pages = (unsigned int)((size + PAGE - 1) / PAGE);
	if (size < 0 || !look(fd, size, pages, cached)) {
		fprintf(stderr, "cachestat: %s: %s\n", name, strerror(errno));
		if (fd >= 0)
			close(fd);
		return false;
	}
	close(fd);
	for (unsigned int i = 0; i < PLACES; i++) {
		/* pages p with p * PLACES / pages == i */
		unsigned int from = (unsigned int)(((unsigned long long)i * pages + PLACES - 1) / PLACES);
		unsigned int to = (unsigned int)(((unsigned long long)(i + 1) * pages + PLACES - 1) / PLACES);

		sum += cached[i];
		bar[i] = from == to ? ' ' : cached[i] == to - from ? '#' : cached[i] ? '+' : '.';
	}
	printf("%7u of %7u pages %3u %% |%s| %s\n", sum, pages, pages ? (unsigned int)(sum * 100ull / pages) : 0, bar, name);
	return true;
}

/* The number behind a word at the start of a line; 0 when there is none. */
static unsigned long number_of(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = text; p; p = strchr(p, '\n'), p = p ? p + 1 : NULL)
		if (!strncmp(p, word, n) && (p[n] == ' ' || p[n] == ':'))
			return strtoul(p + n + 1, NULL, 10);
	return 0;
}

static void read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	if (n < 0) {
		fprintf(stderr, "cachestat: %s: %s\n", path, strerror(errno));
		exit(1);
	}
	buf[n] = 0;
	close(fd);
}

enum { HIT, MISS, AHEAD, DIRTIED, COUNTERS };

static void read_counters(unsigned long *c)
{
	static const char *const names[COUNTERS] = { "pgcache_hit", "pgcache_miss", "pgcache_readahead", "nr_dirtied" };
	static char text[8192];

	read_file("/proc/vmstat", text, sizeof(text));
	for (int i = 0; i < COUNTERS; i++)
		c[i] = number_of(text, names[i]);
}

static void show_rates(double seconds, long count)
{
	struct timespec pause = { .tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9) };
	unsigned long before[COUNTERS], now[COUNTERS];
	static char mem[4096];

	printf("%9s %9s %6s %9s %9s %10s %10s\n", "HITS", "MISSES", "RATE", "AHEAD", "DIRTIED", "BUFFERS", "CACHED");
	read_counters(before);
	for (long i = 0; count < 0 || i < count; i++) {
		unsigned long d[COUNTERS], all;

		nanosleep(&pause, NULL);
		read_counters(now);
		for (int k = 0; k < COUNTERS; k++)
			d[k] = now[k] - before[k];
		memcpy(before, now, sizeof(before));
		read_file("/proc/meminfo", mem, sizeof(mem));
		all = d[HIT] + d[MISS];
		printf("%9lu %9lu %5lu%% %9lu %9lu %10lu %10lu\n", d[HIT], d[MISS], all ? (d[HIT] * 100 + all / 2) / all : 100, d[AHEAD], d[DIRTIED],
		       number_of(mem, "Buffers"), number_of(mem, "Cached"));
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	char *end;
	double seconds = argc > 1 ? strtod(argv[1], &end) : 1;
	bool good = true;

	if (argc < 2 || (end != argv[1] && !*end && access(argv[1], F_OK))) {
		show_rates(seconds > 0 ? seconds : 1, argc > 2 ? atol(argv[2]) : -1);
		return 0;
	}
	for (int i = 1; i < argc; i++)
		good &= show_file(argv[i]);
	return !good;
}
