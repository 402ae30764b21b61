/*
 * Interrupt lines (irq.h). Each line has a descriptor with the list of its handlers. The list is changed under the descriptor's lock with
 * interrupts off; dispatch walks it without the lock, so that a handler may call irq_disable_line, and marks the line as in progress, which
 * free_irq waits for. Handlers run with interrupts off, so the controller gets its end of interrupt after them, edge or level.
 */
#include "kernel/irq/irq.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/percpu.h"
#include "kernel/init.h"
#include "kernel/irq/softirq.h"
#include "kernel/lib/err.h"
#include "kernel/lib/seq_buf.h"
#include "kernel/sync/spinlock.h"
#include "mm/alloc.h"

struct irq_action {
	irq_handler_t handler;
	void *dev;
	u32 flags;
	const char *name;
	struct irq_action *volatile next;
};

#define UNHANDLED_RUN_MAX 1000u

static struct irq_desc {
	struct spinlock lock; /* RANK_DRIVER: actions, disable_depth */
	struct irq_action *volatile actions;
	u32 disable_depth;
	volatile bool in_progress;
	u32 count;     /* interrupts taken, the unhandled ones included; only dispatch writes these */
	u32 unhandled; /* every handler said IRQ_NONE, or there was none */
	u32 unhandled_run; /* without a handled one in between */
	u32 spurious;  /* the line was gone when the vector was asked for */
} lines[NR_IRQS];

static const struct irq_chip *const chip = &i8259_chip;

int irq_init(void)
{
	for (u32 i = 0; i < NR_IRQS; i++)
		spin_lock_init(&lines[i].lock, "irq", RANK_DRIVER);
	i8259_init();
	return 0;
}

int request_irq(u32 irq, irq_handler_t handler, u32 flags, const char *name, void *dev)
{
	if (irq >= NR_IRQS || !handler)
		return -EINVAL;
	struct irq_action *a = kmalloc(sizeof(*a), GFP_KERNEL);
	if (!a)
		return -ENOMEM;
	*a = (struct irq_action){ .handler = handler, .dev = dev, .flags = flags, .name = name };

	struct irq_desc *d = &lines[irq];
	u32 irqflags = spin_lock_irqsave(&d->lock);
	struct irq_action *volatile *link = &d->actions;
	if (*link && !((*link)->flags & flags & IRQF_SHARED)) {
		spin_unlock_irqrestore(&d->lock, irqflags);
		kfree(a);
		return -EBUSY;
	}
	bool first = !*link;
	while (*link)
		link = &(*link)->next;
	*link = a;
	if (first && !d->disable_depth)
		chip->unmask(irq);
	spin_unlock_irqrestore(&d->lock, irqflags);
	return 0;
}

void free_irq(u32 irq, void *dev)
{
	if (irq >= NR_IRQS)
		return;
	struct irq_desc *d = &lines[irq];
	u32 flags = spin_lock_irqsave(&d->lock);
	struct irq_action *volatile *link = &d->actions;
	while (*link && (*link)->dev != dev)
		link = &(*link)->next;
	struct irq_action *a = *link;
	if (a)
		*link = a->next;
	if (!d->actions)
		chip->mask(irq);
	spin_unlock_irqrestore(&d->lock, flags);
	if (WARN_ON(!a))
		return;
	while (d->in_progress)
		cpu_relax();
	kfree(a);
}

void irq_disable_line(u32 irq)
{
	struct irq_desc *d = &lines[irq];
	u32 flags = spin_lock_irqsave(&d->lock);

	if (!d->disable_depth++)
		chip->mask(irq);
	spin_unlock_irqrestore(&d->lock, flags);
}

void irq_enable_line(u32 irq)
{
	struct irq_desc *d = &lines[irq];
	u32 flags = spin_lock_irqsave(&d->lock);

	if (!WARN_ON(!d->disable_depth) && !--d->disable_depth && d->actions)
		chip->unmask(irq);
	spin_unlock_irqrestore(&d->lock, flags);
}

/*
 * Nobody wanted it. Now and then that is normal: an edge that came while its handler was already looking. Many in a row are a line that is
 * stuck or a driver that does not know its device.
 */
static noinline void note_unhandled(struct irq_desc *d, u32 irq)
{
	d->unhandled++;
	if (++d->unhandled_run == UNHANDLED_RUN_MAX)
		pr_warn("irq %u: nobody cared %u times in a row\n", irq, d->unhandled_run);
}

static void run_handlers(struct irq_desc *d, u32 irq)
{
	irqreturn_t handled = IRQ_NONE;

	d->count++;
	d->in_progress = true;
	for (const struct irq_action *a = d->actions; a; a = a->next)
		handled |= a->handler((int)irq, a->dev);
	d->in_progress = false;
	if (likely(handled))
		d->unhandled_run = 0;
	else
		note_unhandled(d, irq);
}

void irq_dispatch(struct regs *r)
{
	struct percpu *cpu = this_cpu();
	u32 irq = r->vector - VECTOR_IRQ_BASE;
	struct regs *outer = cpu->irq_regs;

	if (unlikely((irq & 7) == 7) && chip->is_spurious(irq)) {
		lines[irq].spurious++;
		return;
	}
	cpu->preempt_count += PREEMPT_HARDIRQ;
	cpu->irq_regs = r;
	u32 locks = lock_context_enter();
	run_handlers(&lines[irq], irq);
	lock_context_leave(locks);
	chip->eoi(irq);
	cpu->irq_regs = outer;
	cpu->preempt_count -= PREEMPT_HARDIRQ;
	if (cpu->softirq_pending && !in_interrupt())
		softirq_run_pending();
}

u64 irq_total(void)
{
	u64 sum = 0;

	for (u32 i = 0; i < NR_IRQS; i++)
		sum += lines[i].count;
	return sum;
}

u32 irq_count(u32 irq) { return irq < NR_IRQS ? lines[irq].count : 0; }

int irq_show_table(struct seq_buf *s, void *arg)
{
	u32 spurious = 0, unhandled = 0;

	seq_puts(s, "           CPU0       \n");
	for (u32 i = 0; i < NR_IRQS; i++) {
		struct irq_desc *d = &lines[i];
		spurious += d->spurious;
		unhandled += d->unhandled;
		if (!d->actions && !d->count)
			continue;
		seq_printf(s, "%3u: %10u    %s", i, d->count, chip->name);
		u32 flags = spin_lock_irqsave(&d->lock);
		for (const struct irq_action *a = d->actions; a; a = a->next)
			seq_printf(s, "%s%s", a == d->actions ? "      " : ", ", a->name);
		spin_unlock_irqrestore(&d->lock, flags);
		seq_putc(s, '\n');
	}
	seq_printf(s, "SPU: %10u   Spurious interrupts\nERR: %10u\n", spurious, unhandled);
	return 0;
}
