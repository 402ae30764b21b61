/*
 * Timers of the tick (time.h): a red-black tree in order of expiry, equal ones in the order they were armed. One lock (RANK_TIMER), also taken with
 * interrupts off, guards tree, queued flags and the timer that runs now. Functions run in the timer softirq without the lock.
 */
#include "kernel/debug/bug.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/percpu.h"
#include "kernel/hal/time_hw.h"
#include "kernel/init.h"
#include "kernel/irq/softirq.h"
#include "kernel/lib/seq_buf.h"
#include "kernel/module/module.h"
#include "kernel/sched/hrtimer.h"
#include "kernel/sched/time.h"
#include "kernel/sched/timer.h"
#include "kernel/sched/timer_list.h"
#include "kernel/sync/spinlock.h"

#define NEVER (~0ull)

static DEFINE_SPINLOCK(timer_lock, RANK_TIMER);
static struct rb_root tree;
static struct rb_node *first;     /* leftmost of the tree */
static u64 next_expiry = NEVER;   /* of first */
static struct timer *running;     /* its function is being called */

static void set_first(struct rb_node *n)
{
	first = n;
	next_expiry = n ? rb_entry(n, struct timer, node)->expires_ns : NEVER;
}

static void enqueue(struct timer *t)
{
	struct rb_node **link = &tree.node, *parent = NULL;
	bool leftmost = true;

	while (*link) {
		parent = *link;
		if (t->expires_ns < rb_entry(parent, struct timer, node)->expires_ns) {
			link = &parent->left;
		} else {
			link = &parent->right;
			leftmost = false;
		}
	}
	rb_link_node(&t->node, parent, link);
	rb_insert_color(&t->node, &tree);
	t->queued = true;
	if (leftmost)
		set_first(&t->node);
}

static void dequeue(struct timer *t)
{
	if (first == &t->node)
		set_first(rb_next(first));
	rb_erase(&t->node, &tree);
	t->queued = false;
}

void timer_init(struct timer *t, void (*fn)(void *), void *arg)
{
	*t = (struct timer){ .fn = fn, .arg = arg };
}

bool timer_mod(struct timer *t, u64 expires_ns)
{
	u32 flags = spin_lock_irqsave(&timer_lock);
	bool was = t->queued;

	if (was)
		dequeue(t);
	t->expires_ns = expires_ns;
	enqueue(t);
	spin_unlock_irqrestore(&timer_lock, flags);
	return was;
}

bool timer_del(struct timer *t)
{
	if (!READ_ONCE(t->queued)) /* the usual case costs no lock */
		return false;
	u32 flags = spin_lock_irqsave(&timer_lock);
	bool was = t->queued;
	if (was)
		dequeue(t);
	spin_unlock_irqrestore(&timer_lock, flags);
	return was;
}

bool timer_del_sync(struct timer *t)
{
	bool was = timer_del(t);

	ASSERT(!in_interrupt() || READ_ONCE(running) != t);
	while (READ_ONCE(running) == t) {
		cpu_relax();
		was |= timer_del(t); /* its function may have armed it again */
	}
	return was;
}

static void timer_softirq(void)
{
	u32 flags = spin_lock_irqsave(&timer_lock);
	u64 now = ktime_ns(); /* once: a timer that always arms itself a nanosecond ahead waits for the next tick, and does not keep us here */

	while (first && next_expiry <= now) {
		struct timer *t = rb_entry(first, struct timer, node);
		void (*fn)(void *) = t->fn;
		void *arg = t->arg;
		bool irqsafe = t->irqsafe;
		dequeue(t);
		running = t;
		spin_unlock_irqrestore(&timer_lock, irqsafe ? 0 : flags);
		fn(arg); /* may free or arm t */
		spin_lock_irq(&timer_lock);
		running = NULL;
	}
	spin_unlock_irqrestore(&timer_lock, flags);
}

void timer_tick(u64 now_ns)
{
	if (next_expiry <= now_ns)
		softirq_raise(SOFTIRQ_TIMER);
}

/* Who is called: through a struct timer_list, the driver's own function. */
static void *callback_of(const struct timer *t)
{
	return t->fn == timer_list_fn ? (void *)((struct timer_list *)t->arg)->function : (void *)t->fn;
}

/* Timers of a module that went without del_timer_sync: those in its memory, and those that would call it. */
static u32 timer_reap(u32 start, u32 size)
{
	u32 n = 0, flags = spin_lock_irqsave(&timer_lock);
	struct rb_node *node = first;

	while (node) {
		struct timer *t = rb_entry(node, struct timer, node);

		if ((u32)t - start < size || (u32)callback_of(t) - start < size) {
			dequeue(t);
			n++;
			node = first;
			continue;
		}
		node = rb_next(node);
	}
	spin_unlock_irqrestore(&timer_lock, flags);
	return n;
}

static struct module_reaper timer_reaper = { .what = "timers (del_timer_sync)", .reap = timer_reap };

int timer_show_list(struct seq_buf *s, void *arg)
{
	u64 now = ktime_ns();
	u32 n = 0, flags;

	seq_printf(s, "Timer List Version: v0.9\nHRTIMER_MAX_CLOCK_BASES: %u\nnow at %llu nsecs\n\ncpu: 0\n", HRTIMER_BASES, now);
	hrtimer_show(s, now);
	seq_printf(s, "\ntimers of the tick:\n  .resolution: %u nsecs\nactive timers:\n", (u32)NSEC_PER_SEC / HZ);
	flags = spin_lock_irqsave(&timer_lock);
	for (struct rb_node *node = first; node && !s->overflow; node = rb_next(node)) {
		const struct timer *t = rb_entry(node, struct timer, node);
		s64 in = (s64)(t->expires_ns - now);

		seq_printf(s, " #%u: %pS\n # expires at %llu nsecs [in %lld nsecs]\n", n++, callback_of(t), t->expires_ns, in);
	}
	spin_unlock_irqrestore(&timer_lock, flags);
	seq_printf(s, "\nTick Device: mode:     0\nPer CPU device: 0\nClock Event Device: pit\n period:         %u nsecs\n event_handler:  %pS\n",
		   (u32)NSEC_PER_SEC / HZ, tick);
	if (hrtimer_resolution == 1)
		seq_printf(s, "\nTick Device: mode:     1\nPer CPU device: 0\nClock Event Device: lapic\n event_handler:  %pS\n", hrtimer_interrupt);
	return 0;
}

int timer_system_init(void)
{
	module_reaper_register(&timer_reaper);
	softirq_open(SOFTIRQ_TIMER, "TIMER", timer_softirq);
	return 0;
}
