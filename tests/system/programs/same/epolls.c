/* epoll, eventfd, timerfd, signalfd: what they say on Linux they say here. */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include "say.h"

static int ep;

/* What a wait tells, in the order of the data. */
static void wait_says(const char *what, int max, int ms)
{
	struct epoll_event e[8];
	int n = epoll_wait(ep, e, max, ms);

	if (n < 0) {
		say("%s: %s", what, strerror(errno));
		return;
	}
	say("%s: %d", what, n);
	for (int i = 0; i < n; i++)
		say("  %d: %#x", (int)e[i].data.u32, e[i].events);
}

static int ctl(int op, int fd, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.u32 = (uint32_t)fd };
	return epoll_ctl(ep, op, fd, &e);
}

static void modes(void)
{
	int p[2];
	char c[10];

	SAY(pipe(p));
	ep = epoll_create1(EPOLL_CLOEXEC);
	SAY(ctl(EPOLL_CTL_ADD, p[0], EPOLLIN));
	SAY(ctl(EPOLL_CTL_ADD, p[0], EPOLLIN));
	wait_says("empty", 8, 0);
	wait_says("empty, some time", 8, 20);
	SAY(write(p[1], "ab", 2));
	wait_says("level", 8, -1);
	wait_says("level again", 8, 0);
	SAY(ctl(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLET));
	wait_says("edge after mod", 8, 0);
	wait_says("edge again", 8, 0);
	SAY(write(p[1], "c", 1));
	wait_says("edge, more came", 8, 0);
	wait_says("edge again", 8, 0);
	SAY(read(p[0], c, 1));
	wait_says("edge, some left", 8, 0);
	SAY(ctl(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT));
	wait_says("one shot", 8, 0);
	SAY(write(p[1], "d", 1));
	wait_says("one shot again", 8, 0);
	SAY(ctl(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT));
	wait_says("armed again", 8, 0);
	SAY(ctl(EPOLL_CTL_ADD, p[1], EPOLLOUT | EPOLLET));
	wait_says("writable", 8, 0);
	SAY(ctl(EPOLL_CTL_DEL, p[0], 0));
	SAY(ctl(EPOLL_CTL_DEL, p[0], 0));
	SAY(ctl(EPOLL_CTL_MOD, p[0], EPOLLIN));
	close(p[0]);
	wait_says("no reader left", 8, 0);
	close(p[1]);
	wait_says("closed", 8, 0);
	close(ep);
}

static void several(void)
{
	int p[6][2];

	ep = epoll_create1(0);
	for (int i = 0; i < 6; i++) {
		pipe(p[i]);
		ctl(EPOLL_CTL_ADD, p[i][0], EPOLLIN);
	}
	for (int i = 5; i >= 0; i--)
		write(p[i][1], "x", 1);
	wait_says("two of six", 2, 0);
	wait_says("the next two", 2, 0);
	wait_says("the last two", 2, 0);
	wait_says("round again", 8, 0);
	int d = dup(p[0][0]);
	SAY(ctl(EPOLL_CTL_ADD, d, EPOLLIN));
	close(p[0][0]);
	wait_says("closed, but a duplicate is open", 8, 0);
	close(d);
	wait_says("both closed", 8, 0);
	for (int i = 1; i < 6; i++)
		close(p[i][0]), close(p[i][1]);
	close(p[0][1]);
	close(ep);
}

static void errors(void)
{
	struct epoll_event e = { .events = EPOLLIN };
	int p[2], file = open("file", O_RDWR | O_CREAT, 0644), inner, chain[9];

	pipe(p);
	ep = epoll_create1(0);
	SAY(epoll_create(0));
	SAY(epoll_create1(77));
	SAY(epoll_ctl(ep, EPOLL_CTL_ADD, file, &e));
	SAY(epoll_ctl(ep, EPOLL_CTL_ADD, ep, &e));
	SAY(epoll_ctl(ep, 9, p[0], &e));
	SAY(epoll_ctl(ep, EPOLL_CTL_ADD, 999, &e));
	SAY(epoll_ctl(999, EPOLL_CTL_ADD, p[0], &e));
	SAY(epoll_ctl(p[1], EPOLL_CTL_ADD, p[0], &e));
	SAY(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], (void *)1));
	SAY(epoll_wait(ep, &e, 0, 0));
	SAY(epoll_wait(ep, &e, -1, 0));
	SAY(epoll_wait(p[0], &e, 1, 0));
	SAY(epoll_wait(999, &e, 1, 0));
	SAY(ctl(EPOLL_CTL_ADD, p[0], EPOLLIN));
	write(p[1], "x", 1);
	SAY(epoll_wait(ep, (void *)16, 1, 0));
	wait_says("not lost by the fault", 8, 0);
	SAY(read(ep, &e, 12));
	/* sets in sets */
	inner = epoll_create1(0);
	SAY(ctl(EPOLL_CTL_ADD, inner, EPOLLIN));
	SAY(epoll_ctl(inner, EPOLL_CTL_ADD, ep, &e));
	SAY(ctl(EPOLL_CTL_DEL, p[0], 0));
	wait_says("an empty set in it", 8, 0);
	SAY(epoll_ctl(inner, EPOLL_CTL_ADD, p[0], &e));
	wait_says("a ready set in it", 8, 0);
	struct pollfd pfd = { ep, POLLIN, 0 };
	SAY(poll(&pfd, 1, 0));
	char c;
	read(p[0], &c, 1);
	SAY(poll(&pfd, 1, 0));
	close(inner);
	for (int i = 0; i < 9; i++)
		chain[i] = epoll_create1(0);
	for (int i = 0; i < 8; i++) {
		e.data.u32 = 0;
		say("chain %d: %s", i, epoll_ctl(chain[i + 1], EPOLL_CTL_ADD, chain[i], &e) ? strerror(errno) : "ok");
	}
	SAY(epoll_ctl(chain[0], EPOLL_CTL_ADD, chain[3], &e));
	for (int i = 0; i < 9; i++)
		close(chain[i]);
	SAY(ctl(EPOLL_CTL_ADD, p[0], EPOLLIN | EPOLLEXCLUSIVE));
	SAY(ctl(EPOLL_CTL_MOD, p[0], EPOLLIN));
	SAY(ctl(EPOLL_CTL_ADD, p[1], EPOLLOUT | EPOLLEXCLUSIVE | EPOLLONESHOT));
	close(ep);
	close(p[0]);
	close(p[1]);
	close(file);
}

static void on_signal(int sig) { (void)sig; }

static void waking(void)
{
	int p[2], status;
	sigset_t none;
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	pipe(p);
	ep = epoll_create1(0);
	ctl(EPOLL_CTL_ADD, p[0], EPOLLIN);
	if (!fork()) {
		sleep_ms(30);
		write(p[1], "x", 1);
		_exit(0);
	}
	wait_says("a child writes", 8, 5000);
	wait(&status);
	char c;
	read(p[0], &c, 1);
	sigaction(SIGUSR1, &sa, NULL);
	if (!fork()) {
		sleep_ms(30);
		kill(getppid(), SIGUSR1);
		_exit(0);
	}
	wait_says("a signal", 8, 5000);
	wait(&status);
	sigset_t block;
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	sigprocmask(SIG_BLOCK, &block, NULL);
	raise(SIGUSR1);
	struct epoll_event e;
	sigemptyset(&none);
	SAY(epoll_pwait(ep, &e, 1, 1000, &block));
	SAY(epoll_pwait(ep, &e, 1, 1000, &none));
	sigprocmask(SIG_UNBLOCK, &block, NULL);
	close(p[1]);
	wait_says("writer gone", 8, 0);
	close(p[0]);
	close(ep);
}

static void counters(void)
{
	uint64_t n = 0, big = UINT64_MAX - 1, all = UINT64_MAX;
	int e = eventfd(3, EFD_NONBLOCK);

	SAY(read(e, &n, 8));
	say("count %llu", (unsigned long long)n);
	SAY(read(e, &n, 8));
	SAY(read(e, &n, 4));
	SAY(write(e, &all, 8));
	SAY(write(e, &big, 8));
	n = 1;
	SAY(write(e, &n, 8));
	struct pollfd p = { e, POLLIN | POLLOUT, 0 };
	SAY(poll(&p, 1, 0));
	say("revents %#x", p.revents);
	SAY(read(e, &n, 8));
	SAY(poll(&p, 1, 0));
	say("revents %#x", p.revents);
	SAY(lseek(e, 0, SEEK_SET));
	close(e);
	SAY_OK(e = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK));
	SAY(read(e, &n, 8));
	say("count %llu", (unsigned long long)n);
	SAY(read(e, &n, 8));
	SAY(read(e, &n, 8));
	ep = epoll_create1(0);
	ctl(EPOLL_CTL_ADD, e, EPOLLIN | EPOLLET);
	n = 1;
	write(e, &n, 8);
	wait_says("eventfd", 8, 0);
	write(e, &n, 8);
	wait_says("eventfd, again", 8, 0);
	wait_says("eventfd, nothing new", 8, 0);
	close(ep);
	close(e);
	SAY(eventfd(0, 4));
	e = eventfd(0, 0);
	if (!fork()) {
		n = 7;
		sleep_ms(30);
		write(e, &n, 8);
		_exit(0);
	}
	SAY(read(e, &n, 8));
	say("count %llu", (unsigned long long)n);
	wait(NULL);
	close(e);
}

static void timers(void)
{
	struct itimerspec t = { { 0, 20000000 }, { 0, 20000000 } }, now;
	uint64_t n = 0;
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);

	SAY(read(fd, &n, 8));
	SAY(timerfd_settime(fd, 0, &t, NULL));
	SAY(timerfd_gettime(fd, &now));
	say("interval %ld, left %d", now.it_interval.tv_nsec, now.it_value.tv_nsec > 0 && now.it_value.tv_nsec <= 20000000);
	sleep_ms(110);
	SAY(read(fd, &n, 8));
	say("several: %d", n >= 4);
	struct pollfd p = { fd, POLLIN, 0 };
	SAY(poll(&p, 1, 1000));
	t = (struct itimerspec){ { 0, 0 }, { 0, 0 } };
	SAY(timerfd_settime(fd, 0, &t, &now));
	say("old interval %ld", now.it_interval.tv_nsec);
	SAY(read(fd, &n, 8));
	clock_gettime(CLOCK_MONOTONIC, &t.it_value);
	t.it_value.tv_nsec += 10000000;
	if (t.it_value.tv_nsec >= 1000000000)
		t.it_value.tv_sec++, t.it_value.tv_nsec -= 1000000000;
	SAY(timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, NULL));
	SAY(poll(&p, 1, 1000));
	SAY(read(fd, &n, 8));
	say("once: %llu", (unsigned long long)n);
	t.it_value = (struct timespec){ 1, 0 };
	SAY(timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, NULL));
	SAY(poll(&p, 1, 1000));
	t.it_value.tv_nsec = 1000000000;
	SAY(timerfd_settime(fd, 0, &t, NULL));
	SAY(timerfd_settime(0, 0, &now, NULL));
	SAY(timerfd_create(99, 0));
	SAY(timerfd_create(CLOCK_REALTIME, 5));
	close(fd);
}

static void signals(void)
{
	struct signalfd_siginfo s[3];
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK);
	SAY(read(fd, s, sizeof(s)));
	raise(SIGUSR1);
	sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 42 });
	struct pollfd p = { fd, POLLIN, 0 };
	SAY(poll(&p, 1, 0));
	ssize_t n = read(fd, s, sizeof(s));
	say("read %zd", n);
	for (int i = 0; i < (int)(n / (ssize_t)sizeof(*s)); i++)
		say("signal %u code %d pid %d value %d", s[i].ssi_signo, s[i].ssi_code, s[i].ssi_pid == (uint32_t)getpid(), s[i].ssi_int);
	SAY(read(fd, s, 100));
	ep = epoll_create1(0);
	ctl(EPOLL_CTL_ADD, fd, EPOLLIN);
	if (!fork())
		_exit(3);
	struct epoll_event e;
	SAY(epoll_wait(ep, &e, 1, 5000));
	SAY(read(fd, s, sizeof(s)));
	say("signal %u code %d status %d", s[0].ssi_signo, s[0].ssi_code, s[0].ssi_status);
	wait(NULL);
	close(ep);
	sigdelset(&set, SIGUSR1);
	SAY(signalfd(fd, &set, 0) == fd);
	raise(SIGUSR1);
	SAY(read(fd, s, sizeof(s)));
	SAY(signalfd(0, &set, 0));
	SAY(signalfd(999, &set, 0));
	close(fd);
}

int main(void)
{
	alarm(40);
	modes();
	several();
	errors();
	waking();
	counters();
	timers();
	signals();
	return 0;
}
