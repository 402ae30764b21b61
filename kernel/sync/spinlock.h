/*
 * Spinlocks. A lock knows its holder and, in debug builds, its name, rank and where it was taken.
 * Taking one enters atomic context: no sleeping until it is released. A lock that an interrupt handler or softirq also takes
 * must be taken with spin_lock_irqsave (hard interrupts) or spin_lock_bh (softirqs) elsewhere. A second acquire by the holder panics in
 * every build; a release by somebody else, a broken rank (ranks.h) and a lock that is taken in an interrupt but elsewhere without keeping
 * that interrupt out in debug builds. Any context unless said.
 */
#ifndef KERNEL_SYNC_SPINLOCK_H
#define KERNEL_SYNC_SPINLOCK_H

#include "kernel/lib/types.h"
#include "kernel/sync/ranks.h"
#ifndef HOST_TEST
#include "kernel/hal/cpu.h"
#include "kernel/hal/percpu.h"
#endif

struct spinlock {
	volatile u32 locked; /* address of the holder's struct percpu; 0: free */
#ifdef CONFIG_DEBUG
	u32 rank;
	const char *name;
	void *where;                                 /* the code that took it */
	void *in_hardirq, *in_softirq;               /* code that took it there */
	void *with_hardirqs_on, *with_softirqs_on;   /* code that took it where such an interrupt may come */
#endif
};

#ifdef CONFIG_DEBUG
#define SPINLOCK_INIT(lockname, lockrank) { .locked = 0, .rank = (lockrank), .name = (lockname) }
#else
#define SPINLOCK_INIT(lockname, lockrank) { .locked = 0 }
#endif
#define DEFINE_SPINLOCK(var, lockrank) struct spinlock var = SPINLOCK_INIT(#var, lockrank)
#define spin_lock_init(l, lockname, lockrank) (*(l) = (struct spinlock)SPINLOCK_INIT(lockname, lockrank))

#ifndef HOST_TEST
/*
 * Around the handlers of an interrupt and around softirqs: ranks are compared only among the locks taken since, because a lock that the
 * interrupted code holds has nothing to do with them (and if they want that very lock, it is noticed). Debug builds only.
 */
#ifdef CONFIG_DEBUG
static inline u32 lock_context_enter(void)
{
	struct percpu *cpu = this_cpu();
	u32 outer = cpu->held_base;
	cpu->held_base = cpu->held_locks;
	return outer;
}
/* Panics when the context has left a lock behind. */
void lock_context_leave(u32 outer);
static inline void lock_serving_softirq(bool on) { this_cpu()->serving_softirq = on; }
#else
static inline u32 lock_context_enter(void) { return 0; }
static inline void lock_context_leave(u32 outer) { }
static inline void lock_serving_softirq(bool on) { }
#endif

#ifdef CONFIG_DEBUG
void spin_lock(struct spinlock *l);
bool spin_trylock(struct spinlock *l);
void spin_unlock(struct spinlock *l);
void spin_lock_nested(struct spinlock *l); /* a second one of the same rank */
#else
void spin_lock_contended(struct spinlock *l);
static __always_inline bool spin_trylock(struct spinlock *l)
{
	preempt_disable();
	if (likely(__sync_bool_compare_and_swap(&l->locked, 0, (u32)this_cpu())))
		return true;
	preempt_enable();
	return false;
}
static __always_inline void spin_lock(struct spinlock *l)
{
	preempt_disable();
	if (unlikely(!__sync_bool_compare_and_swap(&l->locked, 0, (u32)this_cpu())))
		spin_lock_contended(l);
}
static __always_inline void spin_unlock(struct spinlock *l)
{
	barrier();
	l->locked = 0;
	preempt_enable();
}
static __always_inline void spin_lock_nested(struct spinlock *l) { spin_lock(l); }
#endif

/* Keep softirqs off this CPU without a lock; enabling again runs those that became pending, unless interrupts are off. */
void local_bh_enable_slow(void);
static __always_inline void local_bh_disable(void) { preempt_count_add(PREEMPT_SOFTIRQ); }
static __always_inline void local_bh_enable(void)
{
	preempt_count_sub(PREEMPT_SOFTIRQ);
	if (unlikely(this_cpu()->softirq_pending))
		local_bh_enable_slow();
}
static __always_inline u32 spin_irq_save(void) { return irq_save(); }
static __always_inline void spin_irq_restore(u32 flags) { irq_restore(flags); }
static __always_inline void spin_irq_disable(void) { irq_disable(); }
static __always_inline void spin_irq_enable(void) { irq_enable(); }
/* By this CPU. */
static __always_inline bool spin_is_held(const struct spinlock *l) { return l->locked == (u32)this_cpu(); }
#else
/* On the host a lock only checks that it is used in pairs. */
static inline bool spin_trylock(struct spinlock *l) { return !l->locked && (l->locked = 1); }
static inline void spin_lock(struct spinlock *l) { if (!spin_trylock(l)) __builtin_trap(); }
static inline void spin_lock_nested(struct spinlock *l) { spin_lock(l); }
static inline void spin_unlock(struct spinlock *l) { if (!l->locked) __builtin_trap(); l->locked = 0; }
/* A test may define this to run its "softirqs" where the kernel could run them. */
extern void host_bh_enabled(void) __attribute__((weak));
static inline void local_bh_disable(void) { }
static inline void local_bh_enable(void) { if (host_bh_enabled) host_bh_enabled(); }
static inline u32 spin_irq_save(void) { return 0; }
static inline void spin_irq_restore(u32 flags) { (void)flags; }
static inline void spin_irq_disable(void) { }
static inline void spin_irq_enable(void) { }
static inline bool spin_is_held(const struct spinlock *l) { return l->locked; }
#endif

/* Also keep softirqs of this CPU out; spin_unlock_bh runs those that became pending. Not in hard interrupts. */
static __always_inline void spin_lock_bh(struct spinlock *l)
{
	local_bh_disable();
	spin_lock(l);
}
static __always_inline void spin_unlock_bh(struct spinlock *l)
{
	spin_unlock(l);
	local_bh_enable();
}
/* Also keep interrupts of this CPU out. */
static __always_inline u32 __must_check spin_lock_irqsave(struct spinlock *l)
{
	u32 flags = spin_irq_save();
	spin_lock(l);
	return flags;
}
static __always_inline void spin_unlock_irqrestore(struct spinlock *l, u32 flags)
{
	spin_unlock(l);
	spin_irq_restore(flags);
}
/* Where interrupts are known to be on. */
static __always_inline void spin_lock_irq(struct spinlock *l)
{
	spin_irq_disable();
	spin_lock(l);
}
static __always_inline void spin_unlock_irq(struct spinlock *l)
{
	spin_unlock(l);
	spin_irq_enable();
}
#define assert_spin_held(l) ASSERT(spin_is_held(l))

#endif
