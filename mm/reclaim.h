/* Inside mm: what the page allocator does when memory is short. */
#ifndef MM_RECLAIM_H
#define MM_RECLAIM_H

#include "kernel/sched/signal.h"
#include "mm/alloc.h"
#include "mm/mm.h"

/*
 * The current task is on its way out: what it still needs for that may come from the reserve, and waiting would be for its own memory. So is a
 * kernel thread that works in the memory of a process at its end: that waits for it (aio_mm_exit).
 */
static inline bool task_is_dying(void)
{
	struct task *t = current;

	if (t->flags & PF_EXITING)
		return true;
	if (t->flags & PF_KTHREAD)
		return t->mm && !atomic_read(&t->mm->users);
	return (t->flags & TIF_SIGPENDING) && t->signal && ((t->pending_set | t->signal->shared_pending) & sigmask_of(SIGKILL));
}

/* May this task sleep and run shrinkers now? Not before the scheduler runs, not in atomic context, not inside reclaim. */
bool reclaim_possible(u32 gfp);
/* Run the shrinkers until about nr pages came free; returns how many did. May sleep. */
u32 reclaim_pages(u32 nr, u32 gfp);
/* How long an allocation has tried; begins with zeros. */
struct reclaim_try {
	u32 rounds, waits; /* naps without help from a dying process; times one was waited for */
};
/* Nothing came free: wait a moment for write-back, and when patience ends kill a process, or wait for the last one. false: give up. */
bool reclaim_wait(struct reclaim_try *t, u32 order, u32 gfp);

#endif
