/*
 * Time-outs of all kinds. `hrtimers all`: each one never ends early; what is periodic counts no period that has not passed; timers end in
 * order. `hrtimers until SECONDS`: waits for that second of the wall clock in four ways at once. `hrtimers short`: for a machine whose
 * time goes by instructions (icount), each time-out of 100 us ends within a millisecond.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "user/linux_aio.h"

typedef long long ns_t;
#define US 1000LL
#define MS 1000000LL
#define NSEC 1000000000LL

static int epoll, tfd, sockets[2];
static aio_context_t aio;
static volatile int alarms;

static ns_t now(int clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * NSEC + t.tv_nsec;
}

static struct timespec to_spec(ns_t ns) { return (struct timespec){ .tv_sec = ns / NSEC, .tv_nsec = (long)(ns % NSEC) }; }
static struct timeval to_val(ns_t ns) { return (struct timeval){ .tv_sec = ns / NSEC, .tv_usec = (long)(ns % NSEC / 1000) }; }
static void on_alarm(int n) { (void)n; alarms++; }

/* ---- the ways to wait; the argument: how long ---- */

static void by_nanosleep(ns_t ns) { struct timespec t = to_spec(ns); nanosleep(&t, NULL); }
static void by_monotonic(ns_t ns)
{
	struct timespec t = to_spec(now(CLOCK_MONOTONIC) + ns);

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}
static void by_realtime(ns_t ns)
{
	struct timespec t = to_spec(now(CLOCK_REALTIME) + ns);

	clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL);
}
static void by_ppoll(ns_t ns) { struct timespec t = to_spec(ns); ppoll(NULL, 0, &t, NULL); }
static void by_select(ns_t ns) { struct timeval t = to_val(ns); select(0, NULL, NULL, NULL, &t); }
static void by_pselect(ns_t ns) { struct timespec t = to_spec(ns); pselect(0, NULL, NULL, NULL, &t, NULL); }
static void by_epoll_pwait2(ns_t ns)
{
	struct { int64_t sec, nsec; } t = { ns / NSEC, ns % NSEC };
	struct epoll_event e;

	syscall(441, epoll, &e, 1, &t, NULL, 8);
}
static void by_futex(ns_t ns)
{
	struct { int32_t sec, nsec; } t = { (int32_t)(ns / NSEC), (int32_t)(ns % NSEC) };
	int word = 7;

	syscall(240, &word, 0, 7, &t, NULL, 0);
}
static void by_futex_realtime(ns_t ns)
{
	ns_t at = now(CLOCK_REALTIME) + ns;
	struct { int64_t sec, nsec; } t = { at / NSEC, at % NSEC };
	int word = 7;

	syscall(422, &word, 9 | 256, 7, &t, NULL, ~0);
}
static void by_sigtimedwait(ns_t ns)
{
	struct timespec t = to_spec(ns);
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGUSR2);
	sigtimedwait(&s, NULL, &t);
}
static void by_getevents(ns_t ns)
{
	struct { int32_t sec, nsec; } t = { (int32_t)(ns / NSEC), (int32_t)(ns % NSEC) };
	struct io_event e;

	syscall(247, aio, 1, 1, &e, &t);
}
static void by_rcvtimeo(ns_t ns)
{
	struct timeval t = to_val(ns);
	char c;

	setsockopt(sockets[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	recv(sockets[0], &c, 1, 0);
}
static void by_timerfd(ns_t ns)
{
	struct itimerspec s = { .it_value = to_spec(ns) };
	uint64_t n;

	timerfd_settime(tfd, 0, &s, NULL);
	if (read(tfd, &n, sizeof(n)) != sizeof(n) || n != 1)
		printf("timerfd: %d\n", errno);
}

static sigset_t blocked, no_usr2; /* what is blocked, and while SIGALRM is waited for */

static void await_alarm(int before)
{
	while (alarms == before)
		sigsuspend(&no_usr2);
}
static void by_itimer(ns_t ns)
{
	struct itimerval v = { .it_value = to_val(ns) };
	int before = alarms;

	setitimer(ITIMER_REAL, &v, NULL);
	await_alarm(before);
}
static void by_timer(ns_t ns)
{
	struct itimerspec s = { .it_value = to_spec(ns) };
	int before = alarms;
	timer_t t;

	timer_create(CLOCK_MONOTONIC, NULL, &t);
	timer_settime(t, 0, &s, NULL);
	await_alarm(before);
	timer_delete(t);
}

static const struct way {
	const char *name;
	void (*wait)(ns_t ns);
	int clock;
} ways[] = {
	{ "nanosleep", by_nanosleep, CLOCK_MONOTONIC }, { "clock_nanosleep", by_monotonic, CLOCK_MONOTONIC },
	{ "clock_nanosleep wall", by_realtime, CLOCK_REALTIME }, { "ppoll", by_ppoll, CLOCK_MONOTONIC }, { "select", by_select, CLOCK_MONOTONIC },
	{ "pselect", by_pselect, CLOCK_MONOTONIC }, { "epoll_pwait2", by_epoll_pwait2, CLOCK_MONOTONIC }, { "futex", by_futex, CLOCK_MONOTONIC },
	{ "futex wall", by_futex_realtime, CLOCK_REALTIME }, { "sigtimedwait", by_sigtimedwait, CLOCK_MONOTONIC },
	{ "io_getevents", by_getevents, CLOCK_MONOTONIC }, { "SO_RCVTIMEO", by_rcvtimeo, CLOCK_MONOTONIC }, { "timerfd", by_timerfd, CLOCK_MONOTONIC },
	{ "setitimer", by_itimer, CLOCK_MONOTONIC }, { "timer_create", by_timer, CLOCK_MONOTONIC },
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

/* What the wait took; whole microseconds, because some are told in these. */
static ns_t took(const struct way *w, ns_t ns)
{
	ns_t start = now(w->clock);

	w->wait(ns);
	return now(w->clock) - start;
}

static void never_early(void)
{
	static const int lengths[] = { 1, 40, 100, 333, 999, 2500, 4100, 7300 };

	for (unsigned i = 0; i < WAYS; i++) {
		int early = 0;

		for (unsigned k = 0; k < sizeof(lengths) / sizeof(lengths[0]); k++)
			early += took(&ways[i], lengths[k] * US) < lengths[k] * US;
		printf("%s early %d\n", ways[i].name, early);
	}
}

static void within_a_millisecond(void)
{
	for (unsigned i = 0; i < WAYS; i++) {
		int late = 0;

		for (int k = 0; k < 40; k++) /* wherever in a tick */
			late += took(&ways[i], 100 * US) >= MS;
		printf("%s late %d\n", ways[i].name, late);
	}
}

/* Descriptors armed for mixed-up moments become ready in their order. false: one was armed too late, because the host was busy elsewhere. */
static int order_within(ns_t ahead)
{
	enum { N = 12 };
	struct epoll_event e = { .events = EPOLLIN }, got[N];
	ns_t base = now(CLOCK_MONOTONIC) + ahead;
	int fd[N], set = epoll_create1(0), wrong = 0;

	for (int i = 0; i < N; i++) {
		int place = i * 5 % N;
		struct itimerspec s = { .it_value = to_spec(base + place * 150 * US) };

		e.data.u32 = (uint32_t)place;
		fd[i] = timerfd_create(CLOCK_MONOTONIC, 0);
		epoll_ctl(set, EPOLL_CTL_ADD, fd[i], &e);
		timerfd_settime(fd[i], TFD_TIMER_ABSTIME, &s, NULL);
	}
	int in_time = now(CLOCK_MONOTONIC) < base;
	for (int i = 0; i < N; i++) { /* all have ended */
		struct pollfd p = { .fd = fd[i], .events = POLLIN };

		poll(&p, 1, -1);
	}
	int n = epoll_wait(set, got, N, 0);
	for (int i = 0; i < n; i++)
		wrong += got[i].data.u32 != (uint32_t)i;
	if (in_time)
		printf("ready %d out of order %d\n", n, wrong);
	for (int i = 0; i < N; i++)
		close(fd[i]);
	close(set);
	return in_time;
}

static void order(void)
{
	for (ns_t ahead = 20 * MS; !order_within(ahead); ahead *= 2)
		;
}

/* Periods that were counted have passed; those that nobody read are not lost. */
static void periods(void)
{
	struct itimerspec s = { .it_value = to_spec(300 * US), .it_interval = to_spec(300 * US) };
	int fd = timerfd_create(CLOCK_MONOTONIC, 0), too_many = 0, none = 0;
	ns_t start = now(CLOCK_MONOTONIC), total = 0, armed, late;
	uint64_t n;

	timerfd_settime(fd, 0, &s, NULL);
	armed = now(CLOCK_MONOTONIC);
	for (int i = 0; i < 30; i++) {
		if (i % 5 == 4)
			by_nanosleep(2 * MS); /* six periods go by */
		if (read(fd, &n, sizeof(n)) != sizeof(n))
			n = 0;
		total += (ns_t)n;
		none += !n || (i % 5 == 4 && n < 2);
		too_many += total * 300 * US > now(CLOCK_MONOTONIC) - start;
	}
	late = now(CLOCK_MONOTONIC);
	read(fd, &n, sizeof(n));
	total += (ns_t)n;
	printf("timerfd none %d too many %d lost %d\n", none, too_many, total < (late - armed) / (300 * US));
	close(fd);
}

/* The same of a timer by signal: the signal and its overrun are the periods that have passed since the last one. */
static void overruns(void)
{
	struct sigevent e = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2 };
	struct itimerspec s = { .it_value = to_spec(300 * US), .it_interval = to_spec(300 * US) };
	ns_t start, total = 0;
	int too_many = 0, none = 0;
	siginfo_t info;
	sigset_t set;
	timer_t t;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	timer_create(CLOCK_MONOTONIC, &e, &t);
	start = now(CLOCK_MONOTONIC);
	timer_settime(t, 0, &s, NULL);
	for (int i = 0; i < 30; i++) {
		if (i % 5 == 4)
			by_nanosleep(2 * MS);
		sigwaitinfo(&set, &info);
		total += 1 + info.si_overrun;
		none += i % 5 == 4 && !info.si_overrun;
		too_many += total * 300 * US > now(CLOCK_MONOTONIC) - start;
	}
	printf("timer none %d too many %d\n", none, too_many);
	timer_delete(t);
}

/* A period of a nanosecond that nobody takes notice of takes the CPU from nobody; one that is taken notice of goes on. */
static void tiny_periods(void)
{
	struct itimerval v = { .it_value = { 0, 1 }, .it_interval = { 0, 1 } };
	struct itimerspec s = { .it_value = to_spec(1), .it_interval = to_spec(1) };
	struct sigevent e = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2 };
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	uint64_t n = 0;
	timer_t t;

	timer_create(CLOCK_MONOTONIC, &e, &t);
	timer_settime(t, 0, &s, NULL);
	timerfd_settime(fd, 0, &s, NULL);
	setitimer(ITIMER_REAL, &v, NULL);
	alarms = 0;
	by_nanosleep(20 * MS); /* both signals are blocked */
	read(fd, &n, sizeof(n));
	while (alarms < 100)
		sigsuspend(&no_usr2);
	setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
	signal(SIGUSR2, SIG_IGN);
	timer_settime(t, 0, &s, NULL);
	by_nanosleep(20 * MS);
	timer_delete(t);
	close(fd);
	printf("tiny: %s\n", n >= 20 * MS && n < 3600 * (uint64_t)NSEC ? "counted" : "not counted");
}

/* The wall clock is set meanwhile; the sleep, the descriptor and the signal all follow. */
static void until(long second)
{
	struct itimerspec s = { .it_value = { .tv_sec = second } };
	int fd = timerfd_create(CLOCK_REALTIME, 0), before = alarms, status = -1;
	uint64_t n;
	timer_t t;

	timerfd_settime(fd, TFD_TIMER_ABSTIME, &s, NULL);
	timer_create(CLOCK_REALTIME, NULL, &t);
	timer_settime(t, TIMER_ABSTIME, &s, NULL);
	if (fork() == 0) {
		struct { int64_t sec, nsec; } at = { second, 0 };
		int word = 7;

		syscall(422, &word, 9 | 256, 7, &at, NULL, ~0); /* FUTEX_WAIT_BITSET by the wall clock */
		_exit(now(CLOCK_REALTIME) < second * NSEC);
	}
	clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &s.it_value, NULL);
	int early = now(CLOCK_REALTIME) < second * NSEC;
	n = read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
	await_alarm(before);
	wait(&status);
	printf(early || n != 1 || status ? "wrong\n" : "reached\n");
}

static void slack(void)
{
	int first = prctl(PR_GET_TIMERSLACK), set = prctl(PR_SET_TIMERSLACK, 2 * MS), then = prctl(PR_GET_TIMERSLACK);

	prctl(PR_SET_TIMERSLACK, 0);
	printf("slack %d %d %d %d\n", first, set, then, prctl(PR_GET_TIMERSLACK));
}

static void resolution(void)
{
	static const int clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_MONOTONIC_RAW, CLOCK_MONOTONIC_COARSE,
				      CLOCK_PROCESS_CPUTIME_ID };
	struct { int32_t sec, nsec; } raw;

	printf("resolution");
	for (unsigned i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		struct timespec t;

		clock_getres(clocks[i], &t);
		syscall(266, clocks[i], &raw);
		printf(" %ld%s", (long)t.tv_nsec, t.tv_nsec == raw.nsec ? "" : "!");
	}
	printf("\n");
}

int main(int n, char **arg)
{
	epoll = epoll_create1(0);
	tfd = timerfd_create(CLOCK_MONOTONIC, 0);
	socketpair(AF_UNIX, SOCK_STREAM, 0, sockets);
	syscall(245, 4, &aio);
	signal(SIGALRM, on_alarm);
	sigemptyset(&blocked);
	sigemptyset(&no_usr2);
	sigaddset(&blocked, SIGALRM);
	sigaddset(&blocked, SIGUSR2);
	sigaddset(&no_usr2, SIGUSR2);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (n > 2) {
		until(atol(arg[2]));
		return 0;
	}
	resolution();
	if (n > 1 && !strcmp(arg[1], "short")) {
		within_a_millisecond();
		return 0;
	}
	slack();
	never_early();
	order();
	periods();
	overruns();
	tiny_periods();
	printf("done\n");
	return 0;
}
