/*
 * Recovery, in the channel's thread, which may wait. The policy, for one request:
 *
 *   1. it was late, or the bus master failed, or the device still wants data: software reset of the channel;
 *   2. the first time: again as before;
 *   3. the second time: by polled PIO in single sectors, which shows the bad sector and saves what lies before it;
 *   4. report -EIO, with the good bytes, and one line in the log.
 *
 * A drive on which DMA itself fails again and again goes on with PIO for good.
 */
#include "drivers/block/ata/ata.h"
#include "drivers/block/ata/ata_decode.h"
#include "io/contract/io_error.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/sched/task.h"

#define RETRIES 1u
#define TRANSPORT_FAULTS_MAX 3u
#define LOG_PERIOD_NS (5 * NSEC_PER_SEC)
#define LOG_LINES_MAX 10u /* a period and drive */

static const char *op_name(const struct request *rq)
{
	static const char *const names[] = { [REQ_READ] = "read", [REQ_WRITE] = "write", [REQ_FLUSH] = "flush" };

	return names[rq_op(rq)];
}

/* May another line be written now? The same complaint again, and floods, are only counted. */
static bool log_allowed(struct ata_drive *d, u32 op, u64 sector)
{
	u64 now = ktime_ns();

	if (now - d->log_window_ns >= LOG_PERIOD_NS || !d->log_window_ns) {
		if (d->log_suppressed)
			pr_err("%s: %u more errors\n", d->disk->name, d->log_suppressed);
		d->log_window_ns = now;
		d->log_lines = d->log_suppressed = 0;
	} else if (d->log_lines && d->log_op == op && d->log_sector == sector) {
		return false;
	}
	if (d->log_lines >= LOG_LINES_MAX) {
		d->log_suppressed++;
		return false;
	}
	d->log_lines++;
	d->log_op = op;
	d->log_sector = sector;
	return true;
}

/* The one line about a request that is given up. */
static void log_error(struct ata_drive *d, const struct request *rq, u32 bytes_done, const struct ata_fault *f)
{
	u64 sector = rq->sector + (bytes_done >> SECTOR_SHIFT);
	char text[96];
	struct seq_buf s;

	if (!log_allowed(d, rq_op(rq), sector))
		return;
	seq_init(&s, text, sizeof(text) - 1);
	seq_puts(&s, f->timed_out ? "timed out, status " : "status ");
	ata_decode_status(&s, f->status);
	if (f->status & ATA_STATUS_ERR && !(f->status & ATA_STATUS_BSY)) {
		seq_puts(&s, " error ");
		ata_decode_error(&s, f->error);
	}
	if (f->bm_status & BM_STATUS_ERROR)
		seq_puts(&s, " bus master error");
	text[min(s.len, sizeof(text) - 1)] = '\0';
	if (rq_op(rq) == REQ_FLUSH)
		pr_err("%s: flush error: %s\n", d->disk->name, text);
	else
		pr_err("%s: %s error at sector %llu: %s\n", d->disk->name, op_name(rq), sector, text);
}

/* The channel is the thread's and in order: issue its request once more. */
static void start_again(struct ata_channel *ch)
{
	u32 flags;
	int error;

	ata_irqs_on(ch);
	flags = spin_lock_irqsave(&ch->lock);
	error = ata_start(ch, ch->drive, ch->rq);
	if (error)
		ata_complete(ch, error, 0);
	spin_unlock_irqrestore(&ch->lock, flags);
}

static void thread_done(struct ata_channel *ch, int status, u32 bytes_done)
{
	u32 flags;

	ata_irqs_on(ch);
	flags = spin_lock_irqsave(&ch->lock);
	ata_complete(ch, status, bytes_done);
	spin_unlock_irqrestore(&ch->lock, flags);
}

/* A time-out or a bus master error under DMA says something about the way, not about the medium. */
static void note_transport_fault(struct ata_drive *d)
{
	u32 flags;

	if (d->mode != ATA_MODE_DMA || ++d->transport_faults < TRANSPORT_FAULTS_MAX || !blk_may_recover(d->queue, IOERR_TIMEOUT, IOH_PIO))
		return;
	flags = spin_lock_irqsave(&d->ch->lock);
	(void)ata_set_mode(d, ATA_MODE_PIO);
	spin_unlock_irqrestore(&d->ch->lock, flags);
	blk_recovered_by(d->queue, IOH_PIO);
	pr_warn("%s: DMA failed %u times, going on with PIO\n", d->disk->name, d->transport_faults);
}

/* 0 or -errno when the channel cannot be brought back. */
static int reset_channel(struct ata_channel *ch, const struct ata_fault *f)
{
	int error;

	if (f->timed_out && log_allowed(ch->drive, rq_op(ch->rq) | 0x80, ch->rq->sector))
		pr_warn("%s: %s at sector %llu is late, resetting %s\n", ch->drive->disk->name, op_name(ch->rq), ch->rq->sector, ch->name);
	error = ata_soft_reset(ch);
	if (error)
		pr_err("%s: does not come back from a reset: error %d\n", ch->name, error);
	return error;
}

/* The last way: sector by sector. */
static int by_single_sectors(struct ata_channel *ch, u32 *bytes_done, struct ata_fault *f)
{
	int error;

	ata_irqs_off(ch);
	error = ata_poll_rw(ch, ch->drive, ch->rq, ATA_XFER_SINGLE, bytes_done, f);
	if (!error)
		pr_notice("%s: %s at sector %llu succeeded by PIO\n", ch->drive->disk->name, op_name(ch->rq), ch->rq->sector);
	else if (f->timed_out || f->status & (ATA_STATUS_BSY | ATA_STATUS_DRQ))
		reset_channel(ch, f); /* for those who come after */
	return error;
}

static void recover(struct ata_channel *ch)
{
	struct ata_drive *d = ch->drive;
	struct request *rq = ch->rq;
	struct ata_fault f = ch->fault;
	bool may = blk_may_recover(d->queue, f.timed_out ? IOERR_TIMEOUT : IOERR_MEDIUM, f.timed_out ? IOH_RESET : IOH_RETRY);
	bool transport = f.timed_out || f.bm_status & (BM_STATUS_ERROR | BM_STATUS_ACTIVE) || f.status & ATA_STATUS_BSY;
	u32 bytes_done = 0;
	int error = 0;

	ch->device_reg = ATA_DEVICE_UNKNOWN;
	if (transport)
		note_transport_fault(d);
	if (transport || f.status & ATA_STATUS_DRQ)
		error = reset_channel(ch, &f);
	/* A flush that failed in the device is not asked for again: what it could not write may be forgotten by then. */
	if (!error && may && rq->retries < RETRIES && (transport || rq_op(rq) != REQ_FLUSH)) {
		rq->retries++;
		start_again(ch);
		return;
	}
	if (!error)
		error = rq_op(rq) == REQ_FLUSH || !may ? -EIO : by_single_sectors(ch, &bytes_done, &f);
	if (error)
		log_error(d, rq, bytes_done, &f);
	thread_done(ch, error == -ENODEV ? -ENODEV : error && f.timed_out ? -ETIMEDOUT : error ? -EIO : 0, bytes_done);
}

int ata_thread_fn(void *channel)
{
	struct ata_channel *ch = channel;

	for (;;) {
		u8 work;

		if (wait_event_interruptible(&ch->thread_wait, ch->thread_work || kthread_should_stop()) || !ch->thread_work)
			return 0;
		work = ch->thread_work;
		ch->thread_work = ATA_WORK_NONE;
		if (work == ATA_WORK_POLL)
			ata_poll_request(ch);
		else
			recover(ch);
	}
}
