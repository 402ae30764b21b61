/*
 * First come, first served: one FIFO, what Linux calls noop and none. It promises nothing but order; merging of neighbours happens in
 * the queue core before. Fair to every request, blind to where the arm is: on the documents' worked example (head at 53; 98 183 37 122
 * 14 124 65 67) it moves the arm over 640 cylinders.
 */
#include "io/contract/elevator.h"
#include "kernel/lib/err.h"
#include "mm/alloc.h"

static int fcfs_init(struct elevator_queue *e)
{
	struct list_head *fifo = kmalloc(sizeof(*fifo), GFP_KERNEL);

	if (!fifo)
		return -ENOMEM;
	INIT_LIST_HEAD(fifo);
	e->data = fifo;
	return 0;
}

static void fcfs_exit(struct elevator_queue *e)
{
	kfree(e->data);
}

static void fcfs_insert(struct elevator_queue *e, struct request *rq, u64 now_ns)
{
	list_add_tail(&rq->queue_node, e->data);
}

static struct request *fcfs_dispatch(struct elevator_queue *e, struct hw_ctx *h, u64 now_ns, u64 *again_ns)
{
	struct request *rq = list_first_entry_or_null((struct list_head *)e->data, struct request, queue_node);

	if (rq)
		list_del(&rq->queue_node);
	return rq;
}

static bool fcfs_has_work(struct elevator_queue *e)
{
	return !list_empty((struct list_head *)e->data);
}

struct elevator_type elevator_fcfs = {
	.name = "fcfs",
	.aliases = "noop none",
	.init = fcfs_init,
	.exit = fcfs_exit,
	.insert = fcfs_insert,
	.dispatch = fcfs_dispatch,
	.has_work = fcfs_has_work,
};
