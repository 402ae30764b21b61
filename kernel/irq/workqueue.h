/*
 * Work queues: the third bottom half, for what must sleep. A work item is a function that a thread of the queue calls in process context:
 * it may sleep, take mutexes, allocate with GFP_KERNEL, and do I/O. Names and rules are Linux's (include/linux/workqueue.h):
 *  - An item is either pending or not; queueing a pending one does nothing. From the moment its function is called it may be queued again,
 *    and then runs once more. On one queue it never runs twice at once. The function may free its item.
 *  - A queue has threads of its own: one at first, more (up to max_active) while all others are busy. Items start in the order in which they
 *    were queued; with max_active 1 (alloc_ordered_workqueue) each ends before the next starts.
 *  - Delayed work is a timer that queues the item. Queue an item as the kind that it is, always.
 *  - Queueing: any context. Flushing, cancelling with _sync, making and destroying queues: process context, may sleep; not from an item that
 *    would wait for itself, nor with a lock held that the awaited function takes.
 *  - Before the memory of an item goes: stop what queues it, then cancel_work_sync or cancel_delayed_work_sync.
 */
#ifndef KERNEL_IRQ_WORKQUEUE_H
#define KERNEL_IRQ_WORKQUEUE_H

#include "kernel/lib/list.h"
#include "kernel/sched/timer_list.h"

struct work_struct;
struct workqueue_struct;
typedef void (*work_func_t)(struct work_struct *work);

#define WORK_PENDING BIT(0)    /* in a queue, or its timer counts, or whoever cancels it holds it */
#define WORK_CANCELLING BIT(1) /* a cancel_..._sync is under way */

struct work_struct {
	volatile u32 flags;
	u32 seq;                     /* its place among all that was queued there: workqueue.c */
	struct workqueue_struct *wq; /* where it was queued last */
	struct list_head entry;
	work_func_t func;
};
struct delayed_work {
	struct work_struct work;
	struct timer_list timer;
	struct workqueue_struct *wq; /* where the timer queues it */
};

void delayed_work_timer_fn(struct timer_list *t);
#define WORK_INIT(name, fn) { .entry = LIST_HEAD_INIT((name).entry), .func = (fn) }
#define DECLARE_WORK(name, fn) struct work_struct name = WORK_INIT(name, fn)
#define DECLARE_DELAYED_WORK(name, fn) \
	struct delayed_work name = { .work = WORK_INIT((name).work, fn), .timer = TIMER_LIST_INIT((name).timer, delayed_work_timer_fn, TIMER_IRQSAFE) }
#define INIT_WORK(w, fn) (*(w) = (struct work_struct)WORK_INIT(*(w), fn))
#define INIT_DELAYED_WORK(d, fn) do { \
		INIT_WORK(&(d)->work, fn); \
		timer_setup(&(d)->timer, delayed_work_timer_fn, TIMER_IRQSAFE); \
	} while (0)
static inline struct delayed_work *to_delayed_work(struct work_struct *w) { return container_of(w, struct delayed_work, work); }
#define work_pending(w) (((w)->flags & WORK_PENDING) != 0)
#define delayed_work_pending(d) work_pending(&(d)->work)

/* The queue for whatever needs none of its own: its items may sleep, but others wait behind them. */
extern struct workqueue_struct *system_wq;

#define WQ_HIGHPRI BIT(4) /* its threads have nice value -20; the other flags of Linux mean nothing here and are ignored */
#define WQ_UNBOUND BIT(1)
#define WQ_FREEZABLE BIT(2)
#define WQ_MEM_RECLAIM BIT(3)
#define WQ_CPU_INTENSIVE BIT(5)
#define WQ_SYSFS BIT(6)
#define WQ_DFL_ACTIVE 4u
/* max_active 0: WQ_DFL_ACTIVE. The threads are called "kworker/NAME". NULL: no memory. */
struct workqueue_struct *alloc_workqueue(const char *name_fmt, u32 flags, u32 max_active, ...) __printf(1, 4);
#define alloc_ordered_workqueue(name_fmt, flags, ...) alloc_workqueue(name_fmt, flags, 1, ##__VA_ARGS__)
#define create_workqueue(name) alloc_workqueue("%s", 0, 0, (name))
#define create_singlethread_workqueue(name) alloc_ordered_workqueue("%s", 0, (name))
/* Runs what is queued, ends the threads. Nobody may queue any more, and no delayed work for it may be waiting. */
void destroy_workqueue(struct workqueue_struct *wq);

/* true: it was not pending and is now. delay in jiffies, 0: at once. mod: also move it when it was pending (true: it was). */
bool queue_work(struct workqueue_struct *wq, struct work_struct *work);
bool queue_delayed_work(struct workqueue_struct *wq, struct delayed_work *d, unsigned long delay);
bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *d, unsigned long delay);
static inline bool schedule_work(struct work_struct *work) { return queue_work(system_wq, work); }
static inline bool schedule_delayed_work(struct delayed_work *d, unsigned long delay) { return queue_delayed_work(system_wq, d, delay); }

/* Wait until the run asked for last has ended; a delayed one is not waited for but run at once. false: there was nothing to wait for. */
bool flush_work(struct work_struct *work);
bool flush_delayed_work(struct delayed_work *d);
/* Wait until all that was queued before this call has run. */
void flush_workqueue(struct workqueue_struct *wq);
#define flush_scheduled_work() flush_workqueue(system_wq)
/* The same, and what the items queue meanwhile, until nothing is left. */
void drain_workqueue(struct workqueue_struct *wq);
/* Not pending any more; true: it was. _sync: and not running either, and who queues it meanwhile (even itself) is not heard. */
bool cancel_work(struct work_struct *work);
bool cancel_work_sync(struct work_struct *work);
bool cancel_delayed_work(struct delayed_work *d);
bool cancel_delayed_work_sync(struct delayed_work *d);
/* The item whose function the caller is part of; NULL: none. */
struct work_struct *current_work(void);

#endif
