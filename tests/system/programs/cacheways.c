/*
 * cacheways FILE BIG: what advice does to the page cache, what stays in memory, and that mappings, direct I/O and calls show the same. FILE: 4 MiB,
 * on a disk file system; BIG: more than the memory of the machine, to put it under pressure. A line for each thing that is not as it should
 * be, and "cacheways ok" at the end.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096
#define PAGES 1024

static int fd, wrong;
static char page[PAGE] __attribute__((aligned(4096))), big[1 << 20] __attribute__((aligned(4096)));

#define EXPECT(condition) \
	do { \
		if (!(condition)) { \
			printf("line %d: not true: %s\n", __LINE__, #condition); \
			wrong++; \
		} \
	} while (0)

/* Pages of FILE in [first, first + n) that are cached. */
static int cached(int first, int n)
{
	static unsigned char vec[PAGES];
	char *p = mmap(NULL, n * PAGE, PROT_READ, MAP_SHARED, fd, first * PAGE);
	int sum = 0;

	if (p == MAP_FAILED || mincore(p, n * PAGE, vec))
		return -1;
	munmap(p, n * PAGE);
	for (int i = 0; i < n; i++)
		sum += vec[i] & 1;
	return sum;
}

/* What is on its way arrives. */
static int settle(int first, int n, int at_least)
{
	for (int i = 0; i < 6000 && cached(first, n) < at_least; i++)
		usleep(10000);
	return cached(first, n);
}

static void forget(void)
{
	fdatasync(fd);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	EXPECT(cached(0, PAGES) == 0);
}

static char vmstat_text[8192];

/* A number of the last look at /proc/vmstat. */
static long seen(const char *name)
{
	char *at = strstr(vmstat_text, name);

	return at ? atol(at + strlen(name)) : -1;
}

/* Look again, all numbers at one moment. */
static void look(void)
{
	int f = open("/proc/vmstat", O_RDONLY);
	ssize_t n = read(f, vmstat_text, sizeof(vmstat_text) - 1);

	close(f);
	vmstat_text[n > 0 ? n : 0] = 0;
}

static long vmstat(const char *name)
{
	look();
	return seen(name);
}

static long major_faults(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_majflt;
}

static void file_advice(void)
{
	forget();
	EXPECT(posix_fadvise(fd, 100 * PAGE, 200 * PAGE, POSIX_FADV_WILLNEED) == 0);
	EXPECT(settle(100, 200, 200) == 200);
	EXPECT(cached(0, PAGES) == 200);
	EXPECT(readahead(fd, 600 * PAGE, 50 * PAGE) == 0);
	EXPECT(settle(600, 50, 50) == 50);
	EXPECT(posix_fadvise(fd, 100 * PAGE, 100 * PAGE, POSIX_FADV_DONTNEED) == 0);
	EXPECT(cached(100, 100) == 0 && cached(200, 100) == 100);
	forget();
	posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	for (int i = 0; i < 20; i++)
		EXPECT(pread(fd, page, PAGE, i * PAGE) == PAGE);
	EXPECT(cached(0, PAGES) == 20); /* in order, yet nothing is read ahead */
	forget();
	posix_fadvise(fd, 0, 0, POSIX_FADV_NORMAL);
	for (int i = 0; i < 20; i++)
		EXPECT(pread(fd, page, PAGE, i * PAGE) == PAGE);
	EXPECT(settle(0, PAGES, 26) > 25);
	forget();
	for (int i = 0; i < 30; i++)
		EXPECT(pread(fd, page, PAGE, (i * 37 % 509 * 2 + 1) * PAGE) == PAGE);
	EXPECT(cached(0, PAGES) == 30); /* random reads waste nothing */
	EXPECT(posix_fadvise(fd, 0, 0, 77) == EINVAL);
}

/* Faults at every 16th page from `first` on. */
static void touch(volatile char *p, int first, int n)
{
	for (int i = 0; i < n; i++)
		(void)p[(first + i * 16) * PAGE];
}

static void mapping_advice(void)
{
	char *p = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_SHARED, fd, 0);

	forget();
	EXPECT(madvise(p, PAGES * PAGE, MADV_RANDOM) == 0);
	touch(p, 3, 20);
	munmap(p, PAGES * PAGE);
	EXPECT(cached(0, PAGES) == 20);
	forget();
	p = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	EXPECT(madvise(p, PAGES * PAGE, MADV_NORMAL) == 0);
	touch(p, 3, 1);
	EXPECT(settle(0, PAGES, 21) > 20); /* read around the fault */
	EXPECT(madvise(p + 700 * PAGE, 100 * PAGE, MADV_WILLNEED) == 0);
	EXPECT(settle(700, 100, 100) == 100);
	EXPECT(madvise(p, 10 * PAGE, MADV_DONTNEED) == 0);
	EXPECT(cached(3, 1) == 1); /* out of the mapping, not out of the cache */
	munmap(p, PAGES * PAGE);
	forget();
	p = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	EXPECT(madvise(p, PAGES * PAGE, MADV_SEQUENTIAL) == 0);
	long before = vmstat("pgmajfault ");
	for (int i = 0; i < 256; i++)
		(void)((volatile char *)p)[i * PAGE];
	EXPECT(vmstat("pgmajfault ") - before < 256 / 8);
	munmap(p, PAGES * PAGE);
}

static void pressure(const char *name)
{
	int f = open(name, O_RDONLY);

	while (read(f, big, sizeof(big)) > 0)
		;
	close(f);
}

static void locked_pages_stay(const char *name)
{
	char *p = mmap(NULL, 100 * PAGE, PROT_READ, MAP_SHARED, fd, 0), *q = mmap(NULL, 100 * PAGE, PROT_READ, MAP_SHARED, fd, 200 * PAGE);
	unsigned char vec[100];
	long before;
	int sum = 0;

	EXPECT(mlock(p, 100 * PAGE) == 0);
	for (int i = 0; i < 100; i++)
		(void)((volatile char *)q)[i * PAGE];
	for (int i = 0; i < 3; i++)
		pressure(name);
	EXPECT(mincore(p, 100 * PAGE, vec) == 0);
	for (int i = 0; i < 100; i++)
		sum += vec[i] & 1;
	EXPECT(sum == 100);
	before = major_faults();
	for (int i = 0; i < 100; i++)
		(void)((volatile char *)p)[i * PAGE];
	EXPECT(major_faults() == before);
	EXPECT(munlock(p, 100 * PAGE) == 0);
	munmap(p, 100 * PAGE);
	munmap(q, 100 * PAGE);
}

static sigjmp_buf back;

static void on_bus(int n, siginfo_t *info, void *context)
{
	siglongjmp(back, info->si_code == BUS_ADRERR ? n : 1);
}

static int fault_at(volatile char *p)
{
	int n = sigsetjmp(back, 1);

	if (!n)
		(void)*p;
	return n;
}

/* One file through a mapping, calls and O_DIRECT, by two processes. */
static void all_the_same(const char *name)
{
	struct sigaction action = { .sa_sigaction = on_bus, .sa_flags = SA_SIGINFO };
	int direct = open(name, O_RDWR | O_DIRECT), status;
	char *p = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *own = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	long out;

	EXPECT(pread(direct, page + 1, 512, 0) < 0 && errno == EINVAL);
	EXPECT(pread(direct, page, 100, 0) < 0 && errno == EINVAL);
	EXPECT(pread(direct, page, 512, 100) < 0 && errno == EINVAL);
	EXPECT(pwrite(direct, page, 512, 100) < 0 && errno == EINVAL);
	strcpy(p + 5 * PAGE, "stored");
	EXPECT(pread(direct, page, PAGE, 5 * PAGE) == PAGE && !strcmp(page, "stored"));
	EXPECT(!strcmp(own + 5 * PAGE, "stored"));
	strcpy(own + 5 * PAGE, "mine");
	strcpy(page, "written past the cache");
	EXPECT(pwrite(direct, page, PAGE, 5 * PAGE) == PAGE);
	EXPECT(!strcmp(p + 5 * PAGE, page));
	EXPECT(!strcmp(own + 5 * PAGE, "mine"));
	EXPECT(pread(fd, big, PAGE, 5 * PAGE) == PAGE && !strcmp(big, page));
	if (!fork()) {
		strcpy(p + 9 * PAGE, "the child's");
		strcpy(own + 5 * PAGE, "the child's own");
		_exit(strcmp(p + 5 * PAGE, page) != 0);
	}
	EXPECT(wait(&status) > 0 && !status);
	EXPECT(!strcmp(p + 9 * PAGE, "the child's") && !strcmp(own + 5 * PAGE, "mine"));
	out = vmstat("pgpgout ");
	EXPECT(msync(p, 64 * PAGE, MS_SYNC) == 0);
	EXPECT(vmstat("pgpgout ") > out); /* it has left for the disk */
	p[20 * PAGE] = 'x';
	EXPECT(vmstat("nr_dirty ") > 0);
	sigaction(SIGBUS, &action, NULL);
	EXPECT(fault_at(p + 30 * PAGE) == 0);
	EXPECT(ftruncate(fd, 30 * PAGE) == 0);
	EXPECT(fault_at(p + 30 * PAGE) == SIGBUS);
	EXPECT(fault_at(p + 29 * PAGE) == 0);
	EXPECT(ftruncate(fd, PAGES * PAGE) == 0);
	EXPECT(fault_at(p + 30 * PAGE) == 0 && p[30 * PAGE] == 0);
	munmap(p, 64 * PAGE);
	munmap(own, 64 * PAGE);
	close(direct);
}

static void set_knob(const char *path, const char *value)
{
	int f = open(path, O_WRONLY);

	EXPECT(write(f, value, strlen(value)) == (ssize_t)strlen(value));
	close(f);
}

/* Whoever makes too many pages dirty by stores has to wait, too. */
static void stores_wait(void)
{
	char *p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	set_knob("/proc/sys/vm/dirty_bytes", "800000");
	for (int i = 0; i < PAGES; i++)
		p[i * PAGE] = 'y';
	look(); /* once: a page that starts to be written meanwhile would count as dirty and as on its way */
	EXPECT(seen("nr_dirty ") + seen("nr_writeback ") <= seen("nr_dirty_threshold ") + 32);
	EXPECT(seen("nr_dirty_threshold ") == 800000 / PAGE);
	set_knob("/proc/sys/vm/dirty_ratio", "20");
	munmap(p, PAGES * PAGE);
}

int main(int argc, char **argv)
{
	fd = open(argv[1], O_RDWR | O_CREAT, 0644);
	for (int i = 0; i < PAGES; i++) {
		memset(page, i, PAGE);
		if (pwrite(fd, page, PAGE, i * PAGE) != PAGE)
			return 1;
	}
	file_advice();
	mapping_advice();
	locked_pages_stay(argv[2]);
	all_the_same(argv[1]);
	stores_wait();
	if (!wrong)
		printf("cacheways ok\n");
	return wrong != 0;
}
