/* Sleeping (process context) and busy waiting (any context). */
#ifndef LINUX_DELAY_H
#define LINUX_DELAY_H

#include "kernel/include/sluice/prelude.h"
#include <linux/sched.h>

static inline void msleep(unsigned int ms) { sleep_ms(ms); }
static inline void ssleep(unsigned int s) { sleep_ms(s * 1000); }
/* Sleep between low_us and high_us, as the event device allows (hrtimer.h). */
static inline void usleep_range(unsigned long low_us, unsigned long high_us)
{
	u64 deadline = ktime_ns() + low_us * 1000ull, slack = high_us > low_us ? (high_us - low_us) * 1000ull : 0;

	do
		set_current_state(TASK_UNINTERRUPTIBLE);
	while (schedule_hrtimeout_range_clock(deadline, slack, CLOCK_MONOTONIC));
}
static inline void fsleep(unsigned long us) { usleep_range(us, us); }
static inline unsigned long msleep_interruptible(unsigned int ms)
{
	return jiffies_to_msecs((unsigned long)schedule_timeout_interruptible((long)msecs_to_jiffies(ms)));
}
static inline void mdelay(unsigned int ms)
{
	while (ms--)
		udelay(1000);
}

#endif
