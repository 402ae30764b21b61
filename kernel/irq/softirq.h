/*
 * Softirqs: the first bottom half. A few fixed vectors; raised from a top half, run when the outermost interrupt ends, on a stack per CPU,
 * interrupts on, at most 10 rounds, the rest by the thread ksoftirqd. A softirq never sleeps and never runs twice at once on a CPU.
 */
#ifndef KERNEL_IRQ_SOFTIRQ_H
#define KERNEL_IRQ_SOFTIRQ_H

#include "kernel/lib/types.h"

/* In the order they run when several are pending. */
enum softirq { SOFTIRQ_HI, SOFTIRQ_TIMER, SOFTIRQ_NET, SOFTIRQ_BLOCK, SOFTIRQ_TASKLET, SOFTIRQ_HRTIMER, NR_SOFTIRQS };

void softirq_open(enum softirq nr, const char *name, void (*action)(void)); /* once, at init */
void softirq_raise(enum softirq nr); /* any context; from a process they run at once when interrupts and bh are enabled */
/* Run what is pending; called on interrupt exit and by local_bh_enable. Interrupts may be on or off; they are as before afterwards. */
void softirq_run_pending(void);
/* /proc/softirqs in Linux's format; how many ran since boot. */
struct seq_buf;
int softirq_show(struct seq_buf *s, void *arg);
u64 softirq_total(void);

#endif
