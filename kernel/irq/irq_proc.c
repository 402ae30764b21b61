/*
 * /proc/interrupts, in Linux's format (kernel/irq/proc.c and arch/x86/kernel/irq.c): a line for each line that is in use, with its handlers;
 * then the counts that belong to no line. With a pair of 8259s the spurious interrupts are those of lines 7 and 15, and ERR is their sum; SPU has
 * those of the local APIC, too.
 * /proc/irq/N/spurious has what is odd about one line: Linux's three lines and two of ours.
 */
#include "kernel/irq/internal.h"
#include "kernel/lib/div64.h"
#include "kernel/lib/seq_buf.h"
#include "kernel/sched/time.h"

static u32 nmis;

void irq_count_nmi(void) { nmis++; }

static void show_line(struct seq_buf *s, u32 irq)
{
	struct irq_desc *d = &irq_lines[irq];
	u32 flags;

	if (!d->actions && !d->count)
		return;
	seq_printf(s, "%3u: %10u  %8s    ", irq, d->count, irq_chip->name);
	flags = spin_lock_irqsave(&d->lock);
	for (const struct irq_action *a = d->actions; a; a = a->next)
		seq_printf(s, "%s%s", a == d->actions ? "  " : ", ", a->name);
	spin_unlock_irqrestore(&d->lock, flags);
	seq_putc(s, '\n');
}

int irq_show_table(struct seq_buf *s, void *arg)
{
	u32 spurious = 0;

	seq_printf(s, "           CPU%-8d\n", 0);
	for (u32 i = 0; i < NR_IRQS; i++) {
		show_line(s, i);
		spurious += irq_lines[i].spurious;
	}
	seq_printf(s, "NMI: %10u   Non-maskable interrupts\nLOC: %10u   Local timer interrupts\nSPU: %10u   Spurious interrupts\nERR: %10u\n", nmis,
		   apic_timer_count, spurious + apic_spurious, spurious);
	return 0;
}

int irq_show_spurious(struct seq_buf *s, void *irq)
{
	const struct irq_desc *d = &irq_lines[(u32)irq];

	seq_printf(s, "count %u\nunhandled %u\nlast_unhandled %llu ms\nspurious %u\ncut_off %u\n", d->count, d->unhandled,
		   div_u64(d->last_unhandled_ns, (u32)NSEC_PER_MSEC), d->spurious, d->cut_off);
	return 0;
}
