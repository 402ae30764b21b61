/*
 * CFQ, completely fair queueing (Linux block/cfq-iosched.c as of 2.6.28, J. Axboe; the documents, chapter 2): each process has a queue of
 * its own, and the queues take turns with the disk to themselves for a slice of time. The slice is slice_sync (slice_async for what nobody
 * waits for), longer and shorter with the I/O priority: from 180 % at level 0 to 40 % at level 7. Class RT goes before best effort, IDLE
 * only when nobody else wants the disk.
 *
 * When a process with a slice has nothing more queued, the disk waits for it up to slice_idle (if it has shown that it comes back in time):
 * the next read of a sequential reader is near, the others' are far. Within a queue requests go by distance (back_seek_max,
 * back_seek_penalty); once a slice the oldest goes first if it waited longer than fifo_expire. low_latency cuts the slices so that one round
 * takes about target_latency.
 *
 * Promise: backlogged processes get time in proportion to their slices. A slice begins when its first request is done, less what a request
 * of this process takes: the way to it from where another one left the arm is nobody's. What a slice overran (a request that was under way) is
 * taken off the next one. A process of class BE waits at most one round: the sum of the others' slices and one request of each.
 */
#include "io/block/elevators/perprocess.h"
#include "kernel/lib/div64.h"
#include "kernel/lib/err.h"
#include "mm/alloc.h"

struct cfq_queue {
	struct io_queue io;
	struct list_head rr;            /* cfq->rr[class], by key */
	u64 key;                        /* when its turn is */
	u64 slice_start, slice_end;     /* end 0: the slice begins when its first request is done */
	u64 per_request;                /* how long one took in the last slice */
	s64 carry;                      /* overrun of the last slice (negative), or what was left of one that was cut short */
	u32 slice_dispatched;
	bool on_rr, fifo_done;
};

struct cfq {
	struct io_queues io;            /* first: perprocess.c */
	struct list_head rr[IO_CLASSES];
	struct cfq_queue *active;
	u64 idle_until;                 /* the disk waits for the active queue; 0: it does not */
	u32 sync_in_flight, nr_busy, nr_busy_sync;
	/* tunables */
	u64 quantum, slice_ns[2], slice_async_rq, slice_idle_ns, low_latency, target_latency_ns;
};

static int cfq_init(struct elevator_queue *e)
{
	struct cfq *c = kzalloc(sizeof(*c), GFP_KERNEL);

	if (!c)
		return -ENOMEM;
	if (ioq_init(&c->io, sizeof(struct cfq_queue))) {
		kfree(c);
		return -ENOMEM;
	}
	for (u32 i = 0; i < IO_CLASSES; i++)
		INIT_LIST_HEAD(&c->rr[i]);
	c->quantum = 8;
	c->slice_ns[0] = 40ull * NSEC_PER_MSEC_U32;
	c->slice_ns[1] = 100ull * NSEC_PER_MSEC_U32;
	c->slice_async_rq = 2;
	c->slice_idle_ns = 8ull * NSEC_PER_MSEC_U32;
	c->low_latency = 1;
	c->target_latency_ns = 300ull * NSEC_PER_MSEC_U32;
	e->data = c;
	return 0;
}

static void cfq_exit(struct elevator_queue *e)
{
	struct cfq *c = e->data;

	ioq_exit(&c->io);
	kfree(c);
}

/* ---- slices and turns ---- */

/* Level 4 gets base, each level more or less a fifth of it. */
static u64 prio_slice(const struct cfq *c, bool sync, u32 level)
{
	u64 base = c->slice_ns[sync];

	return base + div_u64(base, 5) * 4 - div_u64(base, 5) * level;
}

static u64 slice_of(const struct cfq *c, const struct cfq_queue *q)
{
	u64 slice = prio_slice(c, q->io.sync, q->io.level), round = c->slice_ns[1] * c->nr_busy_sync;

	if (c->low_latency && q->io.sync && round > c->target_latency_ns) {
		u64 least = min(slice, div64_u64(2 * c->slice_idle_ns * slice, max_t(u64, c->slice_ns[1], 1)));

		slice = max(div64_u64(slice * c->target_latency_ns, round), least);
	}
	if (q->carry < 0)
		slice = slice > 2 * (u64)-q->carry ? slice - (u64)-q->carry : slice / 2;
	return slice;
}

/* Queue up for a turn, in the order of key. */
static void rr_insert(struct cfq *c, struct cfq_queue *q)
{
	struct list_head *head = &c->rr[q->io.class], *p = head->prev;

	while (p != head && list_entry(p, struct cfq_queue, rr)->key > q->key)
		p = p->prev;
	list_add(&q->rr, p);
}

static void rr_add(struct cfq *c, struct cfq_queue *q, u64 now, bool front)
{
	/* The shorter its slice, the later its turn: as many times the difference as there are others. */
	u64 shorter = prio_slice(c, q->io.sync, 0) - prio_slice(c, q->io.sync, q->io.level);

	q->key = front ? 0 : now + (c->nr_busy > 1 ? (c->nr_busy - 1) * shorter : 0);
	if (q->carry > 0) {
		q->key = q->key > (u64)q->carry ? q->key - (u64)q->carry : 0;
		q->carry = 0;
	}
	rr_insert(c, q);
}

static void became_busy(struct cfq *c, struct cfq_queue *q, u64 now, bool front)
{
	q->on_rr = q->io.used = true;
	c->nr_busy++;
	c->nr_busy_sync += q->io.sync;
	rr_add(c, q, now, front);
}

static void no_longer_busy(struct cfq *c, struct cfq_queue *q)
{
	list_del(&q->rr);
	q->on_rr = q->io.used = false;
	c->nr_busy--;
	c->nr_busy_sync -= q->io.sync;
}

/* The turn of the active queue is over. over: it has used its slice up, or somebody cut it short; else it had nothing more. */
static void slice_expire(struct cfq *c, u64 now, bool over)
{
	struct cfq_queue *q = c->active;

	if (!q)
		return;
	q->carry = over && q->slice_end ? (s64)(q->slice_end - now) : 0;
	if (q->slice_end && q->slice_dispatched)
		q->per_request = div_u64(now - q->slice_start, q->slice_dispatched);
	c->active = NULL;
	c->idle_until = 0;
	if (!q->io.queued) {
		no_longer_busy(c, q);
		return;
	}
	list_del(&q->rr);
	rr_add(c, q, now, false);
}

static void slice_begin(struct cfq *c, struct cfq_queue *q)
{
	c->active = q;
	c->idle_until = 0;
	q->slice_end = 0;
	q->slice_dispatched = 0;
	q->fifo_done = false;
}

static bool slice_used(const struct cfq *c, const struct cfq_queue *q, u64 now)
{
	if (q->slice_end && now >= q->slice_end)
		return true;
	if (q->io.sync)
		return q->io.class == IO_IDLE && q->slice_dispatched && c->nr_busy > 1;
	return q->slice_dispatched >= 2 * c->slice_async_rq * (IO_LEVELS - q->io.level);
}

static bool may_idle(const struct elevator_queue *e, const struct cfq_queue *q)
{
	const struct cfq *c = e->data;

	return c->slice_idle_ns && q->io.sync && q->io.class != IO_IDLE && blk_queue_rotational(e->q) &&
	       !ioq_thinks_longer(&q->io, c->slice_idle_ns);
}

/* ---- arrival ---- */

static bool should_preempt(const struct cfq *c, const struct cfq_queue *q, const struct request *rq)
{
	const struct cfq_queue *a = c->active;

	if (!a || a == q || q->io.class == IO_IDLE)
		return false;
	if (a->io.class == IO_IDLE || (q->io.class == IO_RT && a->io.class != IO_RT))
		return true;
	if (a->io.class == IO_RT && q->io.class != IO_RT)
		return false;
	if (!a->io.sync) /* let it have one request a turn, or readers in a row would starve it */
		return q->io.sync && a->slice_dispatched;
	return q->io.sync && (rq->flags & REQ_META) && !a->io.queued;
}

static void cfq_insert(struct elevator_queue *e, struct request *rq, u64 now_ns)
{
	struct cfq *c = e->data;
	struct cfq_queue *q = container_of(ioq_find(&c->io, rq), struct cfq_queue, io);
	bool first = !q->on_rr, preempt = should_preempt(c, q, rq);

	ioq_add(&c->io, &q->io, rq, now_ns);
	if (preempt)
		slice_expire(c, now_ns, true);
	if (first) {
		became_busy(c, q, now_ns, preempt);
	} else if (q != c->active) { /* its class may have changed, or it goes first */
		list_del(&q->rr);
		q->key = preempt ? 0 : q->key;
		rr_insert(c, q);
	}
	if (q == c->active)
		c->idle_until = 0;
}

static void cfq_merged_requests(struct elevator_queue *e, struct request *rq, struct request *next)
{
	struct cfq *c = e->data;
	struct cfq_queue *q = container_of(ioq_of(next), struct cfq_queue, io);

	if (next->elv_u64[0] < rq->elv_u64[0] && ioq_of(rq) == &q->io) {
		list_move(&rq->queue_node, &next->queue_node);
		rq->elv_u64[0] = next->elv_u64[0];
	}
	ioq_remove(&q->io, next);
	if (!q->io.queued && q != c->active && q->on_rr)
		no_longer_busy(c, q);
}

/* ---- dispatch ---- */

static struct cfq_queue *next_queue(const struct cfq *c)
{
	for (u32 i = 0; i < IO_CLASSES; i++)
		if (!list_empty(&c->rr[i]))
			return list_first_entry(&c->rr[i], struct cfq_queue, rr);
	return NULL;
}

/* Whose turn it is; NULL: nobody's before *again (0: before something happens). */
static struct cfq_queue *select_queue(struct elevator_queue *e, u64 now, u64 *again)
{
	struct cfq *c = e->data;
	struct cfq_queue *q = c->active;

	if (q && slice_used(c, q, now)) {
		slice_expire(c, now, true);
	} else if (q) {
		if (q->io.queued)
			return q;
		if (q->io.in_flight && may_idle(e, q))
			return NULL; /* its completion decides */
		if (c->idle_until > now) {
			*again = c->idle_until;
			return NULL;
		}
		slice_expire(c, now, false);
	}
	q = next_queue(c);
	if (q)
		slice_begin(c, q);
	return q;
}

static struct request *cfq_dispatch(struct elevator_queue *e, struct hw_ctx *h, u64 now_ns, u64 *again_ns)
{
	struct cfq *c = e->data;
	struct cfq_queue *q = select_queue(e, now_ns, again_ns);
	struct request *rq;

	if (!q)
		return NULL;
	if (!q->io.sync && c->sync_in_flight)
		return NULL; /* the device first finishes what somebody waits for */
	if (q->io.in_flight >= (q->io.class == IO_IDLE ? 1 : c->nr_busy > 1 ? c->quantum : 4 * c->quantum))
		return NULL;
	rq = q->fifo_done ? NULL : ioq_expired(&q->io, now_ns);
	q->fifo_done = true;
	if (!rq)
		rq = ioq_choose(&c->io, &q->io);
	if (!q->slice_dispatched++)
		q->slice_start = now_ns;
	c->sync_in_flight += q->io.sync;
	return ioq_dispatch(&c->io, &q->io, rq);
}

static void slice_count(struct cfq *c, struct cfq_queue *q, u64 now)
{
	q->slice_start = now - min(q->per_request, now - q->slice_start);
	q->slice_end = q->slice_start + slice_of(c, q);
	q->carry = 0;
}

static void cfq_completed(struct elevator_queue *e, struct request *rq, u64 now_ns)
{
	struct cfq *c = e->data;
	struct cfq_queue *q = container_of(ioq_of(rq), struct cfq_queue, io);

	ioq_completed(&q->io, now_ns);
	c->sync_in_flight -= q->io.sync;
	if (q == c->active && !q->slice_end && q->slice_dispatched)
		slice_count(c, q, now_ns);
	if (q != c->active || q->io.queued || q->io.in_flight || slice_used(c, q, now_ns) || !may_idle(e, q))
		return;
	c->idle_until = min(now_ns + c->slice_idle_ns, q->slice_end);
}

static const struct elevator_attr cfq_attrs[] = {
	ELV_NUMBER("quantum", struct cfq, quantum, 1, 1, 0x7fffffff),
	ELV_NUMBER("fifo_expire_sync", struct cfq, io.fifo_expire_ns[1], NSEC_PER_MSEC_U32, 1, 0x7fffffff),
	ELV_NUMBER("fifo_expire_async", struct cfq, io.fifo_expire_ns[0], NSEC_PER_MSEC_U32, 1, 0x7fffffff),
	ELV_NUMBER("back_seek_max", struct cfq, io.back_seek_max, 1, 0, 0x7fffffff),
	ELV_NUMBER("back_seek_penalty", struct cfq, io.back_seek_penalty, 1, 1, 0x7fffffff),
	ELV_NUMBER("slice_sync", struct cfq, slice_ns[1], NSEC_PER_MSEC_U32, 1, 100000),
	ELV_NUMBER("slice_async", struct cfq, slice_ns[0], NSEC_PER_MSEC_U32, 1, 100000),
	ELV_NUMBER("slice_async_rq", struct cfq, slice_async_rq, 1, 1, 0x7fffffff),
	ELV_NUMBER("slice_idle", struct cfq, slice_idle_ns, NSEC_PER_MSEC_U32, 0, 100000),
	ELV_NUMBER("low_latency", struct cfq, low_latency, 1, 0, 1),
	ELV_NUMBER("target_latency", struct cfq, target_latency_ns, NSEC_PER_MSEC_U32, 1, 100000),
	{ 0 },
};

struct elevator_type elevator_cfq = {
	.name = "cfq",
	.aliases = "",
	.init = cfq_init,
	.exit = cfq_exit,
	.insert = cfq_insert,
	.merged = ioq_merged,
	.merged_requests = cfq_merged_requests,
	.allow_merge = ioq_allow_merge,
	.dispatch = cfq_dispatch,
	.completed = cfq_completed,
	.attrs = cfq_attrs,
};
