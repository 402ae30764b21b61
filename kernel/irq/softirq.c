/*
 * Softirqs (softirq.h). Pending bits are per CPU: set by one instruction, taken with interrupts off. What is left after MAX_ROUNDS, and what was raised where
 * it could not run at once, is done by the thread ksoftirqd, so that a flood of interrupts does not starve the programs.
 */
#include "kernel/irq/softirq.h"
#include "kernel/debug/bug.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/multiboot.h"
#include "kernel/hal/percpu.h"
#include "kernel/init.h"
#include "kernel/lib/err.h"
#include "kernel/lib/seq_buf.h"
#include "kernel/sched/task.h"
#include "kernel/sched/wait.h"
#include "kernel/sync/spinlock.h"

#define MAX_ROUNDS 10

static struct {
	const char *name;
	void (*action)(void);
	u32 count;
} vectors[NR_SOFTIRQS];

static struct task *ksoftirqd;
static DEFINE_WAIT_QUEUE(ksoftirqd_wait);

int softirq_init(void)
{
	this_cpu()->softirq_stack_top = boot_softirq_stack_top;
	return 0;
}

void softirq_open(enum softirq nr, const char *name, void (*action)(void))
{
	BUG_ON(nr >= NR_SOFTIRQS || vectors[nr].action);
	vectors[nr].name = name;
	vectors[nr].action = action;
}

/* On the softirq stack, interrupts off, softirqs marked as running. */
static void run_rounds(void)
{
	struct percpu *cpu = this_cpu();

	for (u32 round = 0; round < MAX_ROUNDS && cpu->softirq_pending; round++) {
		u32 pending = cpu->softirq_pending;
		cpu->softirq_pending = 0;
		irq_enable();
		for (; pending; pending &= pending - 1) {
			u32 nr = (u32)__builtin_ctz(pending);
			vectors[nr].count++;
			vectors[nr].action();
		}
		irq_disable();
	}
	if (cpu->softirq_pending && ksoftirqd)
		wake_up(&ksoftirqd_wait);
}

void softirq_run_pending(void)
{
	struct percpu *cpu = this_cpu();
	u32 flags = irq_save();

	if (cpu->softirq_pending && !in_interrupt()) {
		cpu->preempt_count += PREEMPT_SOFTIRQ;
		u32 locks = lock_context_enter();
		lock_serving_softirq(true);
		call_on_stack(run_rounds, cpu->softirq_stack_top);
		lock_serving_softirq(false);
		lock_context_leave(locks);
		cpu->preempt_count -= PREEMPT_SOFTIRQ;
	}
	irq_restore(flags);
}

void softirq_raise(enum softirq nr)
{
	__asm__ volatile("orl %1, %0" : "+m"(this_cpu()->softirq_pending) : "r"(BIT(nr)) : "cc"); /* one instruction: no interrupt inside */
	if (in_interrupt())
		return; /* the end of the interrupt or of the section without softirqs runs it */
	if (read_eflags() & EFLAGS_IF)
		softirq_run_pending();
	else if (ksoftirqd)
		wake_up(&ksoftirqd_wait);
}

static int ksoftirqd_main(void *arg)
{
	const struct percpu *cpu = this_cpu();

	for (;;) {
		wait_event_interruptible(&ksoftirqd_wait, READ_ONCE(cpu->softirq_pending));
		softirq_run_pending();
		cond_resched();
	}
	return 0;
}

int ksoftirqd_init(void)
{
	struct task *t = kthread_run(ksoftirqd_main, NULL, "ksoftirqd/%u", this_cpu()->id);

	if (IS_ERR(t))
		return (int)PTR_ERR(t);
	ksoftirqd = t;
	return 0;
}

int softirq_show(struct seq_buf *s, void *arg)
{
	seq_puts(s, "                    CPU0       \n");
	for (u32 i = 0; i < NR_SOFTIRQS; i++)
		if (vectors[i].name)
			seq_printf(s, "%12s: %10u\n", vectors[i].name, vectors[i].count);
	return 0;
}

u64 softirq_total(void)
{
	u64 sum = 0;

	for (u32 i = 0; i < NR_SOFTIRQS; i++)
		sum += vectors[i].count;
	return sum;
}
