/* The controller as a whole: off, on (NVMe 1.4, 7.6.1), reset after a fault, shut down (7.6.2). Every wait has the deadline that CAP.TO gives. */
#include "drivers/block/nvme/nvme.h"
#include "io/contract/io_error.h"
#include "kernel/debug/printk.h"
#include "kernel/sched/task.h"
#include "kernel/sched/time.h"

#define POLL_MS 1u
#define RESTARTS_MAX 1u /* of a command, by resets */

/* Until CSTS & mask is value. */
static int wait_status(struct nvme_ctrl *c, u32 mask, u32 value)
{
	u64 deadline = deadline_ms(c->ready_ms);

	for (;;) {
		u32 csts = readl(c->regs + NVME_CSTS);

		if (csts == NVME_CSTS_GONE)
			return -ENODEV;
		if ((csts & mask) == value)
			return 0;
		if (value == NVME_CSTS_RDY && csts & NVME_CSTS_CFS)
			return -EIO;
		if (ktime_ns() > deadline)
			return -ETIMEDOUT;
		sleep_ms(POLL_MS);
	}
}

int nvme_disable(struct nvme_ctrl *c)
{
	u32 cc = readl(c->regs + NVME_CC);

	if (cc & NVME_CC_ENABLE)
		writel(cc & ~NVME_CC_ENABLE, c->regs + NVME_CC);
	return wait_status(c, NVME_CSTS_RDY, 0);
}

static void write64(u64 v, u8 __iomem *reg)
{
	writel((u32)v, reg);
	writel((u32)(v >> 32), reg + 4);
}

int nvme_enable(struct nvme_ctrl *c)
{
	nvme_queue_clear(&c->admin);
	writel((c->admin.entries - 1u) << 16 | (c->admin.entries - 1u), c->regs + NVME_AQA);
	write64(c->admin.sq_bus, c->regs + NVME_ASQ);
	write64(c->admin.cq_bus, c->regs + NVME_ACQ);
	writel(NVME_CC_ENABLE | NVME_CC_IOSQES_64 | NVME_CC_IOCQES_16, c->regs + NVME_CC);
	return wait_status(c, NVME_CSTS_RDY, NVME_CSTS_RDY);
}

static int bring_back(struct nvme_ctrl *c)
{
	u32 nr = c->nr_io_queues;
	int error = nvme_disable(c);

	if (error)
		return error;
	for (u32 i = 0; i < c->nr_io_queues; i++) {
		nvme_poll(&c->io[i]); /* what was completed before */
		nvme_queue_clear(&c->io[i]);
	}
	error = nvme_enable(c);
	if (!error)
		error = nvme_set_queue_count(c, &nr);
	if (!error && nr < c->nr_io_queues)
		error = -EIO;
	for (u32 i = 0; i < c->nr_io_queues && !error; i++)
		error = nvme_create_queue(c, &c->io[i]);
	return error;
}

/* What was in flight: once more, with a deadline of its own again, or given up. */
static void restart_queue(struct nvme_queue *q, int error, bool late)
{
	for (u32 i = 0; i < q->nr_slots; i++) {
		u32 flags = spin_lock_irqsave(&q->lock);
		struct request *rq = q->slots[i].rq;

		if (rq && (error || (late && (rq->restarts >= RESTARTS_MAX || !blk_may_recover(rq->q, IOERR_TIMEOUT, IOH_RESET))) || nvme_issue(q, i))) {
			q->slots[i].rq = NULL;
			blk_request_done(rq, error ? error : -ETIMEDOUT, 0);
		} else if (rq) {
			rq->restarts += late;
			q->slots[i].aborted = false;
		}
		spin_unlock_irqrestore(&q->lock, flags);
	}
}

static void restart_all(struct nvme_ctrl *c, int error, bool late)
{
	for (u32 i = 0; i < c->nr_ns; i++)
		if (!error && c->ns[i].queue)
			blk_restart_deadlines(c->ns[i].queue);
	for (u32 i = 0; i < c->nr_io_queues; i++)
		restart_queue(&c->io[i], error, late);
	for (u32 i = 0; i < c->nr_ns; i++)
		if (c->ns[i].queue)
			blk_kick(c->ns[i].queue);
}

void nvme_kill(struct nvme_ctrl *c)
{
	c->state = NVME_DEAD;
	restart_all(c, -ENODEV, false);
}

void nvme_reset(struct nvme_ctrl *c, bool late)
{
	int error;

	assert_mutex_held(&c->lock);
	if (c->state == NVME_DEAD)
		return;
	c->state = NVME_RESETTING;
	c->resets++;
	error = bring_back(c);
	if (error) {
		pr_err("%s: does not come back from a reset: error %d\n", c->name, error);
		nvme_kill(c);
		return;
	}
	pr_notice("%s: reset\n", c->name);
	c->state = NVME_LIVE;
	restart_all(c, 0, late);
}

void nvme_shutdown(struct nvme_ctrl *c)
{
	u32 cc = readl(c->regs + NVME_CC);

	if (readl(c->regs + NVME_CSTS) == NVME_CSTS_GONE)
		return;
	writel(cc | NVME_CC_SHN_NORMAL, c->regs + NVME_CC);
	if (wait_status(c, NVME_CSTS_SHST_MASK, NVME_CSTS_SHST_DONE) || nvme_disable(c))
		pr_warn("%s: does not shut down\n", c->name);
}
