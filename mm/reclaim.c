/*
 * Direct reclaim: the task that finds memory short asks the registered shrinkers, in the order they registered, to give pages back; waits a
 * little for write-back; and when nothing helps asks the process layer to kill somebody (out_of_memory_hook).
 * A reclaiming task carries PF_MEMALLOC: its own allocations may use the reserve and never come back here.
 */
#include "mm/reclaim.h"

#include "kernel/debug/printk.h"
#include "kernel/sched/task.h"
#include "kernel/sched/time.h"

#define WAIT_MS 10u        /* one nap between two tries */
#define ROUNDS_NOFS 50u    /* naps before a request that must not enter a file system gives up */
#define ROUNDS_NOFAIL 3000u
#define ROUNDS_BEFORE_KILL 10u
#define MAX_KILLS 8u
#define MAX_WAITS 100u     /* for killed processes to end: a slow host makes it long, a lock of ours that they want makes it for ever */
#define OOM_MAX_ORDER 3u   /* larger blocks fail by fragmentation: killing would not help */

enum oom_answer (*out_of_memory_hook)(void);

static LIST_HEAD(shrinkers); /* only grows, at init */

void register_shrinker(struct shrinker *s)
{
	list_add_tail(&s->node, &shrinkers);
}

bool reclaim_possible(u32 gfp)
{
	return (gfp & GFP_WAIT) && current != &init_task && !in_atomic() && !(current->flags & PF_MEMALLOC);
}

u32 reclaim_pages(u32 nr, u32 gfp)
{
	struct shrinker *s;
	u32 freed = 0;

	might_sleep();
	atomic_or(&current->flags, PF_MEMALLOC);
	list_for_each_entry(s, &shrinkers, node) {
		freed += s->scan(s, nr - freed, gfp);
		if (freed >= nr)
			break;
	}
	atomic_and(&current->flags, ~PF_MEMALLOC);
	return freed;
}

u32 run_shrinkers(const struct shrinker *except, u32 nr, u32 gfp)
{
	struct shrinker *s;
	u32 freed = 0;

	might_sleep();
	list_for_each_entry(s, &shrinkers, node)
		if (s != except)
			freed += s->scan(s, nr, gfp);
	return freed;
}

/* Patience ended: whether there is hope because somebody is killed now or was killed before. */
static bool kill_or_wait(struct reclaim_try *t)
{
	enum oom_answer answer = out_of_memory_hook ? out_of_memory_hook() : OOM_NOBODY;

	if (answer == OOM_DYING && t->waits++ < MAX_WAITS)
		t->rounds -= ROUNDS_BEFORE_KILL;
	return answer != OOM_NOBODY && t->rounds / ROUNDS_BEFORE_KILL <= MAX_KILLS;
}

/* Who must not fail may hold locks of a file system: he kills late, and does not ask whether it helped. */
static bool wait_without_fail(u32 round)
{
	if (round >= ROUNDS_NOFAIL)
		return false;
	if (round >= ROUNDS_NOFS && round % ROUNDS_BEFORE_KILL == 0 && out_of_memory_hook)
		(void)out_of_memory_hook();
	sleep_ms(WAIT_MS);
	return true;
}

bool reclaim_wait(struct reclaim_try *t, u32 order, u32 gfp)
{
	u32 round = t->rounds++;

	if (gfp & GFP_NOFAIL)
		return wait_without_fail(round);
	if (task_is_dying())
		return false;
	if (order > OOM_MAX_ORDER)
		return round < 2;
	if (!(gfp & GFP_FS) && round >= ROUNDS_NOFS)
		return false;
	if ((gfp & GFP_FS) && round && round % ROUNDS_BEFORE_KILL == 0 && !kill_or_wait(t))
		return false;
	sleep_ms(WAIT_MS);
	return true;
}
