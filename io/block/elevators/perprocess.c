/* Queues of requests for each process; see perprocess.h. */
#include "io/block/elevators/perprocess.h"
#include "kernel/debug/bug.h"
#include "kernel/lib/div64.h"
#include "kernel/lib/err.h"
#include "mm/alloc.h"

#define QUEUES_KEPT 64u                 /* beyond that, queues of processes that are gone are used again */
#define SEEK_FAR 2048u                  /* sectors: a jump of more than 1 MiB is a seek */
#define SEEK_HISTORY 32u

static struct io_queue *ioq_new(struct io_queues *s, u32 gfp)
{
	struct io_queue *q = kzalloc(s->size, gfp);

	if (q) {
		INIT_LIST_HEAD(&q->lru);
		INIT_LIST_HEAD(&q->fifo);
	}
	return q;
}

int ioq_init(struct io_queues *s, u32 size)
{
	INIT_LIST_HEAD(&s->lru);
	s->size = size;
	s->fifo_expire_ns[0] = 250ull * NSEC_PER_MSEC_U32;
	s->fifo_expire_ns[1] = 125ull * NSEC_PER_MSEC_U32;
	s->back_seek_max = 16 * 1024;
	s->back_seek_penalty = 2;
	s->spare = ioq_new(s, GFP_KERNEL);
	if (!s->spare)
		return -ENOMEM;
	s->spare->class = IO_BE;
	s->spare->level = IO_LEVELS / 2;
	s->spare->pid = -1;
	s->spare->sync = true;
	return 0;
}

void ioq_exit(struct io_queues *s)
{
	while (!list_empty(&s->lru)) {
		struct io_queue *q = list_first_entry(&s->lru, struct io_queue, lru);

		list_del(&q->lru);
		kfree(q);
	}
	for (u32 i = 0; i < IO_LEVELS; i++) {
		kfree(s->async[0][i]);
		kfree(s->async[1][i]);
	}
	kfree(s->async_idle);
	kfree(s->spare);
}

static u8 class_of(const struct request *rq)
{
	static const u8 classes[] = { IO_BE, IO_RT, IO_BE, IO_IDLE }; /* none counts as best effort */

	return classes[rq->ioprio_class & 3];
}

bool ioq_rq_sync(const struct request *rq)
{
	return rq_op(rq) == REQ_READ || (rq->flags & REQ_SYNC);
}

static struct io_queue *find_async(struct io_queues *s, const struct request *rq)
{
	u8 class = class_of(rq), level = rq->ioprio_level & (IO_LEVELS - 1);
	struct io_queue **q = class == IO_IDLE ? &s->async_idle : &s->async[class][level];

	if (!*q) {
		*q = ioq_new(s, GFP_ATOMIC);
		if (!*q)
			return s->spare;
		(*q)->class = class;
		(*q)->level = level;
	}
	return *q;
}

/* The longest unused one that nothing is in, as good as new; NULL: there is none. */
static struct io_queue *reuse_oldest(struct io_queues *s)
{
	struct io_queue *q;

	list_for_each_entry_reverse(q, &s->lru, lru) {
		if (q->queued || q->in_flight || q->used)
			continue;
		list_del(&q->lru);
		s->nr--;
		__builtin_memset(q, 0, s->size);
		INIT_LIST_HEAD(&q->lru);
		INIT_LIST_HEAD(&q->fifo);
		return q;
	}
	return NULL;
}

struct io_queue *ioq_find(struct io_queues *s, const struct request *rq)
{
	struct io_queue *q;

	if (!ioq_rq_sync(rq))
		return find_async(s, rq);
	list_for_each_entry(q, &s->lru, lru)
		if (q->pid == rq->pid)
			goto found;
	q = s->nr >= QUEUES_KEPT ? reuse_oldest(s) : NULL;
	if (!q)
		q = ioq_new(s, GFP_ATOMIC);
	if (!q)
		return s->spare;
	q->pid = rq->pid;
	q->sync = true;
	list_add(&q->lru, &s->lru);
	s->nr++;
found:
	list_move(&q->lru, &s->lru);
	q->class = class_of(rq);
	q->level = rq->ioprio_level & (IO_LEVELS - 1);
	return q;
}

/* Decaying average over about eight samples. */
static void note_think_time(struct io_queue *q, u64 ns)
{
	q->think_samples = (7 * q->think_samples + 256) / 8;
	q->think_total = (7 * q->think_total + 256 * ns) >> 3;
	q->think_mean = div_u64(q->think_total + 128, q->think_samples);
}

void ioq_add(struct io_queues *s, struct io_queue *q, struct request *rq, u64 now_ns)
{
	u64 far = rq->sector > q->last_end ? rq->sector - q->last_end : q->last_end - rq->sector;

	if (q->sync && q->last_end_ns && !q->queued && !q->in_flight)
		note_think_time(q, min_t(u64, now_ns - q->last_end_ns, 1000ull * NSEC_PER_MSEC_U32));
	q->seeks = q->seeks << 1 | (far > SEEK_FAR);
	q->last_end = rq->sector + rq->nr_sectors;
	rq->elv_ptr[0] = q;
	rq->elv_u64[0] = now_ns + s->fifo_expire_ns[q->sync];
	sorted_add(&q->sorted, rq);
	list_add_tail(&rq->queue_node, &q->fifo);
	q->queued++;
}

void ioq_remove(struct io_queue *q, struct request *rq)
{
	sorted_del(&q->sorted, rq);
	list_del(&rq->queue_node);
	q->queued--;
}

struct request *ioq_choose(const struct io_queues *s, const struct io_queue *q)
{
	struct request *above = sorted_at(&q->sorted, s->arm), *below = sorted_below(&q->sorted, s->arm);
	u64 back = below ? s->arm - below->sector : 0;

	if (below && back > s->back_seek_max * 2)
		return above ? above : sorted_first(&q->sorted); /* too far back: rather start again at the lowest */
	if (!above || !below)
		return above ? above : below;
	return above->sector - s->arm <= back * s->back_seek_penalty ? above : below;
}

struct request *ioq_expired(const struct io_queue *q, u64 now_ns)
{
	struct request *rq = list_first_entry_or_null(&q->fifo, struct request, queue_node);

	return rq && rq->elv_u64[0] <= now_ns ? rq : NULL;
}

struct request *ioq_dispatch(struct io_queues *s, struct io_queue *q, struct request *rq)
{
	ioq_remove(q, rq);
	q->in_flight++;
	s->arm = rq->sector + rq->nr_sectors;
	return rq;
}

void ioq_completed(struct io_queue *q, u64 now_ns)
{
	q->in_flight--;
	q->last_end_ns = now_ns;
}

bool ioq_thinks_longer(const struct io_queue *q, u64 limit_ns)
{
	return q->think_samples > 80 && q->think_mean > limit_ns;
}

bool ioq_seeky(const struct io_queue *q)
{
	u32 far = 0;

	for (u32 bits = q->seeks; bits; bits &= bits - 1)
		far++;
	return far > SEEK_HISTORY / 2;
}

void ioq_merged(struct elevator_queue *e, struct request *rq, bool front)
{
	struct io_queue *q = ioq_of(rq);

	if (front) {
		sorted_del(&q->sorted, rq);
		sorted_add(&q->sorted, rq);
	}
}

/* Nobody's waiting joins what nobody waits for, and a process joins only its own: else one would pay for the other. */
bool ioq_allow_merge(struct elevator_queue *e, struct request *rq, const struct bio *bio)
{
	bool sync = REQ_OP(bio->flags) == REQ_READ || (bio->flags & REQ_SYNC);

	return sync == ioq_rq_sync(rq) && (!sync || ioq_of(rq)->pid == bio->pid);
}
