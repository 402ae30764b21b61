/* Wait queues. wait_event...: process context, no spinlock held; wake_up...: any context. */
#ifndef LINUX_WAIT_H
#define LINUX_WAIT_H

#include "kernel/include/sluice/prelude.h"

typedef struct wait_queue_head wait_queue_head_t;
typedef struct wait_queue_entry wait_queue_entry_t;
#define DECLARE_WAIT_QUEUE_HEAD(name) DEFINE_WAIT_QUEUE(name)
#define init_waitqueue_head(wq) wait_queue_init(wq)
#define DEFINE_WAIT(name) struct wait_queue_entry name = wait_entry_for_current()
#define waitqueue_active(wq) wait_queue_active(wq)
#define wake_up_nr(wq, nr) wake_up_key((wq), TASK_NORMAL, (nr), 0)
#define wake_up_interruptible(wq) wake_up_key((wq), TASK_INTERRUPTIBLE, 1, 0)
#define wake_up_interruptible_all(wq) wake_up_key((wq), TASK_INTERRUPTIBLE, 0, 0)
#define wake_up_interruptible_sync(wq) wake_up_interruptible(wq)
#define wake_up_interruptible_poll(wq, events) wake_up_key((wq), TASK_INTERRUPTIBLE, 1, (events))

/* The queue itself is given, not its address, as on Linux. */
#undef wait_event
#undef wait_event_exclusive
#undef wait_event_interruptible
#undef wait_event_interruptible_exclusive
#define wait_event(wq, cond) ((void)___wait_event(&(wq), cond, TASK_UNINTERRUPTIBLE, WAIT_FOREVER, 0, false))
#define wait_event_exclusive(wq, cond) ((void)___wait_event(&(wq), cond, TASK_UNINTERRUPTIBLE, WAIT_FOREVER, 0, true))
/* 0, or -ERESTARTSYS when a signal came first: a driver returns it. */
#define wait_event_interruptible(wq, cond) ___wait_event(&(wq), cond, TASK_INTERRUPTIBLE, WAIT_FOREVER, -ERESTARTSYS, false)
#define wait_event_interruptible_exclusive(wq, cond) ___wait_event(&(wq), cond, TASK_INTERRUPTIBLE, WAIT_FOREVER, -ERESTARTSYS, true)
#define wait_event_killable wait_event_interruptible
/* timeout in jiffies. 0: it passed and cond is still false; else what is left of it, at least 1; interruptible also -ERESTARTSYS. */
#define WAIT_EVENT_TIMEOUT(wq, cond, timeout, state, on_signal) ({ \
		unsigned long until_ = jiffies + (timeout); \
		long result_ = ___wait_event(&(wq), cond, state, jiffies_to_ktime(until_), on_signal, false); \
		long left_ = (long)(until_ - jiffies); \
		result_ == -ETIMEDOUT ? 0 : result_ ? result_ : max(left_, 1l); \
	})
#define wait_event_timeout(wq, cond, timeout) WAIT_EVENT_TIMEOUT(wq, cond, timeout, TASK_UNINTERRUPTIBLE, 0)
#define wait_event_interruptible_timeout(wq, cond, timeout) WAIT_EVENT_TIMEOUT(wq, cond, timeout, TASK_INTERRUPTIBLE, -ERESTARTSYS)

#endif
