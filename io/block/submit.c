/*
 * The way down into the block layer. blk_submit checks a bio, turns partition sectors into disk sectors, cuts what exceeds the queue's
 * limits into pieces, and either keeps it in the task's plug (so that neighbours can merge) or inserts it and runs the queue.
 */
#include "io/block/blktrace.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/trace.h"
#include "kernel/sched/task.h"
#include "mm/alloc.h"

#define PLUG_MAX 32u

u64 blk_sectors_read, blk_sectors_written;

/* 0, or why the device cannot do it. */
static int bio_check(const struct bio *bio)
{
	const struct block_device *b = bio->bdev;
	sector_t nr = bio->size >> SECTOR_SHIFT;

	if (unlikely(disk_dead(b->disk)))
		return -ENODEV;
	if (unlikely(b->disk->queue->errors.offline))
		return -EIO;
	if (REQ_OP(bio->flags) == REQ_FLUSH)
		return 0;
	if (unlikely(REQ_OP(bio->flags) != REQ_READ && (b->read_only || b->disk->read_only)))
		return -EROFS;
	if (unlikely(bio->sector > b->nr_sectors || nr > b->nr_sectors - bio->sector))
		return -EIO; /* past the end of the device, as Linux answers */
	if (unlikely(((bio->sector << SECTOR_SHIFT) | bio->size) & (b->disk->queue->limits.logical_block_size - 1)))
		return -EINVAL;
	return 0;
}

static void piece_done(struct bio *piece)
{
	bio_endio(piece->private, piece->status);
	bio_put(piece);
}

/* Copy bytes [from, from + max) of bio into a new one, but no more than the queue takes at once. */
static struct bio *bio_piece(struct bio *bio, u32 from)
{
	const struct queue_limits *l = &bio->bdev->disk->queue->limits;
	u32 max_sectors = bio->bdev->disk->queue->max_sectors, max_bytes = max_sectors ? max_sectors << SECTOR_SHIFT : ~0u;
	u32 max_vecs = l->max_segments ? min_t(u32, l->max_segments / 2, BIO_MAX_VECS) : BIO_MAX_VECS; /* see bio_fits */
	struct bio *piece = bio_alloc(bio->bdev, min_t(u32, max_vecs ? max_vecs : 1, bio->nr_vecs), bio->flags, GFP_NOFS);
	u32 skip = from;

	if (l->max_segments)
		max_bytes = min(max_bytes, max(l->max_segments / 2, 1u) << PAGE_SHIFT);
	piece->sector = bio->sector + (from >> SECTOR_SHIFT);
	piece->id = bio->id;
	piece->pid = bio->pid;
	piece->ioprio_class = bio->ioprio_class;
	piece->ioprio_level = bio->ioprio_level;
	piece->private = bio;
	piece->end_io = piece_done;
	for (u32 i = 0; i < bio->nr_vecs && piece->size < max_bytes; i++) {
		const struct bio_vec *v = &bio->vecs[i];

		if (skip >= v->len) {
			skip -= v->len;
			continue;
		}
		if (l->virt_boundary && piece->nr_vecs && bvec_gap(l, &piece->vecs[piece->nr_vecs - 1], v))
			break;
		if (!bio_add_page(piece, v->page, min(v->len - skip, max_bytes - piece->size), v->offset + skip))
			break;
		skip = 0;
	}
	return piece;
}

static bool bio_fits(const struct bio *bio)
{
	const struct request_queue *q = bio->bdev->disk->queue;
	const struct queue_limits *l = &q->limits;

	if (q->max_sectors && bio->size > q->max_sectors << SECTOR_SHIFT)
		return false;
	if (l->virt_boundary && bio->nr_vecs > 1 && unlikely(bio_has_gap(bio, l)))
		return false;
	/* A vector makes at most one segment and one more for each whole page in it; count only when that could be too many. */
	return !l->max_segments || bio->nr_vecs + (bio->size >> PAGE_SHIFT) <= l->max_segments || bio_count_segments(bio, l) <= l->max_segments;
}

static void plug_or_insert(struct bio *bio)
{
	struct blk_plug *plug = current->plug;
	struct request_queue *q = bio->bdev->disk->queue;

	blk_trace_bio(q, BLK_TA_QUEUE, bio);
	if (plug) {
		if (!plug->head)
			blk_trace_plug(q, 0);
		bio->next = NULL;
		if (plug->tail)
			plug->tail->next = bio;
		else
			plug->head = bio;
		plug->tail = bio;
		if (++plug->count >= PLUG_MAX)
			blk_flush_plug_list(plug);
		return;
	}
	blk_insert_bio(q, bio);
	blk_run_queue(q);
}

/* The I/O priority of the process, or what its nice value and its policy stand for (Linux ioprio_set(2)). */
static void set_priority(struct bio *bio)
{
	const struct task *t = current;
	u32 ioprio = task_effective_ioprio(t);

	bio->ioprio_class = (u8)IOPRIO_CLASS(ioprio);
	bio->ioprio_level = (u8)IOPRIO_LEVEL(ioprio);
}

void blk_submit(struct bio *bio)
{
	int error;

	might_sleep();
	bio->pid = current->pid;
	set_priority(bio);
	TRACE_ALWAYS(TRACE_BLOCK, "sector=%u bytes=%u", bio->id, bio->sector, bio->size);
	error = bio_check(bio);
	if (unlikely(error)) {
		bio_endio(bio, error);
		return;
	}
	if (bio->size == 0 && REQ_OP(bio->flags) != REQ_FLUSH) {
		bio_endio(bio, 0);
		return;
	}
	blk_trace_remap(bio->bdev->disk->queue, bio);
	bio->sector += bio->bdev->start;
	if (unlikely(bio->bdev->disk->queue->pio) && (REQ_OP(bio->flags) == REQ_READ || REQ_OP(bio->flags) == REQ_WRITE))
		current->io.pio += bio->size;
	if (REQ_OP(bio->flags) == REQ_READ) {
		blk_sectors_read += bio->size >> SECTOR_SHIFT;
		current->io.read_bytes += bio->size;
	} else if (REQ_OP(bio->flags) == REQ_WRITE) {
		blk_sectors_written += bio->size >> SECTOR_SHIFT;
	}
	if (REQ_OP(bio->flags) == REQ_DISCARD || likely(bio_fits(bio))) {
		plug_or_insert(bio);
		return;
	}
	/* The bio itself is only the sum of its pieces; its own count is dropped at the end. */
	for (u32 from = 0; from < bio->size;) {
		struct bio *piece = bio_piece(bio, from);

		from += piece->size;
		atomic_inc(&bio->remaining);
		plug_or_insert(piece);
	}
	bio_endio(bio, 0);
}

void blk_submit_atomic(struct bio *bio)
{
	struct request_queue *q = bio->bdev->disk->queue;
	int error = bio_check(bio);

	ASSERT(bio->flags & REQ_NOWAIT && bio->size);
	TRACE_ALWAYS(TRACE_BLOCK, "sector=%u bytes=%u", bio->id, bio->sector, bio->size);
	if (!error && unlikely(!bio_fits(bio)))
		error = -EINVAL;
	if (unlikely(error)) {
		bio_endio(bio, error);
		return;
	}
	blk_trace_remap(q, bio);
	bio->sector += bio->bdev->start;
	blk_trace_bio(q, BLK_TA_QUEUE, bio);
	blk_insert_bio(q, bio);
	blk_run_queue(q);
}

void blk_start_plug(struct blk_plug *plug)
{
	plug->head = plug->tail = NULL;
	plug->count = 0;
	if (!current->plug)
		current->plug = plug;
}

void blk_finish_plug(struct blk_plug *plug)
{
	if (current->plug != plug)
		return; /* an outer plug is still open */
	blk_flush_plug_list(plug);
	current->plug = NULL;
}

/* Insert what was collected, disk by disk, and run each queue once. */
void blk_flush_plug_list(struct blk_plug *plug)
{
	struct bio *bio = plug->head;
	struct request_queue *q = NULL;
	struct blk_plug *outer = current->plug;

	if (!bio)
		return;
	plug->head = plug->tail = NULL;
	blk_trace_plug(bio->bdev->disk->queue, plug->count);
	plug->count = 0;
	current->plug = NULL; /* a sleep for a free request must not come back here */
	TRACE(TRACE_BLOCK, "first sector=%u", bio->id, bio->sector, 0);
	while (bio) {
		struct bio *next = bio->next;

		bio->next = NULL;
		if (q && bio->bdev->disk->queue != q)
			blk_run_queue(q);
		q = bio->bdev->disk->queue;
		blk_insert_bio(q, bio);
		bio = next;
	}
	blk_run_queue(q);
	current->plug = outer;
}

static int issue_simple(struct block_device *bdev, u32 op, sector_t sector, sector_t nr)
{
	struct bio *bio = bio_alloc(bdev, 0, op, GFP_NOFS);
	int error;

	bio->sector = sector;
	bio->size = (u32)(nr << SECTOR_SHIFT);
	error = blk_submit_wait(bio);
	bio_put(bio);
	return error;
}

int blkdev_issue_flush(struct block_device *bdev)
{
	if (!bdev->disk->queue->write_back)
		return disk_dead(bdev->disk) ? -ENODEV : 0;
	return issue_simple(bdev, REQ_FLUSH, 0, 0);
}

int blkdev_issue_discard(struct block_device *bdev, sector_t sector, sector_t nr)
{
	if (!bdev->disk->queue->limits.discard_granularity)
		return -EOPNOTSUPP;
	while (nr) {
		sector_t n = min_t(sector_t, nr, 1u << 21);
		int error = issue_simple(bdev, REQ_DISCARD, sector, n);

		if (error)
			return error;
		sector += n;
		nr -= n;
	}
	return 0;
}
