/* Times of the ABI to nanoseconds and back. `wide` structures have 64-bit fields (the time64 calls), the others 32-bit ones. */
#ifndef KERNEL_SCHED_TIMESPEC_H
#define KERNEL_SCHED_TIMESPEC_H

#include "kernel/hal/uaccess.h"
#include "kernel/lib/div64.h"
#include "kernel/lib/err.h"
#include "kernel/sched/time.h"
#include "kernel/sched/wait.h"

struct timespec32 { s32 sec, nsec; };
struct timespec64 { s64 sec; s32 nsec, unused; };
#define MAX_SECONDS 0x1ffffffffll /* keeps nanoseconds within 63 bits */

static inline u64 to_ns(s64 sec, u32 nsec) { return (u64)min_t(s64, sec, MAX_SECONDS) * NSEC_PER_SEC + nsec; }

/* 0, -EFAULT, -EINVAL (negative, or 1e9 nanoseconds and more). */
static inline int __must_check get_timespec_ns(const void __user *user, bool wide, u64 *ns)
{
	struct timespec64 t;

	if (wide) {
		if (copy_from_user(&t, user, sizeof(t)))
			return -EFAULT;
	} else {
		struct timespec32 n;
		if (copy_from_user(&n, user, sizeof(n)))
			return -EFAULT;
		t = (struct timespec64){ .sec = n.sec, .nsec = n.nsec };
	}
	if (t.sec < 0 || (u32)t.nsec >= NSEC_PER_SEC)
		return -EINVAL;
	*ns = to_ns(t.sec, (u32)t.nsec);
	return 0;
}

static inline int __must_check put_timespec_ns(void __user *user, bool wide, u64 ns)
{
	struct timespec64 t = { 0 };
	u32 rem;

	t.sec = (s64)div_u64_rem(ns, NSEC_PER_SEC, &rem);
	t.nsec = (s32)rem;
	if (wide)
		return copy_to_user(user, &t, sizeof(t)) ? -EFAULT : 0;
	struct timespec32 n = { (s32)t.sec, t.nsec };
	return copy_to_user(user, &n, sizeof(n)) ? -EFAULT : 0;
}

/* struct itimerspec: the period, then the time until the first expiry. */
struct itimer_setting { u64 interval, value; }; /* ns */

static inline int __must_check get_itimerspec(const void __user *user, bool wide, struct itimer_setting *s)
{
	int err = get_timespec_ns(user, wide, &s->interval);

	return err ? err : get_timespec_ns((const u8 *)user + (wide ? sizeof(struct timespec64) : sizeof(struct timespec32)), wide, &s->value);
}

static inline int __must_check put_itimerspec(void __user *user, bool wide, const struct itimer_setting *s)
{
	int err = put_timespec_ns(user, wide, s->interval);

	return err ? err : put_timespec_ns((u8 *)user + (wide ? sizeof(struct timespec64) : sizeof(struct timespec32)), wide, s->value);
}

/* A deadline far away stays one: it never becomes "for ever" or wraps. */
static inline u64 add_ns(u64 a, u64 b) { return b >= WAIT_FOREVER - 1 - a ? WAIT_FOREVER - 1 : a + b; }

#endif
