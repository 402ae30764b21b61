/*
 * Spinlocks: the slow path of the release build, and the checking forms of the debug build. Each CPU keeps the locks it holds in
 * this_cpu()->held, in the order it took them; a new one must have a larger rank than all that its context holds (ranks.h).
 */
#include "kernel/sync/spinlock.h"
#include "kernel/debug/bug.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/percpu.h"
#include "kernel/irq/softirq.h"

void local_bh_enable_slow(void)
{
	if (!in_interrupt() && irqs_enabled())
		softirq_run_pending();
}

#ifndef CONFIG_DEBUG

void spin_lock_contended(struct spinlock *l)
{
	if (l->locked == (u32)this_cpu())
		panic("spinlock %pS taken twice by one CPU", l);
	while (!__sync_bool_compare_and_swap(&l->locked, 0, (u32)this_cpu()))
		cpu_relax();
}

#else

static void check_rank(const struct spinlock *l, bool nested, void *where)
{
	const struct percpu *cpu = this_cpu();

	if (l->rank == RANK_NONE)
		return;
	for (u32 i = cpu->held_base; i < cpu->held_locks; i++) {
		u8 rank = cpu->held[i].rank;
		if (rank > l->rank || (rank == l->rank && !nested))
			panic("lock order: \"%s\" (rank %u) wanted at %pS while a lock of rank %u, taken at %pS, is held", l->name,
			      l->rank, where, rank, cpu->held[i].where);
	}
}

static void note_held(struct spinlock *l, void *where)
{
	struct percpu *cpu = this_cpu();

	if (cpu->held_locks == ARRAY_SIZE(cpu->held))
		panic("more than %u spinlocks held, the last is \"%s\"", cpu->held_locks, l->name);
	l->where = where;
	cpu->held[cpu->held_locks].lock = l;
	cpu->held[cpu->held_locks].rank = (u8)l->rank;
	cpu->held[cpu->held_locks].where = where;
	cpu->held_locks++;
}

static void forget_held(const struct spinlock *l)
{
	struct percpu *cpu = this_cpu();
	u32 i = cpu->held_locks;

	while (i && cpu->held[i - 1].lock != l)
		i--;
	if (!i)
		panic("spinlock \"%s\" is not among those this CPU holds", l->name);
	for (cpu->held_locks--; i <= cpu->held_locks; i++)
		cpu->held[i - 1] = cpu->held[i];
}

/*
 * A lock that interrupts take must be taken with them off everywhere else: on this CPU the interrupt would wait for ever for what it has
 * interrupted. Found from the places seen so far, whether or not they ever met.
 */
static void check_context(struct spinlock *l, bool irqs_on, void *where)
{
	if (in_hardirq()) {
		l->in_hardirq = where;
	} else {
		if (this_cpu()->serving_softirq)
			l->in_softirq = where;
		else if (irqs_on && !in_softirq())
			l->with_softirqs_on = where;
		if (irqs_on)
			l->with_hardirqs_on = where;
	}
	if (l->in_hardirq && l->with_hardirqs_on)
		panic("spinlock \"%s\" is taken in a hard interrupt at %pS, but with interrupts on at %pS", l->name, l->in_hardirq,
		      l->with_hardirqs_on);
	if (l->in_softirq && l->with_softirqs_on)
		panic("spinlock \"%s\" is taken in a softirq at %pS, but with softirqs on at %pS", l->name, l->in_softirq, l->with_softirqs_on);
}

/* The list of held locks is also changed by interrupts that come in between, so it is only touched with them off. */
static void acquire(struct spinlock *l, bool nested, void *where)
{
	preempt_disable();
	u32 flags = irq_save();
	check_rank(l, nested, where);
	check_context(l, flags & EFLAGS_IF, where);
	if (l->locked == (u32)this_cpu())
		panic("spinlock \"%s\" wanted at %pS, but this CPU took it at %pS", l->name, where, l->where);
	while (!__sync_bool_compare_and_swap(&l->locked, 0, (u32)this_cpu()))
		cpu_relax();
	note_held(l, where);
	irq_restore(flags);
}

void spin_lock(struct spinlock *l) { acquire(l, false, __builtin_return_address(0)); }
void spin_lock_nested(struct spinlock *l) { acquire(l, true, __builtin_return_address(0)); }

bool spin_trylock(struct spinlock *l)
{
	preempt_disable();
	u32 flags = irq_save();
	bool got = __sync_bool_compare_and_swap(&l->locked, 0, (u32)this_cpu());
	if (got)
		note_held(l, __builtin_return_address(0));
	irq_restore(flags);
	if (!got)
		preempt_enable();
	return got;
}

void spin_unlock(struct spinlock *l)
{
	u32 flags = irq_save();

	if (l->locked != (u32)this_cpu())
		panic("spinlock \"%s\" released by a CPU that does not hold it", l->name);
	forget_held(l);
	barrier();
	l->locked = 0;
	irq_restore(flags);
	preempt_enable();
}

void lock_context_leave(u32 outer)
{
	struct percpu *cpu = this_cpu();

	if (cpu->held_locks != cpu->held_base)
		panic("an interrupt or softirq ends with a spinlock held that was taken at %pS", cpu->held[cpu->held_locks - 1].where);
	cpu->held_base = outer;
}

void might_sleep_at(const char *file, int line)
{
	const struct percpu *cpu = this_cpu();

	if (likely(!preempt_count() && irqs_enabled()))
		return;
	if (cpu->held_locks)
		panic("may sleep at %s:%d with a spinlock held that was taken at %pS", file, line, cpu->held[cpu->held_locks - 1].where);
	panic("may sleep at %s:%d in atomic context (preempt_count %#x, interrupts %s)", file, line, preempt_count(),
	      irqs_enabled() ? "on" : "off");
}

#endif
