/* POSIX timers: which clocks and events there are, expiry by signal, to a thread, by sigwaitinfo; overruns; what is left; fork and exec. */
#include "say.h"
#include <pthread.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif
#define BOOTTIME 7
#define MILLION 1000000L

static volatile int got;
static volatile int code, value, id_seen;
static siginfo_t last;

static void handler(int sig, siginfo_t *i, void *context)
{
	(void)sig;
	(void)context;
	last = *i;
	code = i->si_code;
	value = i->si_value.sival_int;
	id_seen = i->si_timerid;
	got++;
}

static timer_t make(clockid_t clock, int notify, int sig, int val)
{
	struct sigevent e;
	timer_t t;

	memset(&e, 0, sizeof(e));
	e.sigev_notify = notify;
	e.sigev_signo = sig;
	e.sigev_value.sival_int = val;
	if (timer_create(clock, &e, &t))
		say("timer_create: %s", strerror(errno));
	return t;
}

static void set_ms(timer_t t, int first, int period)
{
	struct itimerspec s = { { period / 1000, period % 1000 * MILLION }, { first / 1000, first % 1000 * MILLION } };

	if (timer_settime(t, 0, &s, NULL))
		say("timer_settime: %s", strerror(errno));
}

/* Raw calls: the C libraries check some arguments themselves, and glibc's timer_t is not the kernel's number. */
struct event32 { int value, signo, notify, tid, rest[12]; };
static int kernel_create(int clock, struct event32 *e, int *id) { return (int)syscall(259, clock, e, id); }

static void arguments(void)
{
	static const int clocks[] = { 0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 99, -5, -2, -6 };
	struct event32 e = { 0 };
	int id;

	for (unsigned i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		id = -1;
		errno = 0;
		int r = kernel_create(clocks[i], NULL, &id);
		say("clock %d: %s", clocks[i], strerror(errno));
		if (!r)
			SAY(syscall(263, id));
	}
	for (int notify = -1; notify < 7; notify++)
		for (int sig = -1; sig < 66; sig += 11 + (sig == 54)) {
			e = (struct event32){ .signo = sig, .notify = notify, .tid = (int)syscall(SYS_gettid) };
			errno = 0;
			if (!kernel_create(1, &e, &id))
				syscall(263, id);
			say("notify %d signal %d: %s", notify, sig, strerror(errno));
		}
	e = (struct event32){ .signo = SIGUSR1, .notify = 4, .tid = 1 };
	SAY(kernel_create(1, &e, &id));
	e.tid = 0;
	SAY(kernel_create(1, &e, &id));
	e.tid = -1;
	SAY(kernel_create(1, &e, &id));
	SAY(syscall(259, 1, NULL, NULL));
	SAY(syscall(259, 1, (void *)16, &id));
	SAY(syscall(261, 12345, &e));
	SAY(syscall(262, 12345));
	SAY(syscall(263, 12345));
	SAY(syscall(260, 12345, 0, &e, NULL));
	kernel_create(1, NULL, &id);
	struct { int s[4]; } bad = { { 0, 0, 0, 1000000000 } }, negative = { { 0, 0, -1, 0 } }, period = { { 0, -1, 1, 0 } }, none = { { 0 } };
	SAY(syscall(260, id, 0, &bad, NULL));
	SAY(syscall(260, id, 0, &negative, NULL));
	SAY(syscall(260, id, 0, &period, NULL));
	SAY(syscall(260, id, 0, NULL, NULL));
	SAY(syscall(260, id, 0, (void *)16, NULL));
	SAY(syscall(260, id, 77, &none, NULL));
	SAY(syscall(261, id, (void *)16));
	SAY(syscall(262, id));
	SAY(syscall(263, id));
	SAY(syscall(263, id));
}

static void wait_got(int n)
{
	for (int i = 0; got < n && i < 2000; i++)
		sleep_ms(5);
}

static void signals(void)
{
	static const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, BOOTTIME };
	struct sigaction a = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
	struct itimerspec now;

	sigaction(SIGUSR1, &a, NULL);
	sigaction(SIGALRM, &a, NULL);
	for (unsigned i = 0; i < 3; i++) {
		timer_t t = make(clocks[i], SIGEV_SIGNAL, SIGUSR1, 1000 + (int)i);
		got = 0;
		set_ms(t, 10, 0);
		wait_got(1);
		say("clock %d: %d signal, code %d value %d overrun %d, signo %d", (int)clocks[i], got, code, value, last.si_overrun, last.si_signo);
		timer_gettime(t, &now);
		say("over: %d %d", now.it_value.tv_sec || now.it_value.tv_nsec, now.it_interval.tv_sec || now.it_interval.tv_nsec);
		got = 0;
		set_ms(t, 5, 5);
		wait_got(5);
		timer_gettime(t, &now);
		say("periodic: %s; left %s, period %ld", got >= 5 ? "5 and more" : "few", now.it_value.tv_sec || now.it_value.tv_nsec ? "some" : "none",
		    (long)now.it_interval.tv_nsec);
		set_ms(t, 0, 0);
		got = 0;
		sleep_ms(30);
		say("stopped: %d", got);
		timer_gettime(t, &now);
		say("stopped: %d %d", now.it_value.tv_sec || now.it_value.tv_nsec, now.it_interval.tv_sec || now.it_interval.tv_nsec);
		SAY(timer_delete(t));
	}
	/* Without an event: SIGALRM, and the value is the timer's number. */
	timer_t t;
	got = 0;
	timer_create(CLOCK_MONOTONIC, NULL, &t);
	set_ms(t, 1, 0);
	wait_got(1);
	say("default: signal %d, code %d, value is the id: %d", last.si_signo, code, value == id_seen);
	timer_delete(t);
	/* The first moment of all has long passed. */
	struct itimerspec s = { .it_value = { 0, 1 } };
	t = make(CLOCK_REALTIME, SIGEV_SIGNAL, SIGUSR1, 5);
	got = 0;
	timer_settime(t, TIMER_ABSTIME, &s, NULL);
	wait_got(1);
	say("absolute, past: %d", got);
	timer_delete(t);
}

static void left(void)
{
	struct itimerspec s = { { 7, 0 }, { 1000, 0 } }, old, now;
	timer_t t = make(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0);

	timer_gettime(t, &now);
	say("new: %ld %ld", (long)now.it_value.tv_sec, (long)now.it_interval.tv_sec);
	timer_settime(t, 0, &s, NULL);
	timer_gettime(t, &now);
	say("set: %d %ld", now.it_value.tv_sec == 999 || now.it_value.tv_sec == 1000, (long)now.it_interval.tv_sec);
	s.it_value.tv_sec = 500;
	s.it_interval.tv_sec = 0;
	timer_settime(t, 0, &s, &old);
	say("old: %d %ld", old.it_value.tv_sec == 999 || old.it_value.tv_sec == 1000, (long)old.it_interval.tv_sec);
	/* With SIGEV_NONE it runs, and says nothing. */
	set_ms(t, 5, 0);
	sleep_ms(20);
	timer_gettime(t, &now);
	say("silent, over: %ld %ld", (long)now.it_value.tv_sec, now.it_value.tv_nsec);
	set_ms(t, 5, 100000);
	sleep_ms(20);
	timer_gettime(t, &now);
	say("silent, periodic: %d %ld", now.it_value.tv_sec >= 98 && now.it_value.tv_sec <= 100, (long)now.it_interval.tv_sec);
	timer_delete(t);
}

static void overruns(void)
{
	struct timespec long_time = { 10, 0 };
	sigset_t set;
	siginfo_t i;
	timer_t t;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN + 3);
	sigprocmask(SIG_BLOCK, &set, NULL);
	t = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN + 3, 42);
	set_ms(t, 10, 10);
	sleep_ms(205);
	say("one signal: %d", sigtimedwait(&set, &i, &long_time) == SIGRTMIN + 3);
	say("code %d value %d, overruns %s, the call says %s", i.si_code, i.si_value.sival_int, i.si_overrun >= 15 ? "many" : "few",
	    timer_getoverrun(t) == i.si_overrun ? "the same" : "something else");
	say("it goes on: %d", sigtimedwait(&set, &i, &long_time) == SIGRTMIN + 3);
	SAY(timer_delete(t));
	/* Two timers, one ordinary signal: each is queued. */
	timer_t a = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 1), b = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 2);
	set_ms(a, 1, 0);
	set_ms(b, 10, 0);
	sleep_ms(40);
	for (int n = 0; n < 2; n++) {
		int sig = sigtimedwait(&set, &i, &long_time);
		say("taken: %d, value %d", sig == SIGUSR1, i.si_value.sival_int);
	}
	timer_delete(a);
	timer_delete(b);
	/* Through a descriptor. */
	int fd = signalfd(-1, &set, 0);
	struct signalfd_siginfo f;
	t = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 77);
	set_ms(t, 1, 0);
	if (read(fd, &f, sizeof(f)) == sizeof(f))
		say("signalfd: signo %u code %d value %d overrun %u pid %u", f.ssi_signo, f.ssi_code, f.ssi_int, f.ssi_overrun, f.ssi_pid);
	close(fd);
	timer_delete(t);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* An ignored signal does not stop the timer; nobody counts. */
static void ignored(void)
{
	struct sigaction a = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
	timer_t t = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR2, 9);

	signal(SIGUSR2, SIG_IGN);
	got = 0;
	set_ms(t, 5, 5);
	sleep_ms(40);
	say("ignored: %d", got);
	sigaction(SIGUSR2, &a, NULL);
	wait_got(2);
	say("heard again: %d", got >= 2);
	timer_delete(t);
	signal(SIGUSR2, SIG_DFL);
}

static __thread int me;
static volatile int who;

static void note(int sig)
{
	(void)sig;
	who = me;
}

static volatile int tid_of_other;

static void *other(void *arg)
{
	me = 2;
	tid_of_other = (int)syscall(SYS_gettid);
	while (!who)
		sleep_ms(5);
	return arg;
}

static void to_thread(void)
{
	struct sigevent e;
	pthread_t th;
	timer_t t;

	me = 1;
	signal(SIGUSR1, note);
	pthread_create(&th, NULL, other, NULL);
	while (!tid_of_other)
		sleep_ms(1);
	memset(&e, 0, sizeof(e));
	e.sigev_notify = SIGEV_THREAD_ID;
	e.sigev_signo = SIGUSR1;
	e.sigev_notify_thread_id = tid_of_other;
	SAY(timer_create(CLOCK_MONOTONIC, &e, &t));
	set_ms(t, 5, 5);
	pthread_join(th, NULL);
	say("handled by thread %d", who);
	sleep_ms(20); /* nobody to send to now */
	SAY(timer_delete(t));
}

static volatile int called;

static void in_thread(union sigval v)
{
	called = v.sival_int;
}

static void by_thread(void)
{
	struct sigevent e;
	timer_t t;

	memset(&e, 0, sizeof(e));
	e.sigev_notify = SIGEV_THREAD;
	e.sigev_notify_function = in_thread;
	e.sigev_value.sival_int = 31;
	SAY(timer_create(CLOCK_MONOTONIC, &e, &t));
	set_ms(t, 5, 0);
	for (int i = 0; !called && i < 2000; i++)
		sleep_ms(5);
	say("called with %d", called);
	SAY(timer_delete(t));
}

static long cpu_ms(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (long)t.tv_sec * 1000 + t.tv_nsec / MILLION;
}

static void cpu_clocks(void)
{
	static const clockid_t clocks[] = { CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID };
	struct sigaction a = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };

	sigaction(SIGUSR1, &a, NULL);
	for (int i = 0; i < 2; i++) {
		timer_t t = make(clocks[i], SIGEV_SIGNAL, SIGUSR1, 60 + i);
		long start = cpu_ms(clocks[i]);

		got = 0;
		set_ms(t, 60, 0);
		sleep_ms(100);
		say("asleep: %d", got);
		while (!got)
			;
		say("clock %d: value %d, not early: %d", (int)clocks[i], value, cpu_ms(clocks[i]) - start >= 59);
		got = 0;
		set_ms(t, 10, 10);
		while (got < 3)
			;
		SAY(timer_delete(t));
	}
}

static void family(const char *self)
{
	timer_t t = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGKILL, 0);
	int status, id = 0;

	set_ms(t, 100000, 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct { int s[4]; } now;
		SAY(syscall(261, 0, &now)); /* the child has none */
		SAY(kernel_create(1, NULL, &id));
		say("the first number: %d", id);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	pid = fork();
	if (pid == 0) {
		kernel_create(1, NULL, &id);
		execl(self, self, "7", (char *)NULL);
		_exit(99);
	}
	waitpid(pid, &status, 0);
	say_status("after exec", status);
	timer_delete(t);
	pid = fork();
	if (pid == 0) {
		struct rlimit r = { 3, 3 };
		setrlimit(RLIMIT_SIGPENDING, &r);
		for (int i = 0; i < 3 && !kernel_create(1, NULL, &id); i++)
			;
		int e = kernel_create(1, NULL, &id) ? errno : 0;
		say("limit: %s", strerror(e));
		_exit(0);
	}
	waitpid(pid, &status, 0);
	say_status("limited", status);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		struct { int s[4]; } now;
		SAY(syscall(261, 0, &now)); /* not inherited by exec */
		return atoi(argv[1]);
	}
	arguments();
	signals();
	left();
	overruns();
	ignored();
	to_thread();
	by_thread();
	cpu_clocks();
	family(argv[0]);
	return 0;
}
