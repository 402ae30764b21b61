/* Admin commands, one at a time: the caller holds ctrl->lock and sleeps until the interrupt. */
#include "drivers/block/nvme/nvme.h"
#include "kernel/debug/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sched/time.h"

#define ADMIN_TIMEOUT_MS 10000u

/* The deadline has passed: is the answer there, and only the interrupt was lost? */
static bool came_silently(struct nvme_ctrl *c)
{
	nvme_poll(&c->admin);
	return try_wait_for_completion(&c->admin_done);
}

int nvme_admin(struct nvme_ctrl *c, struct nvme_command *cmd, u32 *result, u16 *status)
{
	u32 flags;

	assert_mutex_held(&c->lock);
	completion_init(&c->admin_done);
	flags = spin_lock_irqsave(&c->admin.lock);
	cmd->cid = ++c->admin_cid;
	c->admin_waits = true;
	nvme_push(&c->admin, cmd);
	spin_unlock_irqrestore(&c->admin.lock, flags);
	if (!wait_for_completion_until(&c->admin_done, deadline_ms(ADMIN_TIMEOUT_MS)) && !came_silently(c)) {
		flags = spin_lock_irqsave(&c->admin.lock);
		c->admin_waits = false;
		spin_unlock_irqrestore(&c->admin.lock, flags);
		pr_err("%s: admin command %#x is not answered\n", c->name, cmd->opcode);
		return readl(c->regs + NVME_CSTS) == NVME_CSTS_GONE ? -ENODEV : -ETIMEDOUT;
	}
	if (result)
		*result = c->admin_result;
	if (status)
		*status = c->admin_status;
	return NVME_STATUS_CODE_TYPE(c->admin_status) ? -EIO : 0;
}

int nvme_identify(struct nvme_ctrl *c, u32 cns, u32 nsid, void *page, phys_addr_t bus)
{
	struct nvme_command cmd = { .opcode = NVME_ADMIN_IDENTIFY, .nsid = nsid, .prp1 = bus, .cdw10 = cns };

	memset(page, 0, PAGE_SIZE);
	return nvme_admin(c, &cmd, NULL, NULL);
}

int nvme_set_queue_count(struct nvme_ctrl *c, u32 *nr)
{
	struct nvme_command cmd = { .opcode = NVME_ADMIN_SET_FEATURES, .cdw10 = NVME_FEATURE_QUEUES, .cdw11 = (*nr - 1) << 16 | (*nr - 1) };
	u32 result;
	int error = nvme_admin(c, &cmd, &result, NULL);

	if (!error)
		*nr = min(*nr, min(result & 0xffff, result >> 16) + 1);
	return error;
}

int nvme_create_queue(struct nvme_ctrl *c, struct nvme_queue *q)
{
	u32 shape = (q->entries - 1u) << 16 | q->id;
	struct nvme_command cq = { .opcode = NVME_ADMIN_CREATE_CQ, .prp1 = q->cq_bus, .cdw10 = shape, .cdw11 = NVME_QUEUE_CONTIGUOUS | NVME_CQ_INTERRUPTS };
	struct nvme_command sq = { .opcode = NVME_ADMIN_CREATE_SQ, .prp1 = q->sq_bus, .cdw10 = shape, .cdw11 = (u32)q->id << 16 | NVME_QUEUE_CONTIGUOUS };
	int error = nvme_admin(c, &cq, NULL, NULL);

	return error ? error : nvme_admin(c, &sq, NULL, NULL);
}

bool nvme_abort(struct nvme_ctrl *c, struct nvme_queue *q, u16 cid)
{
	struct nvme_command cmd = { .opcode = NVME_ADMIN_ABORT, .cdw10 = (u32)cid << 16 | q->id };
	u32 result;

	return !nvme_admin(c, &cmd, &result, NULL) && !(result & 1); /* 5.1.1: bit 0 says that it was not aborted */
}
