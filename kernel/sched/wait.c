/* Wait queues; the interface and its rules are in wait.h. Entries that count against an exclusive wake-up stand behind all others. */
#include "kernel/sched/wait.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/task.h"

void add_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *e)
{
	u32 flags = spin_lock_irqsave(&wq->lock);

	if (e->flags & WQ_EXCLUSIVE)
		list_add_tail(&e->node, &wq->entries);
	else
		list_add(&e->node, &wq->entries);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void remove_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *e)
{
	u32 flags = spin_lock_irqsave(&wq->lock);

	if (e->node.next) {
		list_unlink(&e->node);
		e->node.next = NULL;
	}
	spin_unlock_irqrestore(&wq->lock, flags);
}

bool default_wake_function(struct wait_queue_entry *e, u32 mode, u32 key)
{
	return wake_up_state(e->private, mode);
}

bool autoremove_wake_function(struct wait_queue_entry *e, u32 mode, u32 key)
{
	if (!wake_up_state(e->private, mode))
		return false;
	list_unlink(&e->node);
	e->node.next = NULL;
	return true;
}

void wake_up_key_locked(struct wait_queue_head *wq, u32 mode, u32 nr_exclusive, u32 key)
{
	struct wait_queue_entry *e, *next;

	list_for_each_entry_safe(e, next, &wq->entries, node) {
		u32 exclusive = e->flags & WQ_EXCLUSIVE; /* the entry may be gone after its callback */
		if (e->func(e, mode, key) && exclusive && nr_exclusive && !--nr_exclusive)
			break;
	}
}

void wake_up_key(struct wait_queue_head *wq, u32 mode, u32 nr_exclusive, u32 key)
{
	u32 flags;

	__sync_synchronize(); /* the condition was stored before the queue is read */
	if (!wait_queue_active(wq))
		return;
	flags = spin_lock_irqsave(&wq->lock);
	wake_up_key_locked(wq, mode, nr_exclusive, key);
	spin_unlock_irqrestore(&wq->lock, flags);
}

struct wait_queue_entry wait_entry_for_current(void)
{
	return (struct wait_queue_entry){ .private = current, .func = autoremove_wake_function };
}

static void prepare(struct wait_queue_head *wq, struct wait_queue_entry *e, u32 state, u32 exclusive)
{
	u32 flags = spin_lock_irqsave(&wq->lock);

	e->flags = exclusive;
	if (!e->node.next) {
		if (exclusive)
			list_add_tail(&e->node, &wq->entries);
		else
			list_add(&e->node, &wq->entries);
	}
	set_current_state(state);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void prepare_to_wait(struct wait_queue_head *wq, struct wait_queue_entry *e, u32 state) { prepare(wq, e, state, 0); }

void prepare_to_wait_exclusive(struct wait_queue_head *wq, struct wait_queue_entry *e, u32 state) { prepare(wq, e, state, WQ_EXCLUSIVE); }

void finish_wait(struct wait_queue_head *wq, struct wait_queue_entry *e)
{
	current->state = TASK_RUNNING;
	if (READ_ONCE(e->node.next))
		remove_wait_queue(wq, e);
}

bool signal_pending_current(void) { return signal_pending(current); }

bool signal_pending_state(u32 state) { return state & TASK_WAKEKILL ? fatal_signal_pending(current) : signal_pending(current); }
