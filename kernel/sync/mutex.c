/*
 * Mutexes. The owner field is the lock: taken and released with one compare-and-swap; the wait queue is touched only under contention.
 * A released mutex is not handed over: whoever comes first takes it, and waiters are woken one at a time in the order they came.
 * Debug builds keep the mutexes a task holds and check the rank of each new one (kernel/sync/ranks.h).
 */
#include "kernel/sync/mutex.h"
#include "kernel/debug/bug.h"
#include "kernel/hal/percpu.h"
#include "kernel/sched/task.h"

#ifdef CONFIG_DEBUG
static void rank_check(struct mutex *m, bool nested)
{
	struct task *t = current;

	if (m->rank == RANK_NONE)
		return;
	for (u32 i = 0; i < t->nr_mutexes; i++) {
		struct mutex *h = t->held_mutex[i];
		if (h->rank != RANK_NONE && (h->rank > m->rank || (h->rank == m->rank && !nested)))
			panic("mutex order: %s (rank %u) wanted while %s (rank %u) is held by %s", m->name, m->rank, h->name, h->rank, t->comm);
	}
}

static void note_held(struct mutex *m)
{
	struct task *t = current;

	if (in_interrupt())
		panic("mutex %s taken in an interrupt or a section without softirqs", m->name);

	if (t->nr_mutexes >= ARRAY_SIZE(t->held_mutex))
		panic("%s holds more than %u mutexes", t->comm, (u32)ARRAY_SIZE(t->held_mutex));
	t->held_mutex[t->nr_mutexes++] = m;
}

static void note_released(struct mutex *m)
{
	struct task *t = current;
	u32 i = t->nr_mutexes;

	while (i && t->held_mutex[i - 1] != m)
		i--;
	if (!i)
		panic("mutex %s released but not in the list of %s", m->name, t->comm);
	for (t->nr_mutexes--; i <= t->nr_mutexes; i++)
		t->held_mutex[i - 1] = t->held_mutex[i];
}
#else
static inline void rank_check(struct mutex *m, bool nested) { }
static inline void note_held(struct mutex *m) { }
static inline void note_released(struct mutex *m) { }
#endif

void mutex_init(struct mutex *m, const char *name, enum lock_rank rank)
{
	m->owner = NULL;
	wait_queue_init(&m->wait);
#ifdef CONFIG_DEBUG
	m->name = name;
	m->rank = rank;
#endif
}

static inline bool take(struct mutex *m) { return __sync_bool_compare_and_swap(&m->owner, NULL, current); }

static noinline long lock_slow(struct mutex *m, u32 state)
{
	if (m->owner == current)
		panic("mutex %p taken twice by %s", m, current->comm);
	return ___wait_event(&m->wait, take(m), state, WAIT_FOREVER, -ERESTARTSYS, true);
}

static inline void lock(struct mutex *m, bool nested)
{
	might_sleep();
	rank_check(m, nested);
	if (unlikely(!take(m)))
		lock_slow(m, TASK_UNINTERRUPTIBLE);
	note_held(m);
}

void mutex_lock(struct mutex *m) { lock(m, false); }

void mutex_lock_nested(struct mutex *m) { lock(m, true); }

int mutex_lock_interruptible(struct mutex *m)
{
	might_sleep();
	rank_check(m, false);
	if (unlikely(!take(m)) && lock_slow(m, TASK_INTERRUPTIBLE))
		return -ERESTARTSYS;
	note_held(m);
	return 0;
}

bool mutex_trylock(struct mutex *m)
{
	if (!take(m))
		return false;
	note_held(m);
	return true;
}

void mutex_unlock(struct mutex *m)
{
	if (unlikely(m->owner != current))
		panic("mutex %p released by %s, which does not hold it", m, current->comm);
	note_released(m);
	__sync_bool_compare_and_swap(&m->owner, current, NULL); /* also a barrier: the queue is read afterwards */
	if (unlikely(wait_queue_active(&m->wait)))
		wake_up(&m->wait);
}

bool mutex_is_held(const struct mutex *m) { return m->owner == current; }
