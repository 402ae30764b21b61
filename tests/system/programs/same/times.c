/* Clocks and timers: order and minimum lengths, never exact figures. */
#include "say.h"
#include <sys/times.h>

static long long now(int clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static volatile int ticks;

static void tick(int n)
{
	ticks++;
}

int main(void)
{
	struct timespec t = { 0, 30000000 }, bad = { 0, 1000000000 }, negative = { -1, 0 };
	struct itimerval every = { { 0, 10000 }, { 0, 10000 } }, left, off = { { 0, 0 }, { 0, 0 } };
	long long before = now(CLOCK_MONOTONIC);
	struct timeval tv;
	struct tms tms;

	SAY(nanosleep(&t, NULL));
	say("at least 30 ms: %d", now(CLOCK_MONOTONIC) - before >= 30000000);
	SAY(nanosleep(&bad, NULL));
	SAY(nanosleep(&negative, NULL));
	before = now(CLOCK_MONOTONIC);
	for (int i = 0; i < 1000; i++) {
		long long later = now(CLOCK_MONOTONIC);

		if (later < before)
			say("clock went back");
		before = later;
	}
	gettimeofday(&tv, NULL);
	say("wall clock agrees with time(): %d", tv.tv_sec - time(NULL) <= 1 && time(NULL) - tv.tv_sec <= 1);
	say("wall clock agrees with CLOCK_REALTIME: %d", now(CLOCK_REALTIME) / 1000000000 - tv.tv_sec <= 1);
	SAY(syscall(SYS_clock_gettime64, 99, &t));
	SAY(clock_getres(CLOCK_MONOTONIC, &t));
	say("times() works: %d", times(&tms) != (clock_t)-1);
	signal(SIGALRM, tick);
	SAY(setitimer(ITIMER_REAL, &every, NULL));
	while (ticks < 5)
		pause();
	SAY(getitimer(ITIMER_REAL, &left));
	say("interval kept: %d", left.it_interval.tv_usec >= 10000 && left.it_interval.tv_usec <= 20000);
	SAY(setitimer(ITIMER_REAL, &off, NULL));
	SAY(setitimer(9, &off, NULL));
	SAY(alarm(10));
	say("alarm leaves %d", alarm(0) >= 9);
	every.it_value.tv_usec = 2000000;
	SAY(setitimer(ITIMER_REAL, &every, NULL));
	return 0;
}
