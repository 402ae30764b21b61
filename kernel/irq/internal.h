/* Interrupt lines from the inside: kernel/irq/irq.c, storm.c and irq_proc.c share it. */
#ifndef KERNEL_IRQ_INTERNAL_H
#define KERNEL_IRQ_INTERNAL_H

#include "kernel/irq/irq.h"
#include "kernel/sync/spinlock.h"

struct irq_action {
	irq_handler_t handler;
	void *dev;
	u32 flags;
	const char *name;
	bool reported; /* as too slow */
	struct irq_action *volatile next;
};

struct irq_desc {
	struct spinlock lock; /* RANK_DRIVER: actions, disable_depth, cut_off */
	struct irq_action *volatile actions;
	u32 disable_depth;
	bool cut_off; /* by storm.c; counts once in disable_depth */
	volatile bool in_progress;
	/* Only dispatch writes these, interrupts off. */
	u32 count;     /* interrupts taken, the unhandled ones included */
	u32 unhandled; /* every handler said IRQ_NONE, or there was none */
	u32 spurious;  /* the line was gone when the vector was asked for */
	u64 last_unhandled_ns;
	/* Of the last interrupt, to see whether what it interrupted has moved since: storm.c. */
	u32 eip, ecx, turns;
	const struct regs *frame;
	struct {
		u32 unhandled; /* since the last one that was handled and let the interrupted code move */
		u32 stuck;     /* in a row with nothing moved in between */
		u32 sum;       /* of the other registers */
		u64 stuck_since_ns, switches;
	} storm;
};

/* Has the code that r interrupts done anything since the last interrupt of this line? A quick look: storm.c looks closer. */
static inline bool irq_code_moved(const struct irq_desc *d, const struct regs *r)
{
	return r->eip != d->eip || r != d->frame || r->ecx != d->ecx || this_cpu()->idle_turns != d->turns;
}

static inline void irq_remember_code(struct irq_desc *d, const struct regs *r)
{
	d->eip = r->eip;
	d->frame = r;
	d->ecx = r->ecx;
	d->turns = this_cpu()->idle_turns;
	d->storm.stuck = 0;
}

extern struct irq_desc irq_lines[NR_IRQS];
extern u32 apic_timer_count, apic_spurious; /* interrupts of the local APIC's own; only dispatch writes them */
extern const struct irq_chip *const irq_chip;

/* storm.c: the interrupt was not handled, or the code it interrupted looks as it did the last time. Interrupts off. */
void irq_note_odd(struct irq_desc *d, u32 irq, const struct regs *r, irqreturn_t handled);
/* A new handler, or none any more: forget what was counted, undo a cut-off. Lock held. */
void irq_forgive(struct irq_desc *d);

#endif
