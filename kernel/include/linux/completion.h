/* It has happened: one side completes, the other waits. */
#ifndef LINUX_COMPLETION_H
#define LINUX_COMPLETION_H

#include "kernel/include/sluice/prelude.h"
#include <linux/sched.h>

#define COMPLETION_INITIALIZER(name) { .done = 0, .wait = WAIT_QUEUE_INIT((name).wait) }
#define DECLARE_COMPLETION(name) struct completion name = COMPLETION_INITIALIZER(name)
#define DECLARE_COMPLETION_ONSTACK(name) DECLARE_COMPLETION(name)
#define init_completion(c) completion_init(c)
static inline void reinit_completion(struct completion *c) { c->done = 0; }
/* timeout in jiffies: 0: it passed; else what is left, at least 1. */
static inline unsigned long wait_for_completion_timeout(struct completion *c, unsigned long timeout)
{
	unsigned long until = jiffies + timeout;

	if (!wait_for_completion_until(c, jiffies_to_ktime(until)))
		return 0;
	return (unsigned long)max((long)(until - jiffies), 1l);
}

#endif
