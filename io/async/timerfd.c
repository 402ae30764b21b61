/*
 * timerfd, see timerfd.h. The timer's callback (softirq) counts expirations and arms the next one; periods that passed while it was late are
 * counted too. An absolute time of the wall clock is turned into one of the monotonic clock when it is set.
 */
#include "io/async/timerfd.h"
#include "io/vfs/files.h"
#include "kernel/sched/timespec.h"
#include "kernel/uapi/time.h"
#include "mm/alloc.h"

#define TFD_TIMER_ABSTIME 1u
#define TFD_TIMER_CANCEL_ON_SET 2u

struct timerfd {
	int clock;
	struct timer timer;
	u64 expires, interval;  /* ns; expires 0: not armed. wait.lock, like ticks */
	u64 ticks;
	struct wait_queue_head wait;
};

static const struct file_operations timerfd_fops;

static void expired(void *arg)
{
	struct timerfd *t = arg;
	u32 flags = spin_lock_irqsave(&t->wait.lock);
	u64 now = ktime_ns();

	if (t->expires && t->expires <= now) {
		u64 missed = t->interval ? div64_u64(now - t->expires, t->interval) : 0;
		t->ticks += 1 + missed;
		t->expires = t->interval ? t->expires + (missed + 1) * t->interval : 0;
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
		t->ticks = 0;
		spin_unlock_irqrestore(&t->wait.lock, flags);
		if (ticks)
			return copy_to_iter(&ticks, sizeof(ticks), to) == sizeof(ticks) ? (ssize_t)sizeof(ticks) : -EFAULT;
		if ((k->file->flags & O_NONBLOCK) || (k->flags & IOCB_NOWAIT))
			return -EAGAIN;
		long err = wait_event_interruptible(&t->wait, *(volatile u64 *)&t->ticks);
		if (err)
			return err;
	}
}

static u32 timerfd_poll(struct file *f, struct poll_table *pt)
{
	struct timerfd *t = f->private;

	poll_wait(f, &t->wait, pt);
	return *(volatile u64 *)&t->ticks ? POLLIN | POLLRDNORM : 0;
}

static void timerfd_release(struct file *f)
{
	struct timerfd *t = f->private;
	u32 flags = spin_lock_irqsave(&t->wait.lock);

	t->expires = 0; /* a callback under way does not arm it again */
	spin_unlock_irqrestore(&t->wait.lock, flags);
	timer_del_sync(&t->timer);
	kfree(t);
}

static const struct file_operations timerfd_fops = {
	.name = "timerfd",
	.read_iter = timerfd_read,
	.poll = timerfd_poll,
	.release = timerfd_release,
	.llseek = noop_llseek,
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
	long fd = anon_fd("timerfd", &timerfd_fops, t, O_RDWR | (u32)flags);
	if (fd < 0)
		kfree(t);
	return fd;
}

/* ---- setting and asking ---- */

struct setting { u64 interval, value; }; /* ns */

static int get_setting(const u8 __user *user, bool wide, struct setting *s)
{
	int err = get_timespec_ns(user, wide, &s->interval);
	return err ? err : get_timespec_ns(user + (wide ? sizeof(struct timespec64) : sizeof(struct timespec32)), wide, &s->value);
}

static int put_setting(u8 __user *user, bool wide, const struct setting *s)
{
	int err = put_timespec_ns(user, wide, s->interval);
	return err ? err : put_timespec_ns(user + (wide ? sizeof(struct timespec64) : sizeof(struct timespec32)), wide, s->value);
}

/* wait.lock held. A timer that has expired but was not yet served counts as nearly due. */
static struct setting remaining(const struct timerfd *t)
{
	u64 now = ktime_ns();

	return (struct setting){ t->interval, !t->expires ? 0 : t->expires > now ? t->expires - now : 1 };
}

static struct timerfd *timerfd_of(struct fd f)
{
	return !f.file ? ERR_PTR(-EBADF) : f.file->ops != &timerfd_fops ? ERR_PTR(-EINVAL) : f.file->private;
}

static u64 absolute(const struct timerfd *t, u64 value, bool is_absolute)
{
	if (!is_absolute)
		return add_ns(ktime_ns(), value);
	if (t->clock == CLOCK_REALTIME)
		value = realtime_to_ktime(value);
	return max_t(u64, value, 1);
}

static long settime(int fd, u32 how, const void __user *new, void __user *old, bool wide)
{
	struct setting s, before;
	int err = get_setting(new, wide, &s);

	if (err)
		return err;
	if (how & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
		return -EINVAL;
	struct fd f = fdget(fd);
	struct timerfd *t = timerfd_of(f);
	if (!IS_ERR(t)) {
		u32 flags = spin_lock_irqsave(&t->wait.lock);
		before = remaining(t);
		t->ticks = 0;
		t->interval = s.interval;
		t->expires = s.value ? absolute(t, s.value, how & TFD_TIMER_ABSTIME) : 0;
		if (t->expires)
			timer_mod(&t->timer, t->expires);
		else
			timer_del(&t->timer);
		spin_unlock_irqrestore(&t->wait.lock, flags);
		err = old ? put_setting(old, wide, &before) : 0;
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
		struct setting s = remaining(t);
		spin_unlock_irqrestore(&t->wait.lock, flags);
		err = put_setting(user, wide, &s);
	}
	fdput(f);
	return err;
}

long sys_timerfd_settime(int fd, int flags, const void __user *new, void __user *old) { return settime(fd, (u32)flags, new, old, false); }
long sys_timerfd_settime64(int fd, int flags, const void __user *new, void __user *old) { return settime(fd, (u32)flags, new, old, true); }
long sys_timerfd_gettime(int fd, void __user *now) { return gettime(fd, now, false); }
long sys_timerfd_gettime64(int fd, void __user *now) { return gettime(fd, now, true); }
