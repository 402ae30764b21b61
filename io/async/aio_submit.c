/*
 * Starting asynchronous requests, see aio.h. What has no pages in the cache (pipes, terminals, sockets) is read and written in io_submit
 * itself, as Linux does: whoever wants no waiting there opens them with O_NONBLOCK or uses IOCB_CMD_POLL. So are writes to the end of a
 * file that is open to append: they keep their order.
 */
#include "io/async/aio.h"
#include "io/vfs/files.h"
#include "io/vfs/rw.h"
#include "kernel/hal/uaccess.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/task.h"
#include "mm/alloc.h"
#include "mm/mm.h"

#define POOL_THREADS 8u
#define POLL_QUEUES 3u

/* A poll request on its file's wait queues. */
struct aio_poll {
	struct aio_request *r;
	u32 events, nr;
	bool failed;            /* more queues than there are entries */
	bool cancelled;
	bool queued;            /* its work is on the way: ctx->lock */
	struct poll_table pt;
	struct aio_poll_entry {
		struct wait_queue_entry wait;
		struct wait_queue_head *volatile wq;
		struct aio_poll *p;
	} entries[POLL_QUEUES];
};

static struct kmem_cache *request_cache;
static struct workqueue_struct *pool;
static struct workqueue_struct *poll_thread; /* its own, so that a readiness is not told behind slow disks */

static void free_rest(struct aio_request *r)
{
	struct aio_context *c = r->ctx;

	if (r->eventfd)
		eventfd_put(r->eventfd);
	kfree(r->vec);
	kfree(r->poll);
	kmem_cache_free(request_cache, r);
	aio_request_over(c);
}

static void last_put_work(struct work_struct *w)
{
	struct aio_request *r = container_of(w, struct aio_request, work);

	fput(r->k.file);
	free_rest(r);
}

void aio_request_free(struct aio_request *r)
{
	if (r->k.file && in_interrupt() && !fput_not_last(r->k.file)) {
		INIT_WORK(&r->work, last_put_work); /* closing a file may sleep */
		queue_work(pool, &r->work);
		return;
	}
	if (r->poll && r->k.file)
		fput_later(r->k.file); /* nothing slow in poll_thread */
	else if (r->k.file && !in_interrupt())
		fput(r->k.file);
	free_rest(r);
}

/* ---- reading and writing ---- */

/* The end of one that went down to the driver. Softirq. */
static void direct_done(struct kiocb *k, ssize_t result) { aio_complete(container_of(k, struct aio_request, k), result); }

static ssize_t move(struct aio_request *r)
{
	const struct file_operations *ops = r->k.file->ops;

	return r->iter.dest ? ops->read_iter(&r->k, &r->iter) : ops->write_iter(&r->k, &r->iter);
}

/* Interrupted calls are not started again: there is no call to start. */
static long told(ssize_t result)
{
	return result == -ERESTARTSYS || result == -ERESTARTNOINTR || result == -ERESTARTNOHAND || result == -ERESTART_RESTARTBLOCK ? -EINTR : result;
}

static long sync_file(struct aio_request *r)
{
	struct file *f = r->k.file;

	return f->ops->fsync ? f->ops->fsync(f, 0, INT64_MAX, r->opcode == IOCB_CMD_FDSYNC) : -EINVAL;
}

/* What a thread of the pool has moved since its counters were cleared is the submitter's, and the file's. */
static void account(struct aio_request *r)
{
	r->k.file->copied += current->io.copied;
	spin_lock_bh(&tasklist_lock);
	task_io_add(&r->owner->signal->io_dead, &current->io);
	spin_unlock_bh(&tasklist_lock);
	put_task(r->owner);
}

/* In a thread of the pool, in the submitter's address space. */
static void pool_work(struct work_struct *w)
{
	struct aio_request *r = container_of(w, struct aio_request, work);
	struct mm *mm = r->mm;
	long result;

	current->request_ioprio = r->ioprio;
	current->io = (struct task_io){ 0 };
	kthread_use_mm(mm);
	result = r->opcode == IOCB_CMD_FSYNC || r->opcode == IOCB_CMD_FDSYNC ? sync_file(r) : told(move(r));
	kthread_unuse_mm();
	current->request_ioprio = 0;
	account(r);
	aio_complete(r, result);
	mm_drop(mm);
}

static void to_pool(struct aio_request *r)
{
	r->owner = get_task(current);
	r->mm = current->mm;
	mm_grab(r->mm); /* the end of its last user waits for us: aio_mm_exit */
	INIT_WORK(&r->work, pool_work);
	queue_work(pool, &r->work);
}

/* One buffer, or a vector that is copied and checked. */
static int set_iter(struct aio_request *r, const struct iocb_abi *cb, bool dest, bool vector)
{
	ssize_t total;

	if (!vector) {
		if (!access_ok((void __user *)(u32)cb->buf, (size_t)cb->nbytes))
			return -EFAULT;
		iov_iter_ubuf(&r->iter, dest, (void __user *)(u32)cb->buf, min_t(u32, (u32)cb->nbytes, MAX_RW_COUNT));
		return 0;
	}
	total = import_iovec((const struct iovec_k __user *)(u32)cb->buf, (u32)cb->nbytes, NULL, &r->vec);
	if (total < 0)
		return (int)total;
	iov_iter_init(&r->iter, ITER_IOVEC, dest, r->vec, (u32)cb->nbytes, (u32)total);
	return 0;
}

/* Of a disk: waits for the device at most, never for somebody to write something. */
static bool through_cache(const struct file *f)
{
	const struct inode *i = f->inode;

	return (S_ISREG(i->mode) || S_ISBLK(i->mode)) && i->mapping && i->mapping->ops;
}

/* Would a write past the cache have to wait, for blocks of the file or to be safe on the disk? */
static bool direct_waits(const struct aio_request *r)
{
	return !r->iter.dest && ((r->k.flags & (IOCB_DSYNC | IOCB_SYNC)) ||
				 (S_ISREG(r->k.file->inode->mode) && r->k.pos + r->iter.count > inode_size(r->k.file->inode)));
}

/* The limit on the size of files is that of who asks, not of a thread of the pool. 0, or the result. */
static long limit_file_size(struct aio_request *r)
{
	u64 limit = rlimit(RLIMIT_FSIZE), pos = (u64)r->k.pos;

	if (r->iter.dest || !S_ISREG(r->k.file->inode->mode) || pos + r->iter.count <= limit)
		return 0;
	if (pos >= limit) {
		(void)send_signal(current, SIGXFSZ, NULL);
		return -EFBIG;
	}
	iov_iter_truncate(&r->iter, (u32)(limit - pos));
	return 0;
}

/* In io_submit itself, with the request's I/O priority: done, or on its way to the driver. */
static void start_here(struct aio_request *r)
{
	struct file *f = get_file(r->k.file); /* r may be over before its start is */

	r->k.complete = direct_done;
	current->request_ioprio = r->ioprio;
	u32 before = (u32)current->io.copied;
	ssize_t result = move(r);
	f->copied += (u32)current->io.copied - before;
	current->request_ioprio = 0;
	if (result != -EIOCBQUEUED)
		aio_complete(r, told(result));
	fput(f);
}

static int set_ioprio(struct aio_request *r, const struct iocb_abi *cb)
{
	if (!(cb->flags & IOCB_FLAG_IOPRIO)) {
		r->ioprio = (u16)task_effective_ioprio(current);
		return 0;
	}
	r->ioprio = (u16)cb->reqprio;
	int err = ioprio_check(r->ioprio);
	if (!err && !IOPRIO_CLASS(r->ioprio))
		r->ioprio = (u16)task_effective_ioprio(current);
	return err;
}

static int start_rw(struct aio_request *r, const struct iocb_abi *cb, bool read, bool vector)
{
	struct file *f = r->k.file;
	long flags = rwf_to_iocb(cb->rw_flags);
	int err = set_ioprio(r, cb);

	if (err)
		return err;
	if (flags < 0)
		return (int)flags;
	if (!(f->mode & (read ? FMODE_READ : FMODE_WRITE)))
		return -EBADF;
	if (read ? !f->ops->read_iter : !f->ops->write_iter)
		return -EINVAL;
	err = set_iter(r, cb, read, vector);
	if (err)
		return err;
	if (!sane_range(cb->offset, iov_iter_count(&r->iter)))
		return -EINVAL;
	file_iocb_init(&r->k, f, cb->offset, !read);
	r->k.flags |= (u32)flags;
	if (!through_cache(f) || (!read && (r->k.flags & IOCB_APPEND)) || ((r->k.flags & IOCB_DIRECT) && !direct_waits(r))) {
		start_here(r);
		return 0;
	}
	long result = limit_file_size(r);
	if (result)
		aio_complete(r, result);
	else
		to_pool(r);
	return 0;
}

/* ---- waiting for readiness ---- */

/* Off all queues; afterwards the callback does not run any more. */
static void leave_queues(struct aio_poll *p)
{
	for (u32 i = 0; i < p->nr; i++) {
		u32 irq = irq_save(); /* against POLLFREE on its way */
		struct wait_queue_head *wq = p->entries[i].wq;
		if (wq)
			remove_wait_queue(wq, &p->entries[i].wait);
		p->entries[i].wq = NULL;
		irq_restore(irq);
	}
	p->nr = 0;
}

static void poll_queue(struct file *f, struct wait_queue_head *wq, struct poll_table *pt);

/* Ask the file; on the queues again when nothing is there. Process context. */
static void poll_work(struct work_struct *w)
{
	struct aio_request *r = container_of(w, struct aio_request, work);
	struct aio_poll *p = r->poll;
	const struct file_operations *ops = r->k.file->ops;
	u32 got, flags;

	leave_queues(p);
	flags = spin_lock_irqsave(&r->ctx->lock);
	p->queued = false;
	spin_unlock_irqrestore(&r->ctx->lock, flags);
	p->pt = (struct poll_table){ poll_queue, p->events };
	got = (ops->poll ? ops->poll(r->k.file, &p->pt) : POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM) & p->events;
	flags = spin_lock_irqsave(&r->ctx->lock);
	bool end = !p->queued && (got || p->cancelled || p->failed);
	if (end) {
		p->queued = true; /* nobody queues it any more */
		list_del_init(&r->active);
	}
	spin_unlock_irqrestore(&r->ctx->lock, flags);
	if (!end)
		return; /* a wake-up comes, or has come and queued the work */
	leave_queues(p);
	aio_complete(r, p->failed ? -EINVAL : (long)got);
}

/* ctx->lock held. */
static void queue_poll_locked(struct aio_poll *p)
{
	if (p->queued)
		return;
	p->queued = true;
	queue_work(poll_thread, &p->r->work);
}

/* The file changed: any context, its queue's lock held. */
static bool poll_wake(struct wait_queue_entry *w, u32 mode, u32 key)
{
	struct aio_poll_entry *e = container_of(w, struct aio_poll_entry, wait);
	struct aio_context *c = e->p->r->ctx;

	if (key & POLLFREE) {
		list_unlink(&w->node);
		w->node.next = NULL;
		e->wq = NULL;
	} else if (key && !(key & e->p->events)) {
		return false;
	}
	spin_lock_nested(&c->lock);
	queue_poll_locked(e->p);
	spin_unlock(&c->lock);
	return true;
}

static void poll_queue(struct file *f, struct wait_queue_head *wq, struct poll_table *pt)
{
	struct aio_poll *p = container_of(pt, struct aio_poll, pt);

	if (p->nr == POLL_QUEUES) {
		p->failed = true;
		return;
	}
	struct aio_poll_entry *e = &p->entries[p->nr++];
	*e = (struct aio_poll_entry){ .wait = { .func = poll_wake }, .wq = wq, .p = p };
	add_wait_queue(wq, &e->wait);
}

bool aio_cancel_locked(struct aio_request *r)
{
	if (!r->poll || r->poll->cancelled)
		return false;
	r->poll->cancelled = true;
	queue_poll_locked(r->poll);
	return true;
}

static int start_poll(struct aio_request *r, const struct iocb_abi *cb)
{
	struct aio_poll *p;

	if (cb->buf >> 16 || cb->offset || cb->nbytes || cb->rw_flags)
		return -EINVAL;
	p = r->poll = kzalloc(sizeof(*p), GFP_KERNEL);
	if (!p)
		return -ENOMEM;
	p->r = r;
	p->events = (u32)cb->buf | POLLERR | POLLHUP;
	INIT_WORK(&r->work, poll_work);
	u32 flags = spin_lock_irqsave(&r->ctx->lock);
	list_add_tail(&r->active, &r->ctx->active);
	p->cancelled = r->ctx->dead; /* io_destroy has cancelled the others while this one was being made */
	queue_poll_locked(p); /* all runs in one queue: never two at once */
	spin_unlock_irqrestore(&r->ctx->lock, flags);
	return 0;
}

/* ---- all kinds ---- */

static int start(struct aio_request *r, const struct iocb_abi *cb)
{
	switch (cb->opcode) {
	case IOCB_CMD_PREAD: return start_rw(r, cb, true, false);
	case IOCB_CMD_PWRITE: return start_rw(r, cb, false, false);
	case IOCB_CMD_PREADV: return start_rw(r, cb, true, true);
	case IOCB_CMD_PWRITEV: return start_rw(r, cb, false, true);
	case IOCB_CMD_POLL: return start_poll(r, cb);
	case IOCB_CMD_FSYNC:
	case IOCB_CMD_FDSYNC:
		if (cb->buf || cb->offset || cb->nbytes || cb->rw_flags || !r->k.file->ops->fsync)
			return -EINVAL;
		to_pool(r);
		return 0;
	default: return -EINVAL;
	}
}

int aio_start(struct aio_context *c, const struct iocb_abi *cb, u32 user_iocb)
{
	if (!aio_reserve(c))
		return c->dead ? -EINVAL : -EAGAIN;
	struct aio_request *r = kmem_cache_alloc(request_cache, GFP_KERNEL);
	int err = r ? 0 : -EAGAIN;
	if (r) {
		r->k = (struct kiocb){ 0 };
		r->eventfd = NULL;
		r->mm = NULL;
		r->vec = NULL;
		r->poll = NULL;
		r->ioprio = 0;
		INIT_LIST_HEAD(&r->active);
		r->ctx = c;
		aio_request_begins(c);
		r->data = cb->data;
		r->obj = user_iocb;
		r->opcode = cb->opcode;
		r->k.file = fget((int)cb->fd);
		if (!r->k.file)
			err = -EBADF;
	}
	if (!err && (cb->flags & IOCB_FLAG_RESFD)) {
		struct eventfd *e = eventfd_get((int)cb->resfd);
		if (IS_ERR(e))
			err = (int)PTR_ERR(e);
		else
			r->eventfd = e;
	}
	if (!err && put_user_u32(0, (u32 __user *)(user_iocb + offsetof(struct iocb_abi, key))))
		err = -EFAULT;
	if (!err)
		err = start(r, cb);
	if (!err)
		return 0;
	if (r)
		aio_request_free(r);
	aio_unreserve(c);
	return err;
}

int aio_submit_init(void)
{
	request_cache = kmem_cache_create("aio_kiocb", sizeof(struct aio_request), 0, NULL);
	pool = alloc_workqueue("aio", 0, POOL_THREADS);
	poll_thread = alloc_workqueue("aio_poll", 0, 1);
	return request_cache && pool && poll_thread ? 0 : -ENOMEM;
}
