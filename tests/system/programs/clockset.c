/* The wall clock is set: who waits for a moment of it wakes then, who waits for a span of time does not; CANCEL_ON_SET tells the reader. */
#include "same/say.h"
#include <sys/epoll.h>
#include <sys/timerfd.h>

#define CANCEL_ON_SET 2

static volatile int got;

static void count(int sig)
{
	got += sig == SIGALRM;
}

static void move_clock(int seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_sec += seconds;
	SAY(clock_settime(CLOCK_REALTIME, &now));
}

static struct itimerspec in(int seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (struct itimerspec){ .it_value = { now.tv_sec + seconds, now.tv_nsec } };
}

static int readable(int fd, int ms)
{
	struct pollfd p = { fd, POLLIN, 0 };

	return poll(&p, 1, ms) == 1;
}

int main(void)
{
	int moment = timerfd_create(CLOCK_REALTIME, 0), span = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK), told = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
	struct itimerspec later = in(1000), hours = { .it_value = { 1000, 0 } }, left;
	struct sigevent e = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };
	timer_t a, b;
	uint64_t n;

	signal(SIGALRM, count);
	timer_create(CLOCK_REALTIME, &e, &a);
	timer_create(CLOCK_REALTIME, &e, &b);
	timer_settime(a, TIMER_ABSTIME, &later, NULL);
	timer_settime(b, 0, &hours, NULL);
	timerfd_settime(moment, TFD_TIMER_ABSTIME, &later, NULL);
	timerfd_settime(span, 0, &hours, NULL);
	timerfd_settime(told, TFD_TIMER_ABSTIME | CANCEL_ON_SET, &later, NULL);
	say("before: %d %d %d, %d signals", readable(moment, 0), readable(span, 0), readable(told, 0), got);
	move_clock(500);
	say("half: %d %d %d, %d signals", readable(moment, 0), readable(span, 0), readable(told, 0), got);
	SAY(read(told, &n, sizeof(n)));
	SAY(read(told, &n, sizeof(n)));
	timer_gettime(a, &left);
	say("of the moment %s is left", left.it_value.tv_sec > 400 && left.it_value.tv_sec <= 500 ? "half" : "something else");
	timer_gettime(b, &left);
	say("of the span %s is left", left.it_value.tv_sec > 900 && left.it_value.tv_sec <= 1000 ? "all" : "something else");
	move_clock(-200);
	SAY(timerfd_settime(told, TFD_TIMER_ABSTIME | CANCEL_ON_SET, &later, NULL));
	SAY(timerfd_settime(told, TFD_TIMER_ABSTIME | CANCEL_ON_SET, &later, NULL));
	move_clock(800);
	say("over: %d %d", readable(moment, 10000), readable(span, 0));
	while (!got)
		sleep_ms(5);
	sleep_ms(20);
	say("%d signal", got);
	SAY(read(moment, &n, sizeof(n)));
	SAY(read(span, &n, sizeof(n)));
	move_clock(-1100);
	return 0;
}
