/*
 * Wait queues. The condition is an argument of wait_event*, checked after the task is on the queue, so no wake-up is lost.
 * wake_up*: any context. wait_event*: process context, may sleep, no spinlock held.
 * Entries carry a callback: waking a task is the default one, poll and epoll bring their own.
 */
#ifndef KERNEL_SCHED_WAIT_H
#define KERNEL_SCHED_WAIT_H

#include "kernel/lib/err.h"
#include "kernel/lib/list.h"
#include "kernel/sync/spinlock.h"

struct task;
struct wait_queue_entry;
/* Returns whether the entry used the wake-up up (counts against an exclusive limit). Called with the queue's lock held, any context. */
typedef bool (*wait_func)(struct wait_queue_entry *e, u32 mode, u32 key);

struct wait_queue_head {
	struct spinlock lock;
	struct list_head entries;
};

#define WQ_EXCLUSIVE 1u
struct wait_queue_entry {
	u32 flags;
	void *private; /* default callback: the struct task to wake */
	wait_func func;
	struct list_head node; /* node.next NULL: not on a queue */
};

#define WAIT_QUEUE_INIT(wq) { .lock = SPINLOCK_INIT("waitq", RANK_WAITQ), .entries = LIST_HEAD_INIT((wq).entries) }
#define DEFINE_WAIT_QUEUE(var) struct wait_queue_head var = WAIT_QUEUE_INIT(var)
static inline void wait_queue_init(struct wait_queue_head *wq)
{
	spin_lock_init(&wq->lock, "waitq", RANK_WAITQ);
	INIT_LIST_HEAD(&wq->entries);
}
static inline bool wait_queue_active(const struct wait_queue_head *wq) { return !list_empty(&wq->entries); }

/* Task states, as in /proc/PID/stat. */
#define TASK_RUNNING 0u
#define TASK_INTERRUPTIBLE 1u
#define TASK_UNINTERRUPTIBLE 2u
#define TASK_STOPPED 4u
#define TASK_ZOMBIE 16u
#define TASK_DEAD 32u
#define TASK_WAKEKILL 64u
#define TASK_NORMAL (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)
#define TASK_KILLABLE (TASK_UNINTERRUPTIBLE | TASK_WAKEKILL) /* no signal but SIGKILL ends it */

void add_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *e);
void remove_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *e);
bool default_wake_function(struct wait_queue_entry *e, u32 mode, u32 key);
/* The same, and the entry leaves the queue when its task was woken: what wait_entry_for_current uses. */
bool autoremove_wake_function(struct wait_queue_entry *e, u32 mode, u32 key);
/* Wake all non-exclusive entries and up to nr exclusive ones (0: all) whose task state is in mode. key: poll events, 0 for any. */
void wake_up_key(struct wait_queue_head *wq, u32 mode, u32 nr_exclusive, u32 key);
void wake_up_key_locked(struct wait_queue_head *wq, u32 mode, u32 nr_exclusive, u32 key); /* wq->lock held */
#define wake_up(wq) wake_up_key((wq), TASK_NORMAL, 1, 0)
#define wake_up_all(wq) wake_up_key((wq), TASK_NORMAL, 0, 0)
#define wake_up_poll(wq, events) wake_up_key((wq), TASK_NORMAL, 1, (events))

/* The parts of wait_event: queue the entry and set the state; then test; then schedule; at the end take it off again. */
void prepare_to_wait(struct wait_queue_head *wq, struct wait_queue_entry *e, u32 state);
void prepare_to_wait_exclusive(struct wait_queue_head *wq, struct wait_queue_entry *e, u32 state);
void finish_wait(struct wait_queue_head *wq, struct wait_queue_entry *e);
struct wait_queue_entry wait_entry_for_current(void);
void schedule(void);
/* Sleep (state set before) until woken or the deadline (ktime_ns; ~0: none), by a timer of hrtimer.h. Returns false once the deadline has passed. */
bool schedule_until(u64 deadline_ns);
bool signal_pending_current(void);
/* Has the caller a signal to look at, given the state it sleeps in: any in TASK_INTERRUPTIBLE, SIGKILL alone in TASK_KILLABLE? */
bool signal_pending_state(u32 state);

#define ___wait_event(wq, cond, state, deadline, on_signal, excl) ({ \
		long ret_ = 0; \
		might_sleep(); \
		if (!(cond)) { \
			struct wait_queue_entry we_ = wait_entry_for_current(); \
			for (;;) { \
				if (excl) \
					prepare_to_wait_exclusive((wq), &we_, (state)); \
				else \
					prepare_to_wait((wq), &we_, (state)); \
				if (cond) \
					break; \
				if (((state) & (TASK_INTERRUPTIBLE | TASK_WAKEKILL)) && signal_pending_state(state)) { \
					ret_ = (on_signal); \
					break; \
				} \
				bool in_time_ = schedule_until(deadline); \
				if (cond) /* woken for good: no need to queue again */ \
					break; \
				if (!in_time_) { \
					ret_ = -ETIMEDOUT; \
					break; \
				} \
			} \
			finish_wait((wq), &we_); \
		} \
		ret_; \
	})
#define WAIT_FOREVER (~0ull)
#define wait_event(wq, cond) ((void)___wait_event(wq, cond, TASK_UNINTERRUPTIBLE, WAIT_FOREVER, 0, false))
#define wait_event_exclusive(wq, cond) ((void)___wait_event(wq, cond, TASK_UNINTERRUPTIBLE, WAIT_FOREVER, 0, true))
/* 0 or -ERESTARTSYS. */
#define wait_event_interruptible(wq, cond) ___wait_event(wq, cond, TASK_INTERRUPTIBLE, WAIT_FOREVER, -ERESTARTSYS, false)
#define wait_event_interruptible_exclusive(wq, cond) ___wait_event(wq, cond, TASK_INTERRUPTIBLE, WAIT_FOREVER, -ERESTARTSYS, true)
/* 0 or -EINTR: killed. */
#define wait_event_killable_exclusive(wq, cond) ___wait_event(wq, cond, TASK_KILLABLE, WAIT_FOREVER, -EINTR, true)
/* 0 or -ETIMEDOUT (and -ERESTARTSYS). The deadline is a ktime_ns value. */
#define wait_event_until(wq, cond, deadline_ns) ___wait_event(wq, cond, TASK_UNINTERRUPTIBLE, deadline_ns, 0, false)
#define wait_event_interruptible_until(wq, cond, deadline_ns) ___wait_event(wq, cond, TASK_INTERRUPTIBLE, deadline_ns, -ERESTARTSYS, false)

#include "kernel/debug/bug.h"
#endif
