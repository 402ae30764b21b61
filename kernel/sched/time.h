/*
 * Clocks and timers. Clock source: the TSC, calibrated at boot; wall clock: CMOS plus the time since. The timers here are for deadlines: they
 * end with the tick (1/HZ s). Those with nanoseconds: hrtimer.h.
 */
#ifndef KERNEL_SCHED_TIME_H
#define KERNEL_SCHED_TIME_H

#include "kernel/lib/list.h"
#include "kernel/lib/rbtree.h"

#define NSEC_PER_SEC 1000000000ull
#define NSEC_PER_MSEC 1000000ull
#define NSEC_PER_USEC 1000ull

u64 ktime_ns(void);          /* monotonic since boot; any context */
u64 ktime_of_tsc(u64 tsc);   /* what it was when rdtsc gave this; 0 before the clock ran */
u64 realtime_ns(void);       /* since 1970; any context */
u64 realtime_offset_ns(void); /* how much more that is than ktime_ns; any context */
void realtime_set_ns(u64 ns); /* calls the hooks: process context once there are any */
/* Who waits for moments of the wall clock is told when it was set. No locks held; fn may take spinlocks. */
struct clock_set_hook { struct list_head node; void (*fn)(void); };
void clock_set_register(struct clock_set_hook *h);
/* The wall clock at the last tick, in ns: cheap, for file times. */
u64 realtime_coarse_ns(void);
u64 ktime_coarse_ns(void); /* the same of the monotonic clock */
/* The same in two halves, for hot paths; both change in the tick. To read them as one moment: seconds, nanoseconds, seconds again. */
extern volatile u32 realtime_coarse_sec, realtime_coarse_nsec;
static inline u64 deadline_ms(u32 ms) { return ktime_ns() + ms * NSEC_PER_MSEC; }

/* A timer: fn(arg) runs once in the timer softirq at or after expires_ns. */
struct timer {
	struct rb_node node;
	u64 expires_ns;
	void (*fn)(void *arg);
	void *arg;
	bool queued;
	bool irqsafe; /* fn runs with interrupts off: from the moment it leaves the queue none comes in between */
};
void timer_init(struct timer *t, void (*fn)(void *), void *arg);
bool timer_mod(struct timer *t, u64 expires_ns); /* arm or move; true: it was queued; any context */
bool timer_del(struct timer *t);                 /* true: it was queued; its fn may still be running on another CPU */
bool timer_del_sync(struct timer *t);            /* and wait until fn is not running; not from fn */

/* /proc/timer_list: all that are armed, in order of expiry; the layout is Linux's. */
struct seq_buf;
int timer_show_list(struct seq_buf *s, void *arg);

/* For the PIT interrupt: account the tick, start the timer softirq when the first timer is due, ask for rescheduling. */
void tick(bool user_mode);
int time_init(void);
int timer_system_init(void);

#endif
