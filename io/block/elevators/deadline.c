/*
 * Deadline, and mq-deadline, its younger form (Linux block/deadline-iosched.c and block/mq-deadline.c, the documents' chapter 2): each
 * request is in two views, sorted by sector and in a FIFO by age, for reads and writes apart. Requests leave in batches of up to fifo_batch
 * in rising sectors. When a batch ends (or runs out of requests) the next one is of reads, unless writes have been passed over
 * writes_starved times; it starts at the oldest request when that one's time is over, else it goes on where the arm is.
 *
 * Promise: a request that is read_expire (write_expire) old starts the next batch of its direction, so it waits no longer than its expiry
 * plus the older ones of its kind and the batches in between: at most writes_starved of reads before one of writes. Expiry is looked at between
 * batches only; it is no guarantee when more comes than the disk can do.
 *
 * mq-deadline knows I/O priorities too: RT before best-effort before IDLE, but one that waited for prio_aging_expire goes first. deadline
 * treats all alike.
 */
#include "io/block/elevators/sorted.h"
#include "kernel/debug/bug.h"
#include "kernel/lib/err.h"
#include "kernel/uapi/ioprio.h"
#include "mm/alloc.h"

enum { DD_READ, DD_WRITE };
#define DD_PRIOS 3u /* RT, BE, IDLE */

struct dd_view {
	struct rb_root sorted;
	struct list_head fifo;
	sector_t next;       /* where the last one of this kind ended: the batch goes on here */
};

struct dd_prio {
	struct dd_view view[2];
	u32 last_dir, batching, starved;
	u32 nr_queued;
};

struct deadline {
	struct dd_prio prio[DD_PRIOS];
	bool by_prio;
	u64 expire_ns[2], writes_starved, fifo_batch, front_merges, aging_ns;
};

static u32 dir_of(const struct request *rq)
{
	return rq_op(rq) == REQ_READ ? DD_READ : DD_WRITE;
}

static struct dd_prio *prio_of(struct deadline *d, const struct request *rq)
{
	if (!d->by_prio)
		return &d->prio[1];
	return &d->prio[rq->ioprio_class == IOPRIO_CLASS_RT ? 0 : rq->ioprio_class == IOPRIO_CLASS_IDLE ? 2 : 1];
}

static int dd_init(struct elevator_queue *e, bool by_prio)
{
	struct deadline *d = kzalloc(sizeof(*d), GFP_KERNEL);

	if (!d)
		return -ENOMEM;
	for (u32 i = 0; i < DD_PRIOS; i++)
		for (u32 dir = 0; dir < 2; dir++)
			INIT_LIST_HEAD(&d->prio[i].view[dir].fifo);
	d->by_prio = by_prio;
	d->expire_ns[DD_READ] = 500ull * NSEC_PER_MSEC_U32;
	d->expire_ns[DD_WRITE] = 5000ull * NSEC_PER_MSEC_U32;
	d->writes_starved = 2;
	d->fifo_batch = 16;
	d->front_merges = 1;
	d->aging_ns = 10000ull * NSEC_PER_MSEC_U32;
	e->data = d;
	return 0;
}

static int deadline_init(struct elevator_queue *e) { return dd_init(e, false); }
static int mq_deadline_init(struct elevator_queue *e) { return dd_init(e, true); }

static void dd_exit(struct elevator_queue *e)
{
	kfree(e->data);
}

static void dd_insert(struct elevator_queue *e, struct request *rq, u64 now_ns)
{
	struct deadline *d = e->data;
	struct dd_prio *p = prio_of(d, rq);
	struct dd_view *v = &p->view[dir_of(rq)];

	rq->elv_u64[0] = now_ns + d->expire_ns[dir_of(rq)]; /* when its time is over */
	rq->elv_u64[1] = now_ns;
	sorted_add(&v->sorted, rq);
	list_add_tail(&rq->queue_node, &v->fifo);
	p->nr_queued++;
}

static void dd_merged(struct elevator_queue *e, struct request *rq, bool front)
{
	struct dd_view *v = &prio_of(e->data, rq)->view[dir_of(rq)];

	if (front) {
		sorted_del(&v->sorted, rq);
		sorted_add(&v->sorted, rq);
	}
}

static void dd_remove(struct deadline *d, struct request *rq)
{
	struct dd_prio *p = prio_of(d, rq);

	sorted_del(&p->view[dir_of(rq)].sorted, rq);
	list_del(&rq->queue_node);
	p->nr_queued--;
}

/* rq takes over the place in the FIFO of what it swallows, if that one was older. */
static void dd_merged_requests(struct elevator_queue *e, struct request *rq, struct request *next)
{
	if (next->elv_u64[0] < rq->elv_u64[0]) {
		list_move(&rq->queue_node, &next->queue_node);
		rq->elv_u64[0] = next->elv_u64[0];
		rq->elv_u64[1] = min(next->elv_u64[1], rq->elv_u64[1]);
	}
	dd_remove(e->data, next);
}

static bool dd_allow_merge(struct elevator_queue *e, struct request *rq, const struct bio *bio)
{
	const struct deadline *d = e->data;

	return d->front_merges || bio->sector >= rq->sector;
}

static struct request *fifo_head(const struct dd_prio *p, u32 dir)
{
	return list_first_entry_or_null(&p->view[dir].fifo, struct request, queue_node);
}

/* Which direction the next batch is of; -1: nothing there. */
static int choose_direction(const struct deadline *d, struct dd_prio *p)
{
	bool reads = !list_empty(&p->view[DD_READ].fifo), writes = !list_empty(&p->view[DD_WRITE].fifo);

	if (reads && (!writes || p->starved < d->writes_starved)) {
		p->starved += writes;
		return DD_READ;
	}
	p->starved = 0;
	return writes ? DD_WRITE : -1;
}

static struct request *dispatch_prio(struct deadline *d, struct dd_prio *p, u64 now)
{
	struct request *rq = sorted_at(&p->view[p->last_dir].sorted, p->view[p->last_dir].next), *oldest;
	int dir;

	if (!rq || !p->batching || p->batching >= d->fifo_batch) { /* a new batch */
		dir = choose_direction(d, p);
		if (dir < 0)
			return NULL;
		oldest = fifo_head(p, (u32)dir);
		rq = sorted_at(&p->view[dir].sorted, p->view[dir].next);
		if (!rq || oldest->elv_u64[0] <= now)
			rq = oldest;
		p->last_dir = (u32)dir;
		p->batching = 0;
	}
	p->batching++;
	p->view[p->last_dir].next = rq->sector + rq->nr_sectors;
	dd_remove(d, rq);
	return rq;
}

/* A request of a lower class that has waited for so long that it may go before the higher ones. */
static struct request *dispatch_aged(struct deadline *d, u64 now)
{
	for (u32 i = 1; i < DD_PRIOS; i++) {
		for (u32 dir = 0; dir < 2; dir++) {
			struct request *rq = fifo_head(&d->prio[i], dir);

			if (rq && rq->elv_u64[1] + d->aging_ns <= now)
				return dispatch_prio(d, &d->prio[i], now);
		}
	}
	return NULL;
}

static struct request *dd_dispatch(struct elevator_queue *e, struct hw_ctx *h, u64 now_ns, u64 *again_ns)
{
	struct deadline *d = e->data;
	struct request *rq = d->by_prio ? dispatch_aged(d, now_ns) : NULL;

	for (u32 i = 0; i < DD_PRIOS && !rq; i++)
		if (d->prio[i].nr_queued)
			rq = dispatch_prio(d, &d->prio[i], now_ns);
	return rq;
}

#define DD_COMMON_ATTRS \
	ELV_NUMBER("read_expire", struct deadline, expire_ns[DD_READ], NSEC_PER_MSEC_U32, 0, 0x7fffffff), \
	ELV_NUMBER("write_expire", struct deadline, expire_ns[DD_WRITE], NSEC_PER_MSEC_U32, 0, 0x7fffffff), \
	ELV_NUMBER("writes_starved", struct deadline, writes_starved, 1, 0, 0x7fffffff), \
	ELV_NUMBER("front_merges", struct deadline, front_merges, 1, 0, 1), \
	ELV_NUMBER("fifo_batch", struct deadline, fifo_batch, 1, 1, 0x7fffffff)

static const struct elevator_attr deadline_attrs[] = { DD_COMMON_ATTRS, { 0 } };
static const struct elevator_attr mq_deadline_attrs[] = {
	DD_COMMON_ATTRS,
	ELV_NUMBER("prio_aging_expire", struct deadline, aging_ns, NSEC_PER_MSEC_U32, 0, 0x7fffffff),
	{ 0 },
};

struct elevator_type elevator_deadline = {
	.name = "deadline",
	.aliases = "",
	.init = deadline_init,
	.exit = dd_exit,
	.insert = dd_insert,
	.merged = dd_merged,
	.merged_requests = dd_merged_requests,
	.allow_merge = dd_allow_merge,
	.dispatch = dd_dispatch,
	.attrs = deadline_attrs,
};

struct elevator_type elevator_mq_deadline = {
	.name = "mq-deadline",
	.aliases = "",
	.init = mq_deadline_init,
	.exit = dd_exit,
	.insert = dd_insert,
	.merged = dd_merged,
	.merged_requests = dd_merged_requests,
	.allow_merge = dd_allow_merge,
	.dispatch = dd_dispatch,
	.attrs = mq_deadline_attrs,
};
