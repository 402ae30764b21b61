/*
 * C-SCAN, the circular scan (the documents, chapter 2; Seaman and others, "An analysis of auxiliary-storage activity", 1966): the arm serves
 * in one direction only, goes on to the edge, and jumps back to the other edge to begin again. Nobody waits longer than one round, and unlike
 * under SCAN the edges of the disk wait no longer than its middle. The jump counts as way (iosched/travel); it is made only when
 * requests wait behind the arm. On the worked example: 384 cylinders.
 */
#include "io/block/elevators/sorted.h"

static struct request *cscan_dispatch(struct elevator_queue *e, struct hw_ctx *h, u64 now_ns, u64 *again_ns)
{
	struct sweep *s = e->data;
	struct request *rq = sweep_ahead(s);
	sector_t last = max(sweep_last(e), s->arm.at);

	if (!rq && s->sorted.node) {
		arm_to(&s->arm, s->arm.down ? 0 : last);
		arm_to(&s->arm, s->arm.down ? last : 0);
		rq = s->arm.down ? sorted_below(&s->sorted, ~0ull) : sorted_first(&s->sorted);
	}
	return sweep_take(e, rq);
}

struct elevator_type elevator_cscan = {
	.name = "cscan",
	.aliases = "c-scan",
	.init = sweep_init,
	.exit = sweep_exit,
	.insert = sweep_insert,
	.merged = sweep_merged,
	.merged_requests = sweep_merged_requests,
	.dispatch = cscan_dispatch,
	.attrs = sweep_direction_attrs,
};
