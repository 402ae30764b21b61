/*
 * Interrupt lines (irq.h). Each line has a descriptor with the list of its handlers. The list is changed under the descriptor's lock with
 * interrupts off; dispatch walks it without the lock, so that a handler may call disable_irq_nosync, and marks the line as in progress, which
 * free_irq waits for. Handlers run with interrupts off, so the controller gets its end of interrupt after them, edge or level.
 */
#include "kernel/irq/irq.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/apic.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/percpu.h"
#include "kernel/init.h"
#include "kernel/irq/internal.h"
#include "kernel/irq/softirq.h"
#include "kernel/lib/div64.h"
#include "kernel/lib/err.h"
#include "kernel/module/module.h"
#include "kernel/sched/hrtimer.h"
#include "kernel/sched/time.h"
#include "mm/alloc.h"

#define CASCADE_IRQ 2u /* where the second controller sits on the first */
#define TRIGGER_LEVEL (IRQF_TRIGGER_HIGH | IRQF_TRIGGER_LOW)
#define TRIGGER_EDGE (IRQF_TRIGGER_RISING | IRQF_TRIGGER_FALLING)

struct irq_desc irq_lines[NR_IRQS];
u32 apic_timer_count, apic_spurious;
const struct irq_chip *const irq_chip = &i8259_chip;

/* Nothing is on the cascade but the other controller, which speaks with vectors of its own: what comes with this one is stray. */
static irqreturn_t stray(int irq, void *dev) { return IRQ_NONE; }
static struct irq_action cascade = { .handler = stray, .name = "cascade" };

static struct module_reaper irq_reaper;

int irq_init(void)
{
	module_reaper_register(&irq_reaper);
	for (u32 i = 0; i < NR_IRQS; i++)
		spin_lock_init(&irq_lines[i].lock, "irq", RANK_DRIVER);
	irq_lines[CASCADE_IRQ].actions = &cascade;
	i8259_init();
	return 0;
}

/* ---- handlers of a line ---- */

/* The first handler decides how the line is driven and starts it; lock held. */
static void start_line(struct irq_desc *d, u32 irq, u32 flags)
{
	if (flags & (TRIGGER_LEVEL | TRIGGER_EDGE))
		irq_chip->set_level(irq, flags & TRIGGER_LEVEL);
	if (flags & IRQF_NO_AUTOEN)
		d->disable_depth++;
	if (!d->disable_depth)
		irq_chip->unmask(irq);
}

int request_irq(u32 irq, irq_handler_t handler, u32 flags, const char *name, void *dev)
{
	if (irq >= NR_IRQS || !handler || ((flags & IRQF_SHARED) && (!dev || (flags & IRQF_NO_AUTOEN))))
		return -EINVAL;
	struct irq_action *a = kmalloc(sizeof(*a), GFP_KERNEL);
	if (!a)
		return -ENOMEM;
	*a = (struct irq_action){ .handler = handler, .dev = dev, .flags = flags, .name = name };

	struct irq_desc *d = &irq_lines[irq];
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
	irq_forgive(d);
	if (first)
		start_line(d, irq, flags);
	else if (!d->disable_depth)
		irq_chip->unmask(irq);
	spin_unlock_irqrestore(&d->lock, irqflags);
	return 0;
}

void free_irq(u32 irq, void *dev)
{
	if (irq >= NR_IRQS)
		return;
	struct irq_desc *d = &irq_lines[irq];
	u32 flags = spin_lock_irqsave(&d->lock);
	struct irq_action *volatile *link = &d->actions;
	while (*link && (*link)->dev != dev)
		link = &(*link)->next;
	struct irq_action *a = *link;
	if (a)
		*link = a->next;
	if (!d->actions) {
		irq_chip->mask(irq);
		irq_forgive(d);
		d->disable_depth = 0;
	}
	spin_unlock_irqrestore(&d->lock, flags);
	if (WARN_ON(!a))
		return;
	synchronize_irq(irq);
	kfree(a);
}

/* Handlers of a module that went without free_irq. */
static u32 irq_reap(u32 start, u32 size)
{
	u32 n = 0;

	for (u32 irq = 0; irq < NR_IRQS; irq++) {
		struct irq_action *a = irq_lines[irq].actions;

		while (a && (u32)a->handler - start >= size)
			a = a->next;
		if (a) {
			free_irq(irq, a->dev);
			n++;
			irq--; /* there may be more on this line */
		}
	}
	return n;
}

static struct module_reaper irq_reaper = { .what = "interrupt handlers (free_irq)", .reap = irq_reap };

/* ---- keeping a line quiet ---- */

void synchronize_irq(u32 irq)
{
	ASSERT(!in_hardirq());
	while (irq_lines[irq].in_progress)
		cpu_relax();
}

void disable_irq_nosync(u32 irq)
{
	struct irq_desc *d = &irq_lines[irq];
	u32 flags = spin_lock_irqsave(&d->lock);

	if (!d->disable_depth++)
		irq_chip->mask(irq);
	spin_unlock_irqrestore(&d->lock, flags);
}

void disable_irq(u32 irq)
{
	disable_irq_nosync(irq);
	synchronize_irq(irq);
}

void enable_irq(u32 irq)
{
	struct irq_desc *d = &irq_lines[irq];
	u32 flags = spin_lock_irqsave(&d->lock);

	if (!WARN_ON(!d->disable_depth) && !--d->disable_depth && d->actions)
		irq_chip->unmask(irq);
	spin_unlock_irqrestore(&d->lock, flags);
}

bool irq_pending(u32 irq)
{
	u32 flags = spin_lock_irqsave(&irq_lines[irq].lock);
	bool yes = irq_chip->pending(irq);

	spin_unlock_irqrestore(&irq_lines[irq].lock, flags);
	return yes;
}

/* ---- an interrupt ---- */

const char *irq_current_handler(void)
{
	const struct irq_action *a = this_cpu()->irq_action;

	return a ? a->name : NULL;
}

#ifdef CONFIG_DEBUG
static irqreturn_t call_handler(struct irq_action *a, u32 irq)
{
	u64 start = ktime_ns();
	irqreturn_t handled = a->handler((int)irq, a->dev);
	u64 took = ktime_ns() - start;

	if (took > IRQ_HANDLER_LIMIT_MS * NSEC_PER_MSEC && !a->reported) {
		a->reported = true;
		pr_warn("irq %u: handler \"%s\", %pS, ran for %llu ms\n", irq, a->name, a->handler, div_u64(took, (u32)NSEC_PER_MSEC));
		dump_stack();
	}
	return handled;
}
#else
static inline irqreturn_t call_handler(struct irq_action *a, u32 irq) { return a->handler((int)irq, a->dev); }
#endif

static void run_handlers(struct irq_desc *d, u32 irq, const struct regs *r)
{
	struct percpu *cpu = this_cpu();
	irqreturn_t handled = IRQ_NONE;

	d->count++;
	d->in_progress = true;
	for (struct irq_action *a = d->actions; a; a = a->next) {
		cpu->irq_action = a;
		handled |= call_handler(a, irq);
	}
	cpu->irq_action = NULL;
	d->in_progress = false;
	if (likely(handled && irq_code_moved(d, r))) {
		irq_remember_code(d, r);
		d->storm.unhandled = 0;
	} else {
		irq_note_odd(d, irq, r, handled);
	}
}

/* Around the handling of an interrupt that has come while `outer` was being handled (NULL: none). */
static inline struct regs *enter(struct percpu *cpu, struct regs *r)
{
	struct regs *outer = cpu->irq_regs;

	cpu->preempt_count += PREEMPT_HARDIRQ;
	cpu->irq_regs = r;
	return outer;
}

static inline void leave(struct percpu *cpu, struct regs *outer)
{
	cpu->irq_regs = outer;
	cpu->preempt_count -= PREEMPT_HARDIRQ;
	if (cpu->softirq_pending && !in_interrupt())
		softirq_run_pending();
}

void irq_dispatch(struct regs *r)
{
	struct percpu *cpu = this_cpu();
	u32 irq = r->vector - VECTOR_IRQ_BASE;

	if (unlikely((irq & 7) == 7) && irq_chip->is_spurious(irq)) {
		if (!irq_lines[irq].spurious++)
			pr_info("spurious 8259A interrupt: IRQ%u\n", irq);
		return;
	}
	struct regs *outer = enter(cpu, r);
	u32 locks = lock_context_enter();
	run_handlers(&irq_lines[irq], irq, r);
	lock_context_leave(locks);
	irq_chip->eoi(irq);
	leave(cpu, outer);
}

void apic_dispatch(struct regs *r)
{
	struct percpu *cpu = this_cpu();

	if (unlikely(r->vector == VECTOR_APIC_SPURIOUS)) {
		apic_spurious++; /* it wants no end of interrupt: Intel SDM volume 3, 10.9 */
		return;
	}
	struct regs *outer = enter(cpu, r);
	u32 locks = lock_context_enter();
	apic_timer_count++;
	hrtimer_interrupt();
	lock_context_leave(locks);
	apic_eoi();
	leave(cpu, outer);
}

u64 irq_total(void)
{
	u64 sum = (u64)apic_timer_count + apic_spurious;

	for (u32 i = 0; i < NR_IRQS; i++)
		sum += irq_lines[i].count;
	return sum;
}

u32 irq_count(u32 irq) { return irq < NR_IRQS ? irq_lines[irq].count : 0; }
u32 irq_spurious_count(u32 irq) { return irq < NR_IRQS ? irq_lines[irq].spurious : 0; }
