/*
 * SCAN, the elevator (the documents, chapter 2; Denning 1967): the arm sweeps from edge to edge of the disk and serves what lies on its way;
 * it turns at the edge. Promise: a request is served within two sweeps of its arrival, wherever it is. What arrives just behind the arm
 * waits longest, and the middle of the disk is passed at more even intervals than the edges.
 *
 * An operating system has no command to move the arm without reading: the way from the last request to the edge is no command, only
 * counted (iosched/travel). It is gone only when the arm has to turn because requests wait on the other side. On the worked example:
 * 333 cylinders.
 */
#include "io/block/elevators/sorted.h"

static struct request *scan_dispatch(struct elevator_queue *e, struct hw_ctx *h, u64 now_ns, u64 *again_ns)
{
	struct sweep *s = e->data;
	struct request *rq = sweep_ahead(s);

	if (!rq && s->sorted.node) { /* to the edge, and back */
		arm_to(&s->arm, s->arm.down ? 0 : max(sweep_last(e), s->arm.at));
		s->arm.down = !s->arm.down;
		rq = s->arm.down ? sorted_below(&s->sorted, s->arm.at + 1) : sorted_at(&s->sorted, s->arm.at);
	}
	return sweep_take(e, rq);
}

struct elevator_type elevator_scan = {
	.name = "scan",
	.aliases = "",
	.init = sweep_init,
	.exit = sweep_exit,
	.insert = sweep_insert,
	.merged = sweep_merged,
	.merged_requests = sweep_merged_requests,
	.dispatch = scan_dispatch,
	.attrs = sweep_direction_attrs,
};
