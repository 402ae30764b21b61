/* eventfd, see eventfd.h. The counter is guarded by the lock of its wait queue, because it is also signalled from interrupts. */
#include "io/async/eventfd.h"
#include "io/vfs/files.h"
#include "kernel/hal/uaccess.h"
#include "mm/alloc.h"

#define EFD_SEMAPHORE 1u
#define COUNT_MAX (~0ull - 1)

struct eventfd {
	atomic_t refs;
	bool semaphore;
	u64 count;
	struct wait_queue_head wait;
};

static const struct file_operations eventfd_fops;

static ssize_t eventfd_read(struct kiocb *k, struct iov_iter *to)
{
	struct eventfd *e = k->file->private;
	u64 got = 0;

	if (iov_iter_count(to) < sizeof(got))
		return -EINVAL;
	for (;;) {
		u32 flags = spin_lock_irqsave(&e->wait.lock);
		if (e->count) {
			got = e->semaphore ? 1 : e->count;
			e->count -= got;
			wake_up_key_locked(&e->wait, TASK_NORMAL, 0, POLLOUT | POLLWRNORM);
		}
		spin_unlock_irqrestore(&e->wait.lock, flags);
		if (got)
			return copy_to_iter(&got, sizeof(got), to) == sizeof(got) ? (ssize_t)sizeof(got) : -EFAULT;
		if ((k->file->flags & O_NONBLOCK) || (k->flags & IOCB_NOWAIT))
			return -EAGAIN;
		long err = wait_event_interruptible(&e->wait, *(volatile u64 *)&e->count);
		if (err)
			return err;
	}
}

static ssize_t eventfd_write(struct kiocb *k, struct iov_iter *from)
{
	struct eventfd *e = k->file->private;
	u64 n;

	if (iov_iter_count(from) < sizeof(n))
		return -EINVAL;
	if (copy_from_iter(&n, sizeof(n), from) != sizeof(n))
		return -EFAULT;
	if (n == ~0ull)
		return -EINVAL;
	for (;;) {
		u32 flags = spin_lock_irqsave(&e->wait.lock);
		bool fits = n <= COUNT_MAX - e->count;
		if (fits) {
			e->count += n;
			if (n)
				wake_up_key_locked(&e->wait, TASK_NORMAL, 0, POLLIN | POLLRDNORM);
		}
		spin_unlock_irqrestore(&e->wait.lock, flags);
		if (fits)
			return sizeof(n);
		if ((k->file->flags & O_NONBLOCK) || (k->flags & IOCB_NOWAIT))
			return -EAGAIN;
		long err = wait_event_interruptible(&e->wait, n <= COUNT_MAX - *(volatile u64 *)&e->count);
		if (err)
			return err;
	}
}

static u32 eventfd_poll(struct file *f, struct poll_table *pt)
{
	struct eventfd *e = f->private;

	poll_wait(f, &e->wait, pt);
	u32 flags = spin_lock_irqsave(&e->wait.lock);
	u64 count = e->count;
	spin_unlock_irqrestore(&e->wait.lock, flags);
	return (count ? POLLIN | POLLRDNORM : 0) | (count < COUNT_MAX ? POLLOUT | POLLWRNORM : 0) | (count > COUNT_MAX ? POLLERR : 0);
}

void eventfd_signal(struct eventfd *e, u32 n)
{
	u32 flags = spin_lock_irqsave(&e->wait.lock);

	e->count += min_t(u64, n, COUNT_MAX - min_t(u64, e->count, COUNT_MAX));
	wake_up_key_locked(&e->wait, TASK_NORMAL, 0, POLLIN | POLLRDNORM);
	spin_unlock_irqrestore(&e->wait.lock, flags);
}

void eventfd_put(struct eventfd *e)
{
	if (atomic_dec_and_test(&e->refs))
		kfree(e);
}

struct eventfd *eventfd_get(int fd)
{
	struct fd f = fdget(fd);

	if (!f.file)
		return ERR_PTR(-EBADF);
	struct eventfd *e = f.file->ops == &eventfd_fops ? f.file->private : ERR_PTR(-EINVAL);
	if (!IS_ERR(e))
		atomic_inc(&e->refs);
	fdput(f);
	return e;
}

static void eventfd_release(struct file *f)
{
	struct eventfd *e = f->private;

	wake_up_key(&e->wait, TASK_NORMAL, 0, POLLHUP);
	eventfd_put(e);
}

static const struct file_operations eventfd_fops = {
	.name = "eventfd",
	.read_iter = eventfd_read,
	.write_iter = eventfd_write,
	.poll = eventfd_poll,
	.release = eventfd_release,
	.llseek = noop_llseek,
	.no_splice = FMODE_READ | FMODE_WRITE,
};

long sys_eventfd2(u32 initial, int flags)
{
	if ((u32)flags & ~(O_NONBLOCK | O_CLOEXEC | EFD_SEMAPHORE))
		return -EINVAL;
	struct eventfd *e = kzalloc(sizeof(*e), GFP_KERNEL);
	if (!e)
		return -ENOMEM;
	atomic_set(&e->refs, 1);
	e->count = initial;
	e->semaphore = flags & EFD_SEMAPHORE;
	wait_queue_init(&e->wait);
	long fd = anon_fd("eventfd", &eventfd_fops, e, O_RDWR | ((u32)flags & ~EFD_SEMAPHORE));
	if (fd < 0)
		kfree(e);
	return fd;
}

long sys_eventfd(u32 initial) { return sys_eventfd2(initial, 0); }
