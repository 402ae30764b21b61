/* Asynchronous I/O: flags and priorities of requests, their limits, waiting with a mask of signals, the ring in user memory and what a
 * program may do to it. */
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include "say.h"
#include "user/linux_aio.h"

#define RWF_HIPRI_ 1
#define RWF_DSYNC_ 2
#define RWF_SYNC_ 4
#define RWF_APPEND_ 16

static aio_context_t ctx;
static struct io_event events[64];
static char buf[8192] __attribute__((aligned(4096)));

static struct iocb cb(int op, int fd, void *at, unsigned n, long long offset)
{
	return (struct iocb){ .opcode = (uint16_t)op, .fd = (uint32_t)fd, .buf = (uintptr_t)at, .nbytes = n, .offset = offset };
}

/* Submit one and say how it ended. */
static void one(const char *what, struct iocb c)
{
	struct iocb *p = &c;
	long n = io_submit(ctx, 1, &p);

	if (n == 1 && io_getevents(ctx, 1, 64, events, 10000) == 1)
		say("%s: %lld", what, (long long)events[0].res);
	else
		say("%s: submit %ld %s", what, n, n < 0 ? strerror(errno) : "no event");
}

static void on_signal(int sig) { say("signal %d", sig); }
static volatile int alarms;
static void on_alarm(int sig) { alarms += sig > 0; }

static long pgetevents(long min, long nr, long ms, int masked, unsigned size)
{
	unsigned long mask[2] = { masked ? 1ul << (masked - 1) : 0, 0 };
	struct { const void *mask; unsigned long size; } sig = { mask, size };
	long t[2] = { ms / 1000, ms % 1000 * 1000000L };

	return syscall(385, ctx, min, nr, events, ms < 0 ? NULL : t, &sig); /* io_pgetevents */
}

/* As somebody else than root, whose priorities go further. */
static void priorities(int fd)
{
	struct iocb c = cb(IOCB_CMD_PREAD, fd, buf, 4096, 0);
	static const int some[] = { 0, 3, 2 << 13, 2 << 13 | 7, 3 << 13, 3 << 13 | 5, 1 << 13 | 4, 4 << 13, -1 };

	say("-- priorities");
	if (!getuid() && setresuid(65534, 65534, 65534))
		_exit(1);
	ctx = 0;
	SAY(io_setup(16, &ctx));
	c.flags = IOCB_FLAG_IOPRIO;
	for (unsigned i = 0; i < sizeof(some) / sizeof(*some); i++) {
		char name[32];
		c.reqprio = (int16_t)some[i];
		snprintf(name, sizeof(name), "priority %#x", some[i]);
		one(name, c);
	}
	c.flags = 0;
	one("not looked at", c);
	_exit(0);
}

static void flags_and_priorities(void)
{
	int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct iocb c = cb(IOCB_CMD_PWRITE, fd, buf, 4096, 0), many[3], *list[3];
	char text[8] = "";

	say("-- flags");
	memset(buf, 'x', sizeof(buf));
	one("no operation", cb(IOCB_CMD_NOOP, fd, NULL, 0, 0));
	one("number 4", cb(4, fd, NULL, 0, 0));
	c.flags = 0x80;
	one("an unknown flag", c);
	c.flags = 0;
	c.reserved = 1;
	one("reserved", c);
	c.reserved = 0;
	c.rw_flags = 1u << 31;
	one("an unknown RWF", c);
	c.rw_flags = RWF_HIPRI_;
	one("RWF_HIPRI", c);
	c.rw_flags = RWF_DSYNC_;
	one("RWF_DSYNC", c);
	c.rw_flags = RWF_SYNC_;
	one("RWF_SYNC", c);
	for (int i = 0; i < 3; i++) {
		many[i] = cb(IOCB_CMD_PWRITE, fd, "123" + i, 1, 0);
		many[i].rw_flags = RWF_APPEND_;
		list[i] = &many[i];
	}
	SAY(io_submit(ctx, 3, list));
	SAY(io_getevents(ctx, 3, 3, events, 10000));
	SAY(pread(fd, text, 8, 4096));
	say("appended %s", text);
	if (!fork())
		priorities(fd);
	wait(NULL);
	close(fd);
	unlink("f");
}

static void odd_requests(void)
{
	int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0600), p[2], e = eventfd(0, EFD_NONBLOCK);
	struct iovec v[2] = { { buf, 16 }, { buf, (size_t)-1 } };
	struct iocb c[3], *list[3] = { &c[0], &c[1], &c[2] };
	uint64_t n = 0;

	say("-- odd requests");
	SAY(pipe(p));
	one("no vector", cb(IOCB_CMD_PWRITEV, fd, v, 0, 0));
	one("too many vectors", cb(IOCB_CMD_PWRITEV, fd, v, 1025, 0));
	one("a negative length", cb(IOCB_CMD_PREADV, fd, v, 2, 0));
	one("a vector nowhere", cb(IOCB_CMD_PREADV, fd, (void *)16, 2, 0));
	one("nothing to write", cb(IOCB_CMD_PWRITE, fd, buf, 0, 0));
	one("fsync of a pipe", cb(IOCB_CMD_FSYNC, p[0], NULL, 0, 0));
	one("poll of a file", cb(IOCB_CMD_POLL, fd, (void *)POLLIN, 0, 0));
	one("poll for more than 16 bits", cb(IOCB_CMD_POLL, p[0], (void *)0x10001, 0, 0));
	one("a pipe at a negative place", cb(IOCB_CMD_PWRITE, p[1], "x", 1, -1));
	one("the wrong end", cb(IOCB_CMD_PREAD, p[1], buf, 1, 0));
	one("an end that is closed", (close(p[0]), signal(SIGPIPE, on_signal), cb(IOCB_CMD_PWRITE, p[1], "x", 1, 0)));
	c[0] = c[2] = cb(IOCB_CMD_PWRITE, fd, buf, 1, 0);
	c[1] = cb(99, fd, buf, 1, 0);
	SAY(io_submit(ctx, 3, list));
	SAY(io_getevents(ctx, 1, 3, events, 10000));
	list[1] = (void *)16;
	SAY(io_submit(ctx, 3, list));
	SAY(io_getevents(ctx, 1, 3, events, 10000));
	for (int i = 0; i < 3; i++) {
		c[i].flags = IOCB_FLAG_RESFD;
		c[i].resfd = (uint32_t)e;
		c[i].opcode = IOCB_CMD_PWRITE;
		list[i] = &c[i];
	}
	c[1].fd = c[0].fd;
	SAY(io_submit(ctx, 3, list));
	SAY(io_getevents(ctx, 3, 3, (void *)16, 10000));
	SAY(io_getevents(ctx, 3, 3, events, 10000));
	SAY(read(e, &n, 8));
	say("eventfd %llu", (unsigned long long)n);
	SAY(io_getevents(ctx, 0, 0, events, 0));
	struct rlimit limit = { 4096, RLIM_INFINITY };
	signal(SIGXFSZ, on_signal);
	SAY(setrlimit(RLIMIT_FSIZE, &limit));
	one("up to the limit", cb(IOCB_CMD_PWRITE, fd, buf, 8192, 0));
	one("behind the limit", cb(IOCB_CMD_PWRITE, fd, buf, 8192, 4096));
	limit.rlim_cur = RLIM_INFINITY;
	SAY(setrlimit(RLIMIT_FSIZE, &limit));
	close(fd);
	close(e);
	close(p[1]);
	unlink("f");
}

static void many_requests(void)
{
	static struct iocb c;
	struct iocb *list = &c;
	aio_context_t small = 0;
	int p[2];
	long n = 0;

	say("-- a full queue");
	SAY(pipe(p));
	SAY(io_setup(1, &small));
	c = cb(IOCB_CMD_POLL, p[0], (void *)POLLIN, 0, 0);
	while (n < 100000 && io_submit(small, 1, &list) == 1)
		n++;
	say("%s, %d", strerror(errno), n >= 1);
	SAY(write(p[1], "x", 1));
	for (long got = 0, r; got < n; got += r)
		if ((r = io_getevents(small, 1, 64, events, 10000)) <= 0) {
			say("lost some");
			break;
		}
	SAY(io_submit(small, 1, &list));
	SAY(io_getevents(small, 1, 1, events, 10000));
	SAY(io_destroy(small));
	close(p[0]);
	close(p[1]);
}

static void signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	sigset_t set;

	say("-- signals");
	struct sigaction quiet = { .sa_handler = on_alarm };
	struct itimerval again_and_again = { { 0, 50000 }, { 0, 50000 } }, none = { { 0, 0 }, { 0, 0 } };
	sigaction(SIGALRM, &quiet, NULL);
	setitimer(ITIMER_REAL, &again_and_again, NULL);
	SAY(io_getevents(ctx, 1, 1, events, -1));
	SAY(pgetevents(1, 1, -1, 0, 8));
	alarms = 0;
	SAY(pgetevents(1, 1, 200, SIGALRM, 8));
	setitimer(ITIMER_REAL, &none, NULL);
	say("alarms %d", alarms > 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	kill(getpid(), SIGUSR1);
	SAY(io_getevents(ctx, 1, 1, events, 20));
	SAY(pgetevents(1, 1, -1, 0, 8));
	sigprocmask(SIG_BLOCK, NULL, &set);
	say("blocked %d", sigismember(&set, SIGUSR1));
	SAY(pgetevents(0, 1, 20, 0, 4));
	SAY(pgetevents(1, 1, 20, 0, 8));
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	SAY(syscall(SYS_io_getevents, ctx, 0, 1, events, 16));
}

static void *waiter(void *context)
{
	struct io_event e;

	SAY(io_getevents((aio_context_t)context, 1, 1, &e, 20000));
	return NULL;
}

/* Look at the ring alone until its tail has left `from`. */
static uint32_t new_tail(const struct aio_ring *r, uint32_t from)
{
	uint32_t tail = from;

	for (int i = 0; i < 10000 && (tail = *(volatile const uint32_t *)&r->tail) == from; i++)
		sleep_ms(1);
	return tail;
}

static void the_ring(void)
{
	aio_context_t own = 0, id;
	int p[2], fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct iocb c = cb(IOCB_CMD_PWRITE, fd, "abc", 3, 0), *list = &c;

	say("-- the ring");
	SAY(pipe(p));
	SAY(io_setup(20, &own));
	struct aio_ring *r = (void *)own;
	struct io_event *e = (void *)(r + 1);
	say("magic %d, room %d, head %u, tail %u, header %u, features %u %u", r->magic == AIO_RING_MAGIC, r->nr >= 20, r->head, r->tail, r->header_length,
	    r->compat, r->incompat);
	c.data = 0x123456789abull;
	SAY(io_submit(own, 1, &list));
	struct iocb wait = cb(IOCB_CMD_POLL, p[1], (void *)POLLOUT, 0, 0), *second = &wait;
	SAY(io_submit(own, 1, &second));
	if (new_tail(r, 0) == 1)
		(void)new_tail(r, 1);
	for (int i = 0; i < 2; i++)
		if (e[i].obj == (uintptr_t)&c)
			say("data %d, result %lld %lld", e[i].data == c.data, (long long)e[i].res, (long long)e[i].res2);
	r->head = 1; /* one taken without a system call */
	SAY(io_getevents(own, 1, 2, events, 50));
	SAY(io_getevents(own, 1, 2, events, 10));
	say("head %u", r->head);
	for (unsigned i = 0; i < 300; i++) { /* many times around */
		if (io_submit(own, 1, &list) != 1)
			say("stopped at %u: %s", i, strerror(errno));
		uint32_t tail = new_tail(r, r->head);
		if (e[r->head].res != 3)
			say("wrong at %u", i);
		r->head = tail;
	}
	int status;
	if (!fork()) {
		say("child: magic %d", r->magic == AIO_RING_MAGIC);
		SAY(io_getevents(own, 0, 1, events, 0));
		SAY(io_destroy(own));
		SAY(io_submit(own, 0, &list));
		r->magic = r->nr = r->compat = r->incompat = r->header_length = 0xffffffff;
		memset(e, 0xff, sizeof(*e) * 20);
		_exit(0);
	}
	wait4(-1, &status, 0, NULL);
	SAY(io_submit(own, 1, &list));
	SAY(io_getevents(own, 1, 1, events, 10000));
	say("result %lld", (long long)events[0].res);
	say("-- its mapping");
	SAY(mprotect(r, 4096, PROT_READ));
	SAY(io_submit(own, 1, &list));
	SAY(io_getevents(own, 1, 1, events, 10000));
	SAY(mprotect(r, 4096, PROT_NONE));
	SAY(io_submit(own, 1, &list));
	SAY(mprotect(r, 4096, PROT_READ | PROT_WRITE));
	SAY_OK(mremap(r, 4096, 8192, MREMAP_MAYMOVE));
	char *place = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	id = (aio_context_t)mremap(r, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, place);
	say("moved %d", id == (aio_context_t)place);
	SAY(io_submit(own, 1, &list));
	SAY(io_submit(id, 1, &list));
	SAY(io_getevents(id, 1, 1, events, 10000));
	SAY(io_destroy(own));
	SAY(io_destroy(id));
	SAY(mprotect(place, 4096, PROT_READ));
	own = 0;
	SAY(io_setup(1, &own));
	SAY(munmap((void *)own, 4096));
	SAY(io_submit(own, 1, &list));
	SAY(io_getevents(own, 0, 1, events, 0));
	SAY(io_destroy(own));
	say("-- destroyed under a waiter");
	pthread_t t;
	own = 0;
	SAY(io_setup(1, &own));
	pthread_create(&t, NULL, waiter, (void *)own);
	sleep_ms(200);
	io_destroy(own);
	pthread_join(t, NULL);
	close(fd);
	close(p[0]);
	close(p[1]);
	unlink("f");
}

int main(void)
{
	alarm(100);
	SAY(io_setup(16, &ctx));
	flags_and_priorities();
	odd_requests();
	many_requests();
	signals();
	the_ring();
	SAY(io_destroy(ctx));
	return 0;
}
