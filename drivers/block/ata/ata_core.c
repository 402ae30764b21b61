/*
 * The one code path of all requests: queue_rq, start, interrupt, completion. See ata.h for the states.
 *
 * Port accesses cost far more than instructions, so registers that still hold the right value are not written again: the device register
 * (selection and upper LBA28 bits), the bus master's direction and table address. Nothing waits in here, but for the 400 ns after another
 * device was selected.
 */
#include "drivers/block/ata/ata.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/debug/trace.h"
#include "kernel/hal/port_start.h"

#define SELECT_POLLS 1000u /* reads of alternate status, at least 100 ns each, for a device that was idle to show it */
#define LBA28_UPPER_SHIFT 24

void ata_load(struct ata_channel *ch, const struct ata_taskfile *tf)
{
	if (unlikely(tf->ext)) {
		ata_out(ch, ATA_SECTOR_COUNT, tf->hob_count);
		ata_out(ch, ATA_LBA_LOW, tf->hob_lba_low);
		ata_out(ch, ATA_LBA_MID, tf->hob_lba_mid);
		ata_out(ch, ATA_LBA_HIGH, tf->hob_lba_high);
	}
	ata_out(ch, ATA_SECTOR_COUNT, tf->count);
	ata_out(ch, ATA_LBA_LOW, tf->lba_low);
	ata_out(ch, ATA_LBA_MID, tf->lba_mid);
	ata_out(ch, ATA_LBA_HIGH, tf->lba_high);
}

/* The other device was selected (ATA-6 9.6, "device selection protocol"). */
static int select_wait(struct ata_channel *ch)
{
	ata_delay_400ns(ch);
	for (u32 i = 0; i < SELECT_POLLS; i++)
		if (!(ata_altstatus_peek(ch) & (ATA_STATUS_BSY | ATA_STATUS_DRQ)))
			return 0;
	ch->device_reg = ATA_DEVICE_UNKNOWN;
	return -EBUSY;
}

int ata_select(struct ata_channel *ch, u8 device)
{
	u8 old = ch->device_reg;

	if (likely(old == device))
		return 0;
	ata_out(ch, ATA_DEVICE, device);
	ch->device_reg = device;
	if (old != ATA_DEVICE_UNKNOWN && !((old ^ device) & ATA_DEVICE_DEV))
		return 0;
	return select_wait(ch);
}

void ata_taskfile_flush(const struct ata_drive *d, struct ata_taskfile *tf)
{
	*tf = (struct ata_taskfile){
		.command = d->id.flush_ext ? ATA_CMD_FLUSH_CACHE_EXT : ATA_CMD_FLUSH_CACHE,
		.device = (u8)(ATA_DEVICE_OBSOLETE | ATA_DEVICE_LBA | (d->unit ? ATA_DEVICE_DEV : 0)),
	};
}

static void nodata_start(struct ata_channel *ch, struct request *rq, const struct ata_taskfile *tf)
{
	ch->protocol = ATA_PROTO_NODATA;
	ata_load(ch, tf);
	ch->port_accesses++;
	outb_start((u16)(ch->command_base + ATA_COMMAND), tf->command, rq->id);
}

int ata_start(struct ata_channel *ch, struct ata_drive *d, struct request *rq)
{
	bool flush = rq_op(rq) == REQ_FLUSH;
	struct ata_taskfile tf;

	ata_count_begin(ch);
	TRACE(TRACE_DRIVER, "sector=%u sectors=%u", rq->id, rq->sector, rq->nr_sectors);
	ch->write = rq_op(rq) == REQ_WRITE;
	if (unlikely(flush)) {
		ata_taskfile_flush(d, &tf);
	} else {
		int error = ata_taskfile_rw(&tf, d->unit, d->id.lba48, ch->write, d->xfer, rq->sector, rq->nr_sectors);

		if (unlikely(error)) {
			ch->counting = false;
			return error;
		}
	}
	ch->rq = rq;
	ch->drive = d;
	d->counts.commands++;
	if (unlikely(d->mode == ATA_MODE_POLL)) {
		ata_poll_start(ch);
		ata_count_end(ch);
		return 0;
	}
	ch->state = ATA_ACTIVE;
	if (unlikely(ata_select(ch, tf.device)))
		ata_fault(ch, ata_altstatus_peek(ch), 0, true);
	else if (likely(!flush && d->xfer == ATA_XFER_DMA))
		ata_dma_start(ch, rq, &tf);
	else if (flush)
		nodata_start(ch, rq, &tf);
	else
		ata_pio_start(ch, rq, &tf);
	/* The device counts the LBA registers up; beyond 2^24 that reaches the device register. */
	if (unlikely(!tf.ext && !flush && ((u32)rq->sector ^ ((u32)rq->sector + rq->nr_sectors)) >> LBA28_UPPER_SHIFT))
		ch->device_reg = ATA_DEVICE_UNKNOWN;
	ata_count_end(ch);
	return 0;
}

/* block_ops.queue_rq */
static int ata_queue_rq(struct hw_ctx *h, struct request *rq)
{
	struct ata_drive *d = blk_queue_data(h->q);
	struct ata_channel *ch = d->ch;
	u32 flags;
	int error = 0;

	if (unlikely(rq_op(rq) > REQ_WRITE)) {
		if (rq_op(rq) != REQ_FLUSH)
			return -EOPNOTSUPP;
		if (!d->id.flush && !d->id.flush_ext) { /* no cache to flush */
			blk_request_done(rq, 0, 0);
			return 0;
		}
	}
	flags = spin_lock_irqsave(&ch->lock);
	if (likely(ch->state == ATA_IDLE))
		error = ata_start(ch, d, rq);
	else if (!d->pending)
		d->pending = rq;
	else
		error = -EBUSY;
	spin_unlock_irqrestore(&ch->lock, flags);
	return error;
}

/* The channel is idle: start what waits for it, the other drive's first. */
static void start_next(struct ata_channel *ch)
{
	for (u32 turn = 1; turn <= 2 && ch->state == ATA_IDLE; turn++) {
		struct ata_drive *d = &ch->drives[(ch->drive->unit + turn) & 1];
		struct request *rq = d->pending;
		int error;

		if (!rq)
			continue;
		d->pending = NULL;
		error = ata_start(ch, d, rq);
		if (error)
			blk_request_done(rq, error, 0);
	}
}

void ata_complete(struct ata_channel *ch, int status, u32 bytes_done)
{
	struct request *rq = ch->rq;

	ata_count_end(ch);
	ch->rq = NULL;
	ch->state = ATA_IDLE;
	start_next(ch);
	blk_request_done(rq, status, bytes_done);
}

void ata_wake_thread(struct ata_channel *ch, enum ata_work work)
{
	ch->state = ATA_THREAD;
	ch->thread_work = (u8)work;
	wake_up(&ch->thread_wait);
}

void ata_fault(struct ata_channel *ch, u8 status, u8 bm_status, bool timed_out)
{
	ch->fault = (struct ata_fault){ .status = status, .bm_status = bm_status, .timed_out = timed_out };
	if (!(status & ATA_STATUS_BSY) && status & ATA_STATUS_ERR)
		ch->fault.error = ata_in(ch, ATA_ERROR);
	ata_wake_thread(ch, ATA_WORK_RECOVER);
}

/*
 * Is it this channel's interrupt? Then quiet device and bus master, and take what they say. late: there was none, the deadline handler
 * found the device done. Lock held.
 */
static bool acknowledge(struct ata_channel *ch, bool late, u8 *status, u8 *bm_status)
{
	*bm_status = 0;
	if (likely(ch->bm)) {
		*bm_status = bm_in(ch, BM_STATUS);
		if (unlikely(!(*bm_status & BM_STATUS_INTERRUPT) && !late))
			return false;
		if (likely(ch->state == ATA_ACTIVE && ch->protocol == ATA_PROTO_DMA))
			ata_dma_stop(ch);
	} else if (ata_altstatus_peek(ch) & ATA_STATUS_BSY && !late) {
		return false;
	}
	*status = ata_status_ack_irq(ch);
	if (likely(ch->bm))
		ata_bm_status_clear(ch, *bm_status);
	return true;
}

/* Take the command in flight a step further. Lock held. */
static void advance(struct ata_channel *ch, u8 status, u8 bm_status)
{
	if (ch->protocol == ATA_PROTO_PIO)
		ata_pio_interrupt(ch, status);
	else if (unlikely(status & (ATA_STATUS_BSY | ATA_STATUS_DF | ATA_STATUS_DRQ | ATA_STATUS_ERR) || bm_status & BM_STATUS_ERROR ||
			  (ch->protocol == ATA_PROTO_DMA && bm_status & BM_STATUS_ACTIVE)))
		ata_fault(ch, status, bm_status, false);
	else
		ata_complete(ch, 0, rq_bytes(ch->rq));
}

irqreturn_t ata_irq(int irq, void *channel)
{
	struct ata_channel *ch = channel;
	irqreturn_t ret = IRQ_NONE;
	u8 status, bm_status;
	bool ours;

	spin_lock(&ch->lock);
	ours = ch->state == ATA_ACTIVE; /* else what is counted is the thread's */
	if (likely(ours))
		ata_count_begin(ch);
	if (likely(acknowledge(ch, false, &status, &bm_status))) {
		ret = IRQ_HANDLED;
		if (likely(ch->state == ATA_ACTIVE)) {
			ch->drive->counts.interrupts++;
			TRACE_ALWAYS(TRACE_IRQ, "status=%#x bm_status=%#x", ch->rq->id, status, bm_status);
			advance(ch, status, bm_status);
		} else {
			ch->stray_irqs++;
		}
	}
	if (likely(ours))
		ata_count_end(ch); /* it was a step of a longer command */
	spin_unlock(&ch->lock);
	return ret;
}

/* Has the device finished (its step of) the command, though no interrupt came? */
static bool finished_silently(struct ata_channel *ch)
{
	if (ata_altstatus_peek(ch) & ATA_STATUS_BSY)
		return false;
	if (ch->protocol != ATA_PROTO_DMA)
		return true;
	return (bm_in(ch, BM_STATUS) & (BM_STATUS_INTERRUPT | BM_STATUS_ACTIVE)) != BM_STATUS_ACTIVE;
}

/* block_ops.timeout: a deadline has passed. Ask the device first; if it is really late, its channel's thread takes over. */
static bool ata_timeout(struct hw_ctx *h, struct request *rq)
{
	struct ata_drive *d = blk_queue_data(h->q);
	struct ata_channel *ch = d->ch;
	u32 flags = spin_lock_irqsave(&ch->lock);
	bool ours = ch->rq == rq && ch->state == ATA_ACTIVE, lost = ours && finished_silently(ch), again;
	u8 status, bm_status;

	if (lost) {
		ch->lost_irqs++;
		acknowledge(ch, true, &status, &bm_status);
		advance(ch, status, bm_status);
	} else if (ours) {
		ata_fault(ch, ata_altstatus_peek(ch), ch->bm ? bm_in(ch, BM_STATUS) : 0, true);
	}
	again = ch->rq == rq || d->pending == rq; /* still, or waiting for the other drive's command */
	spin_unlock_irqrestore(&ch->lock, flags);
	if (lost)
		pr_warn("%s: %s: an interrupt was lost\n", ch->name, d->disk->name);
	return again;
}

const struct block_ops ata_block_ops = {
	.name = "ata",
	.queue_rq = ata_queue_rq,
	.timeout = ata_timeout,
	.ioctl = ata_ioctl,
	.free_disk = ata_free_disk,
};
