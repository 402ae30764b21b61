/*
 * The controller's thread: it takes the requests of both drives in turn, looks at media when somebody opens, and stops the motors when nothing
 * has been asked for a while.
 *
 * What fails is tried again: the second time as before, then with the heads recalibrated, after a time-out with the controller reset. A
 * cylinder that cannot be read at once is read sector by sector, as far as it is wanted. A medium that was taken out ends all requests with
 * -ENOMEDIUM until somebody opens the device anew.
 */
#include "drivers/block/floppy/floppy.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"

#define MOTOR_IDLE_MS 3000u
#define TRACK_TRIES 2u  /* of a whole cylinder, before its sectors one by one */
#define SECTOR_TRIES 4u

static const struct floppy_format formats[] = {
	{ .cylinders = 80, .sectors = 18, .rate = CCR_RATE_500K, .gap = 0x1b, .format_gap = 0x6c, .name = "1.44 MB" },
	{ .cylinders = 80, .sectors = 9, .rate = CCR_RATE_250K, .gap = 0x2a, .format_gap = 0x50, .name = "720 KB" },
};

static u64 sector_mask(u32 first, u32 n)
{
	return ((1ull << n) - 1) << first;
}

/* ---- the medium ---- */

static u64 track_key(const struct floppy_drive *d, u8 cylinder) { return (u64)d->unit << 8 | cylinder; }

static void buffer_forget(struct floppy_drive *d)
{
	if (d->fdc->track->key >> 8 == d->unit)
		d->fdc->track->valid = false;
}

/* Find the format of the medium: only at its own data rate are the marks of a track read. -ENXIO: none of ours. */
static int find_format(struct floppy_drive *d)
{
	int error;

	for (u32 i = 0; i < ARRAY_SIZE(formats); i++) {
		if (formats[i].sectors > FLOPPY_MAX_SECTORS / (d->type == FLOPPY_TYPE_720K ? 2 : 1))
			continue;
		fdc_set_rate(d->fdc, formats[i].rate);
		error = fdc_read_id(d);
		if (!error) {
			d->format = &formats[i];
			return 0;
		}
		if (error == -ETIMEDOUT) {
			error = fdc_reset(d->fdc);
			if (error)
				return error;
		}
	}
	pr_warn("%s: no medium of a known format\n", d->disk->name);
	return -ENXIO;
}

/*
 * The drive was opened: is there a medium, and which? The change line falls only when the heads step with a medium in the drive, so a step
 * there and back tells (82077 data sheet 2.1.8).
 */
static int inspect(struct floppy_drive *d)
{
	int error = fdc_recalibrate(d);

	if (error == -ETIMEDOUT && !(error = fdc_reset(d->fdc)))
		error = fdc_recalibrate(d);
	if (!error && fdc_disk_changed(d->fdc))
		error = fdc_seek(d, 1);
	if (error || fdc_disk_changed(d->fdc))
		return -ENXIO;
	error = find_format(d);
	if (error)
		return error;
	error = fdc_write_protected(d);
	if (error < 0)
		return error;
	d->disk->read_only = error;
	d->disk->capacity = d->format->cylinders * FLOPPY_HEADS * d->format->sectors;
	return 0;
}

/* See look_result. */
static int look_at_medium(struct floppy_drive *d)
{
	int error;

	fdc_motor_on(d);
	if (d->usable && !fdc_disk_changed(d->fdc))
		return 0;
	d->usable = false;
	buffer_forget(d);
	error = inspect(d);
	if (error)
		return error;
	d->usable = true;
	d->fdc->counts.media_changes++;
	pr_info("%s: %s%s\n", d->disk->name, d->format->name, d->disk->read_only ? ", write-protected" : "");
	return 1;
}

/* ---- one access, with retries ---- */

/* Prepare another attempt after `error`. -ETIMEDOUT: not even a reset is answered. */
static int recover(struct floppy_drive *d, int error, u32 attempt)
{
	d->fdc->counts.retries++;
	if (error == -ETIMEDOUT && fdc_reset(d->fdc))
		return -ETIMEDOUT;
	if (attempt > 1)
		d->cylinder = FDC_CYLINDER_UNKNOWN; /* the next seek recalibrates */
	return 0;
}

/* Sectors [first, first + n) of a cylinder between medium and buffer. 0, -EIO, -EROFS, -ENOMEDIUM, -ETIMEDOUT. */
static int access(struct floppy_drive *d, bool write, u8 cylinder, u32 first, u32 n, u32 tries)
{
	int error = 0;

	for (u32 i = 0; i < tries; i++) {
		if (i && recover(d, error, i))
			return -ETIMEDOUT;
		if (fdc_disk_changed(d->fdc)) /* last chance: stepping takes the signal away */
			return -ENOMEDIUM;
		error = fdc_seek(d, cylinder);
		if (!error)
			error = fdc_transfer(d, write, first, n);
		if (!error || error == -EROFS)
			return error;
		if (fdc_disk_changed(d->fdc))
			return -ENOMEDIUM;
	}
	return -EIO;
}

/* ---- the track buffer ---- */

static void buffer_take(struct floppy_drive *d, u8 cylinder)
{
	struct fdc *f = d->fdc;

	if (f->track->valid && f->track->key == track_key(d, cylinder))
		return;
	f->track->valid = true;
	f->track->key = track_key(d, cylinder);
	f->track_sectors = 0;
}

/* For the buffer's monitor. */
static void count_bytes(struct fdc *f, u32 in, u32 out)
{
	u32 flags = spin_lock_irqsave(&f->pool.lock);

	f->pool.monitor.in += in;
	f->pool.monitor.out += out;
	spin_unlock_irqrestore(&f->pool.lock, flags);
}

/* Have sectors [first, first + n) of the cylinder in the buffer; *good of them are, when it fails. */
static int buffer_fill(struct floppy_drive *d, u8 cylinder, u32 first, u32 n, u32 *good)
{
	u32 all = FLOPPY_HEADS * d->format->sectors;
	u64 wanted = sector_mask(first, n);
	struct fdc *f = d->fdc;
	int error;

	buffer_take(d, cylinder);
	if ((f->track_sectors & wanted) == wanted) {
		f->counts.track_hits++;
		return 0;
	}
	f->counts.track_reads++;
	f->track_sectors = 0;
	error = access(d, false, cylinder, 0, all, TRACK_TRIES);
	if (!error) {
		f->track_sectors = sector_mask(0, all);
		count_bytes(f, all * SECTOR_SIZE, 0);
	}
	for (u32 i = first; i < first + n && error == -EIO; i++) {
		if (access(d, false, cylinder, i, 1, SECTOR_TRIES)) {
			*good = i - first;
			return -EIO;
		}
		f->track_sectors |= sector_mask(i, 1);
	}
	return error == -EIO ? 0 : error; /* -EIO: all that was wanted came in the end */
}

/* Write sectors [first, first + n) of the buffer to the medium. */
static int buffer_flush(struct floppy_drive *d, u8 cylinder, u32 first, u32 n, u32 *good)
{
	struct fdc *f = d->fdc;
	int error = access(d, true, cylinder, first, n, TRACK_TRIES);

	f->counts.writes++;
	if (!error)
		f->track_sectors |= sector_mask(first, n);
	for (u32 i = first; i < first + n && error == -EIO; i++) {
		if (access(d, true, cylinder, i, 1, SECTOR_TRIES)) {
			*good = i - first;
			return -EIO;
		}
		f->track_sectors |= sector_mask(i, 1);
	}
	return error == -EIO ? 0 : error;
}

/* ---- requests ---- */

struct cursor {
	const struct blk_segment *seg;
	u32 offset;
};

/* n bytes between the request's memory at the cursor and p. */
static void copy(struct cursor *c, u8 *p, u32 n, bool to_buffer)
{
	while (n) {
		u32 part = min(n, c->seg->len - c->offset);
		u8 *va = (u8 *)c->seg->va + c->offset;

		if (to_buffer)
			memcpy(p, va, part);
		else
			memcpy(va, p, part);
		p += part;
		n -= part;
		c->offset += part;
		if (c->offset == c->seg->len) {
			c->seg++;
			c->offset = 0;
		}
	}
}

/* 0 or why not, and in *done how many bytes at the front are good. */
static int do_request(struct floppy_drive *d, struct request *rq, u32 *done)
{
	u32 per_cylinder = FLOPPY_HEADS * d->format->sectors, sector = (u32)rq->sector, left = rq->nr_sectors;
	struct fdc *f = d->fdc;
	struct cursor c = { .seg = f->segs };
	bool write = rq_op(rq) == REQ_WRITE;

	blk_rq_map_segments(rq, f->segs, FLOPPY_MAX_SEGMENTS);
	while (left) {
		u32 first = sector % per_cylinder, n = min(left, per_cylinder - first), good = 0;
		u8 cylinder = (u8)(sector / per_cylinder), *at = f->track->data + first * SECTOR_SIZE;
		int error;

		if (write) {
			buffer_take(d, cylinder);
			f->track_sectors &= ~sector_mask(first, n);
			copy(&c, at, n * SECTOR_SIZE, true);
			count_bytes(f, n * SECTOR_SIZE, 0);
			error = buffer_flush(d, cylinder, first, n, &good);
		} else {
			error = buffer_fill(d, cylinder, first, n, &good);
			copy(&c, at, (error ? good : n) * SECTOR_SIZE, false);
			count_bytes(f, 0, (error ? good : n) * SECTOR_SIZE);
		}
		if (error) {
			*done += good * SECTOR_SIZE;
			return error;
		}
		*done += n * SECTOR_SIZE;
		sector += n;
		left -= n;
	}
	return 0;
}

static void log_error(const struct floppy_drive *d, const struct request *rq, int error, u32 done)
{
	const u8 *r = d->fdc->result;

	if (error == -ENOMEDIUM)
		pr_warn("%s: the medium was taken out or changed while in use\n", d->disk->name);
	else if (error == -ETIMEDOUT)
		pr_err("%s: the controller does not answer\n", d->disk->name);
	else
		pr_err("%s: %s error at sector %llu: ST0 %#x ST1 %#x ST2 %#x\n", d->disk->name, rq_op(rq) == REQ_WRITE ? "write" : "read",
		       rq->sector + done / SECTOR_SIZE, r[0], r[1], r[2]);
}

static int serve(struct floppy_drive *d, struct request *rq, u32 *done)
{
	int error;

	if (!d->usable)
		return -ENOMEDIUM;
	if (rq->sector + rq->nr_sectors > d->disk->capacity)
		return -ENXIO;
	fdc_motor_on(d);
	if (d->fdc->rate != d->format->rate)
		fdc_set_rate(d->fdc, d->format->rate);
	d->fdc->track = buffer_try_alloc(&d->fdc->pool);
	error = fdc_disk_changed(d->fdc) ? -ENOMEDIUM : do_request(d, rq, done);
	buffer_free(&d->fdc->pool, d->fdc->track);
	if (error == -ENOMEDIUM) {
		d->usable = false;
		buffer_forget(d);
	}
	if (error)
		log_error(d, rq, error, *done);
	return error;
}

/* ---- the thread ---- */

static bool has_work(const struct floppy_drive *d) { return d->look || d->rq; }

static void answer_look(struct floppy_drive *d, int result)
{
	u32 flags = spin_lock_irqsave(&d->fdc->lock);
	bool asked = d->look;

	d->look = false;
	d->look_result = result;
	spin_unlock_irqrestore(&d->fdc->lock, flags);
	if (asked)
		complete(&d->looked);
}

static void work_on(struct floppy_drive *d)
{
	struct fdc *f = d->fdc;
	struct request *rq;
	u32 flags, done = 0;
	int status;

	if (d->look) {
		int result = look_at_medium(d);

		d->motor_off_ns = deadline_ms(MOTOR_IDLE_MS);
		answer_look(d, result);
	}
	rq = d->rq;
	if (!rq)
		return;
	status = serve(d, rq, &done);
	d->motor_off_ns = deadline_ms(MOTOR_IDLE_MS);
	flags = spin_lock_irqsave(&f->lock);
	d->rq = NULL;
	spin_unlock_irqrestore(&f->lock, flags);
	blk_request_done(rq, status, done);
}

/* Stop motors whose time has come; when the next one's does (~0: none turns). */
static u64 stop_motors(struct fdc *f)
{
	u64 next = ~0ull, now = ktime_ns();

	for (u32 i = 0; i < FLOPPY_DRIVES; i++) {
		struct floppy_drive *d = &f->drives[i];

		if (!fdc_motor_is_on(d))
			continue;
		if (d->motor_off_ns <= now)
			fdc_motor_off(d);
		else
			next = min(next, d->motor_off_ns);
	}
	return next;
}

int floppy_thread_fn(void *fdc)
{
	struct fdc *f = fdc;
	u32 flags;

	while (!kthread_should_stop()) {
		u64 until = stop_motors(f);

		wait_event_interruptible_until(&f->work_wait, has_work(&f->drives[0]) || has_work(&f->drives[1]) || kthread_should_stop(), until);
		for (u32 i = 0; i < FLOPPY_DRIVES; i++)
			if (has_work(&f->drives[i]))
				work_on(&f->drives[i]);
	}
	flags = spin_lock_irqsave(&f->lock);
	f->stopped = true;
	spin_unlock_irqrestore(&f->lock, flags);
	for (u32 i = 0; i < FLOPPY_DRIVES; i++) {
		answer_look(&f->drives[i], -ENODEV);
		if (fdc_motor_is_on(&f->drives[i]))
			fdc_motor_off(&f->drives[i]);
	}
	return 0;
}

/* ---- its callers ---- */

int floppy_queue_rq(struct hw_ctx *h, struct request *rq)
{
	struct floppy_drive *d = blk_queue_data(h->q);
	struct fdc *f = d->fdc;
	u32 flags;
	bool taken;

	if (rq_op(rq) > REQ_WRITE)
		return -EOPNOTSUPP;
	flags = spin_lock_irqsave(&f->lock);
	taken = !d->rq;
	if (taken)
		d->rq = rq;
	spin_unlock_irqrestore(&f->lock, flags);
	if (!taken)
		return -EBUSY;
	wake_up(&f->work_wait);
	return 0;
}

bool floppy_timeout(struct hw_ctx *h, struct request *rq)
{
	struct floppy_drive *d = blk_queue_data(h->q);

	return d->rq == rq; /* the thread is at it, and all its waits end */
}

int floppy_look(struct floppy_drive *d)
{
	u32 flags = spin_lock_irqsave(&d->fdc->lock);
	bool stopped = d->fdc->stopped;

	d->look = !stopped;
	spin_unlock_irqrestore(&d->fdc->lock, flags);
	if (stopped)
		return -ENODEV;
	wake_up(&d->fdc->work_wait);
	wait_for_completion(&d->looked);
	return d->look_result;
}
