/* Asynchronous I/O by the system calls themselves: files through the cache and direct, pipes, readiness, cancelling, errors. */
#include <sys/eventfd.h>

#include "say.h"
#include "user/linux_aio.h"

static aio_context_t ctx;
static struct io_event events[64];

static struct iocb cb(int op, int fd, void *buf, unsigned n, long long at)
{
	return (struct iocb){ .opcode = (uint16_t)op, .fd = (uint32_t)fd, .buf = (uintptr_t)buf, .nbytes = n, .offset = at };
}

/* Submit one and say how it ended. */
static void one(const char *what, struct iocb c)
{
	struct iocb *p = &c;
	long n;

	c.data = 77;
	n = io_submit(ctx, 1, &p);
	if (n != 1) {
		say("%s: submit %s", what, n < 0 ? strerror(errno) : "0");
		return;
	}
	n = io_getevents(ctx, 1, 64, events, 5000);
	if (n == 1)
		say("%s: %lld data %lld obj %d", what, (long long)events[0].res, (long long)events[0].data, events[0].obj == (uintptr_t)&c);
	else
		say("%s: %ld events", what, n);
}

static void files(const char *name, int flags)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC | flags, 0644);
	char *buf = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec v[2] = { { buf, 4096 }, { buf + 8192, 4096 } };
	struct iocb c[8], *p[8];
	int sum = 0;

	say("-- %s", name);
	memset(buf, 'a', 65536);
	one("write", cb(IOCB_CMD_PWRITE, fd, buf, 16384, 0));
	memset(buf, 'b', 65536);
	one("overwrite", cb(IOCB_CMD_PWRITE, fd, buf, 4096, 4096));
	memset(buf, 0, 65536);
	one("read", cb(IOCB_CMD_PREAD, fd, buf, 16384, 0));
	say("%c%c%c", buf[4095], buf[4096], buf[8192]);
	one("read at the end", cb(IOCB_CMD_PREAD, fd, buf, 8192, 12288));
	one("read behind the end", cb(IOCB_CMD_PREAD, fd, buf, 8192, 65536));
	one("vector read", cb(IOCB_CMD_PREADV, fd, v, 2, 0));
	one("vector write", cb(IOCB_CMD_PWRITEV, fd, v, 2, 8192));
	one("fsync", cb(IOCB_CMD_FSYNC, fd, NULL, 0, 0));
	one("fdatasync", cb(IOCB_CMD_FDSYNC, fd, NULL, 0, 0));
	one("a hole", cb(IOCB_CMD_PWRITE, fd, buf, 4096, 1 << 20));
	one("read the hole", cb(IOCB_CMD_PREAD, fd, buf, 4096, 1 << 19));
	one("bad memory", cb(IOCB_CMD_PREAD, fd, (void *)4096, 4096, 0));
	one("negative offset", cb(IOCB_CMD_PREAD, fd, buf, 4096, -4096));
	for (int i = 0; i < 8; i++) {
		c[i] = cb(IOCB_CMD_PREAD, fd, buf + i * 4096, 4096, i % 4 * 4096);
		c[i].data = (uint64_t)i;
		p[i] = &c[i];
	}
	SAY(io_submit(ctx, 8, p));
	SAY(io_getevents(ctx, 8, 64, events, 5000));
	for (int i = 0; i < 8; i++)
		sum += (int)events[i].data * 100 + (events[i].res == 4096);
	say("sum %d", sum);
	close(fd);
	fd = open(name, O_RDONLY);
	one("write to a read-only file", cb(IOCB_CMD_PWRITE, fd, buf, 4096, 0));
	close(fd);
	unlink(name);
	munmap(buf, 65536);
}

static void readiness(void)
{
	int p[2], e = eventfd(0, EFD_NONBLOCK);
	struct iocb c, *pc = &c;
	uint64_t n = 0;

	say("-- readiness");
	SAY(pipe(p));
	c = cb(IOCB_CMD_POLL, p[0], (void *)POLLIN, 0, 0);
	SAY(io_submit(ctx, 1, &pc));
	SAY(io_getevents(ctx, 1, 1, events, 30));
	SAY(write(p[1], "x", 1));
	SAY(io_getevents(ctx, 1, 1, events, 5000));
	say("events %#llx", (long long)events[0].res & POLLIN);
	one("at once", cb(IOCB_CMD_POLL, p[0], (void *)(POLLIN | POLLOUT), 0, 0));
	one("pipe read", cb(IOCB_CMD_PREAD, p[0], &n, 8, 0));
	c = cb(IOCB_CMD_POLL, p[0], (void *)POLLIN, 0, 0);
	c.flags = IOCB_FLAG_RESFD;
	c.resfd = (uint32_t)e;
	SAY(io_submit(ctx, 1, &pc));
	SAY(io_cancel(ctx, &c, events));
	SAY(io_getevents(ctx, 1, 1, events, 5000));
	say("cancelled: %lld", (long long)events[0].res);
	SAY(read(e, &n, 8));
	say("eventfd %llu", (unsigned long long)n);
	SAY(io_cancel(ctx, &c, events));
	c = cb(IOCB_CMD_PWRITE, p[1], "hello", 5, 0);
	c.flags = IOCB_FLAG_RESFD;
	c.resfd = (uint32_t)p[0];
	SAY(io_submit(ctx, 1, &pc));
	c.resfd = 999;
	SAY(io_submit(ctx, 1, &pc));
	c = cb(IOCB_CMD_POLL, p[0], (void *)POLLIN, 0, 0);
	SAY(io_submit(ctx, 1, &pc));
	SAY(io_cancel(ctx, &c, events));
	SAY(io_getevents(ctx, 1, 1, events, 5000));
	close(p[0]);
	close(p[1]);
	close(e);
}

static void errors(void)
{
	struct iocb c = cb(IOCB_CMD_PREAD, 999, NULL, 0, 0), *pc = &c;
	aio_context_t other = 0;
	int fd = open("e", O_RDWR | O_CREAT, 0600);

	say("-- errors");
	SAY(io_submit(ctx, 1, &pc));
	SAY(io_submit(ctx, 0, &pc));
	SAY(io_submit(ctx, -1, &pc));
	SAY(io_submit(12345, 1, &pc));
	SAY(io_submit(ctx, 1, (void *)16));
	pc = (void *)16;
	SAY(io_submit(ctx, 1, &pc));
	pc = &c;
	c = cb(99, fd, NULL, 0, 0);
	SAY(io_submit(ctx, 1, &pc));
	c = cb(IOCB_CMD_FSYNC, fd, NULL, 5, 0);
	SAY(io_submit(ctx, 1, &pc));
	c = cb(IOCB_CMD_POLL, fd, (void *)POLLIN, 5, 0);
	SAY(io_submit(ctx, 1, &pc));
	SAY(io_setup(0, &other));
	SAY(io_setup(10, &ctx));
	SAY(io_setup(1000000, &other));
	SAY(io_setup(10, (void *)16));
	SAY(io_getevents(ctx, 2, 1, events, 0));
	SAY(io_getevents(ctx, -1, 1, events, 0));
	SAY(io_getevents(12345, 0, 1, events, 0));
	SAY(io_getevents(ctx, 0, 1, events, 0));
	SAY(io_getevents(ctx, 1, 1, events, 20));
	if (!fork()) {
		SAY(io_getevents(ctx, 0, 1, events, 0));
		_exit(0);
	}
	wait(NULL);
	close(fd);
	unlink("e");
}

int main(void)
{
	alarm(30);
	SAY(io_setup(16, &ctx));
	files("cached", 0);
	files("direct", O_DIRECT);
	readiness();
	errors();
	SAY(io_destroy(ctx));
	SAY(io_destroy(ctx));
	/* many and then the end, with requests under way */
	ctx = 0;
	SAY(io_setup(100, &ctx));
	int p[2];
	static struct iocb c[100], *pc[100];
	SAY(pipe(p));
	for (int i = 0; i < 100; i++) {
		c[i] = cb(IOCB_CMD_POLL, p[0], (void *)POLLIN, 0, 0);
		pc[i] = &c[i];
	}
	SAY(io_submit(ctx, 100, pc));
	return 0;
}
