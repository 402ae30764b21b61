/*
 * Block devices, in two halves.
 *   For file systems and the cache: find a device, build a bio, submit it.
 *   For drivers: describe a disk and its queue limits, take requests, complete them.
 * The way of a bio: blk_submit -> plug -> merge -> elevator -> hardware context (tag) -> driver's queue_rq; back: driver's interrupt ->
 * blk_request_done -> SOFTIRQ_BLOCK -> blk_complete -> bio->end_io. Errors are negative errno, translated once in the driver.
 */
#ifndef IO_CONTRACT_BLOCK_DEVICE_H
#define IO_CONTRACT_BLOCK_DEVICE_H

#include "io/contract/gate.h"
#include "io/contract/iov_iter.h"
#include "kernel/lib/rbtree.h"
#include "kernel/sync/completion.h"
#include "kernel/sync/mutex.h"
#include "kernel/sched/time.h"

struct block_device;
struct device;
struct elevator_queue;
struct gendisk;
struct hd_geometry;
struct inode;
struct kobject;
struct mapping;
struct request;
struct request_queue;

/* ================= for file systems and the cache ================= */

enum req_op { REQ_READ, REQ_WRITE, REQ_FLUSH, REQ_DISCARD };
#define REQ_SYNC BIT(8)     /* somebody waits for it */
#define REQ_META BIT(9)
#define REQ_RAHEAD BIT(12)
#define REQ_NOWAIT BIT(13)
#define REQ_NOMERGE BIT(14)
#define REQ_OP(flags) ((enum req_op)((flags)&0xff))

struct bio {
	struct bio *next;         /* in a request or a plug */
	struct block_device *bdev;
	u32 flags;                /* enum req_op | REQ_* */
	sector_t sector;          /* relative to bdev until submitted, to the disk afterwards */
	u32 size;                 /* bytes */
	u32 done;                 /* bytes at the front that are finished (retries after a bad sector go on behind it) */
	atomic_t remaining;       /* itself and the pieces it was split into */
	int status;               /* 0 or -errno, valid in end_io */
	u32 id;
	u16 nr_vecs, max_vecs;
	u8 ioprio_class, ioprio_level;
	pid_t pid;                /* who submitted it */
	void (*end_io)(struct bio *bio); /* softirq or process context: must not sleep; owns the bio from then on */
	void *private;
	struct bio_vec *vecs;
	struct bio_vec inline_vecs[4];
};
#define BIO_MAX_VECS 256u

struct bio *bio_alloc(struct block_device *bdev, u32 nr_vecs, u32 flags, u32 gfp); /* with GFP_WAIT never NULL (a reserve) */
void bio_put(struct bio *bio);
/* Make a bio that has ended (or was never submitted) new again. Any context. */
void bio_reset(struct bio *bio, struct block_device *bdev, u32 flags);
/* false: does not fit into this bio. */
bool bio_add_page(struct bio *bio, struct page *page, u32 len, u32 offset);
/*
 * Add a whole page that lies right behind the last one in physical memory to its vector, which then is longer than a page: less work on the way
 * down. For owners that find their pages again in such vectors (direct I/O, channel programs). false: it does not lie there.
 */
static inline bool bio_extend(struct bio *bio, const struct page *page)
{
	struct bio_vec *last = &bio->vecs[bio->nr_vecs - 1];
	u32 end = last->offset + last->len;

	if (!bio->nr_vecs || end & (PAGE_SIZE - 1) || last->page + (end >> PAGE_SHIFT) != page)
		return false;
	last->len += PAGE_SIZE;
	bio->size += PAGE_SIZE;
	return true;
}
/* Pages that a vector touches. */
static inline u32 bvec_pages(const struct bio_vec *v) { return (v->offset + v->len + PAGE_SIZE - 1) >> PAGE_SHIFT; }
/*
 * Hand a bio down. Never fails at once: errors arrive in end_io. Process context; may sleep when the queue is full (REQ_NOWAIT: -EAGAIN in
 * end_io). Splits what exceeds the limits.
 */
void blk_submit(struct bio *bio);
/*
 * The same where nothing may sleep (softirqs, or with them off): a read or write with REQ_NOWAIT that fits the queue as it is (blkdev_max_bytes, half
 * of its max_segments vectors). pid and I/O priority are the owner's to set. When the queue is full: -EAGAIN in end_io, which is called within.
 */
void blk_submit_atomic(struct bio *bio);
/* Submit and wait; 0 or -errno; the caller keeps the bio. */
int blk_submit_wait(struct bio *bio);
int blkdev_issue_flush(struct block_device *bdev);
int blkdev_issue_discard(struct block_device *bdev, sector_t sector, sector_t nr);

/* What was submitted since boot to all devices, in sectors (pgpgin and pgpgout of /proc/vmstat). */
extern u64 blk_sectors_read, blk_sectors_written;
extern u32 blk_write_through_disks; /* times one was switched to it: 0 spares everybody else the look */

/* Collect the bios of this task until finish, so that neighbours merge. A task that sleeps flushes its plug (blk_flush_plug from schedule). */
struct blk_plug {
	struct bio *head, *tail; /* in order of submission */
	u32 count;
};
void blk_start_plug(struct blk_plug *plug);
void blk_finish_plug(struct blk_plug *plug);

/* A disk or a partition, opened by number or name. */
struct block_device {
	kdev_t dev;
	struct gendisk *disk;
	u32 partno;               /* 0: whole disk */
	sector_t start, nr_sectors;
	bool read_only;
	struct mapping *mapping;  /* its pages; the device's own inode's */
	struct inode *inode;
	u32 block_size;           /* soft block size of its buffers */
	u32 openers;              /* disk->open_lock */
	void *holder;             /* exclusive opener (a mounted file system) */
	/* statistics as in Linux's diskstats: [0] read, [1] write, [2] discard, [3] flush; queue lock */
	u64 ios[4], merges[4], sectors[4], ticks_ns[4], io_ticks_ns;
	u32 in_flight[2];
	u64 last_change_ns;
	char name[32];
	struct device *device;
	struct list_head node;    /* all devices */
};
struct block_device *blkdev_get(kdev_t dev, u32 fmode, void *holder);          /* ERR_PTR: -ENXIO, -EBUSY, -EROFS */
struct block_device *blkdev_get_by_path(const char *path, u32 fmode, void *holder);
void blkdev_put(struct block_device *bdev, void *holder); /* writes its dirty pages when the last one leaves */
int sync_blockdev(struct block_device *bdev);
void invalidate_bdev(struct block_device *bdev);
int blkdev_set_block_size(struct block_device *bdev, u32 size);
u32 blkdev_logical_block_size(struct block_device *bdev);
u32 blkdev_max_bytes(struct block_device *bdev); /* what its queue takes in one request */
struct seq_buf;
int blkdevs_show(struct seq_buf *s, void *arg); /* the block half of /proc/devices */

/* ================= for drivers ================= */

/* What a controller can take. 0 means no limit unless said. */
struct queue_limits {
	u32 logical_block_size;   /* 512 if 0 */
	u32 physical_block_size;  /* what the medium writes at once; logical_block_size if 0 */
	u32 max_hw_sectors;       /* per request, 512-byte units */
	u32 max_segments;         /* scatter-gather entries */
	u32 max_segment_size;     /* bytes, 64 KiB if 0 */
	u32 segment_boundary;     /* mask: a segment does not cross it (0xffff for PRD) */
	u32 virt_boundary;        /* mask: the pieces of a request meet only there, as pages of a PRP list do; 0: anywhere */
	u32 dma_alignment;        /* mask for memory addresses of direct I/O; 511 if 0 */
	u32 discard_granularity;
	bool write_cache;         /* has a volatile cache: flushes matter */
	bool rotational;
};

/* One contiguous piece of memory of a request, after neighbours were joined. */
struct blk_segment {
	phys_addr_t addr;
	u32 len;
	void *va;                 /* the same piece for the CPU */
};

struct request {
	struct request_queue *q;
	u32 flags;                /* op | REQ_* */
	sector_t sector;
	u32 nr_sectors;           /* 512-byte units */
	struct bio *bio, *biotail;
	struct block_device *part; /* of its first bio: for statistics; NULL: not counted (queue/iostats) */
	u32 nr_segments;
	u32 id;                   /* of its first bio */
	s32 tag;                  /* -1: none yet */
	u32 flush_seq;            /* how many flushes had been asked for when it came */
	u8 state;                 /* enum request_state */
	u8 ioprio_class, ioprio_level;
	u8 retries;               /* for the driver's recovery */
	u8 restarts;              /* after a reset because it was late; the driver's */
	int error;
	pid_t pid;
	u64 queued_ns;
	u64 deadline_ns;          /* set when it is issued: timeout_ms from then */
	u32 timeout_ms;
	u32 good_bytes;           /* with an error: how much of the front is good */
	bool counts_async;        /* nobody waits for it: it may use a part of the queue only */
	u8 tries;                 /* by the error handlers, since something of it was good */
	bool had_error;
	u8 bad_spots;             /* places of it that failed so far and were skipped */
	u32 rest_sectors;         /* behind nr_sectors, kept back while a bad sector is looked for */
	sector_t suspect_end;     /* the bad one lies before here */
	struct hw_ctx *hctx;
	/* elevator: owned by it while queued */
	struct list_head queue_node;  /* FIFO, dispatch lists, software queue */
	struct rb_node sort_node;
	struct list_head end_node, start_node; /* merge hashes of the queue core */
	u64 elv_u64[2];
	void *elv_ptr[3];
	struct list_head done_node;   /* completion list */
	void *driver_data;        /* per request, the request_size bytes asked for in blk_queue_create */
};
enum request_state { RQ_FREE, RQ_QUEUED /* in the elevator */, RQ_HELD /* in the dispatch list */, RQ_ISSUED, RQ_DONE };

/* A hardware context: one place that takes requests. IDE has one per channel. */
struct hw_ctx {
	struct request_queue *q;
	u32 index;
	u32 depth, in_flight;     /* q->lock */
	u32 tag_map[8];
	void *driver_data;
	bool stopped;
};

struct block_ops {
	const char *name;
	/*
	 * Start a request. q->lock NOT held; softirqs are off; must not sleep. 0, -EBUSY (device full: will be tried again after the next
	 * completion), other -errno: failed.
	 */
	int (*queue_rq)(struct hw_ctx *h, struct request *rq);
	/*
	 * The deadline passed. First ask the device whether it is done after all; then recover. Runs in the work queue kblockd, may sleep.
	 * Must end in blk_request_done, or return true to be given another period.
	 */
	bool (*timeout)(struct hw_ctx *h, struct request *rq);
	int (*open)(struct gendisk *d, u32 fmode);
	void (*release)(struct gendisk *d);
	void (*free_disk)(struct gendisk *d); /* nobody holds a disk that was added any more: its number is free. The driver's own memory may be gone. May sleep */
	int (*ioctl)(struct block_device *b, u32 cmd, unsigned long arg); /* -ENOTTY: unknown */
	/*
	 * Removable: look whether the medium is still the one of the last call. 0: yes; 1: another one, capacity and read_only are its own;
	 * -errno: none that can be used. Called at each open unless somebody holds the device (a mounted file system). May sleep.
	 */
	int (*check_media)(struct gendisk *d);
	void (*getgeo)(struct gendisk *d, struct hd_geometry *g); /* HDIO_GETGEO; NULL: a made-up geometry is given */
};

/*
 * Twice Linux's read-ahead: one command of LBA48 for a window; measured on QEMU's IDE, 128 KiB is a quarter slower and 512 KiB hardly faster.
 */
#define BLK_DEFAULT_RA_PAGES (256 * 1024 / PAGE_SIZE)

struct gendisk {
	char name[32];
	u32 major, first_minor, minors;
	sector_t capacity;        /* 512-byte sectors */
	bool read_only, removable, no_partitions;
	bool write_through;       /* queue/write_policy: a write returns when it is on the disk */
	u32 ra_pages;             /* queue/read_ahead_kb: the largest window of files opened from now on */
	const struct block_ops *ops;
	struct request_queue *queue;
	void *private;
	struct device *parent;    /* controller in the device model */
	struct block_device *part[16]; /* [0] the whole disk */
	struct mutex open_lock;
	bool rescanning;            /* open_lock: the partitions are being made anew, none can be opened */
	struct dev_gate gate;     /* around open, release, ioctl, check_media; closed once the disk is unplugged */
	bool announced;           /* its "add" event was sent; those of partitions made from now on follow at once */
	u64 diskseq;              /* no two disks ever have the same */
	bool added;               /* add_disk has worked: it holds its queue */
	struct kobject *queue_folder; /* queue/ in /sys */
	struct blk_trace *trace;      /* the block layer's own */
	struct list_head node;
	atomic_t refs;
};

/* A queue with nr_hw contexts of `depth` tags each. request_size: driver_data per request. ERR_PTR. */
struct request_queue *blk_queue_create(const struct block_ops *ops, const struct queue_limits *lim, u32 nr_hw, u32 depth, u32 request_size, void *driver_data);
/* The CPU moves the data of this device through a port (programmed I/O), from the next request on: /proc/PID/copies counts it so. Any context. */
void blk_queue_set_pio(struct request_queue *q, bool yes);
void *blk_queue_data(struct request_queue *q);
const struct queue_limits *blk_queue_limits(struct request_queue *q);
/* The driver has done with it, after del_gendisk or when the disk was never added; its memory stays as long as the disk. May sleep. */
void blk_queue_destroy(struct request_queue *q);
/* Serialise several queues in front of one channel: when q may not issue, queue_rq says -EBUSY; blk_kick starts it again. Any context. */
void blk_kick(struct request_queue *q);
struct gendisk *disk_alloc(void);
/* Make it visible: reads the partition table, appears in /dev and /sys. May sleep. */
int add_disk(struct gendisk *d);
/*
 * Unplug: close the gate, fail what is queued with -ENODEV, wake who waits, wait for what is in flight. Afterwards no function of the driver
 * is called any more but free_disk. The disk itself stays until the last file and mount let go of it: whatever they do ends with -ENODEV.
 * May sleep.
 */
void del_gendisk(struct gendisk *d);
void put_disk(struct gendisk *d); /* may sleep */
static inline bool disk_dead(const struct gendisk *d) { return dev_gate_closed(&d->gate); }
/* The segments of a request, neighbours joined under the limits; returns how many, at most max. Any context. */
u32 blk_rq_map_segments(struct request *rq, struct blk_segment *segs, u32 max);
/*
 * A request has ended: status 0 or -errno. -EIO says that the medium failed at byte bytes_done of it: what lies before is good, and what lies
 * behind is tried again by the block core, so a bad sector costs its own page only. -ENODATA: it failed, nobody knows where; the block core
 * looks for the place with smaller and smaller requests. Any other error ends the whole request (-ETIMEDOUT, -ENODEV). Any context; the rest
 * happens in SOFTIRQ_BLOCK.
 */
void blk_request_done(struct request *rq, int status, u32 bytes_done);
/* After a reset the driver starts what it holds again: their deadlines count from now. Process context. */
void blk_restart_deadlines(struct request_queue *q);
static inline enum req_op rq_op(const struct request *rq) { return REQ_OP(rq->flags); }
static inline u32 rq_bytes(const struct request *rq) { return rq->nr_sectors << SECTOR_SHIFT; }

#endif
