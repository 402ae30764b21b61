/*
 * Jiffies, as Linux drivers count time: a counter of 1/HZ s. It follows the clock (ktime_ns), so ticks that a busy host swallowed are made
 * up for at the next one. It starts five minutes before it wraps, as Linux's does, so that code which compares jiffies without time_after
 * fails on the first day. Pure arithmetic; any context.
 */
#ifndef KERNEL_SCHED_JIFFIES_H
#define KERNEL_SCHED_JIFFIES_H

#include "kernel/hal/time_hw.h"
#include "kernel/lib/div64.h"

#define INITIAL_JIFFIES ((unsigned long)-(300 * (long)HZ))
#define TICK_NSEC (1000000000u / HZ)
#define MAX_JIFFY_OFFSET (0x7ffffffful - 1)

extern volatile unsigned long jiffies;
/* The clock (ktime_ns) at which the counter reaches j; for a j that has passed, the last tick. */
u64 jiffies_to_ktime(unsigned long j);

#define time_after(a, b) ((long)((unsigned long)(b) - (unsigned long)(a)) < 0)
#define time_before(a, b) time_after(b, a)
#define time_after_eq(a, b) ((long)((unsigned long)(a) - (unsigned long)(b)) >= 0)
#define time_before_eq(a, b) time_after_eq(b, a)
#define time_in_range(a, b, c) (time_after_eq(a, b) && time_before_eq(a, c))
#define time_is_before_jiffies(a) time_after(jiffies, a)
#define time_is_after_jiffies(a) time_before(jiffies, a)

/* To jiffies rounded up, so that nothing happens too early; from jiffies exactly. */
static inline unsigned long msecs_to_jiffies(unsigned int ms)
{
	return (int)ms < 0 ? MAX_JIFFY_OFFSET : ms / (1000 / HZ) + !!(ms % (1000 / HZ));
}
static inline unsigned long usecs_to_jiffies(unsigned int us) { return us / (1000000 / HZ) + !!(us % (1000000 / HZ)); }
static inline unsigned long nsecs_to_jiffies(u64 ns) { return (unsigned long)div_u64(ns, TICK_NSEC); }
static inline unsigned int jiffies_to_msecs(unsigned long j) { return (unsigned int)(j * (1000 / HZ)); }
static inline unsigned int jiffies_to_usecs(unsigned long j) { return (unsigned int)(j * (1000000 / HZ)); }
static_assert(1000 % HZ == 0, "a jiffy is a whole number of milliseconds");

#endif
