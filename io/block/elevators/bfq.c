/*
 * BFQ, budget fair queueing (Linux block/bfq-iosched.c and bfq-wf2q.c; P. Valente, F. Checconi, "High throughput disk scheduling with fair
 * bandwidth distribution", IEEE Transactions on Computers 59(9), 2010; the documents, chapter 2): like cfq each process has a queue, but its
 * turn is measured in sectors, not in time. It gets the disk for a budget, and is charged what it really used. Budgets grow for
 * those that use them up and shrink for those that leave the disk idle.
 *
 * Who is next decides B-WF2Q+: a queue has a virtual start S and finish F = S + budget / weight; virtual time V moves by service / (sum of
 * weights). Among the eligible (S <= V) the one that would finish first goes. Promise: each backlogged queue gets its share by weight, and
 * is never further behind an ideal division than about one largest budget. The weight is (8 - level) * 10 of the I/O priority; RT goes
 * before best effort before IDLE.
 *
 * A queue that reads slowly (random places on a disk with an arm) is charged for its time, as if it had used its whole budget: else one
 * process that seeks would take nearly all of the time. Weight raising (low_latency): a queue that is new, or was silent for two seconds, belongs
 * to somebody at the keyboard; for a few seconds its weight counts thirty times.
 */
#include "io/block/elevators/perprocess.h"
#include "kernel/lib/div64.h"
#include "kernel/lib/err.h"
#include "mm/alloc.h"

#define SERVICE_SHIFT 22u                   /* fixed point of virtual time: sectors << 22 / weight */
#define BUDGET_DEFAULT (16u * 1024)         /* sectors, until the disk's rate is known */
#define BUDGET_MIN 256u
#define BUDGET_TOP (1u << 20)
#define WEIGHT_PER_LEVEL 10u
#define RAISE_FACTOR 30u
#define RAISE_NS (6000ull * NSEC_PER_MSEC_U32)
#define SILENCE_NS (2000ull * NSEC_PER_MSEC_U32)
#define ASYNC_CHARGE 3u                     /* what nobody waits for costs so many times its sectors */
#define RATE_SLOT_NS (20ull * NSEC_PER_MSEC_U32) /* shorter slots say nothing about the disk's rate */

enum expiry { TIMEOUT, EXHAUSTED, NO_MORE, TOO_IDLE, PREEMPTED };

struct bfq_queue {
	struct io_queue io;
	struct list_head node;              /* bfq->active[class], by finish */
	u64 start, finish;                  /* virtual */
	u64 slot_start, slot_end;           /* end 0: begins with its first request */
	u64 raised_until, last_busy_ns;
	u32 weight;                         /* in force since its last activation, raised or not */
	u32 budget, service;                /* sectors: granted for this slot, used in it */
	u32 next_budget;                    /* what it is worth by its record */
	u8 tree;                            /* the class it competes in: that of its last activation */
	bool busy, fifo_done;
};

struct bfq {
	struct io_queues io;                /* first: perprocess.c */
	struct list_head active[IO_CLASSES];
	u64 vtime[IO_CLASSES];
	u32 weights[IO_CLASSES];            /* sum over the busy ones */
	struct bfq_queue *serving;        /* whose slot it is */
	u64 idle_until;
	u64 rate;                           /* peak, sectors a second; 0: not known */
	u32 nr_busy;
	/* tunables */
	u64 slice_idle_ns, timeout_ns, max_budget, low_latency, strict_guarantees;
};

static int bfq_init(struct elevator_queue *e)
{
	struct bfq *b = kzalloc(sizeof(*b), GFP_KERNEL);

	if (!b)
		return -ENOMEM;
	if (ioq_init(&b->io, sizeof(struct bfq_queue))) {
		kfree(b);
		return -ENOMEM;
	}
	for (u32 i = 0; i < IO_CLASSES; i++)
		INIT_LIST_HEAD(&b->active[i]);
	b->slice_idle_ns = 8ull * NSEC_PER_MSEC_U32;
	b->timeout_ns = 125ull * NSEC_PER_MSEC_U32;
	b->low_latency = 1;
	e->data = b;
	return 0;
}

static void bfq_exit(struct elevator_queue *e)
{
	struct bfq *b = e->data;

	ioq_exit(&b->io);
	kfree(b);
}

/* ---- budgets ---- */

/* What the disk reads in a time slot at its best, unless the user says. */
static u32 max_budget(const struct bfq *b)
{
	u64 sectors;

	if (b->max_budget)
		return (u32)b->max_budget;
	if (!b->rate)
		return BUDGET_DEFAULT;
	sectors = div_u64(b->rate * div_u64(b->timeout_ns, NSEC_PER_MSEC_U32), 1000);
	return sectors < BUDGET_MIN ? BUDGET_MIN : sectors > BUDGET_TOP ? BUDGET_TOP : (u32)sectors;
}

/* The next budget by how the last one ended. */
static u32 feedback(const struct bfq *b, const struct bfq_queue *q, enum expiry why)
{
	u32 top = max_budget(b), least = min(BUDGET_MIN, top), old = q->next_budget ? q->next_budget : top / 2;

	if (!q->io.sync)
		return top;
	switch (why) {
	case TIMEOUT:
		return min(old * 2, top);
	case EXHAUSTED:
		return min(old * 4, top);
	case NO_MORE:
		return max(q->service, least);
	case TOO_IDLE:
		return q->io.in_flight ? min(old * 2, top) : old > 5 * least ? old - 4 * least : least;
	default:
		return old;
	}
}

static u32 cost(const struct bfq_queue *q, const struct request *rq)
{
	return q->io.sync ? rq->nr_sectors : rq->nr_sectors * ASYNC_CHARGE;
}

/* Learn the disk's best rate from slots that were long enough and did not seek. */
static void note_rate(struct bfq *b, const struct bfq_queue *q, u64 now)
{
	u64 ns = now - q->slot_start, rate;

	if (!q->slot_end || ns < RATE_SLOT_NS || !q->io.sync || ioq_seeky(&q->io))
		return;
	rate = div64_u64((u64)q->service * 1000, max_t(u64, div_u64(ns, NSEC_PER_MSEC_U32), 1));
	b->rate = rate > b->rate ? (b->rate ? (b->rate + rate) / 2 : rate) : b->rate - (b->rate - rate) / 32;
}

/* ---- B-WF2Q+ ---- */

static u64 virtual(u32 service, u32 weight)
{
	return div_u64((u64)service << SERVICE_SHIFT, weight);
}

static u32 weight_of(const struct bfq *b, const struct bfq_queue *q, u64 now)
{
	u32 w = (IO_LEVELS - q->io.level) * WEIGHT_PER_LEVEL;

	return b->low_latency && q->io.sync && q->raised_until > now ? w * RAISE_FACTOR : w;
}

static void insert_by_finish(struct bfq *b, struct bfq_queue *q)
{
	struct list_head *head = &b->active[q->tree], *p = head->prev;

	while (p != head && list_entry(p, struct bfq_queue, node)->finish > q->finish)
		p = p->prev;
	list_add(&q->node, p);
}

/* q has requests: give it a budget from q->start on and let it compete. Its class and weight are those of now. */
static void enqueue(struct bfq *b, struct bfq_queue *q, u64 now)
{
	struct request *next = ioq_choose(&b->io, &q->io);
	u32 need = next ? cost(q, next) : 0;

	q->tree = q->io.class;
	q->weight = weight_of(b, q, now);
	q->budget = max(q->next_budget ? q->next_budget : max_budget(b) / 2, need);
	q->finish = q->start + virtual(q->budget, q->weight);
	b->weights[q->tree] += q->weight;
	insert_by_finish(b, q);
}

static void dequeue(struct bfq *b, struct bfq_queue *q)
{
	list_del(&q->node);
	b->weights[q->tree] -= q->weight;
}

/* q, a busy queue, has used so many sectors of the disk. */
static void serve(struct bfq *b, struct bfq_queue *q, u32 sectors)
{
	q->service += sectors;
	b->vtime[q->tree] += virtual(sectors, b->weights[q->tree]);
}

static void became_busy(struct bfq *b, struct bfq_queue *q, u64 now)
{
	if (b->low_latency && q->io.sync && q->io.class != IO_IDLE && (!q->last_busy_ns || now - q->last_busy_ns > SILENCE_NS))
		q->raised_until = now + RAISE_NS;
	q->busy = q->io.used = true;
	b->nr_busy++;
	q->start = max(b->vtime[q->io.class], q->finish); /* finish: what it has had already */
	enqueue(b, q, now);
}

static void no_longer_busy(struct bfq *b, struct bfq_queue *q, u64 now)
{
	dequeue(b, q);
	q->busy = q->io.used = false;
	q->last_busy_ns = now;
	b->nr_busy--;
}

/* Among the eligible the one that would finish first; virtual time jumps when nobody is eligible. */
static struct bfq_queue *first_eligible(struct bfq *b, u32 class)
{
	struct bfq_queue *q;
	u64 least = ~0ull;

	list_for_each_entry(q, &b->active[class], node)
		least = min(least, q->start);
	b->vtime[class] = max(b->vtime[class], least);
	list_for_each_entry(q, &b->active[class], node)
		if (q->start <= b->vtime[class])
			return q;
	return NULL;
}

/* ---- slots ---- */

/* A slow queue is charged as if it had read at full speed all the time: for its time. */
static void charge_time(struct bfq *b, struct bfq_queue *q, enum expiry why, u64 now)
{
	u64 used = q->slot_end ? now - q->slot_start : 0;
	u32 top = max_budget(b), by_time;

	if (!q->io.sync || q->raised_until > now || !(ioq_seeky(&q->io) || (why == TIMEOUT && q->service < q->budget / 3)))
		return;
	by_time = (u32)div64_u64((u64)top * div_u64(min(used, b->timeout_ns * 2), 1000), max_t(u64, div_u64(b->timeout_ns, 1000), 1));
	if (by_time > q->service)
		serve(b, q, by_time - q->service);
}

static void slot_expire(struct bfq *b, enum expiry why, u64 now)
{
	struct bfq_queue *q = b->serving;

	if (!q)
		return;
	note_rate(b, q, now);
	q->next_budget = feedback(b, q, why);
	charge_time(b, q, why, now);
	q->finish = q->start + virtual(q->service, q->weight);
	b->serving = NULL;
	b->idle_until = 0;
	if (!q->io.queued) {
		no_longer_busy(b, q, now);
		return;
	}
	dequeue(b, q);
	q->start = q->tree == q->io.class ? q->finish : b->vtime[q->io.class];
	enqueue(b, q, now);
}

static void slot_begin(struct bfq *b, struct bfq_queue *q)
{
	b->serving = q;
	b->idle_until = 0;
	q->service = 0;
	q->slot_end = 0;
	q->fifo_done = false;
}

/* Waiting for the next request of q keeps its share, and on a disk with an arm its place. */
static bool may_idle(const struct elevator_queue *e, const struct bfq_queue *q)
{
	const struct bfq *b = e->data;

	if (!b->slice_idle_ns || !q->io.sync || q->io.class == IO_IDLE)
		return false;
	if (b->strict_guarantees)
		return true;
	return blk_queue_rotational(e->q) && !ioq_thinks_longer(&q->io, b->slice_idle_ns);
}

/* ---- arrival ---- */

static void bfq_insert(struct elevator_queue *e, struct request *rq, u64 now_ns)
{
	struct bfq *b = e->data;
	struct bfq_queue *q = container_of(ioq_find(&b->io, rq), struct bfq_queue, io), *c = b->serving;
	u8 class = q->io.class;

	ioq_add(&b->io, &q->io, rq, now_ns);
	if (c && c != q && class < c->tree && (class == IO_RT || c->tree == IO_IDLE))
		slot_expire(b, PREEMPTED, now_ns);
	if (!q->busy)
		became_busy(b, q, now_ns);
	if (q == b->serving)
		b->idle_until = 0;
}

static void bfq_merged_requests(struct elevator_queue *e, struct request *rq, struct request *next)
{
	struct bfq *b = e->data;
	struct bfq_queue *q = container_of(ioq_of(next), struct bfq_queue, io);

	ioq_remove(&q->io, next);
	if (!q->io.queued && q != b->serving && q->busy)
		no_longer_busy(b, q, next->elv_u64[0]);
}

/* ---- dispatch ---- */

static struct bfq_queue *next_queue(struct bfq *b)
{
	for (u32 i = 0; i < IO_CLASSES; i++)
		if (!list_empty(&b->active[i]))
			return first_eligible(b, i);
	return NULL;
}

/* Whose turn it is; NULL: nobody's before *again (0: before something happens). */
static struct bfq_queue *select_queue(struct elevator_queue *e, u64 now, u64 *again)
{
	struct bfq *b = e->data;
	struct bfq_queue *q = b->serving;

	if (q && q->slot_end && now >= q->slot_end) {
		slot_expire(b, TIMEOUT, now);
	} else if (q && q->io.queued) {
		if (q->service + cost(q, ioq_choose(&b->io, &q->io)) <= q->budget)
			return q;
		slot_expire(b, EXHAUSTED, now);
	} else if (q) {
		if (q->io.in_flight && may_idle(e, q))
			return NULL; /* its completion decides */
		if (b->idle_until > now) {
			*again = b->idle_until;
			return NULL;
		}
		slot_expire(b, b->idle_until ? TOO_IDLE : NO_MORE, now);
	}
	q = next_queue(b);
	if (q)
		slot_begin(b, q);
	return q;
}

static struct request *bfq_dispatch(struct elevator_queue *e, struct hw_ctx *h, u64 now_ns, u64 *again_ns)
{
	struct bfq *b = e->data;
	struct bfq_queue *q = select_queue(e, now_ns, again_ns);
	struct request *rq;

	if (!q)
		return NULL;
	if (b->strict_guarantees && q->io.in_flight)
		return NULL; /* one at a time: else the device's own order decides */
	rq = q->fifo_done ? NULL : ioq_expired(&q->io, now_ns);
	q->fifo_done = true;
	if (!rq)
		rq = ioq_choose(&b->io, &q->io);
	if (!q->slot_end) {
		q->slot_start = now_ns;
		q->slot_end = now_ns + b->timeout_ns;
	}
	serve(b, q, cost(q, rq));
	return ioq_dispatch(&b->io, &q->io, rq);
}

static void bfq_completed(struct elevator_queue *e, struct request *rq, u64 now_ns)
{
	struct bfq *b = e->data;
	struct bfq_queue *q = container_of(ioq_of(rq), struct bfq_queue, io);

	ioq_completed(&q->io, now_ns);
	q->last_busy_ns = now_ns;
	if (q == b->serving && !q->io.queued && !q->io.in_flight && may_idle(e, q))
		b->idle_until = min(now_ns + b->slice_idle_ns, max(q->slot_end, now_ns + 1));
}

static const struct elevator_attr bfq_attrs[] = {
	ELV_NUMBER("fifo_expire_sync", struct bfq, io.fifo_expire_ns[1], NSEC_PER_MSEC_U32, 1, 0x7fffffff),
	ELV_NUMBER("fifo_expire_async", struct bfq, io.fifo_expire_ns[0], NSEC_PER_MSEC_U32, 1, 0x7fffffff),
	ELV_NUMBER("back_seek_max", struct bfq, io.back_seek_max, 1, 0, 0x7fffffff),
	ELV_NUMBER("back_seek_penalty", struct bfq, io.back_seek_penalty, 1, 1, 0x7fffffff),
	ELV_NUMBER("slice_idle", struct bfq, slice_idle_ns, NSEC_PER_MSEC_U32, 0, 100000),
	ELV_NUMBER("slice_idle_us", struct bfq, slice_idle_ns, 1000, 0, 100000000),
	ELV_NUMBER("max_budget", struct bfq, max_budget, 1, 0, BUDGET_TOP),
	ELV_NUMBER("timeout_sync", struct bfq, timeout_ns, NSEC_PER_MSEC_U32, 1, 100000),
	ELV_NUMBER("strict_guarantees", struct bfq, strict_guarantees, 1, 0, 1),
	ELV_NUMBER("low_latency", struct bfq, low_latency, 1, 0, 1),
	{ 0 },
};

struct elevator_type elevator_bfq = {
	.name = "bfq",
	.aliases = "",
	.init = bfq_init,
	.exit = bfq_exit,
	.insert = bfq_insert,
	.merged = ioq_merged,
	.merged_requests = bfq_merged_requests,
	.allow_merge = ioq_allow_merge,
	.dispatch = bfq_dispatch,
	.completed = bfq_completed,
	.attrs = bfq_attrs,
};
