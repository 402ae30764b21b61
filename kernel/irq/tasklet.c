/*
 * Tasklets (tasklet.h). Each CPU has two queues, one for each of the softirqs HI and TASKLET, changed with interrupts off. Who sets
 * TASKLET_STATE_SCHED puts the tasklet into a queue; who sets TASKLET_STATE_RUN calls its function. A disabled one is parked outside the
 * queues, so that the softirq does not come round for it again and again.
 */
#include "kernel/irq/tasklet.h"
#include "kernel/debug/bug.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/percpu.h"
#include "kernel/init.h"
#include "kernel/irq/softirq.h"
#include "kernel/sched/wait.h"

static struct tasklet_queue {
	struct tasklet_struct *first, *last;
} normal[MAX_CPUS], high[MAX_CPUS];

static DEFINE_WAIT_QUEUE(idle_wait); /* tasklet_disable and tasklet_kill: a function has returned */

void tasklet_setup(struct tasklet_struct *t, void (*callback)(struct tasklet_struct *t))
{
	*t = (struct tasklet_struct){ .use_callback = true, .callback = callback };
}

void tasklet_init(struct tasklet_struct *t, void (*func)(unsigned long data), unsigned long data)
{
	*t = (struct tasklet_struct){ .func = func, .data = data };
}

/* Into this CPU's queue; TASKLET_STATE_SCHED is set. */
static void enqueue(struct tasklet_struct *t)
{
	bool hi = t->state & TASKLET_STATE_HI;
	u32 flags = irq_save();
	struct tasklet_queue *q = &(hi ? high : normal)[this_cpu()->id];

	t->next = NULL;
	if (q->first)
		q->last->next = t;
	else
		q->first = t;
	q->last = t;
	irq_restore(flags);
	softirq_raise(hi ? SOFTIRQ_HI : SOFTIRQ_TASKLET);
}

void tasklet_schedule(struct tasklet_struct *t)
{
	if (atomic_test_and_set(&t->state, TASKLET_STATE_SCHED))
		return;
	atomic_and(&t->state, ~TASKLET_STATE_HI);
	enqueue(t);
}

void tasklet_hi_schedule(struct tasklet_struct *t)
{
	if (atomic_test_and_set(&t->state, TASKLET_STATE_SCHED))
		return;
	atomic_or(&t->state, TASKLET_STATE_HI);
	enqueue(t);
}

/* Enabled again between the look at count and the parking: whoever clears the bit puts it back. */
static void park(struct tasklet_struct *t)
{
	atomic_or(&t->state, TASKLET_STATE_PARKED);
	if (!atomic_read(&t->count) && atomic_test_and_clear(&t->state, TASKLET_STATE_PARKED))
		enqueue(t);
}

static void run(struct tasklet_struct *t)
{
	if (atomic_test_and_set(&t->state, TASKLET_STATE_RUN)) {
		enqueue(t); /* another CPU is at it */
		return;
	}
	if (likely(!atomic_read(&t->count))) {
		BUG_ON(!atomic_test_and_clear(&t->state, TASKLET_STATE_SCHED));
		if (t->use_callback)
			t->callback(t);
		else
			t->func(t->data);
		atomic_and(&t->state, ~TASKLET_STATE_RUN);
	} else {
		atomic_and(&t->state, ~TASKLET_STATE_RUN);
		park(t);
	}
	wake_up_all(&idle_wait);
}

static void run_queue(struct tasklet_queue *q)
{
	struct tasklet_struct *t, *next;

	irq_disable();
	t = q->first;
	q->first = q->last = NULL;
	irq_enable();
	for (; t; t = next) {
		next = t->next;
		run(t);
	}
}

static void tasklet_softirq(void) { run_queue(&normal[this_cpu()->id]); }
static void tasklet_hi_softirq(void) { run_queue(&high[this_cpu()->id]); }

void tasklet_disable_nosync(struct tasklet_struct *t) { atomic_inc(&t->count); }

void tasklet_disable(struct tasklet_struct *t)
{
	tasklet_disable_nosync(t);
	wait_event(&idle_wait, !(t->state & TASKLET_STATE_RUN));
}

void tasklet_enable(struct tasklet_struct *t)
{
	if (WARN_ON(!atomic_read(&t->count)))
		return;
	if (atomic_dec_and_test(&t->count) && atomic_test_and_clear(&t->state, TASKLET_STATE_PARKED))
		enqueue(t);
}

/* Take SCHED for ourselves: nobody can schedule it then. */
static bool claim(struct tasklet_struct *t)
{
	return !atomic_test_and_set(&t->state, TASKLET_STATE_SCHED) || atomic_test_and_clear(&t->state, TASKLET_STATE_PARKED);
}

void tasklet_kill(struct tasklet_struct *t)
{
	wait_event(&idle_wait, claim(t));
	wait_event(&idle_wait, !(t->state & TASKLET_STATE_RUN));
	atomic_and(&t->state, ~TASKLET_STATE_SCHED);
}

int tasklet_system_init(void)
{
	softirq_open(SOFTIRQ_HI, "HI", tasklet_hi_softirq);
	softirq_open(SOFTIRQ_TASKLET, "TASKLET", tasklet_softirq);
	return 0;
}
