/*
 * timerfd, see timerfd.h. The timer's function counts an expiration and wakes; a periodic one goes on when that is read or asked for, as on
 * Linux, and the periods that passed meanwhile are counted then. Descriptors of the wall clock are in one list: when the clock is set, the
 * readers of those with CANCEL_ON_SET are told by ECANCELED.
 */
#include "io/async/timerfd.h"
#include "io/vfs/files.h"
#include "kernel/hal/cpu.h"
#include "kernel/init.h"
#include "kernel/sched/hrtimer.h"
#include "kernel/sched/timespec.h"
#include "mm/alloc.h"

#define TFD_TIMER_ABSTIME 1u
#define TFD_TIMER_CANCEL_ON_SET 2u

struct timerfd {
	int clock;
	struct hrtimer timer;
	u64 interval;           /* ns; wait.lock, like all below */
	u64 ticks;
	bool expired;           /* the timer has fired; what comes after that is not counted yet */
	bool tell, canceled;    /* CANCEL_ON_SET; the clock was set and the reader does not know yet */
	struct list_head node;  /* of the wall clock: in wall_list */
	struct wait_queue_head wait;
};

static const struct file_operations timerfd_fops;
static DEFINE_SPINLOCK(wall_lock, RANK_FILES);
static LIST_HEAD(wall_list);

static enum hrtimer_restart timerfd_expired(struct hrtimer *timer)
{
	struct timerfd *t = container_of(timer, struct timerfd, timer);
	u32 flags = spin_lock_irqsave(&t->wait.lock);

	t->expired = true;
	t->ticks++;
	wake_up_key_locked(&t->wait, TASK_NORMAL, 0, POLLIN | POLLRDNORM);
	spin_unlock_irqrestore(&t->wait.lock, flags);
	return HRTIMER_NORESTART;
}

/* Somebody takes notice: count the periods that have passed and let the next one come. Lock held. */
static void catch_up(struct timerfd *t)
{
	if (t->expired && t->interval) {
		u32 n = hrtimer_forward(&t->timer, hrtimer_now(&t->timer), t->interval);

		t->ticks += n ? n - 1 : 0; /* the first one is counted; 0: the wall clock was set back */
		hrtimer_restart(&t->timer);
	}
	t->expired = false;
}

static ssize_t timerfd_read(struct kiocb *k, struct iov_iter *to)
{
	struct timerfd *t = k->file->private;

	if (iov_iter_count(to) < sizeof(u64))
		return -EINVAL;
	for (;;) {
		u32 flags = spin_lock_irqsave(&t->wait.lock);
		bool canceled = t->canceled;
		if (canceled)
			t->expired = false; /* it is to be set anew */
		catch_up(t);
		u64 ticks = t->ticks;
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
	hrtimer_cancel(&t->timer);
	kfree(t);
}

static void timerfd_release(struct file *f) { destroy(f->private); }

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
	hrtimer_init(&t->timer, CLOCK_MONOTONIC, timerfd_expired);
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

/* wait.lock held. A timer that is due but was not yet served counts as nearly due. */
static struct itimer_setting remaining(struct timerfd *t)
{
	catch_up(t);
	s64 left = hrtimer_get_remaining(&t->timer);

	return (struct itimer_setting){ t->interval, !hrtimer_is_queued(&t->timer) ? 0 : left > 0 ? (u64)left : 1 };
}

static struct timerfd *timerfd_of(struct fd f)
{
	return !f.file ? ERR_PTR(-EBADF) : f.file->ops != &timerfd_fops ? ERR_PTR(-EINVAL) : f.file->private;
}

/* Lock held, the timer is not queued. -ECANCELED: it is set, but the clock was set since the last time. */
static int set(struct timerfd *t, const struct itimer_setting *s, u32 how)
{
	bool wall = t->clock == CLOCK_REALTIME && (how & TFD_TIMER_ABSTIME), canceled = t->canceled;

	t->ticks = 0;
	t->interval = s->interval;
	t->tell = wall && (how & TFD_TIMER_CANCEL_ON_SET);
	t->expired = t->canceled = false;
	hrtimer_init(&t->timer, wall ? CLOCK_REALTIME : CLOCK_MONOTONIC, timerfd_expired);
	if (!s->value)
		return 0;
	hrtimer_start(&t->timer, s->value, how & TFD_TIMER_ABSTIME ? HRTIMER_MODE_ABS : HRTIMER_MODE_REL);
	return canceled && t->tell ? -ECANCELED : 0;
}

/* With the lock, and the timer neither queued nor running: what it was set to. */
static u32 stop(struct timerfd *t, struct itimer_setting *before)
{
	for (;;) {
		u32 flags = spin_lock_irqsave(&t->wait.lock);

		*before = remaining(t);
		if (hrtimer_try_to_cancel(&t->timer) >= 0)
			return flags;
		spin_unlock_irqrestore(&t->wait.lock, flags); /* its function runs, and wants the lock */
		cpu_relax();
	}
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
		u32 flags = stop(t, &before);
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
