/*
 * The gate in front of something that can be unplugged. It lies in the stable object that files and mounts hold; every call down to the
 * driver goes through it, so that after the removal nobody is inside the driver and nobody gets in any more:
 *
 *   caller:   error = dev_enter(g); if (error) return error;  ... call the driver ...  dev_leave(g);
 *   removal:  dev_gate_close(g);  wake everybody who sleeps in the driver (they see that they are to go);  dev_gate_drain(g);  free
 *
 * A driver's wait inside the gate has to end when the gate is closed: wait for (condition || dev_gate_closed(g)) and answer -ENODEV.
 * A gate never opens again: what is plugged in anew is a new object.
 */
#ifndef IO_CONTRACT_GATE_H
#define IO_CONTRACT_GATE_H

#include "kernel/sched/wait.h"
#include "kernel/sync/atomic.h"

struct dev_gate {
	atomic_t users;               /* calls inside */
	volatile u32 closed;
	struct wait_queue_head drained;
};

static inline void dev_gate_init(struct dev_gate *g)
{
	atomic_set(&g->users, 0);
	g->closed = 0;
	wait_queue_init(&g->drained);
}
static inline bool dev_gate_closed(const struct dev_gate *g) { return g->closed; }
/* The call into the driver is over. Any context. */
static inline void dev_leave(struct dev_gate *g)
{
	if (atomic_dec_and_test(&g->users) && g->closed)
		wake_up_all(&g->drained);
}
/* 0: inside, leave again by dev_leave; -ENODEV: gone. Any context. */
static inline int __must_check dev_enter(struct dev_gate *g)
{
	atomic_inc(&g->users); /* before the look: then either we see it closed or who closes it sees us */
	if (likely(!g->closed))
		return 0;
	dev_leave(g);
	return -ENODEV;
}
/* From now on nobody gets in. Does not wait; any context. */
static inline void dev_gate_close(struct dev_gate *g)
{
	(void)atomic_test_and_set(&g->closed, 1);
}
/* Wait until everybody is out; the gate is closed, and sleepers inside have been woken. May sleep. */
static inline void dev_gate_drain(struct dev_gate *g)
{
	wait_event(&g->drained, !atomic_read(&g->users));
}

#endif
