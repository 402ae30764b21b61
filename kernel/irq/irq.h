/*
 * Interrupt lines. request_irq hands a top half down to a line; several may share it (IRQF_SHARED, all must say so).
 * A handler runs with interrupts off on the interrupted stack, never sleeps, never takes a sleeping lock: it acknowledges its
 * device, moves bytes or marks done, raises a softirq, and leaves. It answers IRQ_NONE when its device was not the cause.
 */
#ifndef KERNEL_IRQ_IRQ_H
#define KERNEL_IRQ_IRQ_H

#include "kernel/hal/irq_chip.h"
#include "kernel/hal/regs.h"

enum irqreturn { IRQ_NONE, IRQ_HANDLED };
typedef enum irqreturn irqreturn_t;
typedef irqreturn_t (*irq_handler_t)(int irq, void *dev);
#define IRQF_SHARED 0x80u

/* The name is kept, not copied. 0, -EINVAL (no such line), -EBUSY (taken and not shared on both sides), -ENOMEM. Process context. */
int __must_check request_irq(u32 irq, irq_handler_t handler, u32 flags, const char *name, void *dev);
/* Afterwards the handler does not run any more. Process context. */
void free_irq(u32 irq, void *dev);
void irq_disable_line(u32 irq); /* with a depth; any context */
void irq_enable_line(u32 irq);

/* From the stubs, interrupts off: count, acknowledge, run the handlers, then softirqs if outermost. */
void irq_dispatch(struct regs *r);
/* /proc/interrupts in Linux's format. */
struct seq_buf;
int irq_show_table(struct seq_buf *s, void *arg);
u64 irq_total(void);
u32 irq_count(u32 irq); /* of one line */

#endif
