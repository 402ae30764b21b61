/*
 * What happens to bios and requests, as Linux's blktrace records it (include/uapi/linux/blktrace_api.h, version 7): blkparse, btt and iowatcher
 * read the bytes of /sys/block/NAME/trace/trace0 as they are. Off until 1 is written to trace/enable; then a test of a pointer and one
 * record an event.
 *
 *   Q queued   M F merged behind, in front of   G request taken   I given to the elevator   D issued to the driver   C completed
 *   R given back by the driver   P U plugged, unplugged   A moved from a partition to its disk
 */
#ifndef IO_BLOCK_BLKTRACE_H
#define IO_BLOCK_BLKTRACE_H

#include "io/block/queue.h"

/* The low half of blk_io_trace.action. */
enum blk_trace_act {
	BLK_TA_QUEUE = 1, BLK_TA_BACKMERGE, BLK_TA_FRONTMERGE, BLK_TA_GETRQ, BLK_TA_SLEEPRQ, BLK_TA_REQUEUE, BLK_TA_ISSUE, BLK_TA_COMPLETE,
	BLK_TA_PLUG, BLK_TA_UNPLUG_IO, BLK_TA_UNPLUG_TIMER, BLK_TA_INSERT, BLK_TA_SPLIT, BLK_TA_BOUNCE, BLK_TA_REMAP,
};

void blk_trace_note(struct request_queue *q, enum blk_trace_act act, u32 flags, sector_t sector, u32 bytes, pid_t pid, int error);
void blk_trace_note_plug(struct request_queue *q, u32 count);                      /* count 0: begun; else so many bios leave it */
void blk_trace_note_remap(struct request_queue *q, const struct bio *bio);       /* before the sector is moved */

/* For a bio, its sector the disk's; for a request. Any context but hard interrupts. */
static inline void blk_trace_bio(struct request_queue *q, enum blk_trace_act act, const struct bio *bio)
{
	if (unlikely(q->trace))
		blk_trace_note(q, act, bio->flags, bio->sector, bio->size, bio->pid, 0);
}
static inline void blk_trace_rq(enum blk_trace_act act, const struct request *rq)
{
	if (unlikely(rq->q->trace))
		blk_trace_note(rq->q, act, rq->flags, rq->sector, rq_bytes(rq), rq->pid, rq->error);
}
static inline void blk_trace_plug(struct request_queue *q, u32 count)
{
	if (unlikely(q->trace))
		blk_trace_note_plug(q, count);
}
static inline void blk_trace_remap(struct request_queue *q, const struct bio *bio)
{
	if (unlikely(q->trace) && bio->bdev->partno)
		blk_trace_note_remap(q, bio);
}

/* trace/ in the disk's folder. Process context, may sleep; removed before the queue goes, when nothing is under way any more. */
int blk_trace_add(struct gendisk *d);
void blk_trace_del(struct gendisk *d);

#endif
