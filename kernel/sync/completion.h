/* "It has happened": one side completes, the other waits. complete(): any context; waiting: process context, may sleep. */
#ifndef KERNEL_SYNC_COMPLETION_H
#define KERNEL_SYNC_COMPLETION_H

#include "kernel/sched/wait.h"

struct completion {
	u32 done;
	struct wait_queue_head wait;
};

void completion_init(struct completion *c);
void complete(struct completion *c);     /* lets one waiter through */
void complete_all(struct completion *c); /* lets all through, for good */
void wait_for_completion(struct completion *c);
int __must_check wait_for_completion_interruptible(struct completion *c); /* 0 or -ERESTARTSYS */
int __must_check wait_for_completion_killable(struct completion *c); /* 0 or -EINTR: SIGKILL came first */
bool try_wait_for_completion(struct completion *c); /* without waiting; any context */
/* true: completed; false: deadline (ktime_ns value) passed first. */
bool __must_check wait_for_completion_until(struct completion *c, u64 deadline_ns);

#endif
