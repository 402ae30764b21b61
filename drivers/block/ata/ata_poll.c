/*
 * Polled PIO: the CPU asks the device again and again instead of waiting for an interrupt. It serves the probe, the mode poll, and recovery (in
 * single sectors it shows which one is bad). It runs in a thread that lets others run between two looks, so a slow disk stops nobody else.
 */
#include "drivers/block/ata/ata.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/trace.h"
#include "kernel/hal/port_start.h"
#include "kernel/sched/task.h"

#define BUSY_POLL_MS 50u /* a device that takes longer is looked at once a millisecond or so */

void ata_irqs_off(struct ata_channel *ch)
{
	ata_control(ch, ATA_CONTROL_NIEN);
}

void ata_irqs_on(struct ata_channel *ch)
{
	ata_status_ack_irq(ch); /* nothing that was raised before counts */
	if (ch->bm)
		ata_bm_status_clear(ch, bm_in(ch, BM_STATUS));
	ata_control(ch, 0);
}

int ata_poll_ready(struct ata_channel *ch, u32 timeout_ms)
{
	u64 start = ktime_ns();

	for (;;) {
		u64 waited = ktime_ns() - start;
		u8 status = ata_altstatus_peek(ch);

		if (status == ATA_STATUS_FLOATING)
			return -ENODEV;
		if (!(status & ATA_STATUS_BSY))
			return status;
		if (waited >= timeout_ms * NSEC_PER_MSEC) /* the look came after: we may have been away for long */
			return -ETIMEDOUT;
		if (waited < BUSY_POLL_MS * NSEC_PER_MSEC)
			cond_resched();
		else
			sleep_ms(1);
	}
}

/* Wait for the device and note what it says; 0, -EIO, -ETIMEDOUT, -ENODEV. */
static int wait_step(struct ata_channel *ch, u32 timeout_ms, struct ata_fault *f)
{
	int status = ata_poll_ready(ch, timeout_ms);

	*f = (struct ata_fault){ .status = status < 0 ? ata_altstatus_peek(ch) : (u8)status, .timed_out = status == -ETIMEDOUT };
	if (status < 0)
		return status;
	if (!(status & (ATA_STATUS_ERR | ATA_STATUS_DF)))
		return 0;
	if (status & ATA_STATUS_ERR)
		f->error = ata_in(ch, ATA_ERROR);
	return -EIO;
}

int ata_poll_command(struct ata_channel *ch, const struct ata_taskfile *tf, struct ata_cursor *c, u32 block_bytes, bool write,
		     u32 timeout_ms, struct ata_fault *f)
{
	int error;

	*f = (struct ata_fault){ 0 };
	if (ata_select(ch, tf->device)) {
		f->status = ata_altstatus_peek(ch);
		f->timed_out = true;
		return -ETIMEDOUT;
	}
	ata_load(ch, tf);
	ch->port_accesses++;
	outb_start((u16)(ch->command_base + ATA_COMMAND), tf->command, ch->rq ? ch->rq->id : 0);
	for (;;) {
		u32 before = c ? c->left : 0;

		ata_delay_400ns(ch);
		error = wait_step(ch, timeout_ms, f);
		if (error)
			break;
		if (!(f->status & ATA_STATUS_DRQ) != !before) { /* wants data when none is left, or the other way round */
			error = -EIO;
			break;
		}
		if (!before)
			break;
		ata_pio_transfer(ch, c, min(before, block_bytes), write);
		if (!write && !c->left)
			break;
	}
	ch->device_reg = ATA_DEVICE_UNKNOWN; /* the address registers have moved on */
	ata_status_ack_irq(ch);
	return error;
}

int ata_poll_rw(struct ata_channel *ch, struct ata_drive *d, struct request *rq, enum ata_transfer xfer, u32 *bytes_done,
		struct ata_fault *f)
{
	bool write = rq_op(rq) == REQ_WRITE;
	u32 block = xfer == ATA_XFER_MULTIPLE ? d->block_bytes : SECTOR_SIZE;
	struct ata_cursor c = { .seg = ch->segs, .left = rq_bytes(rq) };
	struct ata_taskfile tf;
	int error = ata_taskfile_rw(&tf, d->unit, d->id.lba48, write, xfer, rq->sector, rq->nr_sectors);

	*bytes_done = 0;
	*f = (struct ata_fault){ 0 };
	if (error)
		return error;
	blk_rq_map_segments(rq, ch->segs, PRD_MAX_ENTRIES);
	error = ata_poll_command(ch, &tf, &c, block, write, rq->timeout_ms, f);
	*bytes_done = rq_bytes(rq) - c.left;
	if (error && write && *bytes_done) /* the block given last is the one it complains about */
		*bytes_done -= *bytes_done % block ? *bytes_done % block : block;
	return error;
}

void ata_poll_start(struct ata_channel *ch)
{
	ata_wake_thread(ch, ATA_WORK_POLL);
}

void ata_poll_request(struct ata_channel *ch)
{
	struct ata_drive *d = ch->drive;
	struct request *rq = ch->rq;
	struct ata_taskfile tf;
	u32 bytes_done = 0, flags;
	int error;

	ata_count_begin(ch);
	ata_irqs_off(ch);
	if (rq_op(rq) == REQ_FLUSH) {
		ata_taskfile_flush(d, &tf);
		error = ata_poll_command(ch, &tf, NULL, 0, false, rq->timeout_ms, &ch->fault);
	} else {
		error = ata_poll_rw(ch, d, rq, ata_pio_way(d), &bytes_done, &ch->fault);
	}
	if (!error)
		ata_irqs_on(ch);
	flags = spin_lock_irqsave(&ch->lock);
	if (error)
		ata_fault(ch, ch->fault.status, 0, ch->fault.timed_out);
	else
		ata_complete(ch, 0, bytes_done);
	spin_unlock_irqrestore(&ch->lock, flags);
}
