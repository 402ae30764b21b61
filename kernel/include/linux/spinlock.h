/* Spinlocks. _irqsave: also taken by an interrupt handler; _bh: also taken by a tasklet or timer. */
#ifndef LINUX_SPINLOCK_H
#define LINUX_SPINLOCK_H

#include "kernel/include/sluice/prelude.h"

typedef struct spinlock spinlock_t;
#undef DEFINE_SPINLOCK
#undef spin_lock_init
#define DEFINE_SPINLOCK(name) struct spinlock name = SPINLOCK_INIT(#name, RANK_DRIVER)
#define __SPIN_LOCK_UNLOCKED(name) SPINLOCK_INIT(#name, RANK_DRIVER)
#define spin_lock_init(l) (*(l) = (struct spinlock)SPINLOCK_INIT(#l, RANK_DRIVER))
#define spin_lock_irqsave(l, flags) ((flags) = (spin_lock_irqsave)(l))
#define spin_is_locked(l) ((l)->locked != 0)
#define assert_spin_locked(l) BUG_ON(!spin_is_locked(l))
/* A second spinlock of the driver while one is held. */
#define spin_lock_nested(l, subclass) (spin_lock_nested)(l)

#define local_irq_save(flags) ((flags) = irq_save())
#define local_irq_restore(flags) irq_restore(flags)
#define local_irq_disable() irq_disable()
#define local_irq_enable() irq_enable()

#endif
