/*
 * C-LOOK: serve in one direction only; after the last request that way jump to the first one at the other end, without going on to the edge
 * as C-SCAN does. The same promise as C-SCAN: nobody waits longer than one round, and all places of the disk are treated alike. On the
 * worked example: 322 cylinders.
 */
#include "io/block/elevators/sorted.h"

static struct request *clook_dispatch(struct elevator_queue *e, struct hw_ctx *h, u64 now_ns, u64 *again_ns)
{
	struct sweep *s = e->data;
	struct request *rq = sweep_ahead(s);

	if (!rq)
		rq = s->arm.down ? sorted_below(&s->sorted, ~0ull) : sorted_first(&s->sorted);
	return sweep_take(e, rq);
}

struct elevator_type elevator_clook = {
	.name = "clook",
	.aliases = "c-look",
	.init = sweep_init,
	.exit = sweep_exit,
	.insert = sweep_insert,
	.merged = sweep_merged,
	.merged_requests = sweep_merged_requests,
	.dispatch = clook_dispatch,
	.attrs = sweep_direction_attrs,
};
