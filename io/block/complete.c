/*
 * The way back up. The driver's interrupt handler says blk_request_done; the rest runs in SOFTIRQ_BLOCK: free the tag, start the next
 * request, then end the bios. When the medium failed somewhere in a request, what lies before the bad spot is good, the page with the bad
 * spot is given up, and what lies behind it goes out again: a bad sector costs its own page only. Where a device does not say which sector
 * it was, smaller and smaller parts of the request are tried. Who decides that is io/error.
 */
#include "io/block/blktrace.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/debug/trace.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/percpu.h"
#include "kernel/irq/softirq.h"
#include "kernel/sched/random.h"

#define RANDOM_EVERY 64u

extern atomic_t io_in_flight;

/* Per CPU, interrupts off. */
static struct list_head done_list[MAX_CPUS], kick_list[MAX_CPUS];

void blk_request_done(struct request *rq, int status, u32 bytes_done)
{
	u32 flags;

	if (WARN_ON(rq->state != RQ_ISSUED))
		return; /* ended before: a stray completion after a timeout */
	rq->state = RQ_DONE;
	rq->error = status;
	rq->good_bytes = bytes_done;
	flags = irq_save();
	list_add_tail(&rq->done_node, &done_list[this_cpu()->id]);
	irq_restore(flags);
	softirq_raise(SOFTIRQ_BLOCK);
}

void blk_kick(struct request_queue *q)
{
	u32 flags = irq_save();

	atomic_or(&q->kicked, 1);
	if (list_empty(&q->kick_node))
		list_add_tail(&q->kick_node, &kick_list[this_cpu()->id]);
	irq_restore(flags);
	softirq_raise(SOFTIRQ_BLOCK);
}

/* End the bios of the chain that lie wholly in the first `bytes` bytes; returns the rest of the chain, *bytes left in its first bio. */
static struct bio *end_good_bios(struct bio *bio, u32 *bytes)
{
	while (bio && *bytes >= bio->size - bio->done) {
		struct bio *next = bio->next;

		*bytes -= bio->size - bio->done;
		bio->next = NULL;
		bio_endio(bio, 0);
		bio = next;
	}
	return bio;
}

/* Move bio->done past the page that holds byte `at` (counted from done). */
static void skip_bad_page(struct bio *bio, u32 at)
{
	u32 start = 0;

	at += bio->done;
	for (u32 i = 0; i < bio->nr_vecs; i++) {
		const struct bio_vec *v = &bio->vecs[i];

		if (at < start + v->len) {
			bio->done = start + min(v->len, ALIGN_UP(v->offset + at - start + 1, PAGE_SIZE) - v->offset);
			return;
		}
		start += v->len;
	}
	bio->done = bio->size;
}

void blk_rq_advance(struct request *rq, u32 good, bool bad)
{
	struct bio *bio = end_good_bios(rq->bio, &good);

	rq->tries = 0;
	if (bio && bad) {
		skip_bad_page(bio, good);
		bio->status = -EIO;
		if (bio->done == bio->size) {
			struct bio *next = bio->next;

			bio->next = NULL;
			bio_endio(bio, -EIO);
			bio = next;
		}
	} else if (bio) {
		bio->done += good;
	}
	rq->bio = bio;
}

void blk_rq_issue_again(struct request *rq, u32 sectors)
{
	struct request_queue *q = rq->q;
	u32 bytes = 0;

	rq->sector = rq->bio->sector + (rq->bio->done >> SECTOR_SHIFT);
	rq->nr_segments = 0;
	for (struct bio *b = rq->bio; b; b = b->next) {
		bytes += b->size - b->done;
		rq->nr_segments += bio_count_segments(b, &q->limits);
	}
	rq->nr_sectors = min(sectors, bytes >> SECTOR_SHIFT);
	rq->rest_sectors = (bytes >> SECTOR_SHIFT) - rq->nr_sectors;
	rq->error = 0;
	rq->retries = rq->restarts = 0;
	spin_lock_bh(&q->lock);
	rq->hctx->stopped = false;
	blk_give_back(q, rq);
	spin_unlock_bh(&q->lock);
	blk_run_queue(q);
}

/* A part of rq was good, and more is left. */
static void go_on_behind_part(struct request *rq)
{
	sector_t from = rq->sector + rq->nr_sectors;

	blk_rq_advance(rq, rq_bytes(rq), false);
	blk_rq_issue_again(rq, io_error_next_part(rq, from));
}

/* When a request ends nobody outside can foretell to the nanosecond. Every so often is enough, and costs less. */
static void add_randomness(struct request_queue *q)
{
	u64 now;

	if (++q->random_count % RANDOM_EVERY)
		return;
	now = ktime_ns();
	random_add(&now, sizeof(now));
}

/* Bottom half of one request. */
static void blk_complete(struct request *rq)
{
	struct request_queue *q = rq->q;
	struct bio *bio;
	int error;
	u64 now;

	TRACE_ALWAYS(TRACE_BLOCK, "sector=%u error=%d", rq->id, rq->sector, rq->error);
	blk_trace_rq(BLK_TA_COMPLETE, rq);
	if (unlikely(rq->error) && io_error_handle(rq))
		return;
	if (unlikely(!rq->error && rq->rest_sectors)) {
		go_on_behind_part(rq);
		return;
	}
	if (unlikely(rq->had_error))
		io_error_final(rq);
	now = ktime_ns();
	spin_lock_bh(&q->lock);
	rq->hctx->tag_map[(u32)rq->tag / 32] &= ~BIT((u32)rq->tag % 32);
	rq->hctx->in_flight--;
	rq->hctx->stopped = false;
	atomic_dec(&io_in_flight);
	if (q->elevator.type->completed && rq_op(rq) != REQ_FLUSH)
		q->elevator.type->completed(&q->elevator, rq, now);
	blk_account_done(rq, now);
	if (rq_op(rq) == REQ_WRITE || rq_op(rq) == REQ_DISCARD)
		blk_write_over(q, rq->flush_seq);
	bio = rq->bio;
	error = io_error_told(rq->error);
	blk_put_request(q, rq);
	spin_unlock_bh(&q->lock);
	blk_run_queue(q); /* the device first, the readers then */
	if (q->add_random)
		add_randomness(q);
	while (bio) {
		struct bio *next = bio->next;

		bio->next = NULL;
		bio_endio(bio, error);
		bio = next;
	}
}

static void unstop(struct request_queue *q)
{
	spin_lock_bh(&q->lock);
	for (u32 i = 0; i < q->nr_hw; i++)
		q->hw[i].stopped = false;
	spin_unlock_bh(&q->lock);
	blk_run_queue(q); /* the last one to touch it: whoever unplugs the disk is woken there */
}

/* Who adds while this looks raises the softirq again. */
static struct list_head *pop(struct list_head *head)
{
	struct list_head *e;
	u32 flags;

	if (list_empty(head))
		return NULL;
	flags = irq_save();
	e = head->next; /* only this softirq takes any away */
	list_del_init(e);
	irq_restore(flags);
	return e;
}

static void blk_softirq(void)
{
	u32 cpu = this_cpu()->id;
	struct list_head *e;

	while ((e = pop(&done_list[cpu])))
		blk_complete(list_entry(e, struct request, done_node));
	while ((e = pop(&kick_list[cpu])))
		unstop(list_entry(e, struct request_queue, kick_node));
}

int blk_complete_init(void)
{
	for (u32 i = 0; i < MAX_CPUS; i++) {
		INIT_LIST_HEAD(&done_list[i]);
		INIT_LIST_HEAD(&kick_list[i]);
	}
	softirq_open(SOFTIRQ_BLOCK, "BLOCK", blk_softirq);
	return 0;
}
