/*
 * Work queues (workqueue.h). Whoever sets WORK_PENDING owns the item until it is in the list of a queue; from there a worker or a canceller
 * takes it under the queue's lock. Before a worker calls a function it makes sure that another one is idle, so that an item that sleeps
 * does not hold up the rest. Each queueing has a number (seq); flushing waits for numbers, never for an item's memory, because the
 * function may have freed it.
 * Locks: wq->lock (RANK_WORK), also taken in hard interrupts; queues_lock (RANK_WORK) for the list of queues alone.
 */
#include "kernel/irq/workqueue.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/cpu.h"
#include "kernel/init.h"
#include "kernel/lib/err.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "kernel/sched/wait.h"
#include "kernel/sync/spinlock.h"
#include "mm/alloc.h"

struct worker {
	struct workqueue_struct *wq;
	struct task *task;
	struct work_struct *work; /* whose function runs; NULL: none. Only compared: the item may be gone */
	u32 seq;                  /* its number */
	bool idle;
	struct list_head node;
};

struct workqueue_struct {
	char name[16];
	u32 flags, max_active;
	struct spinlock lock;
	struct list_head pending; /* items in the order they came */
	struct list_head workers;
	u32 nr_workers;
	u32 seq;                  /* of the item queued last */
	bool draining;            /* only its own items may queue */
	struct wait_queue_head done; /* an item has ended or was taken out */
	struct list_head node;
};

#define HIGHPRI_NICE -20

struct workqueue_struct *system_wq;

static LIST_HEAD(queues);
static DEFINE_SPINLOCK(queues_lock, RANK_WORK);
static DEFINE_WAIT_QUEUE(cancel_wait); /* a cancel_..._sync is through */

/* ---- workers ---- */

static struct worker *running(struct workqueue_struct *wq, const struct work_struct *work)
{
	struct worker *w;

	list_for_each_entry(w, &wq->workers, node)
		if (w->work == work)
			return w;
	return NULL;
}

static struct worker *idle_worker(struct workqueue_struct *wq)
{
	struct worker *w;

	list_for_each_entry(w, &wq->workers, node)
		if (w->idle)
			return w;
	return NULL;
}

/* The first item that may start now: not one whose last run has not ended. */
static struct work_struct *next_item(struct workqueue_struct *wq)
{
	struct work_struct *work;

	list_for_each_entry(work, &wq->pending, entry)
		if (!running(wq, work))
			return work;
	return NULL;
}

static int worker_main(void *arg);

/* One more thread, if the queue may have one more. 0 or -errno. */
static int add_worker(struct workqueue_struct *wq)
{
	static struct kmem_cache *cache;
	struct worker *w;

	if (unlikely(!cache))
		cache = kmem_cache_create("worker", sizeof(*w), 0, NULL);
	w = kmem_cache_alloc(cache, GFP_KERNEL | GFP_ZERO);
	if (!w)
		return -ENOMEM;
	w->wq = wq;
	spin_lock_irq(&wq->lock);
	u32 nr = wq->nr_workers;
	if (nr < wq->max_active) {
		list_add_tail(&w->node, &wq->workers);
		wq->nr_workers++;
	}
	spin_unlock_irq(&wq->lock);
	if (nr >= wq->max_active) {
		kfree(w);
		return 0;
	}
	struct task *t = nr ? kthread_run(worker_main, w, "kworker/%s:%u", wq->name, nr) : kthread_run(worker_main, w, "kworker/%s", wq->name);
	if (!IS_ERR(t)) {
		w->task = t;
		if (wq->flags & WQ_HIGHPRI)
			set_user_nice(t, HIGHPRI_NICE);
		return 0;
	}
	spin_lock_irq(&wq->lock);
	list_del(&w->node);
	wq->nr_workers--;
	spin_unlock_irq(&wq->lock);
	kfree(w);
	return (int)PTR_ERR(t);
}

/* Lock held; dropped and taken again. */
static void run_item(struct worker *w, struct work_struct *work)
{
	struct workqueue_struct *wq = w->wq;
	work_func_t func = work->func;
	bool spare = idle_worker(wq) || wq->nr_workers >= wq->max_active;

	list_del_init(&work->entry);
	w->work = work;
	w->seq = work->seq;
	atomic_and(&work->flags, ~WORK_PENDING);
	spin_unlock_irq(&wq->lock);
	if (!spare && add_worker(wq))
		pr_warn("workqueue %s: no memory for another thread; items wait for each other\n", wq->name);
	func(work);
	if (in_atomic() || !irqs_enabled())
		panic("workqueue %s: %pS ended in atomic context (preempt_count %#x)", wq->name, func, preempt_count());
	cond_resched();
	spin_lock_irq(&wq->lock);
	w->work = NULL;
	spin_unlock_irq(&wq->lock);
	wake_up_all(&wq->done);
	spin_lock_irq(&wq->lock);
}

static int worker_main(void *arg)
{
	struct worker *w = arg;
	struct workqueue_struct *wq = w->wq;
	struct work_struct *work;

	spin_lock_irq(&wq->lock);
	w->task = current;
	for (;;) {
		while ((work = next_item(wq)))
			run_item(w, work);
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		w->idle = true;
		spin_unlock_irq(&wq->lock);
		schedule();
		spin_lock_irq(&wq->lock);
		w->idle = false;
	}
	set_current_state(TASK_RUNNING);
	spin_unlock_irq(&wq->lock);
	return 0;
}

static struct worker *current_worker(void)
{
	struct worker *found = NULL, *w;
	struct workqueue_struct *wq;

	if (in_interrupt() || !(current->flags & PF_KTHREAD))
		return NULL;
	u32 flags = spin_lock_irqsave(&queues_lock);
	list_for_each_entry(wq, &queues, node) {
		spin_lock_nested(&wq->lock);
		list_for_each_entry(w, &wq->workers, node)
			if (w->task == current)
				found = w;
		spin_unlock(&wq->lock);
	}
	spin_unlock_irqrestore(&queues_lock, flags);
	return found;
}

struct work_struct *current_work(void)
{
	const struct worker *w = current_worker();

	return w ? w->work : NULL;
}

/* ---- queueing ---- */

/* WORK_PENDING is the caller's; interrupts are off. */
static void insert(struct workqueue_struct *wq, struct work_struct *work)
{
	spin_lock(&wq->lock);
	work->wq = wq;
	work->seq = ++wq->seq;
	list_add_tail(&work->entry, &wq->pending);
	struct worker *w = idle_worker(wq);
	if (w) {
		w->idle = false;
		wake_up_process(w->task);
	}
	spin_unlock(&wq->lock);
}

static bool accepts(struct workqueue_struct *wq)
{
	if (likely(!wq->draining))
		return true;
	const struct worker *w = current_worker();
	return !WARN_ON(!w || w->wq != wq);
}

bool queue_work(struct workqueue_struct *wq, struct work_struct *work)
{
	u32 flags = irq_save();
	bool mine = accepts(wq) && !atomic_test_and_set(&work->flags, WORK_PENDING);

	if (mine)
		insert(wq, work);
	irq_restore(flags);
	return mine;
}

/* Its timer is one that keeps interrupts off. */
void delayed_work_timer_fn(struct timer_list *t)
{
	struct delayed_work *d = from_timer(d, t, timer);

	insert(d->wq, &d->work);
}

/* WORK_PENDING is the caller's; interrupts are off. */
static void start_delay(struct workqueue_struct *wq, struct delayed_work *d, unsigned long delay)
{
	d->wq = wq;
	if (delay)
		mod_timer(&d->timer, jiffies + delay);
	else
		insert(wq, &d->work);
}

bool queue_delayed_work(struct workqueue_struct *wq, struct delayed_work *d, unsigned long delay)
{
	u32 flags = irq_save();
	bool mine = accepts(wq) && !atomic_test_and_set(&d->work.flags, WORK_PENDING);

	if (mine)
		start_delay(wq, d, delay);
	irq_restore(flags);
	return mine;
}

/* ---- taking back ---- */

/* The queue where the item was last, if there still is such a queue. */
static struct workqueue_struct *queue_of(const struct work_struct *work)
{
	struct workqueue_struct *wq, *found = NULL;
	u32 flags = spin_lock_irqsave(&queues_lock);

	list_for_each_entry(wq, &queues, node)
		if (wq == work->wq)
			found = wq;
	spin_unlock_irqrestore(&queues_lock, flags);
	return found;
}

static bool take_out(struct work_struct *work)
{
	struct workqueue_struct *wq = queue_of(work);
	bool was;

	if (!wq)
		return false;
	u32 flags = spin_lock_irqsave(&wq->lock);
	was = !list_empty(&work->entry);
	if (was)
		list_del_init(&work->entry);
	spin_unlock_irqrestore(&wq->lock, flags);
	if (was)
		wake_up_all(&wq->done);
	return was;
}

/*
 * Make WORK_PENDING ours, with interrupts off, as it is for everybody who has it outside a queue or timer: so an interrupt that wants it
 * never waits for what it interrupted. d: the delayed work around it, or NULL. 1: it was pending, 0: it was not, -EBUSY: somebody else
 * cancels it (then interrupts are as before). Give flags to irq_restore.
 */
static int grab(struct work_struct *work, struct delayed_work *d, u32 *flags)
{
	*flags = irq_save();
	for (;;) {
		if (!atomic_test_and_set(&work->flags, WORK_PENDING))
			return 0;
		if ((d && del_timer(&d->timer)) || take_out(work))
			return 1;
		if (work->flags & WORK_CANCELLING) {
			irq_restore(*flags);
			return -EBUSY;
		}
		cpu_relax(); /* between its timer and the queue, on another CPU */
	}
}

static bool cancel(struct work_struct *work, struct delayed_work *d)
{
	u32 flags;
	int was = grab(work, d, &flags);

	if (was < 0)
		return false;
	atomic_and(&work->flags, ~WORK_PENDING);
	irq_restore(flags);
	return was;
}

bool cancel_work(struct work_struct *work) { return cancel(work, NULL); }
bool cancel_delayed_work(struct delayed_work *d) { return cancel(&d->work, d); }

static bool is_running(struct workqueue_struct *wq, const struct work_struct *work)
{
	u32 flags = spin_lock_irqsave(&wq->lock);
	bool yes = running(wq, work);

	spin_unlock_irqrestore(&wq->lock, flags);
	return yes;
}

/* Holding WORK_PENDING until the function has ended keeps everybody, also the function, from queueing it. */
static bool cancel_sync(struct work_struct *work, struct delayed_work *d)
{
	u32 flags;
	int was;

	might_sleep();
	while ((was = grab(work, d, &flags)) < 0)
		wait_event(&cancel_wait, !(work->flags & WORK_CANCELLING));
	atomic_or(&work->flags, WORK_CANCELLING);
	irq_restore(flags);
	struct workqueue_struct *wq = queue_of(work);
	if (wq && !WARN_ON(current_work() == work))
		wait_event(&wq->done, !is_running(wq, work));
	atomic_and(&work->flags, ~(WORK_PENDING | WORK_CANCELLING));
	wake_up_all(&cancel_wait);
	return was > 0;
}

bool cancel_work_sync(struct work_struct *work) { return cancel_sync(work, NULL); }
bool cancel_delayed_work_sync(struct delayed_work *d) { return cancel_sync(&d->work, d); }

bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *d, unsigned long delay)
{
	u32 flags;
	int was = grab(&d->work, d, &flags);

	if (was < 0)
		return false;
	start_delay(wq, d, delay);
	irq_restore(flags);
	return was;
}

/* ---- waiting ---- */

/* The number of the item's pending or running instance; false: none. */
static bool instance(struct workqueue_struct *wq, const struct work_struct *work, u32 *seq)
{
	u32 flags = spin_lock_irqsave(&wq->lock);
	const struct worker *w = running(wq, work);
	bool found = w;
	const struct work_struct *p;

	if (w)
		*seq = w->seq;
	list_for_each_entry(p, &wq->pending, entry)
		if (p == work) {
			*seq = p->seq;
			found = true;
		}
	spin_unlock_irqrestore(&wq->lock, flags);
	return found;
}

/* Is anything with a number up to seq still to end? work: look only at this item. */
static bool busy(struct workqueue_struct *wq, const struct work_struct *work, u32 seq)
{
	u32 flags = spin_lock_irqsave(&wq->lock);
	const struct work_struct *p;
	const struct worker *w;
	bool yes = false;

	list_for_each_entry(p, &wq->pending, entry)
		yes |= (!work || p == work) && (s32)(p->seq - seq) <= 0;
	list_for_each_entry(w, &wq->workers, node)
		yes |= w->work && (!work || w->work == work) && (s32)(w->seq - seq) <= 0;
	spin_unlock_irqrestore(&wq->lock, flags);
	return yes;
}

bool flush_work(struct work_struct *work)
{
	struct workqueue_struct *wq = queue_of(work);
	u32 seq;

	might_sleep();
	if (!wq || !instance(wq, work, &seq) || WARN_ON(current_work() == work))
		return false;
	wait_event(&wq->done, !busy(wq, work, seq));
	return true;
}

bool flush_delayed_work(struct delayed_work *d)
{
	u32 flags = irq_save();

	if (del_timer(&d->timer))
		insert(d->wq, &d->work);
	irq_restore(flags);
	return flush_work(&d->work);
}

void flush_workqueue(struct workqueue_struct *wq)
{
	u32 seq = wq->seq;
	const struct worker *w = current_worker();

	might_sleep();
	if (!WARN_ON(w && w->wq == wq))
		wait_event(&wq->done, !busy(wq, NULL, seq));
}

void drain_workqueue(struct workqueue_struct *wq)
{
	bool outer = wq->draining;

	wq->draining = true;
	do
		flush_workqueue(wq);
	while (busy(wq, NULL, wq->seq));
	wq->draining = outer;
}

/* ---- queues ---- */

struct workqueue_struct *alloc_workqueue(const char *name_fmt, u32 flags, u32 max_active, ...)
{
	struct workqueue_struct *wq = kzalloc(sizeof(*wq), GFP_KERNEL);
	va_list ap;

	if (!wq)
		return NULL;
	va_start(ap, max_active);
	kvsnprintf(wq->name, sizeof(wq->name), name_fmt, ap);
	va_end(ap);
	wq->flags = flags;
	wq->max_active = max_active ? max_active : WQ_DFL_ACTIVE;
	spin_lock_init(&wq->lock, "workqueue", RANK_WORK);
	INIT_LIST_HEAD(&wq->pending);
	INIT_LIST_HEAD(&wq->workers);
	wait_queue_init(&wq->done);
	if (add_worker(wq)) {
		kfree(wq);
		return NULL;
	}
	spin_lock_irq(&queues_lock);
	list_add_tail(&wq->node, &queues);
	spin_unlock_irq(&queues_lock);
	return wq;
}

void destroy_workqueue(struct workqueue_struct *wq)
{
	wq->draining = true;
	drain_workqueue(wq);
	spin_lock_irq(&queues_lock);
	list_del(&wq->node);
	spin_unlock_irq(&queues_lock);
	while (!list_empty(&wq->workers)) {
		struct worker *w = list_first_entry(&wq->workers, struct worker, node);

		kthread_stop(w->task);
		spin_lock_irq(&wq->lock);
		list_del(&w->node);
		spin_unlock_irq(&wq->lock);
		kfree(w);
	}
	kfree(wq);
}

int workqueue_init(void)
{
	system_wq = alloc_workqueue("events", 0, 0);
	return system_wq ? 0 : -ENOMEM;
}
