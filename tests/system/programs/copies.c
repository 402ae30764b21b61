/*
 * What /proc/self/copies says that calls have moved: a line for each, with the bytes that the CPU and devices moved (without what asking costs)
 * and what the file that is named counts for itself. Buffers are new memory each time, so that copies into them meet pages that are not there.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SIZE 65536u

struct iocb { /* io_submit(2) */
	uint64_t data;
	uint32_t key, rw_flags;
	uint16_t opcode;
	int16_t reqprio;
	uint32_t fd;
	uint64_t buf, nbytes;
	int64_t offset;
	uint64_t reserved2;
	uint32_t flags, resfd;
};

struct io_event { uint64_t data, obj; int64_t res, res2; };

struct count { long long cpu, dma, file; };

static struct count look(int fd)
{
	struct count c = { 0 };
	char line[80];
	FILE *f = fopen("/proc/self/copies", "r");
	long long v;
	int n;

	while (f && fgets(line, sizeof(line), f)) {
		sscanf(line, "cpu_bytes: %lld", &c.cpu);
		sscanf(line, "dma_bytes: %lld", &c.dma);
		if (sscanf(line, "fd %d: cpu_bytes %lld", &n, &v) == 2 && n == fd)
			c.file = v;
	}
	fclose(f);
	return c;
}

/* Without the arguments of the call, and the digits by which the text has grown since the last look. */
static long long about(long long n) { return n / 1024 * 1024; }

#define MOVES(name, fd, call) \
	do { \
		struct count a_ = look(fd), b_ = look(fd), c_; \
		long long got_ = (long long)(call); \
		c_ = look(fd); \
		printf("%-22s %6lld: cpu %lld, dma %lld, file %lld\n", name, got_, about(c_.cpu - b_.cpu - (b_.cpu - a_.cpu)), c_.dma - b_.dma, \
		       c_.file - b_.file); \
	} while (0)

static char *fresh(void) { return mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }

/* A PREAD. */
static long long asynchronous(unsigned long ctx, int fd, char *to)
{
	struct iocb i = { .fd = (unsigned)fd, .buf = (uintptr_t)to, .nbytes = SIZE }, *list = &i;
	struct io_event e = { 0 };

	syscall(SYS_io_submit, ctx, 1, &list);
	syscall(SYS_io_getevents, ctx, 1, 1, &e, NULL);
	return e.res;
}

int main(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int f = open("/tmp/copied", O_RDWR | O_CREAT | O_TRUNC, 0600), p[2], s[2], l = socket(AF_INET, SOCK_STREAM, 0), out = socket(AF_INET, SOCK_STREAM, 0);
	unsigned long ctx = 0;
	off_t at = 0;

	if (f < 0 || pipe(p) || socketpair(AF_UNIX, SOCK_STREAM, 0, s) || bind(l, (void *)&a, len) || listen(l, 1) ||
	    getsockname(l, (void *)&a, &len) || connect(out, (void *)&a, len) || syscall(SYS_io_setup, 4, &ctx))
		return 1;
	int in = accept(l, NULL, NULL), direct = open("/tmp/copied", O_RDONLY | O_DIRECT);
	char *half = mmap(NULL, 2 * SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MOVES("nothing", f, 0);
	if (write(f, fresh(), SIZE) != SIZE || fsync(f))
		return 1;
	MOVES("read from a file", f, pread(f, fresh(), SIZE, 0));
	MOVES("write to a pipe", p[1], write(p[1], fresh(), SIZE));
	MOVES("read from a pipe", p[0], read(p[0], fresh(), SIZE));
	MOVES("write to a socket", s[0], write(s[0], fresh(), SIZE));
	MOVES("recv from a socket", s[1], recv(s[1], fresh(), SIZE, MSG_WAITALL));
	MOVES("send by TCP", out, send(out, fresh(), SIZE, 0));
	MOVES("recv by TCP", in, recv(in, fresh(), SIZE, MSG_WAITALL));
	MOVES("sendfile by TCP", out, sendfile(out, f, &at, SIZE));
	MOVES("read by TCP", in, recv(in, fresh(), SIZE, MSG_WAITALL));
	munmap(half + SIZE, SIZE); /* its second half is gone */
	MOVES("half of it", f, pread(f, half + SIZE / 2, SIZE, 0));
	MOVES("a bad buffer", f, pread(f, (void *)16, SIZE, 0));
	MOVES("AIO by the cache", f, asynchronous(ctx, f, fresh()));
	MOVES("AIO by DMA", direct, asynchronous(ctx, direct, fresh()));
	return 0;
}
