/* Kernel threads, inside: what kthread_run hands to the new thread. */
#ifndef KERNEL_SCHED_KTHREAD_H
#define KERNEL_SCHED_KTHREAD_H

#include "kernel/sync/completion.h"

struct kthread {
	int (*fn)(void *arg);
	void *arg;
	volatile bool should_stop;
	int result;
	struct completion exited;
};

/* The frame switch_to pops when t runs for the first time (kernel/hal/switch.asm); top: first byte above it. */
void task_first_frame(struct task *t, void *top, void (*start)(void), void *fn, void *arg);
void fork_return(void);
void kthread_return(void);

#endif
