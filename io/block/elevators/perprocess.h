/*
 * What cfq and bfq share: one queue of requests for each process that reads or waits for its writes (synchronous), one for each I/O priority
 * for what nobody waits for (written back in the background). A queue is sorted by sector and has a FIFO by age; it knows how long its
 * process thinks between two requests, and whether it jumps about. Queue lock held in every call.
 */
#ifndef IO_BLOCK_ELEVATORS_PERPROCESS_H
#define IO_BLOCK_ELEVATORS_PERPROCESS_H

#include "io/block/elevators/sorted.h"

#define IO_LEVELS 8u            /* priorities within a class, 0 the highest; 4 is usual */
enum io_class { IO_RT, IO_BE, IO_IDLE, IO_CLASSES };

struct io_queue {               /* the first member of an elevator's own struct */
	struct list_head lru;
	struct rb_root sorted;
	struct list_head fifo;
	pid_t pid;              /* of synchronous ones */
	u8 class, level;        /* enum io_class */
	bool sync, used;
	u32 queued, in_flight;
	u64 last_end_ns;        /* when its last request ended */
	u64 think_total, think_mean; /* decaying averages, ns; total in 1/256 */
	u32 think_samples;
	sector_t last_end;      /* sector behind its last request */
	u32 seeks;              /* history, a bit for each request: it was far from the one before */
};

struct io_queues {
	struct list_head lru;   /* synchronous ones, the last used first */
	u32 nr, size;           /* how many; bytes of one */
	struct io_queue *async[2][IO_LEVELS], *async_idle, *spare; /* spare: when memory is out */
	sector_t arm;           /* where the last request dispatched ended */
	/* tunables */
	u64 fifo_expire_ns[2];  /* [0] asynchronous, [1] synchronous */
	u64 back_seek_max, back_seek_penalty; /* KiB; factor */
};

int ioq_init(struct io_queues *s, u32 size); /* 0, -ENOMEM */
void ioq_exit(struct io_queues *s);
/* The queue of a request that arrives; made when it is new (all zero behind struct io_queue). Never NULL. */
struct io_queue *ioq_find(struct io_queues *s, const struct request *rq);
bool ioq_rq_sync(const struct request *rq);
void ioq_add(struct io_queues *s, struct io_queue *q, struct request *rq, u64 now_ns);
void ioq_remove(struct io_queue *q, struct request *rq);
/* Of two neighbours of the arm the cheaper one, a way back counted back_seek_penalty times. NULL: empty. */
struct request *ioq_choose(const struct io_queues *s, const struct io_queue *q);
struct request *ioq_expired(const struct io_queue *q, u64 now_ns);          /* the oldest, if its time in the FIFO is over */
struct request *ioq_dispatch(struct io_queues *s, struct io_queue *q, struct request *rq); /* out of the queue, under way */
void ioq_completed(struct io_queue *q, u64 now_ns);
bool ioq_thinks_longer(const struct io_queue *q, u64 limit_ns); /* waiting for its next request does not pay */
bool ioq_seeky(const struct io_queue *q);
static inline struct io_queue *ioq_of(const struct request *rq) { return rq->elv_ptr[0]; }

/* Parts of struct elevator_type. */
void ioq_merged(struct elevator_queue *e, struct request *rq, bool front);
bool ioq_allow_merge(struct elevator_queue *e, struct request *rq, const struct bio *bio);

#endif
