/*
 * Kyber (Linux block/kyber-iosched.c, O. Sandoval 2017; the documents, chapter 2): for devices that take many requests at once and need no
 * sorting. Requests fall into domains: reads, writes, discards. Each is a FIFO with a number of tokens: so many may be inside the device
 * at the same time. Ten times a second the latencies seen are compared with the targets (read_lat_nsec, write_lat_nsec): when some domain
 * does worse inside the device than its target, tokens are taken away from those that can wait, so that the device's own queue gets
 * shorter; when all is well, or a domain itself waits too long, it gets more.
 *
 * Promise: the latencies move towards their targets as far as the depth can do it; within a domain order of arrival; between domains turns
 * of a batch each (16 reads, 8 writes, 1 discard). Nothing is sorted: on one arm it is fcfs.
 */
#include "io/block/elevators/sorted.h"
#include "kernel/lib/div64.h"
#include "kernel/lib/err.h"
#include "kernel/lib/printf.h"
#include "mm/alloc.h"

enum { KYBER_READ, KYBER_WRITE, KYBER_DISCARD, KYBER_DOMAINS };
enum { TOTAL_LATENCY /* since it was queued */, IO_LATENCY /* inside the device */, LATENCIES };

/* A histogram in quarters of the target: the first four buckets are good ones, the last one takes all that is worse. */
#define LATENCY_SHIFT 2u
#define GOOD_BUCKETS (1u << LATENCY_SHIFT)
#define BUCKETS (2u << LATENCY_SHIFT)
#define SAMPLES_WANTED 500u
#define PERIOD_NS (100ull * NSEC_PER_MSEC_U32)
#define PATIENCE_NS (1000ull * NSEC_PER_MSEC_U32) /* judge by fewer samples after so long */

static const u32 depth_max[KYBER_DOMAINS] = { 256, 128, 64 };
static const u32 batch_size[KYBER_DOMAINS] = { 16, 8, 1 };

struct kyber_domain {
	struct list_head fifo;
	u32 depth, in_flight;
	u64 target_ns;
	u32 bucket[LATENCIES][BUCKETS];
	u64 since[LATENCIES];   /* when the first sample of a histogram came; 0: empty */
	int p99;                /* bucket of the last total latency, -1: none */
};

struct kyber {
	struct kyber_domain domain[KYBER_DOMAINS];
	u32 turn, batch;          /* whose, and how many of it */
	u64 judge_at;           /* 0: nothing seen since the last time */
};

static int kyber_init(struct elevator_queue *e)
{
	static const u64 targets[] = { 2000000, 10000000, 5000000000ull };
	struct kyber *k = kzalloc(sizeof(*k), GFP_KERNEL);

	if (!k)
		return -ENOMEM;
	for (u32 i = 0; i < KYBER_DOMAINS; i++) {
		struct kyber_domain *d = &k->domain[i];

		INIT_LIST_HEAD(&d->fifo);
		d->depth = depth_max[i];
		d->target_ns = targets[i];
		d->p99 = -1;
	}
	e->data = k;
	return 0;
}

static void kyber_exit(struct elevator_queue *e)
{
	kfree(e->data);
}

static struct kyber_domain *domain_of(struct elevator_queue *e, const struct request *rq)
{
	static const u8 index[] = { [REQ_READ] = KYBER_READ, [REQ_WRITE] = KYBER_WRITE, [REQ_FLUSH] = KYBER_WRITE, [REQ_DISCARD] = KYBER_DISCARD };

	return &((struct kyber *)e->data)->domain[index[rq_op(rq)]];
}

static void kyber_insert(struct elevator_queue *e, struct request *rq, u64 now_ns)
{
	rq->elv_u64[0] = now_ns;
	list_add_tail(&rq->queue_node, &domain_of(e, rq)->fifo);
}

static void kyber_merged_requests(struct elevator_queue *e, struct request *rq, struct request *next)
{
	rq->elv_u64[0] = min(rq->elv_u64[0], next->elv_u64[0]);
	list_del(&next->queue_node);
}

/* ---- dispatch ---- */

static struct request *take(struct kyber_domain *d, u64 now)
{
	struct request *rq = d->in_flight < d->depth ? list_first_entry_or_null(&d->fifo, struct request, queue_node) : NULL;

	if (rq) {
		list_del(&rq->queue_node);
		rq->elv_u64[1] = now;
		d->in_flight++;
	}
	return rq;
}

static struct request *kyber_dispatch(struct elevator_queue *e, struct hw_ctx *h, u64 now_ns, u64 *again_ns)
{
	struct kyber *k = e->data;
	struct request *rq = k->batch < batch_size[k->turn] ? take(&k->domain[k->turn], now_ns) : NULL;

	for (u32 i = 0; i < KYBER_DOMAINS && !rq; i++) { /* the batch is over, or there is nothing left or no token */
		k->turn = (k->turn + 1) % KYBER_DOMAINS;
		k->batch = 0;
		rq = take(&k->domain[k->turn], now_ns);
	}
	if (rq)
		k->batch++;
	return rq;
}

/* ---- latencies ---- */

static void add_sample(struct kyber_domain *d, u32 type, u64 ns, u64 now)
{
	u64 quarter = div_u64(d->target_ns, GOOD_BUCKETS), i = ns ? div64_u64(ns - 1, max_t(u64, quarter, 1)) : 0;

	d->bucket[type][i < BUCKETS ? i : BUCKETS - 1]++;
	if (!d->since[type])
		d->since[type] = now;
}

/* The bucket in which the given part of the samples has ended; -1: too few to say. Starts a new histogram. */
static int percentile(struct kyber_domain *d, u32 type, u32 percent, u64 now)
{
	u32 n = 0, sum, i;

	for (i = 0; i < BUCKETS; i++)
		n += d->bucket[type][i];
	if (!n || (n < SAMPLES_WANTED && now < d->since[type] + PATIENCE_NS))
		return -1;
	sum = DIV_ROUND_UP(n * percent, 100u);
	for (i = 0; i < BUCKETS - 1 && d->bucket[type][i] < sum; i++)
		sum -= d->bucket[type][i];
	for (u32 j = 0; j < BUCKETS; j++)
		d->bucket[type][j] = 0;
	d->since[type] = 0;
	return (int)i;
}

static void judge(struct kyber *k, u64 now)
{
	bool bad = false;

	for (u32 i = 0; i < KYBER_DOMAINS; i++)
		bad |= percentile(&k->domain[i], IO_LATENCY, 90, now) >= (int)GOOD_BUCKETS;
	for (u32 i = 0; i < KYBER_DOMAINS; i++) {
		struct kyber_domain *d = &k->domain[i];
		int p = percentile(d, TOTAL_LATENCY, 99, now);
		u32 depth;

		/* In a bad time use the last known when there is nothing new. */
		if (bad) {
			p = p < 0 ? d->p99 : p;
			d->p99 = -1;
		} else if (p >= 0) {
			d->p99 = p;
		}
		if (p < 0 || (!bad && p < (int)GOOD_BUCKETS))
			continue;
		depth = (d->depth * ((u32)p + 1)) >> LATENCY_SHIFT;
		d->depth = max_t(u32, 1, min(depth, depth_max[i]));
	}
}

static void kyber_completed(struct elevator_queue *e, struct request *rq, u64 now_ns)
{
	struct kyber *k = e->data;
	struct kyber_domain *d = domain_of(e, rq);

	d->in_flight--;
	add_sample(d, TOTAL_LATENCY, now_ns - rq->elv_u64[0], now_ns);
	add_sample(d, IO_LATENCY, now_ns - rq->elv_u64[1], now_ns);
	if (!k->judge_at) {
		k->judge_at = now_ns + PERIOD_NS;
	} else if (now_ns >= k->judge_at) {
		judge(k, now_ns);
		k->judge_at = 0;
	}
}

static int show_depths(struct elevator_queue *e, char *buf, size_t size)
{
	const struct kyber *k = e->data;

	return ksnprintf(buf, size, "read %u write %u discard %u\n", k->domain[KYBER_READ].depth, k->domain[KYBER_WRITE].depth,
			 k->domain[KYBER_DISCARD].depth);
}

static const struct elevator_attr kyber_attrs[] = {
	ELV_NUMBER("read_lat_nsec", struct kyber, domain[KYBER_READ].target_ns, 1, 1, 0xffffffff),
	ELV_NUMBER("write_lat_nsec", struct kyber, domain[KYBER_WRITE].target_ns, 1, 1, 0xffffffff),
	{ .name = "depths", .show = show_depths },
	{ 0 },
};

struct elevator_type elevator_kyber = {
	.name = "kyber",
	.aliases = "",
	.init = kyber_init,
	.exit = kyber_exit,
	.insert = kyber_insert,
	.merged_requests = kyber_merged_requests,
	.dispatch = kyber_dispatch,
	.completed = kyber_completed,
	.attrs = kyber_attrs,
};
