/*
 * Sleeping locks. Process context only, never with a spinlock held. Owner known; recursive acquire and foreign release panic.
 * Uncontended paths are a few instructions and touch no spinlock.
 */
#ifndef KERNEL_SYNC_MUTEX_H
#define KERNEL_SYNC_MUTEX_H

#include "kernel/sched/wait.h"

struct task;
struct mutex {
	struct task *volatile owner;
	struct wait_queue_head wait;
#ifdef CONFIG_DEBUG
	u32 rank;
	const char *name;
#endif
};

#ifdef CONFIG_DEBUG
#define MUTEX_INIT(var, lockname, lockrank) { .owner = NULL, .wait = WAIT_QUEUE_INIT((var).wait), .rank = (lockrank), .name = (lockname) }
#else
#define MUTEX_INIT(var, lockname, lockrank) { .owner = NULL, .wait = WAIT_QUEUE_INIT((var).wait) }
#endif
#define DEFINE_MUTEX_RANK(var, lockrank) struct mutex var = MUTEX_INIT(var, #var, lockrank)
void mutex_init(struct mutex *m, const char *name, enum lock_rank rank);
void mutex_lock(struct mutex *m);
void mutex_lock_nested(struct mutex *m); /* a second one of the same rank */
int __must_check mutex_lock_interruptible(struct mutex *m); /* 0 or -ERESTARTSYS */
bool mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m);
bool mutex_is_held(const struct mutex *m); /* by the current task */
#define assert_mutex_held(m) ASSERT(mutex_is_held(m))

#endif
