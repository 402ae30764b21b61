/*
 * Queue pairs: memory, putting commands in, taking completions out. An entry of a completion queue is new when its phase bit is the one expected,
 * which turns over at each lap (NVMe 1.4, 4.6); reading stops at the first old one, so nothing is read from the device.
 */
#include "drivers/block/nvme/nvme.h"
#include "kernel/debug/trace.h"
#include "kernel/lib/string.h"
#include "mm/alloc.h"

void nvme_queue_clear(struct nvme_queue *q)
{
	memset(q->sq, 0, q->entries * sizeof(*q->sq));
	memset((void *)q->cq, 0, q->entries * sizeof(*q->cq));
	q->sq_tail = q->cq_head = 0;
	q->phase = 1;
}

int nvme_queue_alloc(struct nvme_ctrl *c, struct nvme_queue *q, u16 id, u16 entries, u32 nr_slots)
{
	u8 __iomem *doorbells = c->regs + NVME_DOORBELLS + 2u * id * c->doorbell_stride;

	q->ctrl = c;
	q->id = id;
	q->entries = entries;
	q->nr_slots = nr_slots;
	spin_lock_init(&q->lock, "nvme", RANK_DRIVER);
	q->sq_doorbell = doorbells;
	q->cq_doorbell = doorbells + c->doorbell_stride;
	q->sq = dma_alloc(entries * sizeof(*q->sq), 0, &q->sq_bus, GFP_KERNEL);
	q->cq = dma_alloc(entries * sizeof(*q->cq), 0, &q->cq_bus, GFP_KERNEL);
	if (nr_slots) {
		q->prps = dma_alloc(nr_slots * c->prp_entries * sizeof(u64), 0, &q->prp_bus, GFP_KERNEL);
		q->slots = kzalloc(nr_slots * sizeof(*q->slots), GFP_KERNEL);
		q->segs = kzalloc((c->max_pages + 1) * sizeof(*q->segs), GFP_KERNEL);
	}
	if (!q->sq || !q->cq || (nr_slots && (!q->prps || !q->slots || !q->segs))) {
		nvme_queue_free(q);
		return -ENOMEM;
	}
	nvme_queue_clear(q);
	return 0;
}

void nvme_queue_free(struct nvme_queue *q)
{
	if (q->sq)
		dma_free(q->sq, q->entries * sizeof(*q->sq));
	if (q->cq)
		dma_free((void *)q->cq, q->entries * sizeof(*q->cq));
	if (q->prps)
		dma_free(q->prps, q->nr_slots * q->ctrl->prp_entries * sizeof(u64));
	kfree(q->slots);
	kfree(q->segs);
	memset(q, 0, sizeof(*q));
}

void nvme_push(struct nvme_queue *q, const struct nvme_command *cmd)
{
	assert_spin_held(&q->lock);
	q->sq[q->sq_tail] = *cmd;
	if (++q->sq_tail == q->entries)
		q->sq_tail = 0;
	barrier(); /* the entry first, the doorbell then: stores stay in order on this machine */
	writel(q->sq_tail, q->sq_doorbell);
}

static void admin_ended(struct nvme_queue *q, u16 cid, u16 status, u32 result)
{
	struct nvme_ctrl *c = q->ctrl;

	if (!c->admin_waits || cid != c->admin_cid) {
		q->stray++;
		return;
	}
	c->admin_waits = false;
	c->admin_status = status;
	c->admin_result = result;
	complete(&c->admin_done);
}

static void take(struct nvme_queue *q, u16 cid, u16 status, u32 result)
{
	if (!q->nr_slots)
		admin_ended(q, cid, status, result);
	else if (likely(cid < q->nr_slots && q->slots[cid].rq))
		nvme_end(q, &q->slots[cid], status);
	else
		q->stray++;
}

/* Lock held. */
static bool take_all(struct nvme_queue *q)
{
	u16 head = q->cq_head;

	for (;;) {
		volatile struct nvme_completion *e = &q->cq[q->cq_head];
		u16 status = e->status;

		if ((status & 1) != q->phase)
			break;
		barrier(); /* the rest of the entry after its phase */
		take(q, e->cid, status >> 1, e->result);
		if (++q->cq_head == q->entries) {
			q->cq_head = 0;
			q->phase ^= 1;
		}
	}
	if (q->cq_head == head)
		return false;
	writel(q->cq_head, q->cq_doorbell); /* also lets go of the line */
	return true;
}

bool nvme_poll(struct nvme_queue *q)
{
	u32 flags = spin_lock_irqsave(&q->lock);
	bool any = take_all(q);

	spin_unlock_irqrestore(&q->lock, flags);
	return any;
}

irqreturn_t nvme_irq(int irq, void *ctrl)
{
	struct nvme_ctrl *c = ctrl;
	irqreturn_t ret = IRQ_NONE;

	for (u32 i = 0; i < c->nr_io_queues; i++) {
		struct nvme_queue *q = &c->io[i];

		spin_lock(&q->lock);
		if (take_all(q))
			ret = IRQ_HANDLED;
		spin_unlock(&q->lock);
	}
	spin_lock(&c->admin.lock);
	if (take_all(&c->admin))
		ret = IRQ_HANDLED;
	spin_unlock(&c->admin.lock);
	return ret;
}
