/*
 * Merging: a bio that continues a waiting request (back) or ends where it starts (front) joins it, so that neighbours leave as one
 * command. Back merges are found by a hash of request ends, with the last merged request as a first guess; front merges only
 * through that guess, since they are rare. Contract: queue lock held.
 */
#include "io/block/queue.h"
#include "kernel/debug/trace.h"
#include "kernel/lib/hash.h"

static struct list_head *end_bucket(struct request_queue *q, sector_t end)
{
	return &q->end_hash[hash_32((u32)end, MERGE_HASH_BITS)];
}

void blk_hash_add(struct request_queue *q, struct request *rq)
{
	list_add(&rq->hash_node, end_bucket(q, rq->sector + rq->nr_sectors));
}

void blk_hash_del(struct request *rq)
{
	if (!list_empty(&rq->hash_node))
		list_del_init(&rq->hash_node);
}

static bool may_merge(struct request_queue *q, struct request *rq, const struct bio *bio, u32 segments)
{
	const struct queue_limits *l = &q->limits;
	const struct elevator_type *e = q->elevator.type;

	if (rq->state != RQ_QUEUED || rq_op(rq) != REQ_OP(bio->flags) || (rq->flags & REQ_NOMERGE))
		return false;
	if (l->max_hw_sectors && rq->nr_sectors + (bio->size >> SECTOR_SHIFT) > l->max_hw_sectors)
		return false;
	if (l->max_segments && rq->nr_segments + segments > l->max_segments)
		return false;
	return !e->allow_merge || e->allow_merge(&q->elevator, rq, bio);
}

static void merge_back(struct request_queue *q, struct request *rq, struct bio *bio, u32 segments)
{
	blk_hash_del(rq);
	rq->biotail->next = bio;
	rq->biotail = bio;
	rq->nr_sectors += bio->size >> SECTOR_SHIFT;
	rq->nr_segments += segments;
	rq->flags |= bio->flags & REQ_SYNC;
	blk_hash_add(q, rq);
	if (q->elevator.type->merged)
		q->elevator.type->merged(&q->elevator, rq, false);
}

static void merge_front(struct request_queue *q, struct request *rq, struct bio *bio, u32 segments)
{
	bio->next = rq->bio;
	rq->bio = bio;
	rq->sector = bio->sector;
	rq->nr_sectors += bio->size >> SECTOR_SHIFT;
	rq->nr_segments += segments;
	rq->flags |= bio->flags & REQ_SYNC;
	if (q->elevator.type->merged)
		q->elevator.type->merged(&q->elevator, rq, true);
}

static struct request *find_back(struct request_queue *q, sector_t sector)
{
	struct request *rq;

	list_for_each_entry(rq, end_bucket(q, sector), hash_node)
		if (rq->sector + rq->nr_sectors == sector)
			return rq;
	return NULL;
}

bool blk_merge_bio(struct request_queue *q, struct bio *bio)
{
	struct request *rq = q->last_merge;
	sector_t end = bio->sector + (bio->size >> SECTOR_SHIFT);
	u32 segments;
	bool front = false;

	if (q->elevator.nr_queued == 0 || (bio->flags & REQ_NOMERGE) || REQ_OP(bio->flags) > REQ_WRITE)
		return false;
	if (rq && rq->state == RQ_QUEUED && rq->sector == end)
		front = true;
	else if (!rq || rq->state != RQ_QUEUED || rq->sector + rq->nr_sectors != bio->sector)
		rq = find_back(q, bio->sector);
	if (!rq)
		return false;
	segments = bio_count_segments(bio, &q->limits);
	if (!may_merge(q, rq, bio, segments))
		return false;
	TRACE(TRACE_BLOCK, "into request at sector=%u front=%u", bio->id, rq->sector, front);
	if (front)
		merge_front(q, rq, bio, segments);
	else
		merge_back(q, rq, bio, segments);
	bio->bdev->merges[REQ_OP(bio->flags)]++;
	if (bio->bdev->partno)
		bio->bdev->disk->part[0]->merges[REQ_OP(bio->flags)]++;
	q->last_merge = rq;
	return true;
}
