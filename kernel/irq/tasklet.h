/*
 * Tasklets: the second bottom half, for drivers; one function run in a softirq some time after it was asked for. Names and rules are
 * Linux's (include/linux/interrupt.h):
 *  - It runs in softirq context, interrupts on: it never sleeps, takes no mutex, touches no user memory.
 *  - It never runs twice at once, on no number of CPUs. Different tasklets may.
 *  - Scheduled while it waits to run: it runs once. Scheduled while it runs: it runs once more.
 *  - The usual pair: the top half acknowledges its device and calls tasklet_schedule; the function does what takes time.
 *  - Before its memory goes: stop what schedules it (free_irq), then tasklet_kill.
 */
#ifndef KERNEL_IRQ_TASKLET_H
#define KERNEL_IRQ_TASKLET_H

#include "kernel/lib/types.h"
#include "kernel/sync/atomic.h"

#define TASKLET_STATE_SCHED BIT(0)  /* to be run */
#define TASKLET_STATE_RUN BIT(1)    /* its function runs */
#define TASKLET_STATE_PARKED BIT(2) /* came up while disabled; tasklet_enable puts it back into the queue */
#define TASKLET_STATE_HI BIT(3)     /* scheduled last by tasklet_hi_schedule */

struct tasklet_struct {
	struct tasklet_struct *next; /* in the queue of a CPU */
	volatile u32 state;
	atomic_t count;              /* depth of tasklet_disable */
	bool use_callback;           /* which of the two forms it was made with */
	union {
		void (*func)(unsigned long data);
		void (*callback)(struct tasklet_struct *t);
	};
	unsigned long data;
};

#define DECLARE_TASKLET(name, fn) struct tasklet_struct name = { .use_callback = true, .callback = (fn) }
#define DECLARE_TASKLET_DISABLED(name, fn) struct tasklet_struct name = { .count = ATOMIC_INIT(1), .use_callback = true, .callback = (fn) }
/* In a callback: the structure that contains the tasklet. */
#define from_tasklet(var, callback_tasklet, tasklet_field) container_of(callback_tasklet, __typeof__(*(var)), tasklet_field)

/* The two forms: the function gets the tasklet, or a number given here. Any context; the tasklet must not be in use. */
void tasklet_setup(struct tasklet_struct *t, void (*callback)(struct tasklet_struct *t));
void tasklet_init(struct tasklet_struct *t, void (*func)(unsigned long data), unsigned long data);
/* Run it soon; nothing happens when it already waits. hi: before timers and other softirqs. Any context. */
void tasklet_schedule(struct tasklet_struct *t);
void tasklet_hi_schedule(struct tasklet_struct *t);
/* Keep it from running, with a depth, and wait for a run under way; nosync does not wait. What is scheduled meanwhile runs after enable. */
void tasklet_disable(struct tasklet_struct *t);        /* process context, may sleep */
void tasklet_disable_nosync(struct tasklet_struct *t); /* any context */
void tasklet_enable(struct tasklet_struct *t);         /* any context */
/* Afterwards it neither runs nor waits to run; a disabled one that waits is dropped. Whoever schedules it must have stopped. May sleep. */
void tasklet_kill(struct tasklet_struct *t);

#endif
