/*
 * LOOK: SCAN that looks ahead. The arm goes one way as long as there are requests that way and turns at the last one, not at the edge of the
 * disk (Merten, "Some quantitative techniques for file organization", 1970). It promises what SCAN promises: whoever waits is served
 * within two sweeps. The two serve in the same order; LOOK leaves out the way to the edge and back. On the worked example: 299 cylinders.
 */
#include "io/block/elevators/sorted.h"

static struct request *look_dispatch(struct elevator_queue *e, struct hw_ctx *h, u64 now_ns, u64 *again_ns)
{
	struct sweep *s = e->data;
	struct request *rq = sweep_ahead(s);

	if (!rq && s->sorted.node) { /* nothing that way: turn */
		s->arm.down = !s->arm.down;
		rq = s->arm.down ? sorted_below(&s->sorted, s->arm.at) : sorted_at(&s->sorted, s->arm.at);
	}
	return sweep_take(e, rq);
}

struct elevator_type elevator_look = {
	.name = "look",
	.aliases = "",
	.init = sweep_init,
	.exit = sweep_exit,
	.insert = sweep_insert,
	.merged = sweep_merged,
	.merged_requests = sweep_merged_requests,
	.dispatch = look_dispatch,
	.attrs = sweep_direction_attrs,
};
