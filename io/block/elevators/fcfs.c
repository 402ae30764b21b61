/*
 * First come, first served: one FIFO, what Linux calls noop and none. It promises nothing but order; merging of neighbours happens in
 * the queue core before. Fair to every request, blind to where the arm is: on the documents' worked example (head at 53; 98 183 37 122
 * 14 124 65 67) it moves the arm over 640 cylinders (the document says 654, which is wrong: docs/elevators.md). The arm is
 * only counted here, for iosched/travel.
 */
#include "io/block/elevators/sorted.h"
#include "kernel/lib/err.h"
#include "mm/alloc.h"

struct fcfs {
	struct sweep sweep; /* of it the arm alone; first, for the attributes */
	struct list_head fifo;
};

static int fcfs_init(struct elevator_queue *e)
{
	struct fcfs *f = kzalloc(sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	INIT_LIST_HEAD(&f->fifo);
	e->data = f;
	return 0;
}

static void fcfs_insert(struct elevator_queue *e, struct request *rq, u64 now_ns)
{
	list_add_tail(&rq->queue_node, &((struct fcfs *)e->data)->fifo);
}

static void fcfs_merged_requests(struct elevator_queue *e, struct request *rq, struct request *next)
{
	list_del(&next->queue_node);
}

static struct request *fcfs_dispatch(struct elevator_queue *e, struct hw_ctx *h, u64 now_ns, u64 *again_ns)
{
	struct fcfs *f = e->data;
	struct request *rq = list_first_entry_or_null(&f->fifo, struct request, queue_node);

	if (rq) {
		list_del(&rq->queue_node);
		arm_serve(&f->sweep.arm, rq);
	}
	return rq;
}

struct elevator_type elevator_fcfs = {
	.name = "fcfs",
	.aliases = "noop none",
	.init = fcfs_init,
	.exit = sweep_exit,
	.insert = fcfs_insert,
	.merged_requests = fcfs_merged_requests,
	.dispatch = fcfs_dispatch,
	.attrs = sweep_attrs,
};
