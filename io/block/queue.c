/* Making and ending request queues, and their statistics. */
#include "io/block/queue.h"
#include "kernel/init.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/lib/cmdline.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "mm/alloc.h"

extern void (*sched_plug_flush)(struct task *t);

static void again(void *q)
{
	blk_run_queue(q);
}

/* An array of nr requests with size bytes each for the driver. NULL: no memory. */
static struct request *requests_alloc(struct request_queue *q, u32 nr, u32 size)
{
	struct request *array = vmalloc(nr * sizeof(struct request));
	u8 *data = array && size ? vmalloc(nr * size) : NULL;

	if (!array || (size && !data)) {
		vfree(array);
		return NULL;
	}
	memset(array, 0, nr * sizeof(struct request));
	if (data)
		memset(data, 0, nr * size);
	for (u32 i = 0; i < nr; i++) {
		struct request *rq = &array[i];

		rq->q = q;
		rq->tag = -1;
		rq->driver_data = data ? data + i * size : NULL;
		INIT_LIST_HEAD(&rq->end_node);
		INIT_LIST_HEAD(&rq->start_node);
	}
	return array;
}

static void requests_free(struct request *array)
{
	if (array)
		vfree(array[0].driver_data);
	vfree(array);
}

/* All of them are free. What nobody waits for may fill three quarters of the queue, so that readers find room beside a writer. */
static void requests_use(struct request_queue *q, struct request *array, u32 nr)
{
	INIT_LIST_HEAD(&q->free_requests);
	for (u32 i = 0; i < nr; i++)
		list_add_tail(&array[i].queue_node, &q->free_requests);
	q->requests = array;
	q->nr_requests = q->nr_free = nr;
	q->async_max = max(nr * 3 / 4, 1u);
	q->async_low = q->async_max - max(q->async_max / 8, 1u);
}

void blk_freeze_queue(struct request_queue *q)
{
	assert_mutex_held(&q->knob_lock);
	spin_lock_bh(&q->lock);
	q->frozen++;
	spin_unlock_bh(&q->lock);
	blk_run_queue(q);
	wait_event(&q->wait, q->nr_free == q->nr_requests);
}

void blk_thaw_queue(struct request_queue *q)
{
	spin_lock_bh(&q->lock);
	q->frozen--;
	spin_unlock_bh(&q->lock);
	wake_up_all(&q->wait);
}

int blk_set_nr_requests(struct request_queue *q, u32 nr)
{
	struct request *array, *old;

	if (nr > NR_REQUESTS_MOST)
		return -EINVAL;
	nr = max(nr, NR_REQUESTS_LEAST);
	array = requests_alloc(q, nr, q->request_size);
	if (!array)
		return -ENOMEM;
	mutex_lock(&q->knob_lock);
	blk_freeze_queue(q);
	spin_lock_bh(&q->lock);
	old = q->requests;
	requests_use(q, array, nr);
	spin_unlock_bh(&q->lock);
	blk_thaw_queue(q);
	mutex_unlock(&q->knob_lock);
	requests_free(old);
	return 0;
}

/* The one of the kernel word elevator=NAME, else fcfs: most disks of today have no arm, and it costs least. */
static int first_elevator(struct request_queue *q)
{
	const char *name = cmdline_get("elevator");
	int error = name ? elevator_init(q, name) : -EINVAL;

	if (name && error == -EINVAL)
		pr_warn("elevator=%s: no such elevator\n", name);
	return error == -EINVAL ? elevator_init(q, "fcfs") : error;
}

struct request_queue *blk_queue_create(const struct block_ops *ops, const struct queue_limits *lim, u32 nr_hw, u32 depth, u32 request_size,
				       void *driver_data)
{
	struct request_queue *q;
	struct request *array;
	int error;
	u32 nr;

	if (!nr_hw || nr_hw > MAX_HW_CONTEXTS || !depth || depth > 256)
		return ERR_PTR(-EINVAL);
	q = kzalloc(sizeof(*q) + nr_hw * sizeof(struct hw_ctx), GFP_KERNEL);
	if (!q)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&q->lock, "queue", RANK_QUEUE);
	atomic_set(&q->refs, 1);
	q->ops = ops;
	q->limits = *lim;
	if (!q->limits.logical_block_size)
		q->limits.logical_block_size = SECTOR_SIZE;
	if (!q->limits.max_segment_size)
		q->limits.max_segment_size = 65536;
	if (!q->limits.dma_alignment)
		q->limits.dma_alignment = 511;
	q->driver_data = driver_data;
	q->max_sectors = min(q->limits.max_hw_sectors, MAX_SECTORS_DEFAULT);
	q->write_back = q->limits.write_cache;
	q->iostats = true;
	q->add_random = q->limits.rotational;
	INIT_LIST_HEAD(&q->dispatch);
	INIT_LIST_HEAD(&q->flushes);
	INIT_LIST_HEAD(&q->kick_node);
	mutex_init(&q->knob_lock, "queue knobs", RANK_OBJECT);
	wait_queue_init(&q->wait);
	for (u32 i = 0; i < ARRAY_SIZE(q->end_hash); i++) {
		INIT_LIST_HEAD(&q->end_hash[i]);
		INIT_LIST_HEAD(&q->start_hash[i]);
	}
	timer_init(&q->again_timer, again, q);
	timer_init(&q->deadline_timer, blk_deadline_expired, q);
	INIT_WORK(&q->timeout_work, blk_timeout_work);
	q->deadline_at = ~0ull;
	io_errors_init(&q->errors);
	q->nr_hw = nr_hw;
	for (u32 i = 0; i < nr_hw; i++)
		q->hw[i] = (struct hw_ctx){ .q = q, .index = i, .depth = depth, .driver_data = driver_data };
	q->request_size = ALIGN_UP(request_size, 16u);
	nr = max(NR_REQUESTS_DEFAULT, nr_hw * depth);
	array = requests_alloc(q, nr, q->request_size);
	error = array ? first_elevator(q) : -ENOMEM;
	if (error) {
		requests_free(array);
		kfree(q);
		return ERR_PTR(error);
	}
	requests_use(q, array, nr);
	return q;
}

void blk_queue_put(struct request_queue *q)
{
	if (!atomic_dec_and_test(&q->refs))
		return;
	elevator_exit(q);
	requests_free(q->requests);
	kfree(q);
}

/* Nothing is queued or in flight, and nothing will be. */
void blk_queue_destroy(struct request_queue *q)
{
	ASSERT(q->nr_free == q->nr_requests);
	timer_del_sync(&q->again_timer);
	timer_del_sync(&q->deadline_timer);
	cancel_work_sync(&q->timeout_work);
	blk_queue_put(q);
}

void *blk_queue_data(struct request_queue *q)
{
	return q->driver_data;
}

struct io_errors *blk_queue_errors(struct request_queue *q)
{
	return &q->errors;
}

struct gendisk *blk_queue_disk(struct request_queue *q)
{
	return q->disk;
}

const struct queue_limits *blk_queue_limits(struct request_queue *q)
{
	return &q->limits;
}

sector_t blk_queue_capacity(const struct request_queue *q)
{
	return q->disk ? q->disk->capacity : 0;
}

void blk_queue_set_pio(struct request_queue *q, bool yes) { q->pio = yes; }

bool blk_queue_rotational(const struct request_queue *q)
{
	return q->limits.rotational;
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

	rq->part = rq->q->iostats ? part : NULL;
	if (!rq->part)
		return;
	busy_time(whole, rq->queued_ns);
	whole->in_flight[w]++;
	if (part != whole) {
		busy_time(part, rq->queued_ns);
		part->in_flight[w]++;
	}
}

void blk_account_done(struct request *rq, u64 now)
{
	struct block_device *part = rq->part, *whole;

	if (!part)
		return;
	whole = part->disk->part[0];
	account_one(whole, rq, now, stat_index(rq));
	if (part != whole)
		account_one(part, rq, now, stat_index(rq));
}

static void uncount(struct block_device *b, u32 index)
{
	b->in_flight[index == 1]--;
	b->merges[index]++;
}

void blk_account_joined(struct request *rq)
{
	struct block_device *part = rq->part, *whole;

	if (!part)
		return;
	whole = part->disk->part[0];
	uncount(whole, stat_index(rq));
	if (part != whole)
		uncount(part, stat_index(rq));
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
