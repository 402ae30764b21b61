/*
 * Pipes: a ring of page references. A write copies into a page that only the pipe knows, and small writes go on in the last such page; a
 * page that came from elsewhere (splice, sendfile) is only referred to and never written.
 */
#ifndef IO_VFS_PIPE_H
#define IO_VFS_PIPE_H

#include "io/contract/file.h"

#define PIPE_BUF_CAN_MERGE BIT(0) /* the page is the pipe's own: the next small write may go on behind what is there */
#define PIPE_BUF_PACKET BIT(1)    /* the pipe's own page, written with O_DIRECT: a read takes no more than this, and what it leaves is lost */
#define PIPE_DEFAULT_SLOTS 16u
#define PIPE_MAX_SLOTS 256u       /* what F_SETPIPE_SZ gives to everybody: 1 MiB */
#define PIPE_SPARE_PAGES 2u

struct pipe_buffer {
	struct page *page;
	u32 offset, len, flags;
};

struct pipe {
	struct spinlock lock;     /* all below but the wait queues */
	struct pipe_buffer *bufs; /* slots of them, a power of two */
	u32 slots, head, tail;    /* head: next to fill, tail: next to read; both run freely */
	u32 limit;                /* so many slots may be in use: all but those that splices have reserved */
	u32 readers, writers;     /* open files */
	u32 files;                /* open files and openers that wait */
	u32 r_counter, w_counter; /* ends ever opened: a FIFO's open waits for a change */
	bool polled;              /* somebody has waited by poll: each write wakes, not only the first into an empty pipe */
	bool lent;                /* a splice is handing the oldest slots on: no other reader may take them */
	bool nameless;            /* of pipe(2): opened again through /proc/PID/fd, which does not wait for the other end */
	struct page *spare[PIPE_SPARE_PAGES];
	struct wait_queue_head rd_wait, wr_wait;
	struct fasync_struct *rd_async, *wr_async;
	struct pipe_buffer inline_bufs[PIPE_DEFAULT_SLOTS];
};

/* Also looked at without the lock, but nobody spins on them. */
static inline u32 pipe_used(const struct pipe *p) { return p->head - p->tail; }
static inline bool pipe_empty(const struct pipe *p) { return p->head == p->tail; }
static inline bool pipe_full(const struct pipe *p) { return pipe_used(p) >= p->limit; }

struct pipe *file_pipe(struct file *f);                   /* NULL: not a pipe or FIFO */
int create_pipe_files(struct file *ends[2], int flags);   /* [0] reads, [1] writes */
long pipe_fcntl(struct file *f, u32 cmd, unsigned long arg); /* F_SETPIPE_SZ, F_GETPIPE_SZ */
/*
 * For splice. pipe_borrow waits until there is something and nobody else reads: how many of the oldest slots were copied into bufs (at most
 * max), each page with a reference; 0: the end, nobody writes any more; -EAGAIN, -ERESTARTSYS. From then on the pipe is the caller's to
 * read, until pipe_return takes off what was used of it, in bytes. nr 1 or more means that pipe_return has to follow. Process context.
 */
int pipe_borrow(struct pipe *p, struct pipe_buffer *bufs, u32 max, bool nonblock);
void pipe_return(struct pipe *p, struct pipe_buffer *bufs, u32 nr, u32 used);
/* Wait for a free slot: 0, -EPIPE with SIGPIPE, -EAGAIN, -ERESTARTSYS. It may be gone again: pipe_add_slot says -EAGAIN then, too. */
int pipe_wait_room(struct pipe *p, bool nonblock);
/* One more slot. 0: the caller's reference is the pipe's now; -EAGAIN, -EPIPE. Readers hear of it by pipe_slots_added, before whoever adds waits. */
int pipe_add_slot(struct pipe *p, struct page *page, u32 offset, u32 len);
void pipe_slots_added(struct pipe *p);
/*
 * A slot for what is yet to be read from elsewhere, where it could not be put back. pipe_reserve waits for it as pipe_wait_room does; then
 * either pipe_fill_reserved follows (like pipe_add_slot; only -EPIPE) or pipe_unreserve.
 */
int pipe_reserve(struct pipe *p, bool nonblock);
int pipe_fill_reserved(struct pipe *p, struct page *page, u32 offset, u32 len);
void pipe_unreserve(struct pipe *p);

#endif
