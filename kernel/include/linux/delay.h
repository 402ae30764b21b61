/* Sleeping (process context) and busy waiting (any context). */
#ifndef LINUX_DELAY_H
#define LINUX_DELAY_H

#include "kernel/include/sluice/prelude.h"
#include <linux/sched.h>

static inline void msleep(unsigned int ms) { sleep_ms(ms); }
static inline void ssleep(unsigned int s) { sleep_ms(s * 1000); }
/* Sleeps are as long as the clock's tick at least. */
static inline void usleep_range(unsigned long low_us, unsigned long high_us) { sleep_ms((low_us + 999) / 1000); }
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
