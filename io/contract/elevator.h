/*
 * The elevator contract: one disk-scheduling algorithm a file. The queue's lock is held in every call; time is passed in; no locks and no
 * clocks inside, so the same file runs in the host tests. Requests of REQ_FLUSH never come here.
 */
#ifndef IO_CONTRACT_ELEVATOR_H
#define IO_CONTRACT_ELEVATOR_H

#include "io/contract/block_device.h"

struct elevator_queue {
	const struct elevator_type *type;
	struct request_queue *q;
	void *data;
	u32 nr_queued;
};

/*
 * A file of queue/iosched/. Most are numbers: a u64 at `offset` in e->data, shown in units of `unit` (1000000 when nanoseconds are shown as
 * milliseconds); what is written must lie in [min, max], in units of the file. Others bring functions. Queue lock held in all of them.
 */
struct elevator_attr {
	const char *name;
	u32 offset, unit;
	u32 min, max;
	int (*show)(struct elevator_queue *e, char *buf, size_t size);  /* the text with its line feed; what snprintf returns */
	int (*store)(struct elevator_queue *e, const char *text);       /* 0 or -errno; NULL with a show: read-only */
};
#define ELV_NUMBER(file, type, field, scale, low, high) { .name = file, .offset = offsetof(type, field), .unit = scale, .min = low, .max = high }

struct elevator_type {
	const char *name;
	const char *aliases; /* other names, separated by spaces; "" for none */
	int (*init)(struct elevator_queue *e);  /* allocate data; 0, -ENOMEM */
	void (*exit)(struct elevator_queue *e); /* empty by then */
	/* A request arrives. */
	void (*insert)(struct elevator_queue *e, struct request *rq, u64 now_ns);
	/* A bio of [sector, +nr) of this op was merged into rq by the queue core, front: at its start. Keep sorted views right. Optional. */
	void (*merged)(struct elevator_queue *e, struct request *rq, bool front);
	/* next was joined to the end of rq and goes away. Optional. */
	void (*merged_requests)(struct elevator_queue *e, struct request *rq, struct request *next);
	/* May bio (by pid, class) join rq? Optional: yes. */
	bool (*allow_merge)(struct elevator_queue *e, struct request *rq, const struct bio *bio);
	/* The next request for the hardware context, taken out; NULL: none, or none before *again_ns (set it; 0: only after the next event). */
	struct request *(*dispatch)(struct elevator_queue *e, struct hw_ctx *h, u64 now_ns, u64 *again_ns);
	/* A dispatched request has ended. Optional. When the disk goes away, what is queued is taken from it without a word, and nothing asked any more. */
	void (*completed)(struct elevator_queue *e, struct request *rq, u64 now_ns);
	const struct elevator_attr *attrs; /* queue/iosched/: ends with a NULL name */
	struct list_head node;
};
/* What an elevator may ask of its queue. */
sector_t blk_queue_capacity(const struct request_queue *q); /* sectors of the disk; 0: not known yet */
bool blk_queue_rotational(const struct request_queue *q);   /* an arm moves: idling and seek distances matter */

extern struct elevator_type elevator_fcfs, elevator_sstf, elevator_scan, elevator_cscan, elevator_look, elevator_clook;
extern struct elevator_type elevator_deadline, elevator_mq_deadline, elevator_cfq, elevator_bfq, elevator_kyber;

#endif
