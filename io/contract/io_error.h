/*
 * Errors of disks: what kind an error is, who deals with it, and how often each happened.
 *
 * A request that ends badly has a class by its errno. Each class has a chain of handlers, tried in turn until one takes the request over (it is
 * under way again); when none does, its bios end with the error. The chain of a class is a line of queue/error_policy in /sys, which can be
 * replaced at run time, per disk; queue/error_recovery 0 switches all of it off. /sys/block/NAME/ioerr counts classes and handlers.
 *
 *   retry    the same once more: limits by class; what was good before the bad place is not done again
 *   split    the medium failed somewhere in the request: look for the block with smaller and smaller parts
 *   skip     give up the page of the bad block, go on behind it
 *   reset    the deadline has passed: the driver asks its device, aborts, resets channel or controller, starts again once (block_ops.timeout)
 *   pio      the way of the data is bad: the driver goes on with a slower one (ATA: from DMA to PIO)
 *   offline  the device is gone, or was late too often: what comes from now on fails at once, until 1 is written to queue/online
 */
#ifndef IO_CONTRACT_IO_ERROR_H
#define IO_CONTRACT_IO_ERROR_H

#include "kernel/lib/types.h"

struct gendisk;
struct kobject;
struct request;
struct request_queue;
struct seq_buf;

enum io_error_class { IOERR_TRANSIENT, IOERR_MEDIUM, IOERR_TIMEOUT, IOERR_GONE, IOERR_PROTECTION, IOERR_UNKNOWN, IOERR_CLASSES };
enum io_handler { IOH_NONE, IOH_RETRY, IOH_SPLIT, IOH_SKIP, IOH_RESET, IOH_PIO, IOH_OFFLINE, IO_HANDLERS };
#define IO_CHAIN_MAX 4u

/* Of one queue. Plain words, written in the block softirq and by the knobs. */
struct io_errors {
	u8 chain[IOERR_CLASSES][IO_CHAIN_MAX]; /* enum io_handler, IOH_NONE behind the last */
	u32 seen[IOERR_CLASSES], handled[IO_HANDLERS];
	u32 recovered, failed;                 /* requests */
	u32 late_in_a_row;                     /* given up because of their deadline */
	bool no_recovery, offline;
	u32 timeout_ms;                        /* queue/io_timeout: of requests issued from now on */
};

void io_errors_init(struct io_errors *e);
enum io_error_class io_error_class_of(int error);
/* A request has ended with rq->error: true when a handler has it under way again. Softirq; queue lock not held. */
bool io_error_handle(struct request *rq);
/* It has really ended; counts, and says so in the log when it failed. Queue lock not held. */
void io_error_final(struct request *rq);
/* Its deadline has passed: the chain of "timeout". true: the driver wants another period. May sleep. */
bool io_error_late(struct request *rq);
/* A part of rq was good and more is left, from this sector on: how many sectors to try next; ~0: all. */
u32 io_error_next_part(const struct request *rq, sector_t from);
/* What bios of it are told. */
int io_error_told(int error);
int io_error_sysfs_add(struct kobject *disk, struct kobject *queue_folder); /* 0 or -errno; the files go with their folders */

/* For drivers that recover by themselves: may they, for an error of this class, in this way? And that they did. Any context. */
bool blk_may_recover(struct request_queue *q, enum io_error_class class, enum io_handler handler);
void blk_recovered_by(struct request_queue *q, enum io_handler handler);

/* ---- the block core's part, for the handlers; softirq, queue lock not held ---- */
struct io_errors *blk_queue_errors(struct request_queue *q);
struct gendisk *blk_queue_disk(struct request_queue *q); /* NULL: none yet */
/* The first `good` bytes of what is left of rq are done, and with bad the page behind them is given up. rq->bio NULL: nothing is left. */
void blk_rq_advance(struct request *rq, u32 good, bool bad);
/* Issue the first `sectors` of what is left of rq, ~0: all of it, before all other requests. */
void blk_rq_issue_again(struct request *rq, u32 sectors);
bool blk_rq_late(struct request *rq); /* block_ops.timeout */

#endif
