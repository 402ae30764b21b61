/* Counting semaphores: down may sleep, up is for any context. */
#ifndef LINUX_SEMAPHORE_H
#define LINUX_SEMAPHORE_H

#include "kernel/include/sluice/prelude.h"
#include <linux/wait.h>

struct semaphore {
	atomic_t count;
	struct wait_queue_head wait;
};
#define DEFINE_SEMAPHORE(name) struct semaphore name = { .count = ATOMIC_INIT(1), .wait = WAIT_QUEUE_INIT((name).wait) }
static inline void sema_init(struct semaphore *s, int n)
{
	atomic_set(&s->count, n);
	wait_queue_init(&s->wait);
}
static inline bool semaphore_take(struct semaphore *s)
{
	s32 n = atomic_read(&s->count);

	while (n > 0 && !__sync_bool_compare_and_swap(&s->count.v, n, n - 1))
		n = atomic_read(&s->count);
	return n > 0;
}
static inline void down(struct semaphore *s) { wait_event_exclusive(s->wait, semaphore_take(s)); }
/* 0, or -ERESTARTSYS when a signal came first. */
static inline int __must_check down_interruptible(struct semaphore *s)
{
	return (int)wait_event_interruptible_exclusive(s->wait, semaphore_take(s));
}
#define down_killable(s) down_interruptible(s)
/* 0: taken; 1: not. Any context. */
static inline int __must_check down_trylock(struct semaphore *s) { return !semaphore_take(s); }
static inline void up(struct semaphore *s)
{
	atomic_inc(&s->count);
	wake_up(&s->wait);
}

#endif
