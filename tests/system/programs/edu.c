/*
 * Uses /dev/eduN as its header says (labs/edu/edu.h).
 *   edu factorials DEV PROCESSES EACH SEED   each process asks and reads; one in two with poll and O_NONBLOCK
 *   edu dma DEV ROUNDS SEED                  blocks to the device and back, by ioctl and by position
 *   edu hold DEV                             processes that use it until it fails, one a line: what, errno
 *   edu misc DEV                             ident, inversion, raised interrupts, bad arguments
 *   edu stats DEV
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../labs/edu/edu.h"

static const char *device;

static void die(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	fflush(stdout);
	_exit(1);
}

static int must_open(int flags)
{
	int fd = open(device, O_RDWR | flags);

	if (fd < 0)
		die("open");
	return fd;
}

static uint32_t factorial(uint32_t n)
{
	uint32_t f = 1;

	for (uint32_t i = 2; i <= n; i++)
		f *= i;
	return f;
}

static int wait_poll(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	if (poll(&p, 1, -1) != 1)
		die("poll");
	return p.revents;
}

/* 0, or -1 with errno. */
static int one_factorial(int fd, int with_poll, uint32_t n)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%u\n", n);

	if (with_poll)
		wait_poll(fd, POLLOUT);
	if (write(fd, text, len) != len)
		return -1;
	if (with_poll)
		wait_poll(fd, POLLIN);
	len = read(fd, text, sizeof(text) - 1);
	if (len < 0)
		return -1;
	text[len] = 0;
	if (strtoul(text, NULL, 10) != factorial(n) || text[len - 1] != '\n') {
		printf("%u! is not %s", n, text);
		fflush(stdout);
		_exit(1);
	}
	return 0;
}

static void run_each(int processes, int each, unsigned seed)
{
	for (int p = 0; p < processes; p++)
		if (!fork()) {
			int fd = must_open(p & 1 ? O_NONBLOCK : 0);
			srand(seed + p);
			for (int i = 0; i < each; i++)
				if (one_factorial(fd, p & 1, rand() % 40))
					die("factorial");
			_exit(0);
		}
}

static int reap(void)
{
	int status, bad = 0;

	while (wait(&status) > 0)
		bad |= status;
	return bad;
}

static void dma(int rounds, unsigned seed)
{
	static unsigned char out[EDU_BUFFER_SIZE], in[EDU_BUFFER_SIZE];
	int fd = must_open(0);

	srand(seed);
	for (int r = 0; r < rounds; r++) {
		unsigned offset = r % 3 == 2 ? rand() % 1000 : 0, length = EDU_BUFFER_SIZE - offset - (r % 3 == 2 ? rand() % 1000 : 0);
		struct edu_dma d = { out, offset, length };
		for (unsigned i = 0; i < length; i++)
			out[i] = rand();
		memset(in, 0, sizeof(in));
		if (r & 1 ? pwrite(fd, out, length, EDU_BUFFER + offset) != (int)length : ioctl(fd, EDU_DMA_WRITE, &d))
			die("to the device");
		d.data = in;
		if (r & 1 ? ioctl(fd, EDU_DMA_READ, &d) : pread(fd, in, length, EDU_BUFFER + offset) != (int)length)
			die("from the device");
		if (memcmp(in, out, length)) {
			printf("block %d differs\n", r);
			exit(1);
		}
	}
	static unsigned char block[4096], back[4096];
	struct edu_copy c = { block, back, sizeof(block) };
	for (unsigned i = 0; i < sizeof(block); i++)
		block[i] = rand();
	if (ioctl(fd, EDU_COPY, &c))
		die("through the device");
	printf("dma %s\n", memcmp(block, back, sizeof(block)) ? "differs" : "ok");
}

/* Each says that it has begun, and at the end what stopped it. */
static void hold(void)
{
	static char block[EDU_BUFFER_SIZE];

	for (int p = 0; p < 4; p++)
		if (!fork()) {
			int fd = must_open(p == 3 ? O_NONBLOCK : 0), error = 0;
			for (int i = 0; !error; i++) {
				if (p < 2 ? pread(fd, block, sizeof(block), EDU_BUFFER) != sizeof(block) : one_factorial(fd, p == 3, 12))
					error = errno;
				if (!i)
					printf("begun\n"), fflush(stdout);
			}
			printf("%s stopped by %s\n", p < 2 ? "dma" : "factorials", error == ENODEV ? "ENODEV" : strerror(error));
			if (write(fd, "1\n", 2) != -1 || errno != ENODEV)
				printf("it can still be written\n");
			if (!(wait_poll(fd, POLLIN) & POLLHUP))
				printf("poll does not tell\n");
			fflush(stdout);
			_exit(0);
		}
	reap();
}

static void expect(const char *what, int is, int should)
{
	printf("%s %s\n", what, is < 0 && errno == should ? "ok" : is < 0 ? strerror(errno) : "went through");
}

static void misc(void)
{
	int fd = must_open(0);
	unsigned v = 0;
	char text[8];
	struct edu_dma d = { text, EDU_BUFFER_SIZE, 1 };

	if (ioctl(fd, EDU_IDENT, &v))
		die("ident");
	printf("ident %#010x\n", v);
	v = 0x12345678;
	if (ioctl(fd, EDU_INVERT, &v))
		die("invert");
	printf("inverted %#x\n", v);
	v = 0x20000000;
	if (ioctl(fd, EDU_RAISE, &v))
		die("raise");
	v = 1;
	expect("reserved bits", ioctl(fd, EDU_RAISE, &v), EINVAL);
	expect("outside", ioctl(fd, EDU_DMA_READ, &d), EINVAL);
	d = (struct edu_dma){ (void *)8, 0, 16 };
	expect("bad memory", ioctl(fd, EDU_DMA_WRITE, &d), EFAULT);
	expect("unknown", ioctl(fd, 0x4321, &v), ENOTTY);
	expect("no number", write(fd, "five\n", 5), EINVAL);
	expect("too large", write(fd, "4294967296\n", 11), ERANGE);
	expect("past the end", pwrite(fd, text, 1, EDU_BUFFER + EDU_BUFFER_SIZE), ENOSPC);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (write(fd, "200000000", 9) != 9)
		die("write");
	expect("not yet", read(fd, text, 8), EAGAIN);
	expect("one at a time", write(fd, "3", 1), EAGAIN);
	wait_poll(fd, POLLIN);
	printf("answer %d\n", (int)read(fd, text, 8));
}

int main(int argc, char **argv)
{
	struct edu_stats s;

	device = argv[2];
	if (!strcmp(argv[1], "factorials")) {
		run_each(atoi(argv[3]), atoi(argv[4]), atoi(argv[5]));
		return reap() ? 1 : 0;
	}
	if (!strcmp(argv[1], "dma"))
		dma(atoi(argv[3]), atoi(argv[4]));
	else if (!strcmp(argv[1], "hold"))
		hold();
	else if (!strcmp(argv[1], "misc"))
		misc();
	else if (!ioctl(must_open(0), EDU_STATS, &s))
		printf("interrupts=%u\nfactorials=%u\ndmas=%u\nraised=%u\nlost=%u\nforeign=%u\n", s.interrupts, s.factorials, s.dmas, s.raised, s.lost,
		       s.foreign);
	else
		die("stats");
	return 0;
}
