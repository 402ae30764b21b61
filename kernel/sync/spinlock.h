/*
 * Spinlocks. A lock knows its holder and, in debug builds, its name, rank and where it was taken.
 * Taking one enters atomic context: no sleeping until it is released. A lock that an interrupt handler or softirq also takes
 * must be taken with spin_lock_irqsave (hard interrupts) or spin_lock_bh (softirqs) elsewhere. Double acquire and release by
 * a non-holder panic. Any context unless said.
 */
#ifndef KERNEL_SYNC_SPINLOCK_H
#define KERNEL_SYNC_SPINLOCK_H

#include "kernel/lib/types.h"
#include "kernel/sync/ranks.h"

struct spinlock {
	volatile u32 locked;
#ifdef CONFIG_DEBUG
	u32 cpu;
	u32 rank;
	const char *name;
	void *where;
#endif
};

#ifdef CONFIG_DEBUG
#define SPINLOCK_INIT(lockname, lockrank) { .locked = 0, .cpu = ~0u, .rank = (lockrank), .name = (lockname) }
#else
#define SPINLOCK_INIT(lockname, lockrank) { .locked = 0 }
#endif
#define DEFINE_SPINLOCK(var, lockrank) struct spinlock var = SPINLOCK_INIT(#var, lockrank)
#define spin_lock_init(l, lockname, lockrank) (*(l) = (struct spinlock)SPINLOCK_INIT(lockname, lockrank))

void spin_lock(struct spinlock *l);
bool spin_trylock(struct spinlock *l);
void spin_unlock(struct spinlock *l);
void spin_lock_nested(struct spinlock *l); /* a second one of the same rank */
/* Also keep softirqs of this CPU out; spin_unlock_bh runs those that became pending. Not in hard interrupts. */
void spin_lock_bh(struct spinlock *l);
void spin_unlock_bh(struct spinlock *l);
/* Also keep interrupts of this CPU out. */
u32 __must_check spin_lock_irqsave(struct spinlock *l);
void spin_unlock_irqrestore(struct spinlock *l, u32 flags);
void spin_lock_irq(struct spinlock *l);
void spin_unlock_irq(struct spinlock *l);
bool spin_is_held(const struct spinlock *l); /* by this CPU (release builds: by anyone) */
#define assert_spin_held(l) ASSERT(spin_is_held(l))

/* Keep softirqs off this CPU without a lock. */
void local_bh_disable(void);
void local_bh_enable(void);

#endif
