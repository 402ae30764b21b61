/*
 * Deadlines. A queue has one timer, armed for the first deadline of what is in flight; when it finds a request past its time, the
 * queue's work item asks the driver, who first looks whether the device is done after all and then recovers (both may sleep). The items have
 * a work queue of their own, "kblockd": recovery is what frees memory when the system waits for write-back.
 */
#include "io/block/queue.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/lib/err.h"

static struct workqueue_struct *kblockd;

void blk_arm_deadline(struct request_queue *q, u64 deadline_ns)
{
	if (q->deadline_at <= deadline_ns)
		return;
	q->deadline_at = deadline_ns;
	timer_mod(&q->deadline_timer, deadline_ns);
}

/* The first request in flight past its deadline; else NULL and the next deadline (~0: nothing in flight). Lock held. */
static struct request *find_expired(struct request_queue *q, u64 now, u64 *next)
{
	*next = ~0ull;
	for (u32 i = 0; i < q->nr_requests; i++) {
		struct request *rq = &q->requests[i];

		if (rq->state != RQ_ISSUED)
			continue;
		if (rq->deadline_ns <= now)
			return rq;
		*next = min(*next, rq->deadline_ns);
	}
	return NULL;
}

void blk_deadline_expired(void *arg)
{
	struct request_queue *q = arg;
	struct request *rq;
	u64 next;

	spin_lock_bh(&q->lock);
	rq = find_expired(q, ktime_ns(), &next);
	q->deadline_at = ~0ull;
	if (!rq && next != ~0ull)
		blk_arm_deadline(q, next);
	spin_unlock_bh(&q->lock);
	if (rq)
		queue_work(kblockd, &q->timeout_work);
}

void blk_restart_deadlines(struct request_queue *q)
{
	spin_lock_bh(&q->lock);
	for (u32 i = 0; i < q->nr_requests; i++)
		if (q->requests[i].state == RQ_ISSUED)
			q->requests[i].deadline_ns = ktime_ns() + q->requests[i].timeout_ms * NSEC_PER_MSEC;
	spin_unlock_bh(&q->lock);
}

bool blk_rq_late(struct request *rq)
{
	return rq->q->ops->timeout(rq->hctx, rq);
}

void blk_timeout_work(struct work_struct *work)
{
	struct request_queue *q = container_of(work, struct request_queue, timeout_work);
	struct request *rq;
	u64 next;

	for (;;) {
		spin_lock_bh(&q->lock);
		rq = find_expired(q, ktime_ns(), &next);
		if (!rq) {
			if (next != ~0ull)
				blk_arm_deadline(q, next);
			spin_unlock_bh(&q->lock);
			return;
		}
		/* Before the driver is asked: if the request ends meanwhile and its slot is used again, the new one has its own deadline. */
		rq->deadline_ns = ktime_ns() + rq->timeout_ms * NSEC_PER_MSEC;
		spin_unlock_bh(&q->lock);
		if (io_error_late(rq))
			pr_warn("%s: request at sector %llu still under way after %u ms\n", q->disk ? q->disk->name : q->ops->name, rq->sector, rq->timeout_ms);
	}
}

int blk_timeout_init(void)
{
	kblockd = alloc_workqueue("kblockd", WQ_MEM_RECLAIM | WQ_HIGHPRI, 0);
	return kblockd ? 0 : -ENOMEM;
}
