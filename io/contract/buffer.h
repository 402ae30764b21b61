/*
 * Buffers between whoever makes data and whoever takes it, at different speeds. Three disciplines:
 *
 *   single    one buffer: filled, then emptied, and the other side waits meanwhile          struct buffer_stream of 1, or a pool of 1
 *   double    two, used in turn: one is filled while the other is emptied (ping-pong)       struct buffer_stream of 2
 *   circular  one ring of bytes: both sides work in it at once                              struct buffer_ring
 *
 * A stream takes its buffers from a pool: allocate, free, wait for a free one. Which free buffer comes next is the pool's strategy, which can be
 * replaced while it runs; full buffers are scheduled in the order in which they became full. Each pool and ring is counted by a monitor:
 * /proc/io_buffers shows all of them, and writing "NAME STRATEGY" there changes a strategy.
 */
#ifndef IO_CONTRACT_BUFFER_H
#define IO_CONTRACT_BUFFER_H

#include "kernel/lib/err.h"
#include "kernel/lib/ring.h"
#include "kernel/sched/wait.h"

/* ---- monitor: statistics; written under the owner's lock ---- */
struct buffer_monitor {
	char name[20];
	const char *discipline;
	u32 buffers, size;   /* how many, of how many bytes */
	u32 in_use, most;    /* buffers of a pool, bytes of a ring: now, and at most so far */
	u64 in, out;         /* bytes */
	u32 waits;           /* somebody had to wait for a free buffer */
	u32 overruns;        /* bytes that found no room and are lost */
	struct buffer_pool *pool; /* NULL: a ring */
	struct list_head node;
};

/* ---- circular: the owner's lock guards it ---- */
struct buffer_ring {
	struct ring ring;
	struct buffer_monitor monitor;
};
/* size: a power of two. 0 or -ENOMEM. May sleep. */
int __must_check buffer_ring_init(struct buffer_ring *r, const char *name, u32 size);
void buffer_ring_destroy(struct buffer_ring *r);
static inline u32 buffer_ring_used(const struct buffer_ring *r) { return ring_used(&r->ring); }
static inline u32 buffer_ring_room(const struct buffer_ring *r) { return ring_room(&r->ring); }
u32 buffer_ring_put(struct buffer_ring *r, const void *data, u32 n); /* as many as fit; the others are the caller's */
u32 buffer_ring_get(struct buffer_ring *r, void *out, u32 n);        /* as many as there are, at most n */
static inline void buffer_ring_lost(struct buffer_ring *r, u32 n) { r->monitor.overruns += n; }
static inline void buffer_ring_empty(struct buffer_ring *r) { r->ring.tail = r->ring.head; }

/* ---- pool ---- */
struct io_buffer {
	u8 *data;
	u32 len, pos;  /* bytes in it; bytes of them taken */
	u64 key;       /* for who keeps one after use: what it holds */
	bool valid;    /* key and data belong together */
	struct list_head node;
};
struct buffer_strategy {
	const char *name;
	struct io_buffer *(*choose)(struct list_head *free_list); /* the list is not empty; last freed is last */
};
struct buffer_pool {
	struct spinlock lock;        /* irqsave, RANK_BUFFER: everything below */
	struct list_head free_list;
	const struct buffer_strategy *strategy;
	struct wait_queue_head wait; /* for a free buffer */
	struct io_buffer *buffers;
	void *memory;                /* of all their data; NULL: the caller's own */
	struct buffer_monitor monitor;
};
/* count buffers of size bytes; memory: count * size bytes of the caller (for DMA), or NULL. 0 or -ENOMEM. May sleep. */
int __must_check buffer_pool_init(struct buffer_pool *p, const char *name, const char *discipline, u32 count, u32 size, void *memory);
void buffer_pool_destroy(struct buffer_pool *p); /* all buffers are free */
struct io_buffer *buffer_try_alloc(struct buffer_pool *p); /* NULL: none is free. Any context */
struct io_buffer *buffer_alloc(struct buffer_pool *p);     /* waits; ERR_PTR(-ERESTARTSYS). May sleep */
void buffer_free(struct buffer_pool *p, struct io_buffer *b); /* and wake who waits. Any context */

/* ---- single and double: bytes through the buffers of a pool. Any context unless said ---- */
struct buffer_stream {
	struct buffer_pool pool; /* its lock guards this too */
	struct io_buffer *filling, *draining;
	struct list_head full;   /* in the order in which they leave */
};
int __must_check buffer_stream_init(struct buffer_stream *s, const char *name, u32 count, u32 size); /* count 1 or 2, or more. May sleep */
void buffer_stream_destroy(struct buffer_stream *s);
u32 buffer_stream_put(struct buffer_stream *s, const void *data, u32 n); /* what fits now; a buffer that is full may leave */
u32 buffer_stream_get(struct buffer_stream *s, void *out, u32 n);        /* from full buffers; when none is, from the one being filled */
bool buffer_stream_room(struct buffer_stream *s);                        /* put would take something */
u32 buffer_stream_pending(struct buffer_stream *s);                      /* bytes not taken yet */
void buffer_stream_discard(struct buffer_stream *s);
/* Until there is room. 0 or -ERESTARTSYS, -ETIMEDOUT. May sleep. */
int __must_check buffer_stream_wait_room(struct buffer_stream *s, u64 deadline_ns);
int __must_check buffer_stream_wait_empty(struct buffer_stream *s, u64 deadline_ns);

#endif
