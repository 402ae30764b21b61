/*
 * Lines that go on and on. Two things are counted:
 *  - interrupts that no handler wanted. Now and then that is normal: an edge that came while its handler was already looking. MANY of them
 *    without a good one or a pause in between are a line that is stuck, or a driver that does not know its device: "nobody cared";
 *  - interrupts that are handled, but leave the line up: the next one comes before the interrupted code has executed one instruction, so
 *    that its registers and its stack, the idle loop and the task are as they were. STUCK in a row, and faster than any device means it, are
 *    a storm. (A disk that moves its data by PIO behind a program that does nothing may come to a third of that.)
 * Either way the line is disabled and named; all other lines, and so the shell, go on.
 */
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/percpu.h"
#include "kernel/irq/internal.h"
#include "kernel/sched/task.h"
#include "kernel/sched/time.h"

#define MANY 10000u
#define PAUSE_NS (NSEC_PER_SEC / 10)
#define STUCK 100000u
#define STORM_NS (5 * NSEC_PER_SEC) /* so many in a longer time leave enough of the CPU to others */
#define CASCADE_IRQ 2u

static void cut_off(struct irq_desc *d, u32 irq)
{
	pr_emerg("handlers:\n");
	for (const struct irq_action *a = d->actions; a; a = a->next)
		pr_emerg("[<%08x>] %pS (%s)\n", (u32)a->handler, a->handler, a->name);
	spin_lock(&d->lock);
	if (!d->cut_off && irq != CASCADE_IRQ) { /* without the cascade eight lines would be gone */
		d->cut_off = true;
		if (!d->disable_depth++)
			irq_chip->mask(irq);
		pr_emerg("Disabling IRQ #%u\n", irq);
	}
	spin_unlock(&d->lock);
}

static void note_unhandled(struct irq_desc *d, u32 irq)
{
	u64 now = ktime_ns();

	d->unhandled++;
	if (now - d->last_unhandled_ns > PAUSE_NS)
		d->storm.unhandled = 0;
	d->last_unhandled_ns = now;
	if (++d->storm.unhandled < MANY)
		return;
	d->storm.unhandled = 0;
	pr_emerg("irq %u: nobody cared\n", irq);
	dump_stack();
	cut_off(d, irq);
}

static void note_stuck(struct irq_desc *d, u32 irq, const struct regs *r)
{
	u64 switches = sched_context_switches();
	u32 sum = r->eax + 3 * r->ebx + 5 * r->edx + 7 * r->esi + 11 * r->edi + 13 * r->ebp + 17 * r->eflags;

	if (!d->storm.stuck || d->storm.switches != switches || d->storm.sum != sum) {
		d->storm.stuck = 1;
		d->storm.sum = sum;
		d->storm.switches = switches;
		d->storm.stuck_since_ns = ktime_ns();
	} else if (++d->storm.stuck >= STUCK) {
		d->storm.stuck = 0;
		if (ktime_ns() - d->storm.stuck_since_ns > STORM_NS)
			return;
		pr_emerg("irq %u: storm: %u interrupts, and %pS has not moved on\n", irq, STUCK, (void *)r->eip);
		dump_stack();
		cut_off(d, irq);
	}
}

void irq_note_odd(struct irq_desc *d, u32 irq, const struct regs *r, irqreturn_t handled)
{
	if (!handled)
		note_unhandled(d, irq);
	if (irq_code_moved(d, r))
		irq_remember_code(d, r);
	else
		note_stuck(d, irq, r);
}

void irq_forgive(struct irq_desc *d)
{
	d->storm.unhandled = d->storm.stuck = 0;
	if (!d->cut_off)
		return;
	d->cut_off = false;
	d->disable_depth--;
}
