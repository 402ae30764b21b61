/* Making and ending request queues, and their statistics. */
#include "io/block/queue.h"
#include "kernel/init.h"
#include "kernel/debug/bug.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "mm/alloc.h"

extern void (*sched_plug_flush)(struct task *t);

static void again(void *q)
{
	blk_run_queue(q);
}

static int requests_alloc(struct request_queue *q, u32 nr, u32 data_size)
{
	u8 *data = NULL;

	data_size = ALIGN_UP(data_size, 16u);
	q->requests = vmalloc(nr * sizeof(struct request));
	if (data_size)
		data = kzalloc(nr * data_size, GFP_KERNEL);
	if (!q->requests || (data_size && !data)) {
		vfree(q->requests);
		kfree(data);
		return -ENOMEM;
	}
	memset(q->requests, 0, nr * sizeof(struct request));
	for (u32 i = 0; i < nr; i++) {
		struct request *rq = &q->requests[i];

		rq->q = q;
		rq->tag = -1;
		rq->timeout_ms = 10000;
		rq->driver_data = data ? data + i * data_size : NULL;
		INIT_LIST_HEAD(&rq->hash_node);
		list_add_tail(&rq->queue_node, &q->free_requests);
	}
	q->nr_requests = q->nr_free = nr;
	return 0;
}

struct request_queue *blk_queue_create(const struct block_ops *ops, const struct queue_limits *lim, u32 nr_hw, u32 depth, u32 request_size,
				       void *driver_data)
{
	struct request_queue *q;
	int error = -EINVAL;

	if (!nr_hw || nr_hw > MAX_HW_CONTEXTS || !depth || depth > 256)
		return ERR_PTR(-EINVAL);
	q = kzalloc(sizeof(*q) + nr_hw * sizeof(struct hw_ctx), GFP_KERNEL);
	if (!q)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&q->lock, "queue", RANK_QUEUE);
	q->ops = ops;
	q->limits = *lim;
	if (!q->limits.logical_block_size)
		q->limits.logical_block_size = SECTOR_SIZE;
	if (!q->limits.max_segment_size)
		q->limits.max_segment_size = 65536;
	if (!q->limits.dma_alignment)
		q->limits.dma_alignment = 511;
	q->driver_data = driver_data;
	INIT_LIST_HEAD(&q->dispatch);
	INIT_LIST_HEAD(&q->free_requests);
	INIT_LIST_HEAD(&q->kick_node);
	wait_queue_init(&q->wait);
	for (u32 i = 0; i < ARRAY_SIZE(q->end_hash); i++)
		INIT_LIST_HEAD(&q->end_hash[i]);
	timer_init(&q->again_timer, again, q);
	timer_init(&q->deadline_timer, blk_deadline_expired, q);
	q->deadline_at = ~0ull;
	q->nr_hw = nr_hw;
	for (u32 i = 0; i < nr_hw; i++)
		q->hw[i] = (struct hw_ctx){ .q = q, .index = i, .depth = depth, .driver_data = driver_data };
	error = requests_alloc(q, max(NR_REQUESTS_DEFAULT, nr_hw * depth), request_size);
	if (!error)
		error = elevator_init(q, "fcfs");
	if (error) {
		if (q->requests) {
			kfree(q->requests[0].driver_data);
			vfree(q->requests);
		}
		kfree(q);
		return ERR_PTR(error);
	}
	return q;
}

/* The disk is gone (del_gendisk) or was never added: nothing is queued or in flight. */
void blk_queue_destroy(struct request_queue *q)
{
	ASSERT(q->nr_free == q->nr_requests);
	timer_del_sync(&q->again_timer);
	timer_del_sync(&q->deadline_timer);
	elevator_exit(q);
	kfree(q->requests[0].driver_data);
	vfree(q->requests);
	kfree(q);
}

void *blk_queue_data(struct request_queue *q)
{
	return q->driver_data;
}

const struct queue_limits *blk_queue_limits(struct request_queue *q)
{
	return &q->limits;
}

static void busy_time(struct block_device *b, u64 now)
{
	if (b->in_flight[0] + b->in_flight[1])
		b->io_ticks_ns += now - b->last_change_ns;
	b->last_change_ns = now;
}

static void account_one(struct block_device *b, struct request *rq, u64 now, u32 index)
{
	u32 nr = rq_bytes(rq) >> SECTOR_SHIFT;

	busy_time(b, now);
	b->in_flight[index == 1]--;
	b->ios[index]++;
	b->sectors[index] += nr;
	b->ticks_ns[index] += now - rq->queued_ns;
}

static u32 stat_index(const struct request *rq)
{
	static const u8 index[] = { [REQ_READ] = 0, [REQ_WRITE] = 1, [REQ_DISCARD] = 2, [REQ_FLUSH] = 3 };

	return index[rq_op(rq)];
}

/* Called when a request is made from its first bio; lock held. */
void blk_account_start(struct request *rq)
{
	struct block_device *part = rq->bio->bdev, *whole = part->disk->part[0];
	u32 w = stat_index(rq) == 1;

	rq->part = part;
	busy_time(whole, rq->queued_ns);
	whole->in_flight[w]++;
	if (part != whole) {
		busy_time(part, rq->queued_ns);
		part->in_flight[w]++;
	}
}

void blk_account_done(struct request *rq, u64 now)
{
	struct block_device *part = rq->part, *whole = part->disk->part[0];

	account_one(whole, rq, now, stat_index(rq));
	if (part != whole)
		account_one(part, rq, now, stat_index(rq));
}

static void plug_flush_hook(struct task *t)
{
	blk_flush_plug_list(t->plug);
}

int blk_init(void)
{
	int error = bio_init_pools();

	if (error)
		return error;
	blk_complete_init();
	sched_plug_flush = plug_flush_hook;
	return blk_timeout_init();
}
