/*
 * Shortest seek time first: always the request nearest to the arm (the documents, chapter 2; Denning, "Effects of scheduling on file memory
 * operations", 1967). The least movement from one request to the next, and no promise at all: as long as requests keep coming near the
 * arm, one far away waits forever. tests/host/test_elevators.c shows it. On the worked example (head at 53; 98 183 37 122 14 124 65
 * 67) the arm moves over 236 cylinders.
 */
#include "io/block/elevators/sorted.h"

static struct request *sstf_dispatch(struct elevator_queue *e, struct hw_ctx *h, u64 now_ns, u64 *again_ns)
{
	struct sweep *s = e->data;
	struct request *above = sorted_at(&s->sorted, s->arm.at), *below = sorted_below(&s->sorted, s->arm.at), *rq = above;

	if (!above || (below && s->arm.at - below->sector < above->sector - s->arm.at))
		rq = below;
	return sweep_take(e, rq);
}

struct elevator_type elevator_sstf = {
	.name = "sstf",
	.aliases = "",
	.init = sweep_init,
	.exit = sweep_exit,
	.insert = sweep_insert,
	.merged = sweep_merged,
	.merged_requests = sweep_merged_requests,
	.dispatch = sstf_dispatch,
	.attrs = sweep_attrs,
};
