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

#define ELV_NOTHING_BEFORE(t) (t)
struct elevator_attr {
	const char *name;
	int (*show)(struct elevator_queue *e, char *buf, size_t size);
	int (*store)(struct elevator_queue *e, const char *text);
};

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
	/* A dispatched request has ended. Optional. */
	void (*completed)(struct elevator_queue *e, struct request *rq, u64 now_ns);
	bool (*has_work)(struct elevator_queue *e);
	const struct elevator_attr *attrs; /* queue/iosched/: ends with a NULL name */
	struct list_head node;
};
int elevator_register(struct elevator_type *t);

#endif
