/*
 * Pipes and FIFOs, see pipe.h. The pipe's lock is a spinlock: user memory is copied under it with page faults off; what is missing is
 * faulted in without the lock, and the copy tried again. So a write of up to PIPE_BUF bytes, which always goes into one page as a whole, is atomic.
 * Readers and writers wait exclusively: a change wakes one, and who leaves something behind wakes the next.
 */
#include "io/vfs/pipe.h"
#include "io/vfs/internal.h"
#include "io/vfs/namei.h"
#include "io/vfs/rw.h"
#include "kernel/debug/bug.h"
#include "kernel/sched/signal.h"
#include "kernel/uapi/ioctl.h"
#include "mm/alloc.h"

static struct kmem_cache *pipe_cache;

/* ---- life ---- */

static struct pipe *alloc_pipe(void)
{
	struct pipe *p = kmem_cache_alloc(pipe_cache, GFP_KERNEL);
	if (!p)
		return NULL;
	memset(p, 0, sizeof(*p));
	spin_lock_init(&p->lock, "pipe", RANK_FILES);
	wait_queue_init(&p->rd_wait);
	wait_queue_init(&p->wr_wait);
	p->bufs = p->inline_bufs;
	p->slots = p->limit = PIPE_DEFAULT_SLOTS;
	return p;
}

static void free_pipe(struct pipe *p)
{
	for (; p->tail != p->head; p->tail++)
		put_page(p->bufs[p->tail & (p->slots - 1)].page);
	for (u32 i = 0; i < PIPE_SPARE_PAGES; i++)
		if (p->spare[i])
			put_page(p->spare[i]);
	if (p->bufs != p->inline_bufs)
		kfree(p->bufs);
	kmem_cache_free(pipe_cache, p);
}

struct pipe *file_pipe(struct file *f)
{
	return f->inode->fops == &fifo_fops ? f->private : NULL;
}

int create_pipe_files(struct file *ends[2], int flags)
{
	struct pipe *p = alloc_pipe();
	if (!p)
		return -ENOMEM;
	flags &= O_NONBLOCK | O_DIRECT;
	u32 status = (u32)flags & O_NONBLOCK;
	struct file *r = anon_file("pipe", &fifo_fops, p, O_RDONLY | status);
	if (IS_ERR(r)) {
		free_pipe(p);
		return (int)PTR_ERR(r);
	}
	r->inode->mode = S_IFIFO | 0600;
	r->inode->pipe = p;
	p->nameless = true;
	p->readers = p->files = 1;
	p->r_counter = p->w_counter = 1;
	struct file *w = alloc_file(O_WRONLY | status);
	if (!IS_ERR(w))
		w->private = p;
	int err = IS_ERR(w) ? (int)PTR_ERR(w) : file_setup(w, &r->path, r->inode, O_WRONLY | status);
	if (err) {
		if (!IS_ERR(w))
			free_file_unopened(w);
		fput(r);
		return err;
	}
	p->writers = 1;
	p->files = 2;
	r->mode |= FMODE_STREAM;
	w->mode |= FMODE_STREAM;
	w->flags |= (u32)flags & O_DIRECT; /* packets: open knows no such flag for what has no blocks */
	ends[0] = r;
	ends[1] = w;
	return 0;
}

static void drop_pipe(struct pipe *p, struct inode *inode)
{
	spin_lock(&p->lock);
	bool last = --p->files == 0;
	if (last) /* a FIFO's next opener makes a new one */
		inode->pipe = NULL;
	spin_unlock(&p->lock);
	if (last)
		free_pipe(p);
}

static void pipe_release(struct file *f)
{
	struct pipe *p = f->private;
	spin_lock(&p->lock);
	if (f->mode & FMODE_READ)
		p->readers--;
	if (f->mode & FMODE_WRITE)
		p->writers--;
	bool wake = !p->readers != !p->writers;
	spin_unlock(&p->lock);
	if (wake) { /* one side is gone: end of file for readers, SIGPIPE for writers */
		wake_up_key(&p->rd_wait, TASK_NORMAL, 0, POLLIN | POLLRDNORM | POLLERR | POLLHUP);
		wake_up_key(&p->wr_wait, TASK_NORMAL, 0, POLLOUT | POLLWRNORM | POLLERR | POLLHUP);
		kill_fasync(&p->rd_async, SIGIO, POLL_IN);
		kill_fasync(&p->wr_async, SIGIO, POLL_OUT);
	}
	drop_pipe(p, f->inode);
}

/* ---- reading ---- */

/* The page of a slot was read to its end. Lock held. */
static void release_slot(struct pipe *p, struct pipe_buffer *b)
{
	struct page *page = b->page;
	b->page = NULL;
	p->tail++;
	if (likely(b->flags && atomic_read(&page->refs) == 1)) {
		for (u32 i = 0; i < PIPE_SPARE_PAGES; i++)
			if (!p->spare[i]) {
				p->spare[i] = page;
				return;
			}
	}
	put_page(page);
}

/*
 * Move as much as is there. Bytes done; *fault: so many bytes of the reader's memory have to be brought in first (of a slot that reaches its
 * reader only in part nothing is taken). Lock held.
 */
static u32 read_slots(struct pipe *p, struct iov_iter *to, u32 *fault)
{
	u32 done = 0;

	*fault = 0;
	pagefault_disable();
	while (to->count && p->head != p->tail) {
		struct pipe_buffer *b = &p->bufs[p->tail & (p->slots - 1)];
		u32 want = min(b->len, to->count);
		u32 n = copy_page_to_iter(b->page, b->offset, want, to);
		if (unlikely(n < want)) {
			iov_iter_revert(to, n);
			*fault = want;
			break;
		}
		b->offset += n;
		b->len -= n;
		done += n;
		bool packet = b->flags & PIPE_BUF_PACKET;
		if (!b->len || packet)
			release_slot(p, b);
		if (unlikely(packet))
			break;
	}
	pagefault_enable();
	return done;
}

static inline bool must_not_wait(const struct kiocb *k) { return (k->file->flags & O_NONBLOCK) || (k->flags & IOCB_NOWAIT); }

/* Is there something to take, or will there never be? */
static bool pipe_readable(const struct pipe *p) { return !READ_ONCE(p->lent) && (!pipe_empty(p) || !READ_ONCE(p->writers)); }

static ssize_t pipe_read(struct kiocb *k, struct iov_iter *to)
{
	struct pipe *p = k->file->private;
	bool was_full = false, waited = false;
	ssize_t done = 0;
	u32 fault;

	if (!to->count)
		return 0;
	for (;;) {
		spin_lock(&p->lock);
		was_full |= pipe_full(p);
		fault = 0;
		if (likely(!p->lent))
			done += (ssize_t)read_slots(p, to, &fault);
		bool writers = p->writers;
		spin_unlock(&p->lock);
		if (fault) {
			if (!iov_iter_fault_in_writeable(to, fault))
				continue;
			if (!done)
				done = -EFAULT;
			break;
		}
		if (done || (!writers && pipe_empty(p)))
			break;
		if (must_not_wait(k)) {
			done = -EAGAIN;
			break;
		}
		done = wait_event_interruptible_exclusive(&p->rd_wait, pipe_readable(p));
		waited = true;
		if (done)
			break;
	}
	if (was_full && !pipe_full(p))
		wake_up_poll(&p->wr_wait, POLLOUT | POLLWRNORM);
	kill_fasync(&p->wr_async, SIGIO, POLL_OUT); /* for each read, as Linux does */
	if (unlikely(waited) && !pipe_empty(p) && wait_queue_active(&p->rd_wait)) /* what woke this one is for the next as well */
		wake_up_poll(&p->rd_wait, POLLIN | POLLRDNORM);
	return done;
}

/* ---- writing ---- */

static struct page *take_spare(struct pipe *p)
{
	for (u32 i = 0; i < PIPE_SPARE_PAGES; i++)
		if (p->spare[i]) {
			struct page *page = p->spare[i];
			p->spare[i] = NULL;
			return page;
		}
	return NULL;
}

static void give_spare(struct pipe *p, struct page *page)
{
	for (u32 i = 0; i < PIPE_SPARE_PAGES; i++)
		if (!p->spare[i]) {
			p->spare[i] = page;
			return;
		}
	put_page(page);
}

/* Go on in the last page if what does not fill whole pages fits there. Bytes done, or -EAGAIN: the writer's memory has to be brought in. Lock held. */
static ssize_t write_merge(struct pipe *p, struct iov_iter *from)
{
	u32 n = from->count & (PAGE_SIZE - 1);
	if (!n || p->head == p->tail)
		return 0;
	struct pipe_buffer *b = &p->bufs[(p->head - 1) & (p->slots - 1)];
	u32 at = b->offset + b->len;
	if (!(b->flags & PIPE_BUF_CAN_MERGE) || at + n > PAGE_SIZE)
		return 0;
	if (copy_page_from_iter_atomic(b->page, at, n, from) < n)
		return -EAGAIN;
	iov_iter_advance(from, n);
	b->len += n;
	return (ssize_t)n;
}

/* Fill one free slot of this kind from page. Bytes done, or -EAGAIN as above. Lock held. */
static ssize_t write_slot(struct pipe *p, struct page *page, struct iov_iter *from, u32 kind)
{
	u32 n = min(from->count, PAGE_SIZE);
	if (copy_page_from_iter_atomic(page, 0, n, from) < n)
		return -EAGAIN;
	iov_iter_advance(from, n);
	p->bufs[p->head & (p->slots - 1)] = (struct pipe_buffer){ page, 0, n, kind };
	p->head++;
	return (ssize_t)n;
}

static void wake_readers(struct pipe *p)
{
	if (wait_queue_active(&p->rd_wait))
		wake_up_poll(&p->rd_wait, POLLIN | POLLRDNORM);
}

/* Why a writer cannot go on with the lock held. */
enum write_stop { WRITE_DONE, WRITE_FAULT, WRITE_NEEDS_PAGE, WRITE_FULL, WRITE_BROKEN };

/* Write until done or until something is missing; kind: PIPE_BUF_*. Lock held. */
static enum write_stop write_slots(struct pipe *p, struct iov_iter *from, u32 kind, ssize_t *done)
{
	if (!p->readers)
		return WRITE_BROKEN;
	ssize_t n = write_merge(p, from);
	while (n >= 0) {
		*done += n;
		if (!from->count)
			return WRITE_DONE;
		if (pipe_full(p))
			return WRITE_FULL;
		struct page *page = take_spare(p);
		if (!page)
			return WRITE_NEEDS_PAGE;
		n = write_slot(p, page, from, kind);
		if (n < 0)
			give_spare(p, page);
	}
	return WRITE_FAULT;
}

static ssize_t pipe_write(struct kiocb *k, struct iov_iter *from)
{
	struct pipe *p = k->file->private;
	bool waited = false;
	u32 kind = k->file->flags & O_DIRECT ? PIPE_BUF_PACKET : PIPE_BUF_CAN_MERGE;
	ssize_t done = 0;
	long err = 0;

	if (!from->count)
		return 0;
	while (!err) {
		spin_lock(&p->lock);
		bool was_empty = p->head == p->tail;
		enum write_stop why = write_slots(p, from, kind, &done);
		bool wake = (was_empty || p->polled) && p->head != p->tail;
		spin_unlock(&p->lock);
		if (wake)
			wake_readers(p);
		if (why == WRITE_DONE)
			break;
		switch (why) {
		case WRITE_FAULT:
			err = iov_iter_fault_in_readable(from, min(from->count, PAGE_SIZE)) ? -EFAULT : 0;
			break;
		case WRITE_NEEDS_PAGE: {
			struct page *page = alloc_page(GFP_USER);
			if (!page) {
				err = -ENOMEM;
				break;
			}
			spin_lock(&p->lock);
			give_spare(p, page);
			spin_unlock(&p->lock);
			break;
		}
		case WRITE_FULL:
			if (must_not_wait(k)) {
				err = -EAGAIN;
			} else {
				err = wait_event_interruptible_exclusive(&p->wr_wait, !pipe_full(p) || !READ_ONCE(p->readers));
				waited = true;
			}
			break;
		default:
			send_signal(current, SIGPIPE, NULL);
			err = -EPIPE;
		}
	}
	if (unlikely(waited) && wait_queue_active(&p->wr_wait) && !pipe_full(p))
		wake_up_poll(&p->wr_wait, POLLOUT | POLLWRNORM);
	if (done)
		kill_fasync(&p->rd_async, SIGIO, POLL_IN);
	return done ? done : err;
}

/* ---- handing pages on ---- */

int pipe_wait_room(struct pipe *p, bool nonblock)
{
	bool waited = false;

	while (READ_ONCE(p->readers) && pipe_full(p)) {
		if (nonblock)
			return -EAGAIN;
		long err = wait_event_interruptible_exclusive(&p->wr_wait, !pipe_full(p) || !READ_ONCE(p->readers));
		if (err)
			return (int)err;
		waited = true;
	}
	if (waited && wait_queue_active(&p->wr_wait)) /* there may be room for the next as well */
		wake_up_poll(&p->wr_wait, POLLOUT | POLLWRNORM);
	if (READ_ONCE(p->readers))
		return 0;
	send_signal(current, SIGPIPE, NULL);
	return -EPIPE;
}

/* Lock held. */
static int add_slot(struct pipe *p, struct page *page, u32 offset, u32 len)
{
	if (!p->readers || pipe_full(p))
		return p->readers ? -EAGAIN : -EPIPE;
	p->bufs[p->head & (p->slots - 1)] = (struct pipe_buffer){ page, offset, len, 0 };
	p->head++;
	return 0;
}

int pipe_add_slot(struct pipe *p, struct page *page, u32 offset, u32 len)
{
	spin_lock(&p->lock);
	int err = add_slot(p, page, offset, len);
	spin_unlock(&p->lock);
	return err;
}

int pipe_reserve(struct pipe *p, bool nonblock)
{
	for (;;) {
		int err = pipe_wait_room(p, nonblock);
		if (err)
			return err;
		spin_lock(&p->lock);
		bool room = !pipe_full(p);
		p->limit -= room;
		spin_unlock(&p->lock);
		if (room)
			return 0;
	}
}

int pipe_fill_reserved(struct pipe *p, struct page *page, u32 offset, u32 len)
{
	spin_lock(&p->lock);
	p->limit++;
	int err = add_slot(p, page, offset, len);
	spin_unlock(&p->lock);
	return err;
}

void pipe_unreserve(struct pipe *p)
{
	spin_lock(&p->lock);
	p->limit++;
	spin_unlock(&p->lock);
	wake_up_poll(&p->wr_wait, POLLOUT | POLLWRNORM);
}

void pipe_slots_added(struct pipe *p)
{
	wake_readers(p);
	kill_fasync(&p->rd_async, SIGIO, POLL_IN);
}

int pipe_borrow(struct pipe *p, struct pipe_buffer *bufs, u32 max, bool nonblock)
{
	for (;;) {
		spin_lock(&p->lock);
		u32 nr = p->lent ? 0 : min(p->head - p->tail, max);
		bool end = !nr && !p->lent && !p->writers;
		for (u32 i = 0; i < nr; i++) {
			bufs[i] = p->bufs[(p->tail + i) & (p->slots - 1)];
			get_page(bufs[i].page);
		}
		p->lent |= nr != 0;
		spin_unlock(&p->lock);
		if (nr || end)
			return (int)nr;
		if (nonblock)
			return -EAGAIN;
		long err = wait_event_interruptible_exclusive(&p->rd_wait, pipe_readable(p));
		if (err)
			return (int)err;
	}
}

void pipe_return(struct pipe *p, struct pipe_buffer *bufs, u32 nr, u32 used)
{
	for (u32 i = 0; i < nr; i++)
		put_page(bufs[i].page);
	spin_lock(&p->lock);
	bool was_full = pipe_full(p);
	while (used) {
		struct pipe_buffer *b = &p->bufs[p->tail & (p->slots - 1)];
		u32 n = min(used, b->len);
		b->offset += n;
		b->len -= n;
		used -= n;
		if (!b->len)
			release_slot(p, b);
	}
	p->lent = false;
	spin_unlock(&p->lock);
	if (was_full && !pipe_full(p)) {
		wake_up_poll(&p->wr_wait, POLLOUT | POLLWRNORM);
		kill_fasync(&p->wr_async, SIGIO, POLL_OUT);
	}
	if (pipe_readable(p))
		wake_readers(p); /* whoever came meanwhile */
}

/* ---- the rest ---- */

/* A FIFO that no writer has opened yet did not hang up. */
static noinline u32 no_writer_events(const struct file *f, const struct pipe *p)
{
	return ((u32)f->pos != p->w_counter ? POLLHUP : 0) | (pipe_empty(p) ? 0 : POLLIN | POLLRDNORM);
}

static inline u32 read_events(const struct file *f)
{
	const struct pipe *p = f->private;
	if (unlikely(!p->writers))
		return no_writer_events(f, p);
	return pipe_empty(p) ? 0 : POLLIN | POLLRDNORM;
}

static inline u32 write_events(const struct file *f)
{
	const struct pipe *p = f->private;
	u32 err = p->readers ? 0 : POLLERR;
	return pipe_full(p) ? err : err | POLLOUT | POLLWRNORM;
}

/* poll of any end, for whoever waits. */
static noinline u32 pipe_poll_queue(struct file *f, struct poll_table *pt)
{
	struct pipe *p = f->private;

	p->polled = true; /* an edge-triggered waiter wants to hear of every write from now on */
	if (f->mode & FMODE_READ)
		poll_wait(f, &p->rd_wait, pt);
	if (f->mode & FMODE_WRITE)
		poll_wait(f, &p->wr_wait, pt);
	return (f->mode & FMODE_READ ? read_events(f) : 0) | (f->mode & FMODE_WRITE ? write_events(f) : 0);
}

static u32 pipe_read_poll(struct file *f, struct poll_table *pt) { return unlikely(pt) ? pipe_poll_queue(f, pt) : read_events(f); }
static u32 pipe_write_poll(struct file *f, struct poll_table *pt) { return unlikely(pt) ? pipe_poll_queue(f, pt) : write_events(f); }
static u32 pipe_both_poll(struct file *f, struct poll_table *pt) { return unlikely(pt) ? pipe_poll_queue(f, pt) : read_events(f) | write_events(f); }

static int pipe_fasync(int fd, struct file *f, int on)
{
	struct pipe *p = f->private;
	int err = f->mode & FMODE_READ ? fasync_helper(fd, f, on, &p->rd_async) : 0;

	if (err >= 0 && (f->mode & FMODE_WRITE)) {
		err = fasync_helper(fd, f, on, &p->wr_async);
		if (err < 0 && (f->mode & FMODE_READ) && fasync_helper(-1, f, 0, &p->rd_async))
			return err;
	}
	return err;
}

static long pipe_ioctl(struct file *f, u32 cmd, unsigned long arg)
{
	struct pipe *p = f->private;
	if (cmd != FIONREAD)
		return -ENOIOCTLCMD;
	u32 bytes = 0;
	spin_lock(&p->lock);
	for (u32 i = p->tail; i != p->head; i++)
		bytes += p->bufs[i & (p->slots - 1)].len;
	spin_unlock(&p->lock);
	return put_user_u32(bytes, (u32 __user *)arg);
}

/* Room for size bytes, in whole pages and a power of two of them. */
static long set_pipe_size(struct pipe *p, u32 size)
{
	u32 slots = 1;
	while (slots < PIPE_MAX_SLOTS * 64 && slots * PAGE_SIZE < size)
		slots *= 2;
	if (slots * PAGE_SIZE < size)
		return -EINVAL;
	if (slots > PIPE_MAX_SLOTS && slots > p->slots && !capable())
		return -EPERM;
	struct pipe_buffer *bufs = kzalloc(slots * sizeof(*bufs), GFP_KERNEL), *old;
	if (!bufs)
		return -ENOMEM;
	spin_lock(&p->lock);
	u32 used = p->head - p->tail, reserved = p->slots - p->limit;
	if (used + reserved > slots) {
		spin_unlock(&p->lock);
		kfree(bufs);
		return -EBUSY;
	}
	for (u32 i = 0; i < used; i++)
		bufs[i] = p->bufs[(p->tail + i) & (p->slots - 1)];
	old = p->bufs;
	p->bufs = bufs;
	p->slots = slots;
	p->limit = slots - reserved;
	p->tail = 0;
	p->head = used;
	spin_unlock(&p->lock);
	if (old != p->inline_bufs)
		kfree(old);
	wake_up_key(&p->wr_wait, TASK_NORMAL, 0, POLLOUT | POLLWRNORM);
	return (long)(slots * PAGE_SIZE);
}

long pipe_fcntl(struct file *f, u32 cmd, unsigned long arg)
{
	struct pipe *p = file_pipe(f);
	if (!p)
		return -EBADF;
	return cmd == F_GETPIPE_SZ ? (long)(p->slots * PAGE_SIZE) : set_pipe_size(p, (u32)arg);
}

/* ---- FIFOs ---- */

/* The pipe of a FIFO inode, made by its first opener; p->files counts the caller. */
static struct pipe *fifo_pipe(struct inode *inode)
{
	struct pipe *p;
	mutex_lock(&inode->lock);
	p = inode->pipe;
	if (!p) {
		p = alloc_pipe();
		inode->pipe = p;
	}
	if (p) {
		spin_lock(&p->lock);
		p->files++;
		spin_unlock(&p->lock);
	}
	mutex_unlock(&inode->lock);
	return p;
}

/* An end was opened: tell whoever waits for it. */
static void opened_reader(struct pipe *p)
{
	spin_lock(&p->lock);
	p->r_counter++;
	bool first = p->readers++ == 0;
	spin_unlock(&p->lock);
	if (first)
		wake_up_all(&p->wr_wait);
}

static void opened_writer(struct pipe *p)
{
	spin_lock(&p->lock);
	p->w_counter++;
	bool first = p->writers++ == 0;
	spin_unlock(&p->lock);
	if (first)
		wake_up_all(&p->rd_wait);
}

/* The wait for the other end was interrupted: take one end back. */
static void closed_end(struct pipe *p, u32 *ends, struct wait_queue_head *other)
{
	spin_lock(&p->lock);
	bool last = --*ends == 0;
	spin_unlock(&p->lock);
	if (last)
		wake_up_all(other);
}

static int fifo_open_end(struct inode *inode, struct file *f)
{
	struct pipe *p = fifo_pipe(inode);
	bool nonblock = f->flags & O_NONBLOCK;
	long err = 0;

	if (!p)
		return -ENOMEM;
	f->private = p;
	f->pos = 0;
	f->mode |= FMODE_STREAM;
	switch (f->mode & (FMODE_READ | FMODE_WRITE)) {
	case FMODE_READ:
		opened_reader(p);
		if (!p->writers && nonblock) {
			f->pos = p->w_counter;
		} else if (!p->writers && !p->nameless) {
			u32 seen = p->w_counter;
			err = wait_event_interruptible(&p->rd_wait, p->w_counter != seen);
			if (err)
				closed_end(p, &p->readers, &p->wr_wait);
		}
		break;
	case FMODE_WRITE:
		if (nonblock && !p->readers && !p->nameless) {
			err = -ENXIO;
			break;
		}
		opened_writer(p);
		if (!p->readers && !p->nameless) {
			u32 seen = p->r_counter;
			err = wait_event_interruptible(&p->wr_wait, p->r_counter != seen);
			if (err)
				closed_end(p, &p->writers, &p->rd_wait);
		}
		break;
	default: /* both: never waits */
		opened_reader(p);
		opened_writer(p);
	}
	if (err)
		drop_pipe(p, inode);
	return (int)err;
}

/* What a file has that was opened for reading, for writing, or for both: they differ in how they are polled. */
#define PIPE_OPERATIONS(poll_end) { \
		.name = "pipe", \
		.read_iter = pipe_read, \
		.write_iter = pipe_write, \
		.llseek = no_llseek, \
		.poll = poll_end, \
		.fasync = pipe_fasync, \
		.ioctl = pipe_ioctl, \
		.release = pipe_release, \
	}
static const struct file_operations pipe_ends[] = {
	[FMODE_READ] = PIPE_OPERATIONS(pipe_read_poll),
	[FMODE_WRITE] = PIPE_OPERATIONS(pipe_write_poll),
	[FMODE_READ | FMODE_WRITE] = PIPE_OPERATIONS(pipe_both_poll),
};

/* Also when somebody opens /proc/PID/fd/N of a pipe. */
static int fifo_open(struct inode *inode, struct file *f)
{
	f->ops = &pipe_ends[f->mode & (FMODE_READ | FMODE_WRITE)];
	return f->private ? 0 : fifo_open_end(inode, f); /* the first two ends of a new pipe have theirs */
}

const struct file_operations fifo_fops = { .name = "pipe", .llseek = no_llseek, .open = fifo_open };

void pipe_init(void) { pipe_cache = kmem_cache_create("pipe", sizeof(struct pipe), 0, NULL); }
