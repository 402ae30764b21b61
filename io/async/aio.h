/*
 * Asynchronous I/O: requests that go on while the program runs, and a ring of events for those that ended. The system calls, for the
 * table. aio_submit.c starts requests, aio.c owns the contexts and the rings.
 *
 * A request's way: io_submit -> start (aio_submit.c) -> by its kind
 *   O_DIRECT reads, and writes inside a file: handed down to the driver at once, completed from the block softirq, no thread in between
 *   through the cache, fsync: a thread of the pool "aio", which borrows the submitter's address space
 *   poll: an entry on the file's wait queues; the callback hands over to the pool
 * -> aio_complete (any context): event into the ring, waiters woken, eventfd signalled.
 */
#ifndef IO_ASYNC_AIO_H
#define IO_ASYNC_AIO_H

#include "io/async/eventfd.h"
#include "kernel/irq/workqueue.h"
#include "kernel/uapi/aio.h"

struct mm;

struct aio_context {
	struct list_head node;          /* of the address space: contexts_lock in aio.c */
	struct mm *mm;                  /* compared only; may be gone */
	atomic_t refs;                  /* while it is listed, of each request, and of each area that shows the ring */
	u32 id;                         /* user address of the ring: the program's aio_context_t; mremap moves it */
	bool dead;
	u32 asked;                      /* events that io_setup asked for: what aio-nr counts while it is listed */
	u32 nr, nr_pages;               /* events in the ring; pages of it */
	struct page **pages;            /* written through the direct map */
	struct mutex read_lock;         /* one reader of the ring at a time */
	struct spinlock lock;           /* all below; taken in any context */
	u32 tail;
	u32 in_flight;                  /* started, no event yet */
	u32 unfinished;                 /* their files are not closed yet */
	struct list_head active;        /* requests that can be cancelled */
	struct wait_queue_head wait;
};

struct aio_poll;
struct aio_request {
	struct kiocb k;
	struct aio_context *ctx;
	u64 data;
	u32 obj;                        /* user address of the iocb */
	struct eventfd *eventfd;
	struct work_struct work;        /* in the pool */
	struct mm *mm;                  /* kept (mm_grab) while a thread of the pool is to work in it */
	struct task *owner;             /* who asked for that, with a reference */
	struct iov_iter iter;
	struct iovec_k *vec;            /* what iter points to, to be freed */
	u16 opcode;
	u16 ioprio;                     /* of its I/O, wherever it is done */
	struct list_head active;        /* ctx->active; empty: cannot be cancelled */
	struct aio_poll *poll;
};

/* aio.c */
struct aio_context *aio_context_get(u32 id);          /* of the current address space, with a reference; NULL */
void aio_context_put(struct aio_context *c);          /* any context */
bool aio_reserve(struct aio_context *c);              /* room for one more event; false: the ring is full, or the context is going */
void aio_unreserve(struct aio_context *c);
/* A request of it begins; is over, with its file closed and its memory freed. Any context. */
void aio_request_begins(struct aio_context *c);
void aio_request_over(struct aio_context *c);
/* The request has ended: tell and free. result: bytes or -errno. Any context. */
void aio_complete(struct aio_request *r, long result);
/* aio_submit.c */
int aio_start(struct aio_context *c, const struct iocb_abi *cb, u32 user_iocb); /* 0 or -errno: not started */
void aio_request_free(struct aio_request *r);         /* process context or softirq */
/* Try to end a request early; its event comes. false: too late, or its kind cannot be cancelled. ctx->lock held. */
bool aio_cancel_locked(struct aio_request *r);
int aio_submit_init(void);

long sys_io_setup(u32 nr, u32 __user *ctx);
long sys_io_destroy(u32 ctx);
long sys_io_submit(u32 ctx, s32 nr, u32 __user *iocbs);
long sys_io_cancel(u32 ctx, struct iocb_abi __user *iocb, struct io_event_abi __user *result);
long sys_io_getevents(u32 ctx, s32 min_nr, s32 nr, struct io_event_abi __user *events, const void __user *timeout);
long sys_io_pgetevents(u32 ctx, s32 min_nr, s32 nr, struct io_event_abi __user *events, const void __user *timeout, const u32 __user *sig);
long sys_io_pgetevents_time64(u32 ctx, s32 min_nr, s32 nr, struct io_event_abi __user *events, const void __user *timeout,
			      const u32 __user *sig);

#endif
