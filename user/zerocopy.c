/*
 * zerocopy FILE: sends a file over a TCP connection in five ways and prints what each costs, measured by the kernel: how often each byte was moved
 * by the CPU and by devices, mode switches (/proc/self/copies), and instructions (nanoseconds of CPU time; instructions under tools/vm --accel
 * icount). Copies and switches are those of the sender, instructions those of all processes and kernel threads, for over loopback anyone may run
 * the stack. The file is cold each time, so that the disk's DMA is one of the copies. A small file is sent five times; the pass with the fewest
 * instructions counts.
 *
 * "sendfile" stands for a network device that takes each packet from one place only: the pages of the file have to be copied together
 * (/proc/sys/net/lo_gather is 0). "sendfile+gather" is the same call with a device that fetches the file's own pages.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHUNK 65536
#define MAX_CLOCKS 128
#define PASSES 5
#define SMALL (4u << 20) /* bytes of a file that is sent several times */

static int file, out;
static size_t size;

static void fail(const char *what)
{
	fprintf(stderr, "zerocopy: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* So far: what data cost this process, and what all processes and kernel threads have had of the CPU, ns. */
struct cost { long long cpu, dma, switches, time; };

static struct { clockid_t clock[MAX_CLOCKS]; int n; } clocks;

/* The CPU clocks of all that runs now. */
static void find_clocks(void)
{
	DIR *d = opendir("/proc");

	clocks.n = 0;
	for (struct dirent *e; d && (e = readdir(d));)
		if (atoi(e->d_name) > 0 && clocks.n < MAX_CLOCKS && !clock_getcpuclockid(atoi(e->d_name), &clocks.clock[clocks.n]))
			clocks.n++;
	if (d)
		closedir(d);
}

static struct cost cost_now(void)
{
	struct cost c = { 0 };
	char line[80];
	FILE *f = fopen("/proc/self/copies", "r");

	if (!f)
		fail("/proc/self/copies");
	while (fgets(line, sizeof(line), f)) {
		sscanf(line, "cpu_bytes: %lld", &c.cpu);
		sscanf(line, "dma_bytes: %lld", &c.dma);
		sscanf(line, "mode_switches: %lld", &c.switches);
	}
	fclose(f);
	for (int i = 0; i < clocks.n; i++) {
		struct timespec t;
		if (!clock_gettime(clocks.clock[i], &t))
			c.time += t.tv_sec * 1000000000LL + t.tv_nsec;
	}
	return c;
}

static struct cost minus(struct cost a, struct cost b)
{
	return (struct cost){ a.cpu - b.cpu, a.dma - b.dma, a.switches - b.switches, a.time - b.time };
}

static void put(const char *data, size_t n)
{
	while (n) {
		ssize_t w = write(out, data, n);
		if (w <= 0)
			fail("write");
		data += w;
		n -= (size_t)w;
	}
}

static void read_write(void)
{
	static char buffer[CHUNK];
	ssize_t n;

	while ((n = read(file, buffer, sizeof(buffer))) > 0)
		put(buffer, (size_t)n);
}

static void mmap_write(void)
{
	char *map = mmap(NULL, size, PROT_READ, MAP_SHARED, file, 0);

	if (map == MAP_FAILED)
		fail("mmap");
	put(map, size);
	munmap(map, size);
}

static void send_file(void)
{
	for (size_t left = size; left;) {
		ssize_t n = sendfile(out, file, NULL, left);
		if (n <= 0)
			fail("sendfile");
		left -= (size_t)n;
	}
}

static void by_splice(void)
{
	int p[2];

	if (pipe(p))
		fail("pipe");
	for (size_t left = size; left;) {
		ssize_t n = splice(file, NULL, p[1], NULL, left < CHUNK ? left : CHUNK, SPLICE_F_MOVE);
		if (n <= 0)
			fail("splice from the file");
		left -= (size_t)n;
		while (n) {
			ssize_t m = splice(p[0], NULL, out, NULL, (size_t)n, SPLICE_F_MOVE | (left ? SPLICE_F_MORE : 0));
			if (m <= 0)
				fail("splice to the socket");
			n -= m;
		}
	}
	close(p[0]);
	close(p[1]);
}

static void gather(int on)
{
	int fd = open("/proc/sys/net/lo_gather", O_WRONLY);

	if (fd < 0 || write(fd, on ? "1" : "0", 1) != 1)
		fail("/proc/sys/net/lo_gather");
	close(fd);
}

/* A connection; a child reads the other end and tells by its exit status whether all came. */
static pid_t connect_reader(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int l = socket(AF_INET, SOCK_STREAM, 0);

	if (l < 0 || bind(l, (void *)&a, sizeof(a)) || listen(l, 1) || getsockname(l, (void *)&a, &len))
		fail("listening");
	pid_t child = fork();
	if (child < 0)
		fail("fork");
	if (!child) {
		static char buffer[CHUNK];
		int in = accept(l, NULL, NULL);
		size_t got = 0;
		for (ssize_t n; (n = read(in, buffer, sizeof(buffer))) > 0; got += (size_t)n)
			;
		_exit(got == size ? 0 : 1);
	}
	out = socket(AF_INET, SOCK_STREAM, 0);
	if (out < 0 || connect(out, (void *)&a, sizeof(a)))
		fail("connect");
	close(l);
	return child;
}

/* Pages of the file in the cache. */
static size_t cached(void)
{
	size_t pages = (size + 4095) / 4096, n = 0;
	unsigned char *in = calloc(pages, 1);
	void *map = mmap(NULL, size, PROT_READ, MAP_SHARED, file, 0);

	if (map == MAP_FAILED || !in || mincore(map, size, in))
		fail("mincore");
	for (size_t i = 0; i < pages; i++)
		n += in[i] & 1;
	munmap(map, size);
	free(in);
	return n;
}

/* A page that is in use at this moment stays, so try for a while. */
static void make_cold(void)
{
	for (int i = 0; i < 100; i++) {
		posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
		if (!cached())
			return;
		usleep(10000);
	}
	fprintf(stderr, "zerocopy: the file does not leave the cache: the disk's part is missing\n");
}

/* The file over a connection of its own, once. */
static struct cost pass(const char *name, void (*send)(void))
{
	pid_t child = connect_reader();
	int status;

	make_cold();
	lseek(file, 0, SEEK_SET);
	find_clocks();
	struct cost before = cost_now(), twice = cost_now();
	send();
	struct cost after = cost_now();
	close(out);
	waitpid(child, &status, 0);
	if (status)
		fprintf(stderr, "zerocopy: %s: not all arrived\n", name), exit(1);
	return minus(minus(after, twice), minus(twice, before)); /* what asking itself costs is taken off */
}

/* The best of a few passes: how many packets go at once depends on when the disk is ready. */
static void measure(const char *name, void (*send)(void))
{
	struct cost best = pass(name, send);

	for (int i = 1; i < (size <= SMALL ? PASSES : 1); i++) {
		struct cost c = pass(name, send);
		if (c.time < best.time)
			best = c;
	}
	double cpu = (double)best.cpu / (double)size, dma = (double)best.dma / (double)size;
	printf("%-16s %13.0f %13.0f %14lld %14lld\n", name, cpu < 0.05 ? 0 : cpu, dma, best.switches, best.time);
}

int main(int argc, char **argv)
{
	struct stat st;

	if (argc != 2)
		return fprintf(stderr, "usage: zerocopy FILE\n"), 2;
	file = open(argv[1], O_RDONLY);
	if (file < 0 || fstat(file, &st))
		fail(argv[1]);
	if (!S_ISREG(st.st_mode) || !st.st_size)
		return fprintf(stderr, "zerocopy: %s: not a file with something in it\n", argv[1]), 1;
	size = (size_t)st.st_size;
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("%-16s %13s %13s %14s %14s\n", "way", "copies by CPU", "copies by DMA", "mode switches", "instructions");
	gather(1);
	measure("read+write", read_write);
	measure("mmap+write", mmap_write);
	gather(0);
	measure("sendfile", send_file);
	gather(1);
	measure("sendfile+gather", send_file);
	measure("splice", by_splice);
	return 0;
}
