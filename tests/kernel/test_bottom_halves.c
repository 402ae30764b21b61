/*
 * Tests of the bottom halves: what runs when, in which context, and that nothing runs twice at once. A top half is made by an `int`
 * instruction with the vector of a line that no device sits on, as if the controller had sent it.
 */
#include "kernel/hal/cpu.h"
#include "kernel/hal/percpu.h"
#include "kernel/irq/irq.h"
#include "kernel/irq/softirq.h"
#include "kernel/irq/tasklet.h"
#include "kernel/irq/workqueue.h"
#include "kernel/lib/err.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "kernel/sched/timer_list.h"
#include "kernel/sync/completion.h"
#include "mm/alloc.h"
#include "tests/kernel/ktest.h"

#define FREE_LINE 5u
#define INTERRUPT() __asm__ volatile("int $37" ::: "memory")

static void (*top_half)(void);

static irqreturn_t run_top_half(int irq, void *dev)
{
	KT_EXPECT(in_hardirq() && !irqs_enabled());
	top_half();
	return IRQ_HANDLED;
}

static bool take_line(void (*fn)(void))
{
	top_half = fn;
	return !request_irq(FREE_LINE, run_top_half, 0, "bottom_halves", &top_half);
}

static void give_line(void) { free_irq(FREE_LINE, &top_half); }

static bool wait_for(volatile u32 *value, u32 wanted)
{
	u64 limit = deadline_ms(20000);

	while (*value < wanted && ktime_ns() < limit)
		sleep_ms(1);
	return *value >= wanted;
}

/* ---- tasklets ---- */

static struct probe {
	struct tasklet_struct t;
	volatile u32 runs, inside, most_inside, again, by_thread;
	u32 order;
} probe, other;
static u32 order;

static void probe_fn(struct tasklet_struct *t)
{
	struct probe *p = from_tasklet(p, t, t);

	KT_EXPECT(in_softirq() && !in_hardirq() && irqs_enabled());
	p->inside++;
	p->most_inside = max(p->most_inside, p->inside);
	p->runs++;
	p->order = ++order;
	if (!strncmp(current->comm, "ksoftirqd", 9))
		p->by_thread++;
	if (p->again) {
		p->again--;
		INTERRUPT(); /* its top half schedules this very tasklet */
	}
	p->inside--;
}

static void new_probe(struct probe *p)
{
	memset(p, 0, sizeof(*p));
	tasklet_setup(&p->t, probe_fn);
}

static void schedule_twice(void)
{
	u32 runs = probe.runs;

	tasklet_schedule(&probe.t);
	tasklet_schedule(&probe.t);
	KT_EQUAL(probe.runs, runs);
}

KTEST(tasklet_runs_before_the_interrupted_code_goes_on)
{
	new_probe(&probe);
	KT_REQUIRE(take_line(schedule_twice));
	INTERRUPT();
	KT_EQUAL(probe.runs, 1);
	give_line();
}

KTEST(tasklet_is_never_inside_itself)
{
	new_probe(&probe);
	KT_REQUIRE(take_line(schedule_twice));
	probe.again = 3;
	INTERRUPT();
	KT_EXPECT(wait_for(&probe.runs, 4));
	tasklet_kill(&probe.t);
	KT_EQUAL(probe.runs, 4);
	KT_EQUAL(probe.most_inside, 1);
	give_line();
}

/* Ten rounds on the way out of the interrupt; then the interrupted code goes on, and the thread does the rest. */
KTEST(softirq_flood_goes_to_the_thread)
{
	new_probe(&probe);
	KT_REQUIRE(take_line(schedule_twice));
	probe.again = 1000;
	INTERRUPT();
	KT_EXPECT(probe.runs >= 10 && probe.runs < 1000);
	KT_EXPECT(wait_for(&probe.runs, 1001));
	KT_EXPECT(probe.by_thread > 0);
	KT_EQUAL(probe.most_inside, 1);
	give_line();
}

KTEST(tasklet_hi_comes_first)
{
	new_probe(&probe);
	new_probe(&other);
	order = 0;
	local_bh_disable();
	tasklet_schedule(&probe.t);
	tasklet_hi_schedule(&other.t);
	KT_EQUAL(probe.runs + other.runs, 0);
	local_bh_enable();
	KT_EQUAL(other.order, 1);
	KT_EQUAL(probe.order, 2);
}

KTEST(tasklet_disable_has_a_depth)
{
	new_probe(&probe);
	tasklet_disable(&probe.t);
	tasklet_disable_nosync(&probe.t);
	tasklet_schedule(&probe.t);
	KT_EQUAL(probe.runs, 0);
	tasklet_enable(&probe.t);
	KT_EQUAL(probe.runs, 0);
	tasklet_enable(&probe.t);
	KT_EQUAL(probe.runs, 1);
	tasklet_schedule(&probe.t);
	KT_EQUAL(probe.runs, 2);
}

static void sum_fn(unsigned long data) { *(u32 *)data += 1; }

KTEST(tasklet_kill_waits_or_drops)
{
	new_probe(&probe);
	irq_disable(); /* so it cannot run at once */
	tasklet_schedule(&probe.t);
	irq_enable();
	tasklet_kill(&probe.t);
	KT_EQUAL(probe.runs, 1);
	tasklet_disable(&probe.t);
	tasklet_schedule(&probe.t);
	tasklet_kill(&probe.t);
	tasklet_enable(&probe.t);
	KT_EQUAL(probe.runs, 1);

	u32 sum = 0;
	struct tasklet_struct old_form;
	tasklet_init(&old_form, sum_fn, (unsigned long)&sum);
	tasklet_schedule(&old_form);
	tasklet_kill(&old_form);
	KT_EQUAL(sum, 1);
}

/* ---- timers ---- */

static struct {
	struct timer_list t;
	volatile u32 fired;
	u32 again;
	bool early;
} beat;

static void beat_fn(struct timer_list *t)
{
	KT_EXPECT(in_softirq() && t == &beat.t);
	beat.early |= time_before(jiffies, t->expires);
	beat.fired++;
	if (beat.again) {
		beat.again--;
		mod_timer(t, jiffies + 1);
	}
}

KTEST(timer_list_counts_jiffies)
{
	timer_setup(&beat.t, beat_fn, 0);
	beat.fired = 0;
	beat.again = 4;
	beat.early = false;
	KT_EQUAL(mod_timer(&beat.t, jiffies + 1000), 0);
	KT_EQUAL(mod_timer(&beat.t, jiffies + 2), 1);
	KT_EXPECT(wait_for(&beat.fired, 5));
	KT_EXPECT(!beat.early && !timer_pending(&beat.t));
	mod_timer(&beat.t, jiffies + 1000);
	KT_EXPECT(timer_pending(&beat.t));
	KT_EQUAL(del_timer_sync(&beat.t), 1);
	KT_EQUAL(del_timer(&beat.t), 0);
	beat.t.expires = jiffies; /* has passed: at the next tick */
	add_timer(&beat.t);
	KT_EXPECT(wait_for(&beat.fired, 6));
}

KTEST(jiffies_follow_the_clock)
{
	unsigned long j = jiffies;
	u64 start = jiffies_to_ktime(j + 1);

	while (jiffies - j < 10)
		cpu_relax();
	KT_EXPECT(ktime_ns() >= start + 9 * TICK_NSEC);
	KT_EQUAL(msecs_to_jiffies(1), 1);
	KT_EQUAL(msecs_to_jiffies(1000), HZ);
	KT_EQUAL(jiffies_to_msecs(HZ), 1000);
	KT_EXPECT(time_after(5ul, ~0ul) && time_before(~0ul, 5ul) && time_after_eq(3ul, 3ul));
}

/* ---- work queues ---- */

#define ITEMS 12u
static struct item {
	struct work_struct work;
	volatile u32 runs, inside, most_inside, place;
	u32 sleep, again; /* ms in the function; times it queues itself */
	struct completion *waits_for, *tells;
	struct workqueue_struct *wq;
} item[ITEMS];
static volatile u32 together, most_together, places;

static void item_fn(struct work_struct *work)
{
	struct item *i = container_of(work, struct item, work);

	KT_EXPECT(!in_atomic() && irqs_enabled() && current->flags & PF_KTHREAD && current_work() == work);
	most_together = max(most_together, ++together);
	i->most_inside = max(i->most_inside, ++i->inside);
	i->place = ++places;
	if (i->again) {
		i->again--;
		queue_work(i->wq, work);
	}
	if (i->tells)
		complete(i->tells);
	if (i->sleep)
		sleep_ms(i->sleep);
	if (i->waits_for)
		wait_for_completion(i->waits_for);
	i->inside--;
	together--;
	i->runs++;
}

static void new_items(struct workqueue_struct *wq)
{
	memset(item, 0, sizeof(item));
	for (u32 i = 0; i < ITEMS; i++) {
		INIT_WORK(&item[i].work, item_fn);
		item[i].wq = wq;
	}
	together = most_together = places = 0;
}

static void queue_first_twice(void)
{
	KT_EXPECT(schedule_work(&item[0].work));
	KT_EXPECT(!schedule_work(&item[0].work));
	KT_EXPECT(work_pending(&item[0].work));
}

KTEST(work_runs_in_process_context)
{
	new_items(system_wq);
	KT_REQUIRE(take_line(queue_first_twice));
	INTERRUPT();
	KT_EQUAL(item[0].runs, 0); /* a thread does it, not the way out of the interrupt */
	KT_EXPECT(flush_work(&item[0].work));
	KT_EQUAL(item[0].runs, 1);
	KT_EXPECT(!flush_work(&item[0].work) && !work_pending(&item[0].work) && !current_work());
	give_line();
}

KTEST(work_in_order)
{
	struct workqueue_struct *wq = alloc_ordered_workqueue("order%d", 0, 1);

	KT_REQUIRE(wq);
	new_items(wq);
	for (u32 i = 0; i < ITEMS; i++) {
		item[i].sleep = i % 3;
		KT_EXPECT(queue_work(wq, &item[i].work));
	}
	item[0].again = 1; /* behind all others */
	destroy_workqueue(wq); /* runs what is queued */
	for (u32 i = 1; i < ITEMS; i++)
		KT_EQUAL(item[i].place, i + 1);
	KT_EQUAL(item[0].place, ITEMS + 1);
	KT_EQUAL(item[0].runs, 2);
	KT_EQUAL(most_together, 1);
	KT_EXPECT(!cancel_work_sync(&item[0].work)); /* the queue is gone; asking is harmless */
}

/* Each of max_active items waits for the one queued after it. */
KTEST(work_that_waits_for_work)
{
	struct completion c[WQ_DFL_ACTIVE];
	struct workqueue_struct *wq = alloc_workqueue("wait", 0, 0);

	KT_REQUIRE(wq);
	new_items(wq);
	for (u32 i = 0; i < WQ_DFL_ACTIVE; i++) {
		completion_init(&c[i]);
		item[i].tells = &c[i];
		item[i].waits_for = i + 1 < WQ_DFL_ACTIVE ? &c[i + 1] : NULL;
	}
	for (u32 i = 0; i < WQ_DFL_ACTIVE; i++) {
		KT_EXPECT(queue_work(wq, &item[i].work));
		sleep_ms(1);
	}
	flush_workqueue(wq);
	for (u32 i = 0; i < WQ_DFL_ACTIVE; i++)
		KT_EQUAL(item[i].runs, 1);
	/* One that queues itself while it runs is not run by another thread at the same time. */
	item[5].again = 5;
	item[5].sleep = 2;
	queue_work(wq, &item[5].work);
	drain_workqueue(wq);
	KT_EQUAL(item[5].runs, 6);
	KT_EQUAL(item[5].most_inside, 1);
	destroy_workqueue(wq);
}

KTEST(work_flush_and_cancel_wait)
{
	struct workqueue_struct *wq = alloc_ordered_workqueue("cancel", 0);
	struct completion c;

	KT_REQUIRE(wq);
	new_items(wq);
	completion_init(&c);
	item[0].tells = &c;
	item[0].sleep = 20;
	queue_work(wq, &item[0].work);
	queue_work(wq, &item[1].work);
	wait_for_completion(&c);
	KT_EXPECT(cancel_work(&item[1].work)); /* waits in the queue */
	KT_EQUAL(item[0].runs, 0);
	KT_EXPECT(!cancel_work_sync(&item[0].work)); /* runs: waited for */
	KT_EQUAL(item[0].runs, 1);
	flush_workqueue(wq);
	KT_EQUAL(item[1].runs, 0);
	item[2].again = 1000000; /* it would never stop by itself */
	item[2].sleep = 1;
	queue_work(wq, &item[2].work);
	KT_EXPECT(wait_for(&item[2].runs, 3));
	cancel_work_sync(&item[2].work);
	u32 runs = item[2].runs;
	flush_workqueue(wq);
	KT_EQUAL(item[2].runs, runs);
	KT_EXPECT(queue_work(wq, &item[2].work)); /* and can be used again */
	cancel_work_sync(&item[2].work);
	destroy_workqueue(wq);
}

static void free_self(struct work_struct *work)
{
	kfree(work);
	together++;
}

KTEST(work_may_free_itself)
{
	together = 0;
	for (u32 i = 0; i < 3; i++) {
		struct work_struct *w = kmalloc(sizeof(*w), GFP_KERNEL);
		KT_REQUIRE(w);
		INIT_WORK(w, free_self);
		schedule_work(w);
	}
	flush_scheduled_work();
	KT_EQUAL(together, 3);
}

static struct {
	struct delayed_work d;
	volatile u32 runs;
	unsigned long due;
	bool early, rearm;
} later;

static void later_fn(struct work_struct *work)
{
	KT_EXPECT(to_delayed_work(work) == &later.d && !in_atomic());
	later.early |= time_before(jiffies, later.due);
	later.runs++;
	if (later.rearm) {
		later.due = jiffies + 1;
		schedule_delayed_work(&later.d, 1);
	}
}

KTEST(work_delayed)
{
	memset(&later, 0, sizeof(later));
	INIT_DELAYED_WORK(&later.d, later_fn);
	later.due = jiffies + 3;
	KT_EXPECT(schedule_delayed_work(&later.d, 3));
	KT_EXPECT(!schedule_delayed_work(&later.d, 1) && delayed_work_pending(&later.d));
	KT_EXPECT(wait_for(&later.runs, 1));
	KT_EXPECT(!later.early);
	later.due = jiffies;
	schedule_delayed_work(&later.d, 100000); /* too long to wait for */
	KT_EXPECT(flush_delayed_work(&later.d));
	KT_EQUAL(later.runs, 2);
	schedule_delayed_work(&later.d, 100000);
	later.due = jiffies + 2;
	KT_EXPECT(mod_delayed_work(system_wq, &later.d, 2));
	KT_EXPECT(wait_for(&later.runs, 3));
	schedule_delayed_work(&later.d, 100000);
	KT_EXPECT(cancel_delayed_work(&later.d) && !cancel_delayed_work(&later.d));
	later.rearm = true;
	schedule_delayed_work(&later.d, 0);
	KT_EXPECT(wait_for(&later.runs, 6));
	cancel_delayed_work_sync(&later.d);
	KT_EXPECT(!delayed_work_pending(&later.d) && !later.early);
	u32 runs = later.runs;
	sleep_ms(20);
	KT_EQUAL(later.runs, runs);
}
