/* epoll: who may watch what, levels and edges, one-shot, exclusive, sets in sets, descriptors that go away. */
#include "cases.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

static int ep, p[2];

static void make(void)
{
	ep = epoll_create1(0);
	pipe2(p, O_NONBLOCK);
}

static int add(int set, int fd, unsigned events)
{
	struct epoll_event e = { .events = events, .data.fd = fd };

	return epoll_ctl(set, EPOLL_CTL_ADD, fd, &e);
}

static int mod(int set, int fd, unsigned events)
{
	struct epoll_event e = { .events = events, .data.fd = fd };

	return epoll_ctl(set, EPOLL_CTL_MOD, fd, &e);
}

static int del(int set, int fd) { return epoll_ctl(set, EPOLL_CTL_DEL, fd, NULL); }

/* What epoll_wait tells at once. */
static void look(const char *what, int set)
{
	struct epoll_event e[10];
	char line[300];
	int at, n = epoll_wait(set, e, 10, 0);

	at = sprintf(line, "%s: %d", what, n);
	for (int i = 0; i < n; i++)
		at += sprintf(line + at, " [%d %#x]", e[i].data.fd, e[i].events);
	say("%s", line);
}

CASE(epoll_create_flags, "epoll_create wants a size above 0, epoll_create1 known flags")
{
	SAY(epoll_create(0));
	SAY(epoll_create(-1));
	SAY_OK(epoll_create(1));
	SAY(epoll_create1(O_NONBLOCK));
	SAY(epoll_create1(1));
	ep = epoll_create1(EPOLL_CLOEXEC);
	SAY(fcntl(ep, F_GETFD));
}

CASE(epoll_is_a_file, "what else can be done with a set: nothing")
{
	char c;

	make();
	SAY(read(ep, &c, 1));
	SAY(write(ep, &c, 1));
	SAY(lseek(ep, 0, SEEK_SET));
	SAY_OK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, ep, 0));
	SAY(ftruncate(ep, 0));
	SAY(fsync(ep));
	SAY(isatty(ep));
	char path[40], name[64];
	sprintf(path, "/proc/self/fd/%d", ep);
	ssize_t n = readlink(path, name, 63);
	say("%.*s", (int)n, name);
}

CASE(epoll_itself, "a set does not watch itself, files and folders cannot be watched")
{
	make();
	SAY(add(ep, ep, EPOLLIN));
	int f = open("f", O_RDWR | O_CREAT, 0600);
	SAY(add(ep, f, EPOLLIN));
	SAY(add(ep, open(".", O_RDONLY), EPOLLIN));
	SAY(add(ep, open("/dev/null", O_RDWR), EPOLLIN));
	SAY(add(ep, 99, EPOLLIN));
	SAY(add(99, p[0], EPOLLIN));
	SAY(add(p[1], p[0], EPOLLIN));
	SAY(add(p[0], p[0], EPOLLIN));
	SAY(add(f, p[0], EPOLLIN));
	SAY(add(ep, open(".", O_PATH), EPOLLIN));
}

CASE(epoll_ctl_errors, "adding twice, changing or removing what is not there, unknown operations")
{
	struct epoll_event e = { .events = EPOLLIN };

	make();
	SAY(add(ep, p[0], EPOLLIN));
	SAY(add(ep, p[0], EPOLLOUT));
	SAY(mod(ep, p[1], EPOLLIN));
	SAY(del(ep, p[1]));
	SAY(epoll_ctl(ep, 0, p[0], &e));
	SAY(epoll_ctl(ep, 4, p[0], &e));
	SAY(epoll_ctl(ep, EPOLL_CTL_ADD, p[1], (void *)16));
	SAY(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], NULL));
	SAY(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], (void *)16));
	SAY(epoll_ctl(ep, 77, 99, (void *)16));
	SAY(epoll_ctl(99, EPOLL_CTL_ADD, 98, (void *)16));
}

CASE(epoll_wait_errors, "maxevents, addresses, wrong descriptors")
{
	struct epoll_event e[2];

	make();
	SAY(epoll_wait(ep, e, 0, 0));
	SAY(epoll_wait(ep, e, -1, 0));
	SAY(epoll_wait(ep, e, 0x7fffffff, 0));
	SAY(epoll_wait(ep, (void *)16, 1, 0));
	SAY(epoll_wait(p[0], e, 1, 0));
	SAY(epoll_wait(99, e, 1, 0));
	add(ep, p[1], EPOLLOUT);
	SAY(epoll_wait(ep, (void *)16, 1, 0));
	SAY(epoll_wait(ep, e, 1, 0));
	SAY(syscall(SYS_epoll_pwait, ep, e, 1, 0, e, 4));
	SAY(syscall(SYS_epoll_pwait, ep, e, 1, 0, (void *)16, 8));
}

CASE(epoll_timeouts, "time-outs: none, some, negative ones wait until something comes")
{
	struct epoll_event e;

	make();
	SAY(epoll_wait(ep, &e, 1, 0));
	SAY(epoll_wait(ep, &e, 1, 10));
	add(ep, p[1], EPOLLOUT);
	SAY(epoll_wait(ep, &e, 1, -1));
	SAY(epoll_wait(ep, &e, 1, -77));
}

CASE(epoll_pwait2_times, "epoll_pwait2's time")
{
	struct epoll_event e;
	int64_t t[2] = { 0, 0 };

	make();
	SAY(syscall(441, ep, &e, 1, t, NULL, 0));
	t[1] = 1000000;
	SAY(syscall(441, ep, &e, 1, t, NULL, 0));
	t[1] = 1000000000;
	SAY(syscall(441, ep, &e, 1, t, NULL, 0));
	t[1] = -1;
	SAY(syscall(441, ep, &e, 1, t, NULL, 0));
	t[0] = -1;
	t[1] = 0;
	SAY(syscall(441, ep, &e, 1, t, NULL, 0));
	SAY(syscall(441, ep, &e, 1, (void *)16, NULL, 0));
	add(ep, p[1], EPOLLOUT);
	SAY(syscall(441, ep, &e, 1, NULL, NULL, 0));
	SAY(syscall(441, ep, &e, 0, NULL, NULL, 0));
}

CASE(epoll_level, "level-triggered: told as long as it is so")
{
	char c[10];

	make();
	add(ep, p[0], EPOLLIN);
	look("empty", ep);
	write(p[1], "ab", 2);
	look("data", ep);
	look("data", ep);
	read(p[0], c, 1);
	look("half", ep);
	read(p[0], c, 1);
	look("empty", ep);
	close(p[1]);
	look("hung up", ep);
	look("hung up", ep);
}

CASE(epoll_edge, "edge-triggered: told once for each write, though something is left")
{
	char c[10];

	make();
	add(ep, p[0], EPOLLIN | EPOLLET);
	write(p[1], "ab", 2);
	look("first", ep);
	look("nothing new", ep);
	write(p[1], "c", 1);
	look("more came", ep);
	read(p[0], c, 1);
	look("some read", ep);
	write(p[1], "d", 1);
	write(p[1], "e", 1);
	look("two writes", ep);
	look("nothing new", ep);
	read(p[0], c, 10);
	look("all read", ep);
	close(p[1]);
	look("hung up", ep);
	look("nothing new", ep);
}

CASE(epoll_edge_read_between, "edge-triggered: what was read before the wait is not told")
{
	char c[10];

	make();
	add(ep, p[0], EPOLLIN | EPOLLET);
	write(p[1], "ab", 2);
	read(p[0], c, 10);
	look("read in between", ep);
	write(p[1], "c", 1);
	look("again", ep);
}

CASE(epoll_edge_add, "adding or changing with something there tells it at once")
{
	make();
	write(p[1], "x", 1);
	add(ep, p[0], EPOLLIN | EPOLLET);
	look("added", ep);
	look("again", ep);
	mod(ep, p[0], EPOLLIN | EPOLLET);
	look("changed", ep);
	look("again", ep);
}

CASE(epoll_edge_writer, "edge-triggered writer: told when there is room again")
{
	static char block[65536];

	make();
	add(ep, p[1], EPOLLOUT | EPOLLET);
	look("empty pipe", ep);
	look("again", ep);
	while (write(p[1], block, 4096) > 0)
		;
	look("full", ep);
	read(p[0], block, 4096);
	look("room", ep);
	look("again", ep);
	read(p[0], block, 4096);
	look("more room", ep);
}

CASE(epoll_oneshot, "one-shot: off after one event, on again by MOD, still there for ADD and DEL")
{
	make();
	add(ep, p[0], EPOLLIN | EPOLLONESHOT);
	write(p[1], "x", 1);
	look("first", ep);
	look("off", ep);
	write(p[1], "x", 1);
	look("off", ep);
	SAY(add(ep, p[0], EPOLLIN));
	SAY(mod(ep, p[0], EPOLLIN | EPOLLONESHOT));
	look("on", ep);
	look("off", ep);
	close(p[1]);
	look("hung up while off", ep);
	mod(ep, p[0], EPOLLIN | EPOLLONESHOT);
	look("on", ep);
	SAY(del(ep, p[0]));
}

CASE(epoll_events_zero, "no events asked: still ERR and HUP")
{
	make();
	add(ep, p[0], 0);
	write(p[1], "x", 1);
	look("data", ep);
	close(p[1]);
	look("hung up", ep);
}

CASE(epoll_modify, "MOD changes events and data")
{
	struct epoll_event e = { .events = EPOLLOUT, .data.u64 = 0x1122334455667788ull };

	make();
	add(ep, p[1], EPOLLIN);
	look("a writer asked for input", ep);
	SAY(epoll_ctl(ep, EPOLL_CTL_MOD, p[1], &e));
	SAY(epoll_wait(ep, &e, 1, 0));
	say("%#x %#llx", e.events, (unsigned long long)e.data.u64);
	mod(ep, p[1], 0);
	look("nothing asked", ep);
}

CASE(epoll_exclusive, "EPOLLEXCLUSIVE: which flags go with it")
{
	make();
	int other = epoll_create1(0);
	SAY(add(ep, p[0], EPOLLIN | EPOLLEXCLUSIVE));
	SAY(mod(ep, p[0], EPOLLIN));
	SAY(mod(ep, p[0], EPOLLIN | EPOLLEXCLUSIVE));
	SAY(del(ep, p[0]));
	SAY(add(ep, p[0], EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT));
	SAY(add(ep, p[0], EPOLLIN | EPOLLEXCLUSIVE | EPOLLET));
	del(ep, p[0]);
	SAY(add(ep, p[0], EPOLLIN | EPOLLEXCLUSIVE | EPOLLRDHUP));
	SAY(add(ep, p[0], EPOLLIN | EPOLLEXCLUSIVE | EPOLLPRI));
	SAY(add(ep, p[0], EPOLLIN | EPOLLOUT | EPOLLHUP | EPOLLERR | EPOLLEXCLUSIVE | EPOLLWAKEUP));
	SAY(add(ep, other, EPOLLIN | EPOLLEXCLUSIVE));
	SAY(add(ep, p[1], EPOLLOUT));
	SAY(mod(ep, p[1], EPOLLOUT | EPOLLEXCLUSIVE));
	write(p[1], "x", 1);
	look("told", ep);
}

CASE(epoll_closed, "a descriptor that is closed leaves the set")
{
	make();
	add(ep, p[1], EPOLLOUT);
	look("open", ep);
	close(p[1]);
	look("closed", ep);
	SAY(del(ep, p[1]));
	int q[2];
	pipe2(q, O_NONBLOCK);
	say("same number %d", q[0] == p[1] || q[1] == p[1]);
	look("number in use again", ep);
	SAY(add(ep, p[1], EPOLLOUT));
}

CASE(epoll_dup_stays, "a copy of the descriptor keeps it in the set, under the old number")
{
	make();
	add(ep, p[1], EPOLLOUT);
	int d = dup(p[1]);
	SAY(add(ep, d, EPOLLOUT));
	close(p[1]);
	struct epoll_event e[4];
	SAY(epoll_wait(ep, e, 4, 0));
	SAY(del(ep, p[1]));
	close(d);
	SAY(epoll_wait(ep, e, 4, 0));
}

CASE(epoll_number_reused, "the same number with another file can be added beside the old one")
{
	int q[2];
	struct epoll_event e[4];

	make();
	int d = dup(p[1]);
	add(ep, p[1], EPOLLOUT);
	pipe(q);
	dup2(q[1], p[1]);
	SAY(add(ep, p[1], EPOLLOUT));
	SAY(epoll_wait(ep, e, 4, 0));
	SAY(del(ep, p[1]));
	SAY(del(ep, p[1]));
	SAY(epoll_wait(ep, e, 4, 0));
	close(d);
	SAY(epoll_wait(ep, e, 4, 0));
}

CASE(epoll_of_epoll, "a set in a set is readable when something in it is")
{
	make();
	int outer = epoll_create1(0);
	SAY(add(outer, ep, EPOLLIN));
	add(ep, p[0], EPOLLIN);
	look("outer, empty", outer);
	write(p[1], "x", 1);
	struct epoll_event e;
	SAY(epoll_wait(outer, &e, 1, 0));
	say("%d %#x", e.data.fd == ep, e.events);
	char c;
	read(p[0], &c, 1);
	SAY(epoll_wait(outer, &e, 1, 0));
	struct pollfd f = { ep, POLLIN | POLLOUT, 0 };
	SAY(poll(&f, 1, 0));
	write(p[1], "x", 1);
	SAY(poll(&f, 1, 0));
	say("%#x", f.revents);
}

CASE(epoll_nested_edge, "an edge-triggered set in a set")
{
	struct epoll_event e;

	make();
	int outer = epoll_create1(0);
	add(outer, ep, EPOLLIN | EPOLLET);
	add(ep, p[0], EPOLLIN);
	write(p[1], "x", 1);
	SAY(epoll_wait(outer, &e, 1, 0));
	SAY(epoll_wait(outer, &e, 1, 0));
	SAY(epoll_wait(ep, &e, 1, 0));
	SAY(epoll_wait(outer, &e, 1, 0));
	write(p[1], "y", 1);
	SAY(epoll_wait(outer, &e, 1, 0));
}

CASE(epoll_loops, "sets that would watch each other in a circle, or too deep, are refused")
{
	int s[10];

	for (int i = 0; i < 10; i++)
		s[i] = epoll_create1(0);
	SAY(add(s[0], s[1], EPOLLIN));
	SAY(add(s[1], s[0], EPOLLIN));
	SAY(add(s[1], s[2], EPOLLIN));
	SAY(add(s[2], s[0], EPOLLIN));
	SAY(add(s[2], s[3], EPOLLIN));
	SAY(add(s[3], s[4], EPOLLIN));
	SAY(add(s[4], s[5], EPOLLIN));
	SAY(add(s[5], s[6], EPOLLIN));
	SAY(add(s[6], s[7], EPOLLIN));
	SAY(add(s[7], s[8], EPOLLIN));
}

CASE(epoll_depth_upwards, "the depth counts from above as well")
{
	int s[10];

	for (int i = 0; i < 10; i++)
		s[i] = epoll_create1(0);
	for (int i = 8; i >= 0; i--)
		say("%d: %s", i, add(s[i], s[i + 1], EPOLLIN) ? strerror(errno) : "ok");
	pipe(p);
	for (int i = 0; i < 10; i++)
		say("pipe in %d: %s", i, add(s[i], p[0], EPOLLIN) ? strerror(errno) : "ok");
}

CASE(epoll_wide, "two ways to the same set are no circle")
{
	int s[4];

	for (int i = 0; i < 4; i++)
		s[i] = epoll_create1(0);
	SAY(add(s[0], s[1], EPOLLIN));
	SAY(add(s[0], s[2], EPOLLIN));
	SAY(add(s[1], s[3], EPOLLIN));
	SAY(add(s[2], s[3], EPOLLIN));
	pipe(p);
	add(s[3], p[1], EPOLLOUT);
	struct epoll_event e[4];
	SAY(epoll_wait(s[0], e, 4, 0));
}

CASE(epoll_ways, "how many sets may watch a set with something in it, and those again")
{
	int n, mid[12], top;

	make();
	add(ep, p[0], EPOLLIN);
	for (n = 0; n < 600 && !add(epoll_create1(0), ep, EPOLLIN); n++)
		;
	say("%d, then %s", n, strerror(errno));
	for (int fd = 3; fd < 1000; fd++)
		close(fd);
	make();
	for (int i = 0; i < 12; i++) {
		mid[i] = epoll_create1(0);
		add(mid[i], ep, EPOLLIN);
	}
	for (n = 0; n < 20; n++) {
		top = epoll_create1(0);
		for (int i = 0; i < 12; i++)
			if (add(top, mid[i], EPOLLIN))
				say("%d %d: %s", n, i, strerror(errno));
	}
	for (int i = 0; i < 2; i++) {
		SAY(add(ep, p[i], EPOLLIN | EPOLLOUT));
		SAY(add(mid[i], p[i], EPOLLIN | EPOLLOUT));
	}
	look("with them", mid[1]);
}

CASE(epoll_fair, "with few places the ready ones take turns")
{
	struct epoll_event e[2];
	int q[5][2];

	ep = epoll_create1(0);
	for (int i = 0; i < 5; i++) {
		struct epoll_event one = { .events = EPOLLOUT, .data.u32 = (unsigned)i };
		pipe(q[i]);
		epoll_ctl(ep, EPOLL_CTL_ADD, q[i][1], &one);
	}
	for (int i = 0; i < 6; i++) {
		int n = epoll_wait(ep, e, 2, 0);
		say("%d: %u %u", n, e[0].data.u32, e[1].data.u32);
	}
}

CASE(epoll_order, "in the order in which they became ready")
{
	struct epoll_event e[8];
	int q[5][2], n;
	static const int order[] = { 3, 0, 4, 1 };

	ep = epoll_create1(0);
	for (int i = 0; i < 5; i++) {
		struct epoll_event one = { .events = EPOLLIN | EPOLLET, .data.u32 = (unsigned)i };
		pipe(q[i]);
		epoll_ctl(ep, EPOLL_CTL_ADD, q[i][0], &one);
	}
	for (int i = 0; i < 4; i++)
		write(q[order[i]][1], "x", 1);
	write(q[3][1], "x", 1);
	n = epoll_wait(ep, e, 8, 0);
	for (int i = 0; i < n; i++)
		say("%u", e[i].data.u32);
}

CASE(epoll_shared_after_fork, "a child's changes are the parent's")
{
	make();
	add(ep, p[1], EPOLLOUT);
	IN_CHILD {
		SAY(del(ep, p[1]));
		SAY(add(ep, p[0], EPOLLIN));
		write(p[1], "x", 1);
	}
	look("parent", ep);
}

CASE(epoll_child_closes, "what only the child closes stays")
{
	make();
	add(ep, p[1], EPOLLOUT);
	IN_CHILD {
		close(p[1]);
		close(p[0]);
	}
	look("parent", ep);
}

CASE(epoll_wakes, "an event of another process wakes")
{
	struct epoll_event e;

	make();
	add(ep, p[0], EPOLLIN);
	pid_t parent = getpid();
	if (!fork()) {
		wait_state(parent, "S");
		write(p[1], "x", 1);
		_exit(0);
	}
	SAY(epoll_wait(ep, &e, 1, -1));
	say("%#x", e.events);
}

CASE(epoll_added_while_waiting, "a ready descriptor that is added during the wait wakes")
{
	struct epoll_event e;

	make();
	pid_t parent = getpid();
	if (!fork()) {
		wait_state(parent, "S");
		add(ep, p[1], EPOLLOUT);
		_exit(0);
	}
	SAY(epoll_wait(ep, &e, 1, -1));
	say("%#x", e.events);
}

CASE(epoll_sockets, "a socket pair's states, level and edge")
{
	int s[2];
	char c;

	ep = epoll_create1(0);
	socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s);
	add(ep, s[0], EPOLLIN | EPOLLOUT | EPOLLRDHUP);
	look("new", ep);
	write(s[1], "x", 1);
	look("data", ep);
	shutdown(s[1], SHUT_WR);
	look("peer shut for writing", ep);
	read(s[0], &c, 1);
	look("read", ep);
	close(s[1]);
	look("peer gone", ep);
	mod(ep, s[0], EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
	look("edge", ep);
	look("edge", ep);
}

CASE(epoll_eventfd_edge, "an edge-triggered eventfd tells every write")
{
	uint64_t one = 1;
	int e = eventfd(0, EFD_NONBLOCK);

	ep = epoll_create1(0);
	add(ep, e, EPOLLIN | EPOLLET);
	write(e, &one, 8);
	look("first", ep);
	look("again", ep);
	write(e, &one, 8);
	look("second", ep);
	read(e, &one, 8);
	look("read", ep);
}

CASE(epoll_pwait_mask, "epoll_pwait's mask is for the wait")
{
	struct epoll_event e;
	sigset_t all, none, pending;

	make();
	catch_signal(SIGUSR1, 0);
	sigfillset(&all);
	sigemptyset(&none);
	sigprocmask(SIG_BLOCK, &all, NULL);
	raise(SIGUSR1);
	SAY(epoll_pwait(ep, &e, 1, -1, &none));
	sigpending(&pending);
	say("pending %d", sigismember(&pending, SIGUSR1));
}

CASE(epoll_many, "a thousand descriptors: only those that are ready are told")
{
	struct rlimit r = { 4096, 4096 };
	struct epoll_event e[10];

	setrlimit(RLIMIT_NOFILE, &r);
	ep = epoll_create1(0);
	int last = -1;
	for (int i = 0; i < 1000; i++) {
		last = eventfd(0, 0);
		struct epoll_event one = { .events = EPOLLIN, .data.u32 = (unsigned)i };
		if (epoll_ctl(ep, EPOLL_CTL_ADD, last, &one))
			say("add: %s", strerror(errno));
	}
	SAY(epoll_wait(ep, e, 10, 0));
	uint64_t v = 1;
	write(last, &v, 8);
	SAY(epoll_wait(ep, e, 10, 0));
	say("%u", e[0].data.u32);
}

CASE(epoll_untouched_pages, "events go into pages that are not there yet, and end before one that is not writable")
{
	struct rlimit r = { 4096, 4096 };
	size_t page = 4096, size = 4 * page;
	uint64_t v = 1;

	setrlimit(RLIMIT_NOFILE, &r);
	ep = epoll_create1(0);
	for (int i = 0; i < 1000; i++) {
		int fd = eventfd(1, 0);
		struct epoll_event one = { .events = i % 3 ? EPOLLIN : EPOLLIN | EPOLLET, .data.u32 = (unsigned)i };
		if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &one))
			say("add: %s", strerror(errno));
		if (i % 5 == 4) /* not ready any more when it is asked */
			(void)!read(fd, &v, 8);
	}
	for (int round = 0; round < 5; round++) {
		struct epoll_event *e = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		int out_of_order = 0;
		if (round == 2)
			mprotect((char *)e + page, page, PROT_READ);
		if (round == 4)
			e = (void *)((char *)e + size - 24);
		int n = epoll_wait(ep, e, round == 3 ? 700 : 1000, 0);
		for (int i = 1; i < n; i++)
			out_of_order += e[i].data.u32 <= e[i - 1].data.u32;
		say("%d, first %u, last %u, out of order %d", n, n > 0 ? e[0].data.u32 : 0, n > 0 ? e[n - 1].data.u32 : 0, out_of_order);
	}
}

CASE(epoll_reading_is_no_event, "who reads a message hears nothing of it himself; new data is an edge though old is unread")
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };

	for (int i = 0; i < 3; i++) {
		struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | EPOLLET }, got[2];
		int s[2];
		char c[10];
		ep = epoll_create1(0);
		SAY(socketpair(AF_UNIX, types[i], 0, s));
		SAY(epoll_ctl(ep, EPOLL_CTL_ADD, s[0], &e));
		SAY(epoll_wait(ep, got, 2, 0));
		write(s[1], "ab", 2);
		SAY(epoll_wait(ep, got, 2, 0));
		write(s[1], "c", 1);
		SAY(epoll_wait(ep, got, 2, 0));
		SAY(read(s[0], c, 1));
		SAY(epoll_wait(ep, got, 2, 0));
		SAY(read(s[0], c, 10));
		SAY(epoll_wait(ep, got, 2, 0));
	}
}
