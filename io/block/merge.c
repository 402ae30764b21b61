/*
 * Merging: a bio that continues a waiting request (back) or ends where it starts (front) joins it, so that neighbours leave as one
 * command; and when a request grew so far that it touches another one, the two become one (after the fact). Neighbours are found by hashes
 * of requests' ends and starts, with the last merged request as a first guess. queue/nomerges 1 leaves the guess alone, 2 nothing.
 * Contract: queue lock held.
 */
#include "io/block/blktrace.h"
#include "kernel/debug/trace.h"
#include "kernel/lib/hash.h"

static struct list_head *bucket(struct list_head *hash, sector_t sector)
{
	return &hash[hash_32((u32)sector, MERGE_HASH_BITS)];
}

static sector_t rq_end(const struct request *rq)
{
	return rq->sector + rq->nr_sectors;
}

void blk_hash_add(struct request_queue *q, struct request *rq)
{
	list_add(&rq->end_node, bucket(q->end_hash, rq_end(rq)));
	list_add(&rq->start_node, bucket(q->start_hash, rq->sector));
}

void blk_hash_del(struct request *rq)
{
	if (list_empty(&rq->end_node))
		return;
	list_del_init(&rq->end_node);
	list_del_init(&rq->start_node);
}

static struct request *find_ending_at(struct request_queue *q, sector_t sector, enum req_op op)
{
	struct request *rq;

	list_for_each_entry(rq, bucket(q->end_hash, sector), end_node)
		if (rq_end(rq) == sector && rq_op(rq) == op)
			return rq;
	return NULL;
}

static struct request *find_starting_at(struct request_queue *q, sector_t sector, enum req_op op)
{
	struct request *rq;

	list_for_each_entry(rq, bucket(q->start_hash, sector), start_node)
		if (rq->sector == sector && rq_op(rq) == op)
			return rq;
	return NULL;
}

/* Do the memory of a and of the bio b behind it fit together? Both have some. */
static bool gap_between(const struct request_queue *q, const struct bio *a, const struct bio *b)
{
	return q->limits.virt_boundary && bvec_gap(&q->limits, &a->vecs[a->nr_vecs - 1], &b->vecs[0]);
}

/* May rq take in `first` and what hangs on it: so many sectors and segments? */
static bool may_merge(struct request_queue *q, struct request *rq, const struct bio *first, u32 sectors, u32 segments)
{
	const struct elevator_type *e = q->elevator.type;

	if (rq->state != RQ_QUEUED || rq_op(rq) != REQ_OP(first->flags) || ((rq->flags | first->flags) & REQ_NOMERGE))
		return false;
	if (rq->ioprio_class != first->ioprio_class || rq->ioprio_level != first->ioprio_level)
		return false;
	if (q->max_sectors && rq->nr_sectors + sectors > q->max_sectors)
		return false;
	if (q->limits.max_segments && rq->nr_segments + segments > q->limits.max_segments)
		return false;
	if (first->sector < rq->sector ? gap_between(q, first, rq->bio) : gap_between(q, rq->biotail, first))
		return false;
	return !e->allow_merge || e->allow_merge(&q->elevator, rq, first);
}

static void count_merge(struct block_device *b, enum req_op op)
{
	b->merges[op]++;
	if (b->partno)
		b->disk->part[0]->merges[op]++;
}

/* rq has grown by what has these flags: somebody may wait for it now, and it is read-ahead only as long as all of it is. */
static void grow(struct request *rq, u32 flags, u32 sectors, u32 segments)
{
	rq->nr_sectors += sectors;
	rq->nr_segments += segments;
	rq->flags = (rq->flags | (flags & (REQ_SYNC | REQ_META))) & ~(flags & REQ_RAHEAD ? 0 : REQ_RAHEAD);
}

static void merge_back(struct request_queue *q, struct request *rq, struct bio *bio, u32 segments)
{
	rq->biotail->next = bio;
	rq->biotail = bio;
	grow(rq, bio->flags, bio->size >> SECTOR_SHIFT, segments);
}

static void merge_front(struct request_queue *q, struct request *rq, struct bio *bio, u32 segments)
{
	bio->next = rq->bio;
	rq->bio = bio;
	rq->sector = bio->sector;
	grow(rq, bio->flags, bio->size >> SECTOR_SHIFT, segments);
}

/* rq now ends where next starts: make them one if they may be. true: next is gone. */
static bool join(struct request_queue *q, struct request *rq, struct request *next)
{
	if (rq->counts_async != next->counts_async || next->state != RQ_QUEUED || !may_merge(q, rq, next->bio, next->nr_sectors, next->nr_segments))
		return false;
	blk_trace_rq(BLK_TA_BACKMERGE, next);
	blk_hash_del(rq);
	blk_hash_del(next);
	rq->biotail->next = next->bio;
	rq->biotail = next->biotail;
	grow(rq, next->flags, next->nr_sectors, next->nr_segments);
	q->elevator.nr_queued--;
	if (q->elevator.type->merged_requests)
		q->elevator.type->merged_requests(&q->elevator, rq, next);
	rq->queued_ns = min(rq->queued_ns, next->queued_ns);
	if (rq_op(rq) == REQ_WRITE) { /* a flush behind one of them waits for both */
		u32 later = (s32)(rq->flush_seq - next->flush_seq) > 0 ? rq->flush_seq : next->flush_seq;

		rq->flush_seq += next->flush_seq - later;
		blk_write_over(q, later);
	}
	blk_account_joined(next);
	blk_put_request(q, next);
	blk_hash_add(q, rq);
	q->last_merge = rq;
	return true;
}

static struct request *find_neighbour(struct request_queue *q, const struct bio *bio, bool *front)
{
	sector_t end = bio->sector + (bio->size >> SECTOR_SHIFT);
	struct request *rq = q->last_merge;

	*front = false;
	if (rq && rq->state == RQ_QUEUED) {
		if (rq_end(rq) == bio->sector)
			return rq;
		*front = rq->sector == end;
		if (*front)
			return rq;
	}
	if (q->nomerges)
		return NULL;
	rq = find_ending_at(q, bio->sector, REQ_OP(bio->flags));
	if (rq)
		return rq;
	*front = true;
	return find_starting_at(q, end, REQ_OP(bio->flags));
}

bool blk_merge_bio(struct request_queue *q, struct bio *bio)
{
	struct request *rq, *other;
	u32 segments;
	bool front;

	if (q->elevator.nr_queued == 0 || (bio->flags & REQ_NOMERGE) || REQ_OP(bio->flags) > REQ_WRITE || q->nomerges > 1)
		return false;
	rq = find_neighbour(q, bio, &front);
	if (!rq)
		return false;
	segments = bio_count_segments(bio, &q->limits);
	if (!may_merge(q, rq, bio, bio->size >> SECTOR_SHIFT, segments))
		return false;
	TRACE(TRACE_BLOCK, "into request at sector=%u front=%u", bio->id, rq->sector, front);
	blk_trace_bio(q, front ? BLK_TA_FRONTMERGE : BLK_TA_BACKMERGE, bio);
	blk_hash_del(rq);
	if (front)
		merge_front(q, rq, bio, segments);
	else
		merge_back(q, rq, bio, segments);
	blk_hash_add(q, rq);
	if (q->elevator.type->merged)
		q->elevator.type->merged(&q->elevator, rq, front);
	if (q->iostats)
		count_merge(bio->bdev, REQ_OP(bio->flags));
	q->last_merge = rq;
	if (q->nomerges)
		return true;
	other = front ? find_ending_at(q, rq->sector, rq_op(rq)) : find_starting_at(q, rq_end(rq), rq_op(rq));
	if (other && other != rq)
		(void)(front ? join(q, other, rq) : join(q, rq, other));
	return true;
}
