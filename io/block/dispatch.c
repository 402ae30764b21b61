/*
 * From the waiting requests to the driver: take the next one from the dispatch list or the elevator, give it a tag of a hardware context,
 * start its deadline, call queue_rq. One runner at a time per queue; who comes meanwhile leaves a note (rerun).
 * A driver that answers -EBUSY gets the request again after the next completion or blk_kick.
 */
#include "io/block/blktrace.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/trace.h"
#include "kernel/hal/cpu.h"
#include "kernel/irq/softirq.h"
#include "kernel/sched/task.h"

extern atomic_t io_in_flight; /* kernel/sched: the idle loop spins while it is not 0 under idle=poll */

/* Does nobody wait for it? */
static inline bool is_async(u32 flags)
{
	return REQ_OP(flags) == REQ_WRITE && !(flags & REQ_SYNC);
}

/* Is there a request to be had, for a bio of these kinds? dying counts as yes: there is no point in waiting. */
static inline bool has_room(const struct request_queue *q, bool async)
{
	return likely(q->nr_free && !q->frozen && !(async && q->nr_async >= q->async_max)) || q->dying;
}

struct request *blk_get_request(struct request_queue *q, u32 flags)
{
	bool async = is_async(flags);
	struct request *rq;

	while (unlikely(!has_room(q, async))) {
		if (flags & REQ_NOWAIT)
			return NULL;
		spin_unlock_bh(&q->lock);
		blk_run_queue(q); /* what we inserted ourselves must be under way before we wait for room */
		wait_event(&q->wait, has_room(q, async));
		spin_lock_bh(&q->lock);
	}
	if (q->dying)
		return NULL;
	rq = list_first_entry(&q->free_requests, struct request, queue_node);
	list_del(&rq->queue_node);
	q->nr_free--;
	q->nr_async += async;
	rq->counts_async = async;
	return rq;
}

void blk_put_request(struct request_queue *q, struct request *rq)
{
	bool room = q->nr_free++ == 0 || q->nr_free == q->nr_requests;

	rq->state = RQ_FREE;
	list_add(&rq->queue_node, &q->free_requests);
	if (rq->counts_async)
		room |= --q->nr_async == q->async_low;
	if (room)
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
	rq->retries = rq->restarts = rq->bad_spots = 0;
	rq->rest_sectors = 0;
	rq->tries = 0;
	rq->had_error = false;
	rq->timeout_ms = q->errors.timeout_ms;
	rq->error = 0;
	rq->pid = bio->pid;
	rq->queued_ns = now;
	rq->hctx = NULL;
	rq->flush_seq = q->flush_seq;
}

/* A flush goes after every write that came before it; it waits for them beside the elevator. Lock held. */
static void insert_flush(struct request_queue *q, struct request *rq)
{
	rq->state = RQ_HELD;
	rq->flush_seq = ++q->flush_seq;
	rq->elv_u64[0] = q->nr_writes;
	list_add_tail(&rq->queue_node, q->nr_writes ? &q->flushes : &q->dispatch);
}

void blk_write_over(struct request_queue *q, u32 flush_seq)
{
	struct request *flush, *next;

	q->nr_writes--;
	list_for_each_entry_safe(flush, next, &q->flushes, queue_node)
		if ((s32)(flush->flush_seq - flush_seq) > 0 && !--flush->elv_u64[0])
			list_move_tail(&flush->queue_node, &q->dispatch);
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
	rq = blk_get_request(q, bio->flags);
	if (unlikely(!rq)) {
		spin_unlock_bh(&q->lock);
		bio_endio(bio, q->dying ? -ENODEV : -EAGAIN);
		return;
	}
	now = ktime_ns();
	request_fill(rq, bio, now);
	blk_trace_rq(BLK_TA_GETRQ, rq);
	blk_account_start(rq);
	if (unlikely(REQ_OP(bio->flags) == REQ_FLUSH)) {
		insert_flush(q, rq);
	} else {
		rq->state = RQ_QUEUED;
		q->elevator.nr_queued++;
		q->nr_writes += REQ_OP(bio->flags) != REQ_READ;
		if (REQ_OP(bio->flags) != REQ_DISCARD)
			blk_hash_add(q, rq);
		q->last_merge = rq;
		TRACE(TRACE_BLOCK, "sector=%u sectors=%u", rq->id, rq->sector, rq->nr_sectors);
		blk_trace_rq(BLK_TA_INSERT, rq);
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

/* The next request for h, with a tag; NULL: none now. *now: when that was, if there is one. */
static struct request *next_request(struct request_queue *q, struct hw_ctx *h, u64 *now)
{
	struct request *rq;
	u64 again = 0;

	if (h->stopped || h->in_flight >= h->depth || (list_empty(&q->dispatch) && !q->elevator.nr_queued))
		return NULL;
	*now = ktime_ns();
	if (!list_empty(&q->dispatch)) {
		rq = list_first_entry(&q->dispatch, struct request, queue_node);
		list_del(&rq->queue_node);
	} else {
		rq = q->elevator.type->dispatch(&q->elevator, h, *now, &again);
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
static bool issue(struct request_queue *q, struct hw_ctx *h, struct request *rq, u64 now)
{
	int error;

	rq->deadline_ns = now + rq->timeout_ms * NSEC_PER_MSEC;
	blk_arm_deadline(q, rq->deadline_ns);
	atomic_and(&q->kicked, 0);
	spin_unlock(&q->lock); /* softirqs stay off */
	TRACE_ALWAYS(TRACE_BLOCK, "sector=%u sectors=%u", rq->id, rq->sector, rq->nr_sectors);
	blk_trace_rq(BLK_TA_ISSUE, rq);
	error = q->ops->queue_rq(h, rq);
	spin_lock(&q->lock);
	if (likely(!error))
		return true;
	if (error == -EBUSY) {
		blk_trace_rq(BLK_TA_REQUEUE, rq);
		blk_give_back(q, rq);
		h->stopped = !q->kicked;
		return q->kicked;
	}
	spin_unlock(&q->lock);
	blk_request_done(rq, error, 0);
	spin_lock(&q->lock);
	return true;
}

/* One request for each hardware context in turn, behind the one that got the last, so that they all get to work. false: none took any. */
static bool run_round(struct request_queue *q)
{
	u32 at = q->next_hw;
	bool progress = false;

	for (u32 n = q->nr_hw; n; n--) {
		struct hw_ctx *h = &q->hw[at];
		u64 now;
		struct request *rq = next_request(q, h, &now);

		at = at + 1 < q->nr_hw ? at + 1 : 0;
		if (rq) {
			q->next_hw = at;
			progress |= issue(q, h, rq, now);
		}
	}
	return progress;
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
		while (run_round(q))
			;
	} while (q->rerun);
	q->running = false;
	if (unlikely(q->dying))
		wake_up_all(&q->wait);
	spin_unlock_bh(&q->lock);
}
