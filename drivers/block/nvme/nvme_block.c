/*
 * Requests: from the block layer into a slot and a command, back from its completion, and when their deadline has passed.
 *
 * Data is told by physical page (NVMe 1.4, 4.3): PRP1 is where it starts, PRP2 the second page, or a list of all further ones. So only the first
 * piece of a request may start inside a page, and only the last end there: the queue's virt_boundary sees to that.
 */
#include "drivers/block/nvme/nvme.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/debug/trace.h"

#define LOG_PERIOD_NS (5 * NSEC_PER_SEC)
#define LOG_LINES_MAX 10u

static inline struct nvme_ns *ns_of(const struct request *rq)
{
	return blk_queue_data(rq->q);
}

static const char *op_name(const struct request *rq)
{
	static const char *const names[] = { [REQ_READ] = "read", [REQ_WRITE] = "write", [REQ_FLUSH] = "flush", [REQ_DISCARD] = "discard" };

	return names[rq_op(rq)];
}

/* May the log have another line about this disk? */
static bool log_allowed(struct nvme_ns *ns)
{
	u64 now = ktime_ns();

	if (!ns->log_window_ns || now - ns->log_window_ns >= LOG_PERIOD_NS) {
		ns->log_window_ns = now;
		ns->log_lines = 0;
	}
	return ns->log_lines++ < LOG_LINES_MAX;
}

void nvme_end(struct nvme_queue *q, struct nvme_slot *slot, u16 status)
{
	struct request *rq = slot->rq;

	slot->rq = NULL;
	if (likely(!NVME_STATUS_CODE_TYPE(status))) {
		blk_request_done(rq, 0, rq_bytes(rq));
		return;
	}
	if (log_allowed(ns_of(rq)))
		pr_err("%s: %s error at sector %llu, %u sectors: status %#x %s\n", ns_of(rq)->disk->name, op_name(rq), rq->sector, rq->nr_sectors, status,
		       nvme_status_text(status));
	blk_request_done(rq, nvme_status_errno(status), 0);
}

/* The pages of rq into the command and the slot's list. -EIO: they do not fit together, which the queue's limits exclude. */
static int map_data(struct nvme_queue *q, u32 slot, struct request *rq, struct nvme_command *cmd)
{
	u64 *list = q->prps + slot * q->ctrl->prp_entries;
	u32 nr_segs = blk_rq_map_segments(rq, q->segs, q->ctrl->max_pages + 1), n = 0;

	for (u32 i = 0; i < nr_segs; i++) {
		phys_addr_t pa = q->segs[i].addr;

		for (u32 left = q->segs[i].len, step; left; left -= step, pa += step, n++) {
			step = min_t(u32, left, PAGE_SIZE - (pa & (PAGE_SIZE - 1)));
			if (!n)
				cmd->prp1 = pa;
			else if (unlikely(pa & (PAGE_SIZE - 1) || n > q->ctrl->prp_entries))
				return -EIO;
			else
				list[n - 1] = pa;
		}
	}
	if (n == 2)
		cmd->prp2 = list[0];
	else if (n > 2)
		cmd->prp2 = q->prp_bus + slot * q->ctrl->prp_entries * sizeof(u64);
	return 0;
}

static void fill_discard(struct nvme_queue *q, u32 slot, const struct request *rq, struct nvme_command *cmd)
{
	struct nvme_dsm_range *range = (void *)(q->prps + slot * q->ctrl->prp_entries);
	u32 shift = ns_of(rq)->lba_shift - SECTOR_SHIFT;

	*range = (struct nvme_dsm_range){ .blocks = rq->nr_sectors >> shift, .lba = rq->sector >> shift };
	cmd->opcode = NVME_CMD_DSM;
	cmd->prp1 = q->prp_bus + slot * q->ctrl->prp_entries * sizeof(u64);
	cmd->cdw11 = NVME_DSM_DEALLOCATE;
}

int nvme_issue(struct nvme_queue *q, u32 slot)
{
	struct request *rq = q->slots[slot].rq;
	const struct nvme_ns *ns = ns_of(rq);
	struct nvme_command cmd = { .cid = (u16)slot, .nsid = ns->nsid };
	u32 shift = ns->lba_shift - SECTOR_SHIFT;
	u64 lba = rq->sector >> shift;

	if (unlikely(rq_op(rq) == REQ_FLUSH)) {
		cmd.opcode = NVME_CMD_FLUSH;
	} else if (unlikely(rq_op(rq) == REQ_DISCARD)) {
		fill_discard(q, slot, rq, &cmd);
	} else {
		int error = map_data(q, slot, rq, &cmd);

		if (WARN_ON(error))
			return error;
		cmd.opcode = rq_op(rq) == REQ_WRITE ? NVME_CMD_WRITE : NVME_CMD_READ;
		cmd.cdw10 = (u32)lba;
		cmd.cdw11 = (u32)(lba >> 32);
		cmd.cdw12 = (rq->nr_sectors >> shift) - 1;
	}
	nvme_push(q, &cmd);
	return 0;
}

/* block_ops.queue_rq */
static int nvme_queue_rq(struct hw_ctx *h, struct request *rq)
{
	struct nvme_ns *ns = ns_of(rq);
	struct nvme_ctrl *c = ns->ctrl;
	struct nvme_queue *q = &c->io[h->index];
	u32 slot = ns->first_slot + (u32)rq->tag, flags;
	int error;

	if (unlikely(c->state != NVME_LIVE))
		return c->state == NVME_DEAD ? -ENODEV : -EBUSY;
	TRACE_ALWAYS(TRACE_DRIVER, "sector=%u sectors=%u", rq->id, rq->sector, rq->nr_sectors);
	flags = spin_lock_irqsave(&q->lock);
	q->slots[slot] = (struct nvme_slot){ .rq = rq };
	error = nvme_issue(q, slot);
	if (unlikely(error))
		q->slots[slot].rq = NULL;
	spin_unlock_irqrestore(&q->lock, flags);
	return error;
}

/* Does the controller still have it? Completions that came without an interrupt are taken. */
static bool under_way(struct nvme_queue *q, u32 slot, const struct request *rq)
{
	u32 flags;
	bool ours;

	nvme_poll(q);
	flags = spin_lock_irqsave(&q->lock);
	ours = q->slots[slot].rq == rq;
	spin_unlock_irqrestore(&q->lock, flags);
	return ours;
}

/* block_ops.timeout */
static bool nvme_timeout(struct hw_ctx *h, struct request *rq)
{
	struct nvme_ns *ns = ns_of(rq);
	struct nvme_ctrl *c = ns->ctrl;
	struct nvme_queue *q = &c->io[h->index];
	u32 slot = ns->first_slot + (u32)rq->tag;
	bool again = false;

	mutex_lock(&c->lock);
	if (under_way(q, slot, rq)) {
		pr_warn("%s: %s at sector %llu is late (queue %u, command %u)\n", ns->disk->name, op_name(rq), rq->sector, q->id, slot);
		again = !q->slots[slot].aborted && readl(c->regs + NVME_CSTS) == NVME_CSTS_RDY && nvme_abort(c, q, (u16)slot);
		q->slots[slot].aborted = true;
		if (!again && under_way(q, slot, rq))
			nvme_reset(c, true);
	}
	mutex_unlock(&c->lock);
	return again; /* it was aborted: its completion is to come */
}

const struct block_ops nvme_block_ops = {
	.name = "nvme",
	.queue_rq = nvme_queue_rq,
	.timeout = nvme_timeout,
	.free_disk = nvme_free_disk,
};
