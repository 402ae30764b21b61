/*
 * signalfd, see signalfd.h. A read takes signals off the queues of the task that reads, as delivery does (signalfd(2)): a descriptor that a
 * child inherited shows the child's signals to the child.
 */
#include "io/async/signalfd.h"
#include "io/vfs/files.h"
#include "kernel/hal/uaccess.h"
#include "kernel/lib/string.h"
#include "kernel/sched/signal.h"
#include "mm/alloc.h"

struct signalfd {
	u64 set;
};

struct signalfd_siginfo { /* the ABI's, 128 bytes */
	u32 signo;
	s32 err, code;
	u32 pid, uid;
	s32 fd;
	u32 tid, band, overrun, trapno;
	s32 status, value;
	u32 ptr[2], utime[2], stime[2], addr[2];
	u32 rest[12];
};
static_assert(sizeof(struct signalfd_siginfo) == 128, "ABI");

static void fill(struct signalfd_siginfo *s, const struct siginfo_k *k)
{
	*s = (struct signalfd_siginfo){ .signo = (u32)k->signo, .err = k->err, .code = k->code };
	if (k->signo == SIGCHLD && k->code > 0 && k->code < SI_KERNEL) {
		s->pid = (u32)k->pid;
		s->uid = k->uid;
		s->status = (s32)k->addr_or_value;
		s->utime[0] = (u32)k->band_or_utime;
		s->stime[0] = (u32)k->fd_or_stime;
	} else if (k->code > 0 && k->code < SI_KERNEL && (k->signo == SIGSEGV || k->signo == SIGBUS || k->signo == SIGFPE || k->signo == SIGILL)) {
		s->addr[0] = k->addr_or_value;
	} else if (k->code > 0 && k->code < SI_KERNEL) {
		s->band = (u32)k->band_or_utime;
		s->fd = k->fd_or_stime;
	} else if (k->code == SI_TIMER) {
		s->tid = (u32)k->pid;
		s->overrun = k->uid;
		s->value = (s32)k->addr_or_value;
		s->ptr[0] = k->addr_or_value;
	} else {
		s->pid = (u32)k->pid;
		s->uid = k->uid;
		if (k->code < 0) {
			s->value = (s32)k->addr_or_value;
			s->ptr[0] = k->addr_or_value;
		}
	}
}

/* The next signal of the set; 0: none. */
static int take(u64 set, struct siginfo_k *info)
{
	struct sighand *h = current->sighand;
	u32 flags = spin_lock_irqsave(&h->lock);
	int sig = dequeue_signal(~set, info);

	spin_unlock_irqrestore(&h->lock, flags);
	return sig;
}

static bool any(u64 set) { return (*(volatile u64 *)&current->pending_set | *(volatile u64 *)&current->signal->shared_pending) & set; }

static ssize_t signalfd_read(struct kiocb *k, struct iov_iter *to)
{
	const struct signalfd *s = k->file->private;
	struct signalfd_siginfo out;
	struct siginfo_k info;
	ssize_t done = 0;

	if (iov_iter_count(to) < sizeof(out))
		return -EINVAL;
	while (iov_iter_count(to) >= sizeof(out)) {
		if (!take(s->set, &info)) {
			if (done)
				break;
			if ((k->file->flags & O_NONBLOCK) || (k->flags & IOCB_NOWAIT))
				return -EAGAIN;
			long err = wait_event_interruptible(&current->sighand->signalfd_wait, any(s->set));
			if (err)
				return err;
			continue;
		}
		fill(&out, &info);
		if (copy_to_iter(&out, sizeof(out), to) != sizeof(out))
			return done ? done : -EFAULT;
		done += sizeof(out);
	}
	return done;
}

static u32 signalfd_poll(struct file *f, struct poll_table *pt)
{
	const struct signalfd *s = f->private;

	poll_wait(f, &current->sighand->signalfd_wait, pt);
	return any(s->set) ? POLLIN | POLLRDNORM : 0;
}

static void signalfd_release(struct file *f) { kfree(f->private); }

static const struct file_operations signalfd_fops = {
	.name = "signalfd",
	.read_iter = signalfd_read,
	.poll = signalfd_poll,
	.release = signalfd_release,
	.llseek = noop_llseek,
	.no_splice = FMODE_READ,
};

/* Another set for a descriptor that is there. */
static long change(int fd, u64 set)
{
	struct fd f = fdget(fd);
	long ret = !f.file ? -EBADF : f.file->ops != &signalfd_fops ? -EINVAL : fd;

	if (ret >= 0) {
		struct signalfd *s = f.file->private;
		u32 flags = spin_lock_irqsave(&current->sighand->lock);
		s->set = set;
		spin_unlock_irqrestore(&current->sighand->lock, flags);
		wake_up_all(&current->sighand->signalfd_wait);
	}
	fdput(f);
	return ret;
}

long sys_signalfd4(int fd, const void __user *mask, size_t size, int flags)
{
	u64 set;

	if (size != sizeof(set) || ((u32)flags & ~(O_NONBLOCK | O_CLOEXEC)))
		return -EINVAL;
	if (copy_from_user(&set, mask, sizeof(set)))
		return -EFAULT;
	set &= ~SIGMASK_UNBLOCKABLE;
	if (fd != -1)
		return change(fd, set);
	struct signalfd *s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	s->set = set;
	long new = anon_fd("signalfd", &signalfd_fops, s, O_RDWR | (u32)flags);
	if (new < 0)
		kfree(s);
	return new;
}

long sys_signalfd(int fd, const void __user *mask, size_t size) { return sys_signalfd4(fd, mask, size, 0); }
