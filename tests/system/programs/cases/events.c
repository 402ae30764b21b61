/* eventfd and timerfd: values, sizes, limits, flags, times. */
#include "cases.h"
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>

static uint64_t v[4];

static long put_value(int fd, uint64_t value) { return write(fd, &value, 8); }
static void take(const char *what, int fd)
{
	uint64_t got = 0;
	ssize_t n = read(fd, &got, 8);

	if (n < 0)
		say("%s: %s", what, strerror(errno));
	else
		say("%s: %d bytes, %llu", what, (int)n, (unsigned long long)got);
}

CASE(eventfd_flags, "flags and the first value")
{
	SAY_OK(eventfd(0, 0));
	SAY(eventfd(0, 2));
	SAY(eventfd(0, -1));
	int fd = eventfd(0xffffffff, EFD_NONBLOCK | EFD_CLOEXEC);
	take("first value", fd);
	say("flags %d %o", fcntl(fd, F_GETFD), fcntl(fd, F_GETFL) & (O_NONBLOCK | O_ACCMODE));
	SAY_OK(syscall(SYS_eventfd, 3));
	SAY_OK(syscall(SYS_eventfd2, 3, EFD_SEMAPHORE));
}

CASE(eventfd_counts, "writes add, a read takes all")
{
	int fd = eventfd(3, EFD_NONBLOCK);

	SAY(put_value(fd, 4));
	SAY(put_value(fd, 0));
	take("all", fd);
	take("empty", fd);
	SAY(put_value(fd, 0));
	take("after a write of 0", fd);
}

CASE(eventfd_semaphore, "a semaphore gives one at a time")
{
	int fd = eventfd(2, EFD_NONBLOCK | EFD_SEMAPHORE);

	put_value(fd, 1);
	for (int i = 0; i < 4; i++)
		take("one", fd);
}

CASE(eventfd_limits, "the largest value, and what would be more")
{
	int fd = eventfd(0, EFD_NONBLOCK);

	SAY(put_value(fd, 0xffffffffffffffffull));
	SAY(put_value(fd, 0xfffffffffffffffeull));
	SAY(put_value(fd, 1));
	SAY(put_value(fd, 0));
	take("most", fd);
	SAY(put_value(fd, 5));
	SAY(put_value(fd, 0xfffffffffffffffeull));
	SAY(put_value(fd, 0xfffffffffffffff9ull));
	take("most", fd);
}

CASE(eventfd_sizes, "buffers that are too short or longer, vectors, bad addresses")
{
	int fd = eventfd(1, EFD_NONBLOCK);
	struct iovec two[2] = { { v, 4 }, { (char *)v + 4, 4 } }, part[2] = { { v, 8 }, { v + 1, 8 } };

	SAY(read(fd, v, 7));
	SAY(read(fd, v, 0));
	SAY(write(fd, v, 7));
	SAY(write(fd, v, 0));
	SAY(read(fd, (void *)16, 8));
	SAY(read(fd, v, 16));
	SAY(write(fd, (void *)16, 8));
	put_value(fd, 7);
	SAY(readv(fd, two, 2));
	say("%llu", (unsigned long long)v[0]);
	put_value(fd, 8);
	SAY(readv(fd, part, 2));
}

CASE(eventfd_no_positions, "positions and other calls")
{
	int fd = eventfd(1, EFD_NONBLOCK), n = 0;

	SAY(lseek(fd, 0, SEEK_SET));
	SAY(ftruncate(fd, 0));
	SAY(ioctl(fd, FIONREAD, &n));
	SAY(ioctl(fd, 0x5401, &n));
	SAY(fsync(fd));
	SAY_OK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0));
	struct stat s;
	fstat(fd, &s);
	say("mode %o, size %d", s.st_mode & S_IFMT, (int)s.st_size);
}

CASE(eventfd_fork, "shared with a child")
{
	int fd = eventfd(0, 0);

	if (!fork()) {
		put_value(fd, 5);
		_exit(0);
	}
	take("from the child", fd);
}

CASE(timerfd_flags, "clocks and flags")
{
	SAY(timerfd_create(99, 0));
	SAY(timerfd_create(-1, 0));
	SAY(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0));
	SAY(timerfd_create(CLOCK_MONOTONIC_RAW, 0));
	SAY(timerfd_create(CLOCK_MONOTONIC, 1));
	SAY_OK(timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC));
	SAY_OK(timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK));
}

static void set(int fd, int flags, long sec, long nsec, long isec, long insec)
{
	struct itimerspec t = { { isec, insec }, { sec, nsec } };

	say("set %ld.%09ld, interval %ld.%09ld: %s", sec, nsec, isec, insec, timerfd_settime(fd, flags, &t, NULL) ? strerror(errno) : "ok");
}

CASE(timerfd_settime_errors, "times that are none, wrong descriptors, flags")
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	struct itimerspec t = { { 0, 0 }, { 1, 0 } };

	set(fd, 0, 0, 1000000000, 0, 0);
	set(fd, 0, 0, -1, 0, 0);
	set(fd, 0, -1, 0, 0, 0);
	set(fd, 0, 1, 0, 0, 1000000000);
	set(fd, 0, 1, 0, -1, 0);
	set(fd, 4, 1, 0, 0, 0);
	set(fd, -1, 1, 0, 0, 0);
	SAY(timerfd_settime(0, 0, &t, NULL));
	SAY(timerfd_settime(99, 0, &t, NULL));
	SAY(syscall(SYS_timerfd_settime32, fd, 0, NULL, NULL));
	SAY(syscall(SYS_timerfd_settime32, fd, 0, (void *)16, NULL));
	SAY(timerfd_gettime(0, &t));
	SAY(timerfd_gettime(99, &t));
	SAY(syscall(SYS_timerfd_gettime32, fd, (void *)16));
}

CASE(timerfd_unset, "a timer that is not set: nothing to read, all zero")
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	struct itimerspec t = { { 9, 9 }, { 9, 9 } };

	take("not set", fd);
	SAY(timerfd_gettime(fd, &t));
	say("%ld %ld %ld %ld", (long)t.it_value.tv_sec, t.it_value.tv_nsec, (long)t.it_interval.tv_sec, t.it_interval.tv_nsec);
	SAY(read(fd, v, 7));
	SAY(read(fd, v, 0));
	SAY(write(fd, v, 8));
	SAY(lseek(fd, 0, SEEK_SET));
}

CASE(timerfd_once, "a single shot fires once")
{
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	struct itimerspec t;

	set(fd, 0, 0, 1000000, 0, 0);
	take("fired", fd);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	take("again", fd);
	timerfd_gettime(fd, &t);
	say("%ld %ld", (long)t.it_value.tv_sec, t.it_value.tv_nsec);
}

CASE(timerfd_past, "an absolute time in the past fires at once; a relative zero is off")
{
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	struct pollfd f = { fd, POLLIN, 0 };

	set(fd, TFD_TIMER_ABSTIME, 0, 1, 0, 0);
	take("past", fd);
	set(fd, 0, 0, 0, 1, 0);
	SAY(poll(&f, 1, 20));
	set(fd, TFD_TIMER_ABSTIME, 0, 0, 0, 0);
	SAY(poll(&f, 1, 20));
	int real = timerfd_create(CLOCK_REALTIME, 0);
	set(real, TFD_TIMER_ABSTIME, 1, 0, 0, 0);
	take("real time past", real);
}

CASE(timerfd_past_interval, "an absolute time long ago with an interval: many expirations at once")
{
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	struct timespec now;

	sleep_ms(20);
	clock_gettime(CLOCK_MONOTONIC, &now);
	struct itimerspec t = { { 1000, 0 }, { now.tv_sec, now.tv_nsec } };
	timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, NULL);
	take("one", fd);
	timerfd_gettime(fd, &t);
	say("next in %d, interval %ld", t.it_value.tv_sec >= 975, (long)t.it_interval.tv_sec);
}

CASE(timerfd_old_value, "setting tells what was left")
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	struct itimerspec t = { { 7, 5 }, { 100, 0 } }, old;

	SAY(timerfd_settime(fd, 0, &t, NULL));
	memset(&t, 0, sizeof(t));
	SAY(timerfd_settime(fd, 0, &t, &old));
	say("value %d, interval %ld %ld", old.it_value.tv_sec >= 75 && old.it_value.tv_sec <= 100, (long)old.it_interval.tv_sec, old.it_interval.tv_nsec);
	SAY(timerfd_settime(fd, 0, &t, &old));
	say("%ld %ld", (long)old.it_value.tv_sec, (long)old.it_interval.tv_sec);
}

CASE(timerfd_reset_clears, "setting it again forgets what was not read")
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	struct pollfd f = { fd, POLLIN | POLLOUT, 0 };

	set(fd, 0, 0, 1, 0, 0);
	SAY(poll(&f, 1, -1));
	say("%#x", f.revents);
	set(fd, 0, 100, 0, 0, 0);
	SAY(poll(&f, 1, 0));
	take("set anew", fd);
	set(fd, 0, 0, 1, 0, 0);
	poll(&f, 1, -1);
	set(fd, 0, 0, 0, 0, 0);
	take("off", fd);
}

CASE(timerfd_interval, "an interval goes on and counts what was missed")
{
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	uint64_t n = 0, total = 0;

	set(fd, 0, 0, 1000000, 0, 5000000);
	sleep_ms(60);
	for (int i = 0; i < 3; i++) {
		read(fd, &n, 8);
		total += n;
	}
	say("at least: %d", total >= 8);
}
