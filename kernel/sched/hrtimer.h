/*
 * High-resolution timers, with Linux's names (include/linux/hrtimer.h): for what programs wait for, to the nanosecond. Times are u64
 * nanoseconds of one of two clocks; a timer of CLOCK_REALTIME follows when the wall clock is set. Deadlines of the kernel's own, which
 * mostly never come, are struct timer and struct timer_list (time.h, timer_list.h), which end with a tick.
 *
 *  - The function runs in the HRTIMER softirq, never before the time asked for, in order of expiry. It never sleeps. It may start its timer
 *    again, or move it by hrtimer_forward and return HRTIMER_RESTART; with HRTIMER_NORESTART it may also have freed it.
 *  - A timer may be late by its slack (delta), so that several can end with one interrupt. When an expiry, slack included, lies before the
 *    next tick, the local APIC's timer is set for it; otherwise the tick looks. Without an APIC all end with a tick (hrtimer_resolution).
 *  - A user program must not be able to make one fire over and over without doing anything itself: what is periodic goes on only when
 *    somebody has taken notice of the last expiry (timerfd_read, a signal that is delivered), or once a tick.
 */
#ifndef KERNEL_SCHED_HRTIMER_H
#define KERNEL_SCHED_HRTIMER_H

#include "kernel/lib/rbtree.h"
#include "kernel/uapi/time.h"

enum hrtimer_restart { HRTIMER_NORESTART, HRTIMER_RESTART };
enum hrtimer_mode { HRTIMER_MODE_ABS, HRTIMER_MODE_REL };
#define HRTIMER_BASES 2 /* CLOCK_REALTIME and CLOCK_MONOTONIC, by their numbers */

struct hrtimer {
	struct rb_node node;
	u64 softexpires, expires; /* not before the one, not after the other if it can be helped */
	enum hrtimer_restart (*function)(struct hrtimer *t);
	u8 clock;
	volatile bool queued;
};

/* Ready to be started. clock: CLOCK_MONOTONIC or CLOCK_REALTIME. It must not be queued. Any context, like all below but hrtimer_cancel. */
void hrtimer_init(struct hrtimer *t, int clock, enum hrtimer_restart (*function)(struct hrtimer *t));
/* Start or move it: it expires at `time` of its clock (REL: so long from now), at most delta_ns later. true: it was queued. */
bool hrtimer_start_range_ns(struct hrtimer *t, u64 time, u64 delta_ns, enum hrtimer_mode mode);
static inline bool hrtimer_start(struct hrtimer *t, u64 time, enum hrtimer_mode mode) { return hrtimer_start_range_ns(t, time, 0, mode); }
/* Again, with the times it has (after hrtimer_forward). */
bool hrtimer_restart(struct hrtimer *t);
/* 1: it was queued; 0: it was not; -1: its function runs just now, nothing was done. */
int hrtimer_try_to_cancel(struct hrtimer *t);
/* The same, and wait until its function does not run. Not from the function, nor with a lock that it takes, nor in a hard interrupt. */
bool hrtimer_cancel(struct hrtimer *t);
/* Move the expiry of a timer that is not queued behind `now` by whole intervals (not 0); how many that were, at most 2^32 - 1. */
u32 hrtimer_forward(struct hrtimer *t, u64 now, u64 interval);
/* The time of its clock now; how long until it expires, 0 or less when that is past. */
u64 hrtimer_now(const struct hrtimer *t);
static inline s64 hrtimer_get_remaining(const struct hrtimer *t) { return (s64)(t->softexpires - hrtimer_now(t)); }
static inline bool hrtimer_is_queued(const struct hrtimer *t) { return t->queued; }

/* Sleep (state set before) until woken or until deadline_ns of that clock has passed, slack_ns later at most. false: it has. */
bool schedule_hrtimeout_range_clock(u64 deadline_ns, u64 slack_ns, int clock);
/* The same, with the slack of the running task: none for real-time policies, a tick for kernel threads. */
bool schedule_until_clock(u64 deadline_ns, int clock);
#define DEFAULT_TIMER_SLACK_NS 50000u

/* 1 ns; or a tick when there is no device that interrupts in between. */
extern u32 hrtimer_resolution;
/* From time_init: there is a device. */
void hrtimer_enable_highres(void);
/* Hard interrupt: the tick, that of the event device. */
void hrtimer_tick(u64 now_ns);
void hrtimer_interrupt(void);
int hrtimers_init(void);
/* Their part of /proc/timer_list. */
struct seq_buf;
void hrtimer_show(struct seq_buf *s, u64 now_ns);

#endif
