/*
 * timerfd, see timerfd.h. The timer's callback (softirq) counts expirations and arms the next one; periods that passed while it was late are
 * counted too. Descriptors of the wall clock are in one list: when the clock is set, those that wait for a moment of it are armed again, and
 * with CANCEL_ON_SET the reader is told by ECANCELED.
 */
#include "io/async/timerfd.h"
#include "io/vfs/files.h"
#include "kernel/init.h"
#include "kernel/sched/timespec.h"
#include "kernel/uapi/time.h"
#include "mm/alloc.h"

#define TFD_TIMER_ABSTIME 1u
#define TFD_TIMER_CANCEL_ON_SET 2u

struct timerfd {
	int clock;
	struct timer timer;
	u64 expires, interval;  /* ns; expires 0: not armed. wait.lock, like all below */
	u64 wall_expires;       /* the moment of the wall clock that expires stands for, or 0 */
	u64 ticks;
	bool tell, canceled;    /* CANCEL_ON_SET; the clock was set and the reader does not know yet */
	struct list_head node;  /* of the wall clock: in wall_list */
	struct wait_queue_head wait;
};

static const struct file_operations timerfd_fops;
static DEFINE_SPINLOCK(wall_lock, RANK_FILES);
static LIST_HEAD(wall_list);

static void expired(void *arg)
{
	struct timerfd *t = arg;
	u32 flags = spin_lock_irqsave(&t->wait.lock);
	u64 now = ktime_ns();

	if (t->expires && t->expires <= now) {
		u64 missed = t->interval ? div64_u64(now - t->expires, t->interval) : 0;
		t->ticks += 1 + missed;
		t->expires = t->interval ? t->expires + (missed + 1) * t->interval : 0;
		if (t->wall_expires)
			t->wall_expires += (missed + 1) * t->interval;
		wake_up_key_locked(&t->wait, TASK_NORMAL, 0, POLLIN | POLLRDNORM);
	}
	if (t->expires)
		timer_mod(&t->timer, t->expires);
	spin_unlock_irqrestore(&t->wait.lock, flags);
}

static ssize_t timerfd_read(struct kiocb *k, struct iov_iter *to)
{
	struct timerfd *t = k->file->private;

	if (iov_iter_count(to) < sizeof(u64))
		return -EINVAL;
	for (;;) {
		u32 flags = spin_lock_irqsave(&t->wait.lock);
		u64 ticks = t->ticks;
		bool canceled = t->canceled;
		t->ticks = 0;
		t->canceled = false;
		spin_unlock_irqrestore(&t->wait.lock, flags);
		if (canceled)
			return -ECANCELED;
		if (ticks)
			return copy_to_iter(&ticks, sizeof(ticks), to) == sizeof(ticks) ? (ssize_t)sizeof(ticks) : -EFAULT;
		if ((k->file->flags & O_NONBLOCK) || (k->flags & IOCB_NOWAIT))
			return -EAGAIN;
		long err = wait_event_interruptible(&t->wait, *(volatile u64 *)&t->ticks || READ_ONCE(t->canceled));
		if (err)
			return err;
	}
}

static u32 timerfd_poll(struct file *f, struct poll_table *pt)
{
	struct timerfd *t = f->private;

	poll_wait(f, &t->wait, pt);
	return *(volatile u64 *)&t->ticks || READ_ONCE(t->canceled) ? POLLIN | POLLRDNORM : 0;
}

static void destroy(struct timerfd *t)
{
	spin_lock(&wall_lock);
	list_del(&t->node);
	spin_unlock(&wall_lock);
	timer_del_sync(&t->timer);
	kfree(t);
}

static void timerfd_release(struct file *f)
{
	struct timerfd *t = f->private;
	u32 flags = spin_lock_irqsave(&t->wait.lock);

	t->expires = 0; /* a callback under way does not arm it again */
	spin_unlock_irqrestore(&t->wait.lock, flags);
	destroy(t);
}

static const struct file_operations timerfd_fops = {
	.name = "timerfd",
	.read_iter = timerfd_read,
	.poll = timerfd_poll,
	.release = timerfd_release,
	.llseek = noop_llseek,
	.no_splice = FMODE_READ,
};

long sys_timerfd_create(int clock, int flags)
{
	if (((u32)flags & ~(O_NONBLOCK | O_CLOEXEC)) || (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME))
		return -EINVAL;
	struct timerfd *t = kzalloc(sizeof(*t), GFP_KERNEL);
	if (!t)
		return -ENOMEM;
	t->clock = clock;
	timer_init(&t->timer, expired, t);
	wait_queue_init(&t->wait);
	INIT_LIST_HEAD(&t->node);
	if (clock == CLOCK_REALTIME) {
		spin_lock(&wall_lock);
		list_add(&t->node, &wall_list);
		spin_unlock(&wall_lock);
	}
	long fd = anon_fd("timerfd", &timerfd_fops, t, O_RDWR | (u32)flags);
	if (fd < 0)
		destroy(t);
	return fd;
}

static void wall_clock_set(void)
{
	struct timerfd *t;

	spin_lock(&wall_lock);
	list_for_each_entry(t, &wall_list, node) {
		u32 flags = spin_lock_irqsave(&t->wait.lock);
		if (t->expires && t->wall_expires) {
			t->expires = max_t(u64, realtime_to_ktime(t->wall_expires), 1);
			timer_mod(&t->timer, t->expires);
		}
		if (t->tell) {
			t->canceled = true;
			wake_up_key_locked(&t->wait, TASK_NORMAL, 0, POLLIN | POLLRDNORM);
		}
		spin_unlock_irqrestore(&t->wait.lock, flags);
	}
	spin_unlock(&wall_lock);
}

int timerfd_init(void)
{
	static struct clock_set_hook hook = { .fn = wall_clock_set };

	clock_set_register(&hook);
	return 0;
}

/* ---- setting and asking ---- */

/* wait.lock held. A timer that has expired but was not yet served counts as nearly due. */
static struct itimer_setting remaining(const struct timerfd *t)
{
	u64 now = ktime_ns();

	return (struct itimer_setting){ t->interval, !t->expires ? 0 : t->expires > now ? t->expires - now : 1 };
}

static struct timerfd *timerfd_of(struct fd f)
{
	return !f.file ? ERR_PTR(-EBADF) : f.file->ops != &timerfd_fops ? ERR_PTR(-EINVAL) : f.file->private;
}

/* Lock held. -ECANCELED: it is set, but the clock was set since the last time. */
static int set(struct timerfd *t, const struct itimer_setting *s, u32 how)
{
	bool wall = t->clock == CLOCK_REALTIME && (how & TFD_TIMER_ABSTIME), canceled = t->canceled;

	t->ticks = 0;
	t->interval = s->interval;
	t->tell = wall && (how & TFD_TIMER_CANCEL_ON_SET);
	t->canceled = false;
	t->wall_expires = wall ? s->value : 0;
	if (!s->value) {
		t->expires = 0;
		timer_del(&t->timer);
		return 0;
	}
	t->expires = wall ? realtime_to_ktime(s->value) : how & TFD_TIMER_ABSTIME ? s->value : add_ns(ktime_ns(), s->value);
	t->expires = max_t(u64, t->expires, 1);
	timer_mod(&t->timer, t->expires);
	return canceled && t->tell ? -ECANCELED : 0;
}

static long settime(int fd, u32 how, const void __user *new, void __user *old, bool wide)
{
	struct itimer_setting s, before;
	int err = get_itimerspec(new, wide, &s);

	if (err)
		return err;
	if (how & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
		return -EINVAL;
	struct fd f = fdget(fd);
	struct timerfd *t = timerfd_of(f);
	if (!IS_ERR(t)) {
		u32 flags = spin_lock_irqsave(&t->wait.lock);
		before = remaining(t);
		err = set(t, &s, how);
		spin_unlock_irqrestore(&t->wait.lock, flags);
		if (!err && old)
			err = put_itimerspec(old, wide, &before);
	} else {
		err = (int)PTR_ERR(t);
	}
	fdput(f);
	return err;
}

static long gettime(int fd, void __user *user, bool wide)
{
	struct fd f = fdget(fd);
	struct timerfd *t = timerfd_of(f);
	long err = IS_ERR(t) ? PTR_ERR(t) : 0;

	if (!err) {
		u32 flags = spin_lock_irqsave(&t->wait.lock);
		struct itimer_setting s = remaining(t);
		spin_unlock_irqrestore(&t->wait.lock, flags);
		err = put_itimerspec(user, wide, &s);
	}
	fdput(f);
	return err;
}

long sys_timerfd_settime(int fd, int flags, const void __user *new, void __user *old) { return settime(fd, (u32)flags, new, old, false); }
long sys_timerfd_settime64(int fd, int flags, const void __user *new, void __user *old) { return settime(fd, (u32)flags, new, old, true); }
long sys_timerfd_gettime(int fd, void __user *now) { return gettime(fd, now, false); }
long sys_timerfd_gettime64(int fd, void __user *now) { return gettime(fd, now, true); }
