/*
 * Deadlines. A queue has one timer, armed for the first deadline of what is in flight; when it finds a request past its time, the thread
 * "blk_timeout" asks the driver, who first looks whether the device is done after all and then recovers (both may sleep).
 */
#include "io/block/queue.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/sched/task.h"

static DEFINE_SPINLOCK(list_lock, RANK_DRIVER);
static LIST_HEAD(expired_queues);
static DEFINE_WAIT_QUEUE(thread_wait);

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
	if (!rq)
		return;
	spin_lock_bh(&list_lock);
	if (!q->timeout_pending) {
		q->timeout_pending = true;
		list_add_tail(&q->timeout_node, &expired_queues);
	}
	spin_unlock_bh(&list_lock);
	wake_up(&thread_wait);
}

static void handle_queue(struct request_queue *q)
{
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
		if (q->ops->timeout(rq->hctx, rq))
			pr_warn("%s: request at sector %llu still under way after %u ms\n", q->disk ? q->disk->name : q->ops->name, rq->sector, rq->timeout_ms);
	}
}

static int timeout_thread(void *arg)
{
	for (;;) {
		struct request_queue *q = NULL;

		wait_event(&thread_wait, !list_empty(&expired_queues));
		spin_lock_bh(&list_lock);
		if (!list_empty(&expired_queues)) {
			q = list_first_entry(&expired_queues, struct request_queue, timeout_node);
			list_del(&q->timeout_node);
			q->timeout_pending = false;
		}
		spin_unlock_bh(&list_lock);
		if (q)
			handle_queue(q);
	}
	return 0;
}

int blk_timeout_init(void)
{
	struct task *t = kthread_run(timeout_thread, NULL, "blk_timeout");

	return IS_ERR(t) ? (int)PTR_ERR(t) : 0;
}
