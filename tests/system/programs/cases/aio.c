/* Linux AIO by its system calls: contexts, what a request may say, parts, results, cancelling. */
#include "cases.h"
#include <sys/eventfd.h>

enum { PREAD, PWRITE, FSYNC, FDSYNC, POLL = 5, NOOP, PREADV, PWRITEV };
typedef unsigned long aio_context_t;

struct iocb {
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

struct io_event {
	uint64_t data, obj;
	int64_t res, res2;
};

static aio_context_t ctx;
static struct io_event events[20];
static char text[100];
static int f;

static long setup(unsigned n) { return syscall(SYS_io_setup, n, &ctx); }
static long submit(long n, struct iocb **list) { return syscall(SYS_io_submit, ctx, n, list); }
static long get(long least, long most, long sec)
{
	long t[2] = { sec, 0 };

	return syscall(SYS_io_getevents, ctx, least, most, events, t);
}

static struct iocb request(int opcode, int fd, void *buf, unsigned n, long long at)
{
	return (struct iocb){ .data = 4711, .opcode = (uint16_t)opcode, .fd = (uint32_t)fd, .buf = (uintptr_t)buf, .nbytes = n, .offset = at };
}

/* One request: refused, or its event. */
static void one(const char *what, struct iocb r)
{
	struct iocb *list[1] = { &r };
	long n = submit(1, list);

	if (n != 1) {
		say("%s: submit %s", what, n < 0 ? strerror(errno) : "0");
		return;
	}
	n = get(1, 20, 10);
	if (n != 1)
		say("%s: getevents %ld", what, n);
	else
		say("%s: res %lld, res2 %lld, data %lld, its own %d", what, (long long)events[0].res, (long long)events[0].res2,
		    (long long)events[0].data, events[0].obj == (uintptr_t)&r);
}

static void make(void)
{
	if (setup(8))
		say("io_setup: %s", strerror(errno));
	f = open("f", O_RDWR | O_CREAT, 0600);
	pwrite(f, "abcdefghij", 10, 0);
}

CASE(aio_setup_errors, "io_setup: the context has to be 0, the count above 0")
{
	SAY(setup(0));
	ctx = 1;
	SAY(setup(1));
	ctx = 0;
	SAY(syscall(SYS_io_setup, 1, (void *)16));
	SAY(syscall(SYS_io_setup, 0xffffffff, &ctx));
	SAY(setup(1));
	say("set %d", ctx != 0);
	SAY(setup(1));
}

CASE(aio_bad_context, "calls with a context that is none")
{
	struct iocb r, *list[1] = { &r };

	make();
	aio_context_t good = ctx;
	static const unsigned long bad[] = { 0, 16, 0x1000, 0xfffff000 };
	for (unsigned i = 0; i < 4; i++) {
		ctx = bad[i];
		r = request(PREAD, f, text, 5, 0);
		say("%lx:", ctx);
		SAY(submit(1, list));
		SAY(get(0, 1, 0));
		SAY(syscall(SYS_io_cancel, ctx, &r, events));
		SAY(syscall(SYS_io_destroy, ctx));
	}
	ctx = good;
	SAY(syscall(SYS_io_destroy, ctx));
	SAY(syscall(SYS_io_destroy, ctx));
	SAY(submit(1, list));
	SAY(get(0, 1, 0));
}

CASE(aio_submit_counts, "io_submit: none, negative, bad lists, a bad one in the middle")
{
	struct iocb good[3], *list[3] = { &good[0], &good[1], &good[2] };

	make();
	for (int i = 0; i < 3; i++)
		good[i] = request(PREAD, f, text, 5, 0);
	SAY(submit(0, list));
	SAY(submit(-1, list));
	SAY(submit(0, NULL));
	SAY(submit(1, NULL));
	SAY(submit(1, (void *)16));
	list[1] = (void *)16;
	SAY(submit(3, list));
	SAY(get(1, 20, 10));
	list[1] = &good[1];
	good[1].opcode = 99;
	SAY(submit(3, list));
	SAY(get(1, 20, 10));
	good[0].opcode = 99;
	SAY(submit(3, list));
	SAY(get(0, 20, 0));
}

CASE(aio_request_errors, "what a request may not say")
{
	struct iocb r;

	make();
	one("good", request(PREAD, f, text, 5, 0));
	one("opcode 4", request(4, f, text, 5, 0));
	one("opcode 99", request(99, f, text, 5, 0));
	one("closed descriptor", request(PREAD, 99, text, 5, 0));
	one("descriptor -1", request(PREAD, -1, text, 5, 0));
	one("negative offset", request(PREAD, f, text, 5, -1));
	one("negative offset, write", request(PWRITE, f, text, 5, -5));
	one("bad memory", request(PREAD, f, (void *)16, 5, 0));
	r = request(PREAD, f, text, 5, 0);
	r.reserved2 = 1;
	one("reserved2", r);
	r = request(PREAD, f, text, 5, 0);
	r.rw_flags = 0x40000000;
	one("unknown rw_flags", r);
	r = request(PREAD, f, text, 5, 0);
	r.flags = 1;
	r.resfd = (uint32_t)f;
	one("resfd is a file", r);
	r.resfd = 99;
	one("resfd is closed", r);
	one("read of a writer", request(PREAD, open("f", O_WRONLY), text, 5, 0));
	one("write of a reader", request(PWRITE, open("f", O_RDONLY), text, 5, 0));
	one("folder", request(PREAD, open(".", O_RDONLY), text, 5, 0));
	one("O_PATH", request(PREAD, open("f", O_PATH), text, 5, 0));
}

CASE(aio_reads_and_writes, "positions, ends, nothing, past the end")
{
	make();
	one("read", request(PREAD, f, text, 5, 2));
	say("%.5s", text);
	one("read at the end", request(PREAD, f, text, 50, 8));
	one("read past the end", request(PREAD, f, text, 50, 100));
	one("read nothing", request(PREAD, f, text, 0, 0));
	one("write", request(PWRITE, f, "XY", 2, 3));
	one("write past the end", request(PWRITE, f, "Z", 1, 20));
	one("write nothing", request(PWRITE, f, "Z", 0, 50));
	say("position %d", (int)lseek(f, 0, SEEK_CUR));
	show_file("f");
	one("append", request(PWRITE, open("f", O_WRONLY | O_APPEND), "end", 3, 0));
	show_file("f");
}

CASE(aio_vectors, "PREADV and PWRITEV")
{
	char a[3], b[20];
	struct iovec v[2] = { { a, 3 }, { b, 20 } }, w[2] = { { "12", 2 }, { "345", 3 } };

	make();
	one("readv", request(PREADV, f, v, 2, 0));
	say("%.3s %.7s", a, b);
	one("writev", request(PWRITEV, f, w, 2, 8));
	one("no vector", request(PREADV, f, v, 0, 0));
	one("too many", request(PREADV, f, v, 1025, 0));
	one("bad vector", request(PREADV, f, (void *)16, 2, 0));
	v[1].iov_len = 0x80000000;
	one("negative length", request(PREADV, f, v, 2, 0));
	show_file("f");
}

CASE(aio_sync, "FSYNC and FDSYNC")
{
	int p[2];

	make();
	pipe(p);
	one("fsync", request(FSYNC, f, NULL, 0, 0));
	one("fdsync", request(FDSYNC, f, NULL, 0, 0));
	one("fsync with a buffer", request(FSYNC, f, text, 0, 0));
	one("fsync with a length", request(FSYNC, f, NULL, 5, 0));
	one("fsync with an offset", request(FSYNC, f, NULL, 0, 5));
	one("fsync of a pipe", request(FSYNC, p[0], NULL, 0, 0));
	one("fsync of a reader", request(FSYNC, open("f", O_RDONLY), NULL, 0, 0));
}

CASE(aio_poll, "POLL: at once, later, hung up, what it may not say")
{
	struct iocb r, *list[1] = { &r };
	int p[2];

	make();
	pipe(p);
	one("writer", request(POLL, p[1], (void *)POLLOUT, 0, 0));
	r = request(POLL, p[0], (void *)POLLIN, 0, 0);
	SAY(submit(1, list));
	SAY(get(0, 1, 0));
	write(p[1], "x", 1);
	SAY(get(1, 1, 10));
	say("readable %d", !!(events[0].res & POLLIN));
	close(p[1]);
	one("hung up", request(POLL, p[0], NULL, 0, 0));
	one("more than 16 bits", request(POLL, p[0], (void *)0x10001, 0, 0));
	one("length", request(POLL, p[0], (void *)1, 1, 0));
	one("offset", request(POLL, p[0], (void *)1, 0, 1));
	one("a file", request(POLL, f, (void *)POLLIN, 0, 0));
}

CASE(aio_eventfd, "an eventfd counts completions")
{
	uint64_t n = 0;

	make();
	int e = eventfd(0, EFD_NONBLOCK);
	struct iocb r = request(PREAD, f, text, 5, 0);
	r.flags = 1;
	r.resfd = (uint32_t)e;
	one("with an eventfd", r);
	SAY(read(e, &n, 8));
	say("%llu", (unsigned long long)n);
	close(e);
	one("closed since", r);
}

CASE(aio_getevents_errors, "io_getevents: counts, times, addresses")
{
	long negative[2] = { -1, 0 }, bad[2] = { 0, 1000000000 };

	make();
	SAY(syscall(SYS_io_getevents, ctx, -1, 1, events, NULL));
	SAY(syscall(SYS_io_getevents, ctx, 2, 1, events, NULL));
	SAY(syscall(SYS_io_getevents, ctx, 0, -1, events, NULL));
	SAY(syscall(SYS_io_getevents, ctx, 0, 0, events, NULL));
	SAY(syscall(SYS_io_getevents, ctx, 0, 5, events, NULL));
	SAY(get(1, 5, 0));
	SAY(syscall(SYS_io_getevents, ctx, 0, 1, events, (void *)16));
	SAY(syscall(SYS_io_getevents, ctx, 0, 1, (void *)16, NULL));
	struct iocb r = request(PREAD, f, text, 5, 0), *list[1] = { &r };
	submit(1, list);
	while (get(0, 0, 0) == 0 && syscall(SYS_io_getevents, ctx, 1, 1, (void *)16, NULL) != -1)
		;
	say("bad address: %s", strerror(errno));
	SAY(get(1, 1, 10));
	(void)negative, (void)bad;
}

CASE(aio_timeout_with_some, "some are there and more are wanted: the time ends it")
{
	make();
	struct iocb r = request(PREAD, f, text, 5, 0), *list[1] = { &r };
	SAY(submit(1, list));
	long t[2] = { 0, 20000000 };
	long n = syscall(SYS_io_getevents, ctx, 3, 5, events, t);
	say("not more than the one: %d", n == 0 || n == 1);
}

CASE(aio_cancel, "io_cancel: one that is not there, one that waits")
{
	struct iocb r, s, *list[1] = { &r };
	int p[2];

	make();
	pipe(p);
	r = request(POLL, p[0], (void *)POLLIN, 0, 0);
	s = r;
	SAY(submit(1, list));
	SAY(syscall(SYS_io_cancel, ctx, &s, events));
	SAY(syscall(SYS_io_cancel, ctx, (void *)16, events));
	SAY(syscall(SYS_io_cancel, ctx, &r, events));
	SAY(get(1, 5, 10));
	say("res %lld, its own %d", (long long)events[0].res, events[0].obj == (uintptr_t)&r);
	SAY(syscall(SYS_io_cancel, ctx, &r, events));
	r.key = 5;
	SAY(syscall(SYS_io_cancel, ctx, &r, events));
}

CASE(aio_pipes, "pipes and sockets are read when it is submitted")
{
	int p[2];

	make();
	pipe2(p, O_NONBLOCK);
	one("empty pipe", request(PREAD, p[0], text, 5, 0));
	one("write", request(PWRITE, p[1], "abc", 3, 0));
	one("read", request(PREAD, p[0], text, 5, 0));
	close(p[0]);
	signal(SIGPIPE, SIG_IGN);
	one("broken pipe", request(PWRITE, p[1], "abc", 3, 0));
	one("eventfd", request(PREAD, eventfd(3, 0), text, 8, 0));
}

CASE(aio_after_close, "a request keeps its file")
{
	struct iocb r, *list[1] = { &r };
	int p[2];

	make();
	pipe(p);
	r = request(POLL, p[0], (void *)POLLIN, 0, 0);
	SAY(submit(1, list));
	close(p[0]);
	SAY(write(p[1], "x", 1));
	SAY(get(1, 5, 10));
	say("readable %d", !!(events[0].res & POLLIN));
}

CASE(aio_fork, "a child has no contexts of its parent")
{
	make();
	IN_CHILD {
		struct iocb r = request(PREAD, f, text, 5, 0), *list[1] = { &r };
		SAY(submit(1, list));
		SAY(syscall(SYS_io_destroy, ctx));
	}
	one("parent", request(PREAD, f, text, 5, 0));
}

CASE(aio_pgetevents, "io_pgetevents: mask and its size")
{
	sigset_t none, all;
	struct { const void *mask; unsigned long size; } sig = { &none, 8 };
	long t[2] = { 0, 0 };

	make();
	sigemptyset(&none);
	SAY(syscall(SYS_io_pgetevents, ctx, 0, 1, events, t, &sig));
	sig.size = 4;
	SAY(syscall(SYS_io_pgetevents, ctx, 0, 1, events, t, &sig));
	SAY(syscall(SYS_io_pgetevents, ctx, 0, 1, events, t, (void *)16));
	SAY(syscall(SYS_io_pgetevents, ctx, 0, 1, events, t, NULL));
	sig.size = 8;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	catch_signal(SIGUSR1, 0);
	raise(SIGUSR1);
	SAY(syscall(SYS_io_pgetevents, ctx, 1, 1, events, NULL, &sig));
}

static volatile int told;
static void note_signal(int sig) { told = sig; }

CASE(aio_pgetevents_with_events, "a signal that the call's mask lets through is handled though there are events")
{
	struct { sigset_t *mask; unsigned long size; } sig;
	long t[2] = { 10, 0 };
	sigset_t none, usr1;
	struct iocb r, *list[1] = { &r };

	make();
	sigemptyset(&none);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	signal(SIGUSR1, note_signal);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	sig.mask = &none;
	sig.size = 8;
	r = request(FDSYNC, f, NULL, 0, 0);
	SAY(submit(1, list));
	SAY(syscall(SYS_io_getevents, ctx, 1, 1, 16, t)); /* until the event is in the ring, where it stays */
	raise(SIGUSR1);
	say("pending: told %d", told);
	SAY(syscall(SYS_io_pgetevents, ctx, 1, 1, events, t, &sig));
	say("told %d", told == SIGUSR1);
	raise(SIGUSR1);
	told = 0;
	t[0] = 0;
	SAY(syscall(SYS_io_pgetevents, ctx, 1, 1, events, t, &sig));
	say("told %d", told == SIGUSR1);
}

CASE(aio_far_offsets, "a request whose end would be no position")
{
	make();
	one("read", request(PREAD, f, text, 10, 0x7ffffffffffffff8ll));
	one("write", request(PWRITE, f, text, 10, 0x7ffffffffffffff8ll));
	one("read at -1", request(PREAD, f, text, 10, -1));
	one("read to the end of all", request(PREAD, f, text, 7, 0x7ffffffffffffff8ll));
	show_file("f");
}
