/* Completions. done counts completions nobody has used up yet; it is changed under the wait queue's lock only, so that a waiter may free
 * the completion as soon as it got through. */
#include "kernel/sync/completion.h"
#include "kernel/debug/bug.h"
#include "kernel/sched/task.h"

#define DONE_FOR_GOOD (~0u)

void completion_init(struct completion *c)
{
	c->done = 0;
	wait_queue_init(&c->wait);
}

void complete(struct completion *c)
{
	u32 flags = spin_lock_irqsave(&c->wait.lock);

	if (c->done != DONE_FOR_GOOD)
		c->done++;
	wake_up_key_locked(&c->wait, TASK_NORMAL, 1, 0);
	spin_unlock_irqrestore(&c->wait.lock, flags);
}

void complete_all(struct completion *c)
{
	u32 flags = spin_lock_irqsave(&c->wait.lock);

	c->done = DONE_FOR_GOOD;
	wake_up_key_locked(&c->wait, TASK_NORMAL, 0, 0);
	spin_unlock_irqrestore(&c->wait.lock, flags);
}

bool try_wait_for_completion(struct completion *c)
{
	u32 flags = spin_lock_irqsave(&c->wait.lock);
	bool done = c->done != 0;

	if (done && c->done != DONE_FOR_GOOD)
		c->done--;
	spin_unlock_irqrestore(&c->wait.lock, flags);
	return done;
}

void wait_for_completion(struct completion *c) { wait_event_exclusive(&c->wait, try_wait_for_completion(c)); }

int wait_for_completion_interruptible(struct completion *c)
{
	return (int)wait_event_interruptible_exclusive(&c->wait, try_wait_for_completion(c));
}

int wait_for_completion_killable(struct completion *c)
{
	return (int)wait_event_killable_exclusive(&c->wait, try_wait_for_completion(c));
}

bool wait_for_completion_until(struct completion *c, u64 deadline_ns)
{
	return ___wait_event(&c->wait, try_wait_for_completion(c), TASK_UNINTERRUPTIBLE, deadline_ns, 0, true) == 0;
}
