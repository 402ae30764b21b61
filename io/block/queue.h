/*
 * Inside the block layer: the request queue. Lock: q->lock (RANK_QUEUE), taken with _bh, since completions run in SOFTIRQ_BLOCK.
 *
 *   blk_submit          submit.c     checks, moves partition sectors to disk sectors, splits, plugs
 *   blk_merge_bio       merge.c      joins a bio to a waiting request, and two requests that came to touch
 *   blk_run_queue       dispatch.c   elevator -> tag -> driver
 *   blk_request_done    complete.c   from the driver; SOFTIRQ_BLOCK ends the bios and runs the queue again
 *   blk_timeout_work    timeout.c    deadlines
 *   elevator_switch     elevator.c   another elevator: freeze (drain), exchange, thaw
 */
#ifndef IO_BLOCK_QUEUE_H
#define IO_BLOCK_QUEUE_H

#include "io/contract/device.h"
#include "io/contract/elevator.h"
#include "io/contract/io_error.h"
#include "kernel/irq/workqueue.h"

#define NR_REQUESTS_DEFAULT 128u
#define MAX_SECTORS_DEFAULT 4096u /* of queue/max_sectors_kb: 2 MiB, what a PRD table of scattered pages holds; on a slow disk it takes seconds */
#define NR_REQUESTS_LEAST 4u   /* of queue/nr_requests, as in Linux */
#define NR_REQUESTS_MOST 2048u
#define MERGE_HASH_BITS 6
#define MAX_HW_CONTEXTS 8u

struct request_queue {
	struct spinlock lock;
	struct gendisk *disk;
	const struct block_ops *ops;
	struct queue_limits limits;
	void *driver_data;
	bool dying;                /* the disk is unplugged: -ENODEV */
	atomic_t refs;             /* the driver's and the disk's */

	/* lock */
	struct elevator_queue elevator;
	struct list_head dispatch; /* goes before the elevator: flushes, what the driver gave back, remainders after an error */
	struct list_head flushes;  /* flushes that wait for writes that came before them; how many in elv_u64[0] */
	u32 nr_writes, flush_seq;  /* writes and discards not yet finished; flushes that came so far */
	struct request *last_merge;
	struct list_head end_hash[1u << MERGE_HASH_BITS];   /* waiting requests by the sector after their end: back merges */
	struct list_head start_hash[1u << MERGE_HASH_BITS]; /* the same by their start: front merges */
	u32 next_hw;               /* the hardware context that is asked first */
	bool running, rerun;       /* blk_run_queue is at work; somebody asked again */
	volatile u32 kicked;       /* atomic: blk_kick since the driver last said -EBUSY */
	struct list_head kick_node;
	u64 again_ns;              /* the elevator wants to be asked again then */
	struct timer again_timer;

	/* requests: lock */
	struct request *requests;
	u32 request_size;               /* driver's bytes for each */
	u32 nr_requests, nr_free;
	u32 nr_async, async_max, async_low; /* in use by what nobody waits for; its part of all; waiters are woken at */
	u32 frozen;                     /* no new requests: elevator or nr_requests are being exchanged */
	struct list_head free_requests; /* through queue_node */
	struct wait_queue_head wait;    /* for a free request, and for the queue to drain */

	/* knobs of queue/ in /sys: plain words, read anywhere */
	u32 max_sectors;                /* of a request, at most limits.max_hw_sectors; 0: no limit */
	u32 nomerges;                   /* 0: all kinds, 1: only with the last request, 2: none */
	bool iostats, add_random, write_back;
	bool pio;                       /* the driver says so: blk_queue_set_pio */
	u32 random_count;
	struct blk_trace *volatile trace; /* blktrace.h; NULL: off */

	/* exchanging parts: knob_lock */
	struct mutex knob_lock;         /* RANK_OBJECT */
	struct kobject *iosched;        /* queue/iosched in /sys, while the disk is there */
	struct kobj_attribute *iosched_files;

	struct io_errors errors;        /* io/error */

	/* deadlines */
	struct timer deadline_timer;
	u64 deadline_at;                /* when the timer fires; ~0: not armed */
	struct work_struct timeout_work; /* asks the driver about what is past its deadline */

	u32 nr_hw;
	struct hw_ctx hw[];
};

struct seq_buf;
void blk_insert_bio(struct request_queue *q, struct bio *bio); /* may sleep for a request; does not run the queue */
void blk_run_queue(struct request_queue *q);                   /* any context but hard interrupts */
bool blk_merge_bio(struct request_queue *q, struct bio *bio);  /* lock held; true: joined */
void blk_write_over(struct request_queue *q, u32 flush_seq);   /* lock held: a write that came at flush_seq is finished: flushes may go */
void blk_hash_add(struct request_queue *q, struct request *rq);
void blk_hash_del(struct request *rq);
u32 bio_count_segments(const struct bio *bio, const struct queue_limits *l);
/* Two pieces of memory that must not follow each other in one request (queue_limits.virt_boundary). */
bool bvec_gap(const struct queue_limits *l, const struct bio_vec *v, const struct bio_vec *next);
bool bio_has_gap(const struct bio *bio, const struct queue_limits *l);
void bio_endio(struct bio *bio, int status);                   /* once per piece; the last one calls end_io. Not from hard interrupts */
/* Lock held, dropped while sleeping. NULL: the disk is gone, or there is none and flags (of the bio) say REQ_NOWAIT. */
struct request *blk_get_request(struct request_queue *q, u32 flags);
void blk_put_request(struct request_queue *q, struct request *rq);   /* lock held */
void blk_account_start(struct request *rq);
void blk_account_joined(struct request *rq); /* another request has taken it in */
void blk_account_done(struct request *rq, u64 now);
void blk_arm_deadline(struct request_queue *q, u64 deadline_ns); /* lock held */
void blk_deadline_expired(void *q);                             /* the queue's timer */
void blk_timeout_work(struct work_struct *work);                /* q->timeout_work */
void blk_give_back(struct request_queue *q, struct request *rq); /* lock held: issue rq again before all others */
void blk_flush_plug_list(struct blk_plug *plug);
/* Let everything that is in the queue end and nothing new in, until blk_thaw_queue. knob_lock held; may sleep for as long as the disk takes. */
void blk_freeze_queue(struct request_queue *q);
void blk_thaw_queue(struct request_queue *q);
int blk_set_nr_requests(struct request_queue *q, u32 nr);       /* may sleep; 0, -EINVAL, -ENOMEM */
int elevator_init(struct request_queue *q, const char *name);   /* -EINVAL: no such name */
void elevator_exit(struct request_queue *q);
int elevator_switch(struct request_queue *q, const char *name); /* may sleep for as long as the disk takes; 0, -EINVAL, -ENOMEM, -ENODEV */
void elevator_names(struct request_queue *q, struct seq_buf *s); /* the current one in brackets */
int elevator_sysfs_add(struct request_queue *q, struct kobject *queue_folder);
void elevator_sysfs_del(struct request_queue *q);
int blk_sysfs_add(struct gendisk *d);
int blk_cache_knobs_add(struct kobject *queue); /* read_ahead_kb and write_policy */
void blk_sysfs_del(struct gendisk *d);
int blk_init(void);
int blk_timeout_init(void);
int blk_complete_init(void);
int bio_init_pools(void);
void blk_stat_line(struct block_device *b, struct seq_buf *s);
int blk_sysfs_add_partition(struct block_device *b);
extern struct class block_class;
static inline void blk_queue_get(struct request_queue *q) { atomic_inc(&q->refs); }
void blk_queue_put(struct request_queue *q);
struct gendisk *disk_find(kdev_t dev, u32 *partno); /* with a reference; NULL */
int bdev_open_mapping(struct block_device *b); /* the device's inode and cache */
void bdev_free_mapping(struct block_device *b);
int bdev_add(struct gendisk *d, u32 partno, sector_t start, sector_t nr);
void bdev_del(struct block_device *b);
int rescan_partitions(struct gendisk *d);
extern struct list_head all_disks;   /* disks_lock */
extern struct mutex disks_lock;      /* RANK_OBJECT */

#endif
