/*
 * Interrupt lines. request_irq hands a top half down to a line; several may share it (IRQF_SHARED, all must say so).
 *
 * Rules for a handler (names as in Linux, include/linux/interrupt.h):
 *  - It runs with interrupts off on the interrupted stack. It never sleeps and never takes a sleeping lock, not even by trying; it touches no
 *    user memory and allocates with GFP_ATOMIC. It takes spinlocks; whoever shares them takes them with spin_lock_irqsave.
 *  - It asks its device whether it is the cause. If not: IRQ_NONE, at once. If so: it acknowledges, so that the device lets go of the line,
 *    moves bytes or marks done, leaves the rest to a bottom half (softirq.h, tasklet.h, workqueue.h), and answers IRQ_HANDLED.
 *  - It is short. The debug kernel reports one that takes longer than IRQ_HANDLER_LIMIT_MS, with its name and a backtrace, and stops
 *    with the name of the one that sleeps.
 * A line that goes on and on is cut off (storm.c): 10,000 interrupts that nobody wanted, or 100,000 in which the interrupted code
 * has not moved. It is named in the log; the next request_irq, or the last free_irq, gives it another chance.
 */
#ifndef KERNEL_IRQ_IRQ_H
#define KERNEL_IRQ_IRQ_H

#include "kernel/hal/irq_chip.h"
#include "kernel/hal/regs.h"

enum irqreturn { IRQ_NONE, IRQ_HANDLED };
typedef enum irqreturn irqreturn_t;
typedef irqreturn_t (*irq_handler_t)(int irq, void *dev);

#define IRQF_SHARED 0x80u
#define IRQF_NO_AUTOEN 0x80000u /* stays disabled until enable_irq */
/* How the line is driven, for the controller; none of them: as the firmware has set it. */
#define IRQF_TRIGGER_RISING 0x1u
#define IRQF_TRIGGER_FALLING 0x2u
#define IRQF_TRIGGER_HIGH 0x4u
#define IRQF_TRIGGER_LOW 0x8u

#define IRQ_HANDLER_LIMIT_MS 50u

/*
 * The name is kept, not copied. dev goes to the handler and names it for free_irq; NULL only when not shared. 0, -EINVAL (no such line,
 * shared without dev), -EBUSY (taken and not shared on both sides), -ENOMEM. Process context.
 */
int __must_check request_irq(u32 irq, irq_handler_t handler, u32 flags, const char *name, void *dev);
/* Afterwards the handler does not run any more. Process context; not with a lock held that the handler takes. */
void free_irq(u32 irq, void *dev);
/* Keep the line from interrupting, with a depth; disable_irq waits for a handler under way. What comes meanwhile comes after enable. */
void disable_irq(u32 irq);        /* process context */
void disable_irq_nosync(u32 irq); /* any context */
void enable_irq(u32 irq);         /* any context */
/* Wait until no handler of the line runs. Process context. */
void synchronize_irq(u32 irq);
/* Does the controller have a request of the line that it has not delivered, because it is disabled or interrupts are off? Any context. */
bool irq_pending(u32 irq);

/* From the stubs, interrupts off: count, run the handlers, acknowledge, then softirqs if outermost. */
void irq_dispatch(struct regs *r);
/* The same for the local APIC's vectors: its timer (kernel/sched/hrtimer.h), and the one for nothing. */
void apic_dispatch(struct regs *r);
/* An NMI came: count it. */
void irq_count_nmi(void);
/* The handler that this CPU is in; NULL: none. Any context. */
const char *irq_current_handler(void);
u64 irq_total(void);
u32 irq_count(u32 irq);          /* of one line, the unhandled ones included */
u32 irq_spurious_count(u32 irq); /* of line 7 or 15: the controller had nothing to say for itself */
/* /proc/interrupts and /proc/irq/N/spurious (the argument is N). */
struct seq_buf;
int irq_show_table(struct seq_buf *s, void *arg);
int irq_show_spurious(struct seq_buf *s, void *irq);

#endif
