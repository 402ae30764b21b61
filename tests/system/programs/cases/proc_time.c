/* Clocks, sleeps, timers: their errors and what they leave. */
#include "cases.h"
#include <sys/times.h>

CASE(clock_errors, "clock_gettime and clock_getres: clocks and pointers")
{
	struct timespec t;

	SAY(syscall(SYS_clock_gettime32, 0, &t));
	SAY(syscall(SYS_clock_gettime32, 1, &t));
	SAY(syscall(SYS_clock_gettime32, 2, &t));
	SAY(syscall(SYS_clock_gettime32, 3, &t));
	SAY(syscall(SYS_clock_gettime32, 4, &t));
	SAY(syscall(SYS_clock_gettime32, 7, &t));
	SAY(syscall(SYS_clock_gettime32, 10, &t));
	SAY(syscall(SYS_clock_gettime32, 99, &t));
	SAY(syscall(SYS_clock_gettime32, 0, 16));
	SAY(syscall(SYS_clock_getres_time32, 1, &t));
	SAY(syscall(SYS_clock_getres_time32, 1, NULL));
	SAY(syscall(SYS_clock_getres_time32, 99, &t));
	SAY(syscall(SYS_gettimeofday_time32, 16, NULL));
	SAY(syscall(SYS_gettimeofday_time32, NULL, NULL));
	IN_CHILD {
		if (!getuid())
			become(1000);
		SAY(syscall(SYS_clock_settime32, 0, &t));
	}
	SAY(syscall(SYS_clock_settime32, 1, &t));
}

/* ns */
static long long reads(clockid_t c)
{
	struct timespec t = { 0 };

	if (clock_gettime(c, &t))
		say("clock %d: %s", (int)c, strerror(errno));
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

CASE(cpu_clocks_agree, "the CPU clock of a process with one thread is that of the thread, however its time is divided")
{
	int wrong = 0, fd = open("/dev/zero", O_RDONLY);
	char text[4096];
	clockid_t own;

	SAY(clock_getcpuclockid(getpid(), &own));
	for (int i = 0; i < 400; i++) {
		long long before = reads(CLOCK_THREAD_CPUTIME_ID), process = reads(CLOCK_PROCESS_CPUTIME_ID), by_id = reads(own);
		long long after = reads(CLOCK_THREAD_CPUTIME_ID);
		wrong += before > process || process > by_id || by_id > after;
		if (i / 100 % 2)
			for (volatile int n = 0; n < 20000; n++)
				;
		else
			for (int n = 0; n < 60; n++)
				if (read(fd, text, sizeof(text)) < 0)
					wrong++;
	}
	say("%d wrong", wrong);
}

CASE(clock_order, "clocks do not go back, and agree with each other")
{
	struct timespec a, b, real;
	struct timeval v;
	int back = 0;

	clock_gettime(CLOCK_MONOTONIC, &a);
	for (int i = 0; i < 1000; i++) {
		clock_gettime(CLOCK_MONOTONIC, &b);
		back += b.tv_sec < a.tv_sec || (b.tv_sec == a.tv_sec && b.tv_nsec < a.tv_nsec);
		a = b;
	}
	say("%d", back);
	gettimeofday(&v, NULL);
	clock_gettime(CLOCK_REALTIME, &real);
	say("%d", real.tv_sec - v.tv_sec <= 10 && real.tv_sec >= v.tv_sec);
	say("%d", time(NULL) - real.tv_sec <= 10);
}

static void nothing(int n) { (void)n; }

CASE(sleep_errors, "nanosleep and clock_nanosleep: bad times, absolute past, interruption")
{
	struct timespec t = { 0, 1000000000 }, rest = { 9, 9 };
	struct itimerval soon = { { 0, 20000 }, { 0, 20000 } }; /* again and again: the first may come before the sleep has begun */
	struct sigaction a = { .sa_handler = nothing };

	SAY(nanosleep(&t, NULL));
	t.tv_nsec = -1;
	SAY(nanosleep(&t, NULL));
	t = (struct timespec){ -1, 0 };
	SAY(nanosleep(&t, NULL));
	t = (struct timespec){ 0, 0 };
	SAY(nanosleep(&t, &rest));
	say("%d", (int)rest.tv_sec);
	t = (struct timespec){ 1, 0 };
	SAY(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL));
	SAY(clock_nanosleep(99, 0, &t, NULL));
	SAY(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &t, NULL));
	SAY(syscall(SYS_nanosleep, 16, NULL));
	sigaction(SIGALRM, &a, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	t = (struct timespec){ 1000, 0 };
	SAY(nanosleep(&t, &rest));
	say("rest %d", rest.tv_sec >= 900 && rest.tv_sec < 1000);
	a.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &a, NULL);
	SAY(nanosleep(&t, &rest)); /* not started again by SA_RESTART */
	SAY(clock_nanosleep(CLOCK_MONOTONIC, 0, &t, &rest));
	SAY(pause());
}

CASE(itimers, "setitimer and alarm: values, errors, replaced and cleared")
{
	struct itimerval t = { { 5, 0 }, { 1000, 0 } }, old;

	SAY(setitimer(ITIMER_REAL, &t, &old));
	say("%d %d", (int)old.it_value.tv_sec, (int)old.it_interval.tv_sec);
	SAY(getitimer(ITIMER_REAL, &old));
	say("%d %d", old.it_value.tv_sec >= 900, (int)old.it_interval.tv_sec);
	SAY(alarm(500) >= 900);
	SAY(getitimer(ITIMER_REAL, &old));
	say("%d %d", old.it_value.tv_sec >= 400, (int)old.it_interval.tv_sec);
	SAY(alarm(0) >= 400);
	SAY(alarm(0));
	t.it_value.tv_usec = 1000000;
	SAY(setitimer(ITIMER_REAL, &t, NULL));
	t.it_value.tv_usec = -1;
	SAY(setitimer(ITIMER_REAL, &t, NULL));
	SAY(setitimer(9, &t, NULL));
	SAY(getitimer(9, &t));
	SAY(syscall(SYS_setitimer, ITIMER_REAL, 16, NULL));
	SAY(syscall(SYS_getitimer, ITIMER_REAL, 16));
	SAY(syscall(SYS_setitimer, ITIMER_REAL, NULL, &old));
}

CASE(cpu_timers, "ITIMER_VIRTUAL and ITIMER_PROF count this process's work and send their signals")
{
	struct itimerval t = { { 0, 0 }, { 0, 30000 } };
	sigset_t set;

	catch_signal(SIGVTALRM, SA_RESETHAND);
	catch_signal(SIGPROF, SA_RESETHAND);
	setitimer(ITIMER_VIRTUAL, &t, NULL);
	do
		getitimer(ITIMER_VIRTUAL, &t);
	while (t.it_value.tv_sec || t.it_value.tv_usec);
	t.it_value.tv_usec = 30000;
	setitimer(ITIMER_PROF, &t, NULL);
	do
		getitimer(ITIMER_PROF, &t);
	while (t.it_value.tv_sec || t.it_value.tv_usec);
	sigpending(&set);
	say("pending %d %d", sigismember(&set, SIGVTALRM), sigismember(&set, SIGPROF));
}

CASE(interval, "an interval timer comes again")
{
	struct itimerval t = { { 0, 5000 }, { 0, 5000 } };
	sigset_t set;
	siginfo_t info;
	int n = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	setitimer(ITIMER_REAL, &t, NULL);
	while (n < 5 && sigwaitinfo(&set, &info) == SIGALRM)
		n++;
	say("%d, code %d", n, info.si_code);
}

CASE(times_call, "times: its value and its errors")
{
	struct tms t;

	SAY(times(&t) != -1);
	SAY(syscall(SYS_times, NULL) != -1);
	SAY(syscall(SYS_times, 16));
	say("%d", (int)sysconf(_SC_CLK_TCK));
	say("%d %d", (int)t.tms_cutime, (int)t.tms_cstime);
}
