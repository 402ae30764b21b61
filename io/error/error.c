/* See io/contract/io_error.h: classes, chains, the handlers. */
#include "io/contract/block_device.h"
#include "io/contract/io_error.h"
#include "kernel/debug/printk.h"
#include "kernel/lib/string.h"

#define MAX_BAD_SPOTS 16u    /* more in one request: the disk is gone rather than scratched */
#define TIMEOUT_MS_DEFAULT 10000u
#define LATE_IN_A_ROW_MAX 3u

static const u8 tries_of[IOERR_CLASSES] = { [IOERR_TRANSIENT] = 5, [IOERR_MEDIUM] = 3, [IOERR_UNKNOWN] = 1 };

static const u8 default_chain[IOERR_CLASSES][IO_CHAIN_MAX] = {
	[IOERR_TRANSIENT] = { IOH_RETRY },
	[IOERR_MEDIUM] = { IOH_RETRY, IOH_SPLIT, IOH_SKIP },
	[IOERR_TIMEOUT] = { IOH_RESET, IOH_PIO, IOH_OFFLINE },
	[IOERR_GONE] = { IOH_OFFLINE },
	[IOERR_UNKNOWN] = { IOH_RETRY },
};

void io_errors_init(struct io_errors *e)
{
	memset(e, 0, sizeof(*e));
	e->timeout_ms = TIMEOUT_MS_DEFAULT;
	memcpy(e->chain, default_chain, sizeof(e->chain));
}

enum io_error_class io_error_class_of(int error)
{
	switch (error) {
	case -ENOLINK: return IOERR_TRANSIENT;
	case -EIO: case -ENODATA: return IOERR_MEDIUM;
	case -ETIMEDOUT: return IOERR_TIMEOUT;
	case -ENODEV: case -ENXIO: return IOERR_GONE;
	case -EROFS: case -EACCES: case -EPERM: return IOERR_PROTECTION;
	default: return IOERR_UNKNOWN;
	}
}

/* There are few errors of disks that programs know. */
int io_error_told(int error)
{
	return error == -ENODATA || error == -ENOLINK || error == -EACCES ? -EIO : error;
}

static bool is_transfer(const struct request *rq)
{
	return rq_op(rq) == REQ_READ || rq_op(rq) == REQ_WRITE;
}

static bool retry(struct request *rq, enum io_error_class class)
{
	u32 good = rq->error == -EIO && is_transfer(rq) ? min(rq->good_bytes, rq_bytes(rq)) : 0;

	if (rq->error == -EOPNOTSUPP || rq->error == -EINVAL)
		return false;
	/* A device may forget what it could not write and answer the next flush with "good": the first answer is the one that is told. */
	if (rq_op(rq) == REQ_FLUSH && class != IOERR_TRANSIENT)
		return false;
	if (good) {
		blk_rq_advance(rq, good, false);
		blk_rq_issue_again(rq, ~0u);
		return true;
	}
	if (rq->tries >= tries_of[class])
		return false;
	rq->tries++;
	blk_rq_issue_again(rq, rq->nr_sectors);
	return true;
}

/* Half of so many sectors, in whole blocks of the device. */
static u32 half_of(const struct request *rq, u32 sectors)
{
	u32 block = blk_queue_limits(rq->q)->logical_block_size >> SECTOR_SHIFT;

	return sectors <= block ? sectors : ALIGN_UP(sectors / 2, block);
}

/* A part that was good says that the bad block lies behind it, and so on: found after at most twice as many commands as halvings. */
static bool split(struct request *rq, enum io_error_class class)
{
	u32 half = half_of(rq, rq->nr_sectors);

	if (rq->error != -ENODATA || !is_transfer(rq) || half == rq->nr_sectors)
		return false;
	rq->suspect_end = rq->sector + rq->nr_sectors;
	rq->tries = 0;
	blk_rq_issue_again(rq, half);
	return true;
}

u32 io_error_next_part(const struct request *rq, sector_t from)
{
	return from < rq->suspect_end ? half_of(rq, (u32)(rq->suspect_end - from)) : ~0u;
}

/* The place is known, from the device or because it is a single block by now. */
static bool skip(struct request *rq, enum io_error_class class)
{
	if (!is_transfer(rq) || (rq->error != -EIO && half_of(rq, rq->nr_sectors) != rq->nr_sectors) || ++rq->bad_spots > MAX_BAD_SPOTS)
		return false;
	blk_rq_advance(rq, rq->error == -EIO ? min(rq->good_bytes, rq_bytes(rq)) : 0, true);
	if (!rq->bio)
		return false;
	blk_rq_issue_again(rq, ~0u);
	return true;
}

/* The request itself is lost. */
static bool offline(struct request *rq, enum io_error_class class)
{
	struct io_errors *e = blk_queue_errors(rq->q);
	struct gendisk *d = blk_queue_disk(rq->q);

	if (class == IOERR_TIMEOUT && ++e->late_in_a_row < LATE_IN_A_ROW_MAX)
		return false;
	if (e->offline || !d || disk_dead(d))
		return false;
	pr_err("%s: taken offline\n", d->name);
	e->handled[IOH_OFFLINE]++;
	e->offline = true;
	return false;
}

static bool (*const handlers[IO_HANDLERS])(struct request *rq, enum io_error_class class) = {
	[IOH_RETRY] = retry, [IOH_SPLIT] = split, [IOH_SKIP] = skip, [IOH_OFFLINE] = offline,
};

bool io_error_handle(struct request *rq)
{
	struct io_errors *e = blk_queue_errors(rq->q);
	enum io_error_class class = io_error_class_of(rq->error);

	e->seen[class]++;
	rq->had_error = true;
	if (e->no_recovery || rq->flags & REQ_RAHEAD)
		return false;
	for (u32 i = 0; i < IO_CHAIN_MAX && e->chain[class][i]; i++) {
		u32 h = e->chain[class][i];

		if (handlers[h] && handlers[h](rq, class)) {
			e->handled[h]++;
			return true;
		}
		if (h == IOH_SKIP && !rq->bio) {
			e->handled[h]++;
			break; /* the bad page was its last */
		}
	}
	return false;
}

void io_error_final(struct request *rq)
{
	struct io_errors *e = blk_queue_errors(rq->q);

	if (rq->error || rq->bad_spots)
		e->failed++;
	else
		e->recovered++;
	if (!rq->error)
		e->late_in_a_row = 0;
}

static bool in_chain(const struct io_errors *e, enum io_error_class class, u32 handler)
{
	for (u32 i = 0; i < IO_CHAIN_MAX; i++)
		if (e->chain[class][i] == handler)
			return true;
	return false;
}

/* Without "reset" the driver still has to get the command back from its device; it only does not start it again. */
bool io_error_late(struct request *rq)
{
	struct io_errors *e = blk_queue_errors(rq->q);

	e->seen[IOERR_TIMEOUT]++;
	rq->had_error = true;
	e->handled[IOH_RESET]++;
	return blk_rq_late(rq);
}

bool blk_may_recover(struct request_queue *q, enum io_error_class class, enum io_handler handler)
{
	return !blk_queue_errors(q)->no_recovery && in_chain(blk_queue_errors(q), class, handler);
}

void blk_recovered_by(struct request_queue *q, enum io_handler handler)
{
	blk_queue_errors(q)->handled[handler]++;
}
