/*
 * Timers with callbacks, as drivers use them: Linux's names, expiry in jiffies, and a function that gets the timer itself (from_timer leads
 * to the structure around it). They are the timers of kernel/sched/time.h; this is only how a driver sees them.
 *  - The function runs once, in the timer softirq: it never sleeps and takes no mutex. It may arm its timer again with mod_timer.
 *  - It never runs before the jiffy it was armed for has begun.
 *  - Before the memory of a timer goes: stop what arms it, then del_timer_sync. Not from its own function, and not with a lock held that
 *    the function takes.
 */
#ifndef KERNEL_SCHED_TIMER_LIST_H
#define KERNEL_SCHED_TIMER_LIST_H

#include "kernel/sched/jiffies.h"
#include "kernel/sched/time.h"

struct timer_list {
	struct timer core;
	unsigned long expires; /* jiffies, of the last mod_timer */
	void (*function)(struct timer_list *t);
};

void timer_list_fn(void *timer); /* struct timer's function for all of them */

#define TIMER_IRQSAFE 0x00200000u /* the function runs with interrupts off */
#define TIMER_LIST_INIT(name, callback, flags) \
	{ .core = { .fn = timer_list_fn, .arg = &(name), .irqsafe = (flags) & TIMER_IRQSAFE }, .function = (callback) }
#define DEFINE_TIMER(name, callback) struct timer_list name = TIMER_LIST_INIT(name, callback, 0)
/* In a callback: the structure that contains the timer. */
#define from_timer(var, callback_timer, timer_field) container_of(callback_timer, __typeof__(*(var)), timer_field)

/* Make it ready to be armed; it must not be pending. flags: 0 or TIMER_IRQSAFE. Any context. */
void timer_setup(struct timer_list *t, void (*function)(struct timer_list *t), unsigned int flags);
/* Arm it or move it; 1: it was pending. Any context. */
int mod_timer(struct timer_list *t, unsigned long expires);
/* Arm it for t->expires; it must not be pending. Any context. */
void add_timer(struct timer_list *t);
/* Disarm; 1: it was pending. The function may still be running; any context. _sync waits for it; not in a hard interrupt. */
static inline int del_timer(struct timer_list *t) { return timer_del(&t->core); }
static inline int del_timer_sync(struct timer_list *t) { return timer_del_sync(&t->core); }
static inline int timer_delete(struct timer_list *t) { return del_timer(t); }
static inline int timer_delete_sync(struct timer_list *t) { return del_timer_sync(t); }
static inline int timer_pending(const struct timer_list *t) { return t->core.queued; }

#endif
