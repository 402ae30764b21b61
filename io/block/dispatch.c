/*
 * From the waiting requests to the driver: take the next one from the dispatch list or the elevator, give it a tag of a hardware context,
 * start its deadline, call queue_rq. One runner at a time per queue; who comes meanwhile leaves a note (rerun).
 * A driver that answers -EBUSY gets the request again after the next completion or blk_kick.
 */
#include "io/block/queue.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/trace.h"
#include "kernel/hal/cpu.h"
#include "kernel/irq/softirq.h"
#include "kernel/sched/task.h"

extern atomic_t io_in_flight; /* kernel/sched: the idle loop spins while it is not 0 under idle=poll */

struct request *blk_get_request(struct request_queue *q, bool wait)
{
	struct request *rq;

	while (!q->nr_free && !q->dying) {
		if (!wait)
			return NULL;
		spin_unlock_bh(&q->lock);
		blk_run_queue(q); /* what we inserted ourselves must be under way before we wait for room */
		wait_event(&q->wait, q->nr_free || q->dying);
		spin_lock_bh(&q->lock);
	}
	if (q->dying)
		return NULL;
	rq = list_first_entry(&q->free_requests, struct request, queue_node);
	list_del(&rq->queue_node);
	q->nr_free--;
	return rq;
}

void blk_put_request(struct request_queue *q, struct request *rq)
{
	rq->state = RQ_FREE;
	list_add(&rq->queue_node, &q->free_requests);
	if (q->nr_free++ == 0 || q->nr_free == q->nr_requests)
		wake_up_all(&q->wait);
}

static void request_fill(struct request *rq, struct bio *bio, u64 now)
{
	struct request_queue *q = rq->q;

	rq->flags = bio->flags;
	rq->sector = bio->sector;
	rq->nr_sectors = bio->size >> SECTOR_SHIFT;
	rq->bio = rq->biotail = bio;
	rq->nr_segments = q->limits.max_segments ? bio_count_segments(bio, &q->limits) : bio->nr_vecs;
	rq->id = bio->id;
	rq->tag = -1;
	rq->ioprio_class = bio->ioprio_class;
	rq->ioprio_level = bio->ioprio_level;
	rq->retries = rq->bad_spots = 0;
	rq->error = 0;
	rq->pid = bio->pid;
	rq->queued_ns = now;
	rq->hctx = NULL;
	INIT_LIST_HEAD(&rq->hash_node);
}

void blk_insert_bio(struct request_queue *q, struct bio *bio)
{
	struct request *rq;
	u64 now;

	spin_lock_bh(&q->lock);
	if (blk_merge_bio(q, bio)) {
		spin_unlock_bh(&q->lock);
		return;
	}
	rq = blk_get_request(q, !(bio->flags & REQ_NOWAIT));
	if (unlikely(!rq)) {
		spin_unlock_bh(&q->lock);
		bio_endio(bio, q->dying ? -ENODEV : -EAGAIN);
		return;
	}
	now = ktime_ns();
	request_fill(rq, bio, now);
	blk_account_start(rq);
	if (unlikely(REQ_OP(bio->flags) == REQ_FLUSH)) {
		rq->state = RQ_HELD;
		list_add_tail(&rq->queue_node, &q->dispatch);
	} else {
		rq->state = RQ_QUEUED;
		q->elevator.nr_queued++;
		if (REQ_OP(bio->flags) != REQ_DISCARD)
			blk_hash_add(q, rq);
		q->last_merge = rq;
		TRACE(TRACE_BLOCK, "sector=%u sectors=%u", rq->id, rq->sector, rq->nr_sectors);
		q->elevator.type->insert(&q->elevator, rq, now);
	}
	spin_unlock_bh(&q->lock);
}

void blk_give_back(struct request_queue *q, struct request *rq)
{
	assert_spin_held(&q->lock);
	if (rq->tag >= 0) {
		rq->hctx->tag_map[rq->tag / 32] &= ~BIT(rq->tag % 32);
		rq->hctx->in_flight--;
		rq->tag = -1;
		atomic_dec(&io_in_flight);
	}
	rq->state = RQ_HELD;
	list_add(&rq->queue_node, &q->dispatch);
}

static s32 tag_get(struct hw_ctx *h)
{
	for (u32 i = 0; i < h->depth; i += 32) {
		u32 free = ~h->tag_map[i / 32];

		if (free) {
			u32 bit = (u32)__builtin_ctz(free);

			if (i + bit >= h->depth)
				return -1;
			h->tag_map[i / 32] |= BIT(bit);
			return (s32)(i + bit);
		}
	}
	return -1;
}

/* The next request for h, with a tag; NULL: none now. */
static struct request *next_request(struct request_queue *q, struct hw_ctx *h)
{
	struct request *rq;
	u64 again = 0;

	if (h->stopped || h->in_flight >= h->depth)
		return NULL;
	if (!list_empty(&q->dispatch)) {
		rq = list_first_entry(&q->dispatch, struct request, queue_node);
		list_del(&rq->queue_node);
	} else {
		if (!q->elevator.nr_queued)
			return NULL;
		rq = q->elevator.type->dispatch(&q->elevator, h, ktime_ns(), &again);
		if (!rq) {
			if (again)
				timer_mod(&q->again_timer, again);
			return NULL;
		}
		q->elevator.nr_queued--;
		blk_hash_del(rq);
		if (q->last_merge == rq)
			q->last_merge = NULL;
	}
	rq->tag = tag_get(h);
	BUG_ON(rq->tag < 0);
	rq->hctx = h;
	rq->state = RQ_ISSUED;
	h->in_flight++;
	atomic_inc(&io_in_flight);
	return rq;
}

/* Lock held, dropped around the driver's call. false: the context takes no more for now. */
static bool issue(struct request_queue *q, struct hw_ctx *h, struct request *rq)
{
	int error;

	rq->deadline_ns = ktime_ns() + rq->timeout_ms * NSEC_PER_MSEC;
	blk_arm_deadline(q, rq->deadline_ns);
	atomic_and(&q->kicked, 0);
	spin_unlock(&q->lock); /* softirqs stay off */
	TRACE_ALWAYS(TRACE_BLOCK, "sector=%u sectors=%u", rq->id, rq->sector, rq->nr_sectors);
	error = q->ops->queue_rq(h, rq);
	spin_lock(&q->lock);
	if (likely(!error))
		return true;
	if (error == -EBUSY) {
		blk_give_back(q, rq);
		h->stopped = !q->kicked;
		return q->kicked;
	}
	spin_unlock(&q->lock);
	blk_request_done(rq, error, 0);
	spin_lock(&q->lock);
	return true;
}

void blk_run_queue(struct request_queue *q)
{
	spin_lock_bh(&q->lock);
	if (q->running) {
		q->rerun = true;
		spin_unlock_bh(&q->lock);
		return;
	}
	q->running = true;
	do {
		q->rerun = false;
		for (u32 i = 0; i < q->nr_hw; i++) {
			struct request *rq;

			while ((rq = next_request(q, &q->hw[i])) && issue(q, &q->hw[i], rq))
				;
		}
	} while (q->rerun);
	q->running = false;
	spin_unlock_bh(&q->lock);
}
