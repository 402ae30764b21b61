/*
 * POSIX timers: timer_create and what goes with it. Each has the one queue entry its signal travels in. A periodic timer that fired stays off
 * until its signal is taken (posix_taken); the periods that passed meanwhile are the overrun, and the next expiry is armed then, so that a
 * short period costs a program that does not look nothing. Timers of the wall clock, set to a moment of it, are hrtimers of CLOCK_REALTIME.
 * Timers of CPU clocks have no hrtimer: the tick looks at them. They are in trees in order of expiry, one for the process's time
 * and one for each thread's, so that the tick looks at the first of each only. A process's timers hang on its struct signal; the sighand lock
 * guards all. They are not inherited, and end with the program.
 */
#include "kernel/syscall/posix_timer.h"
#include "kernel/hal/percpu.h"
#include "kernel/hal/uaccess.h"
#include "kernel/sched/hrtimer.h"
#include "kernel/sched/jiffies.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/timespec.h"
#include "kernel/uapi/time.h"
#include "mm/alloc.h"

#define SIGEV_SIGNAL 0
#define SIGEV_NONE 1
#define SIGEV_THREAD 2 /* the C library's affair: a signal to the kernel */
#define SIGEV_THREAD_ID 4

struct sigevent_user {
	u32 value;
	s32 signo, notify, tid;
	u32 rest[12];
};
static_assert(sizeof(struct sigevent_user) == 64, "ABI");

enum base { MONOTONIC, REALTIME, PROCESS_CPU, THREAD_CPU }; /* what expires is counted in */

struct posix_timer {
	struct list_head node;    /* signal->posix_timers */
	int id, clock;
	bool silent;              /* SIGEV_NONE: only asked for what is left */
	bool armed;               /* expires is to come */
	bool requeue;             /* it fired, and goes on when its signal is taken */
	enum base base;
	u64 expires, interval;    /* ns; interval 0: once */
	u32 overrun, overrun_last;
	struct task *task;        /* leader of the process */
	struct task *thread;      /* SIGEV_THREAD_ID: who gets the signal, else NULL */
	struct task *cpu_task;    /* whose CPU time it counts, else NULL */
	struct hrtimer timer;
	struct rb_node cpu_node;  /* armed, of a CPU clock: in cpu_tree */
	bool in_cpu_tree;
	struct sigqueue queue;
};

/* ---- time ---- */

static u64 process_cpu_now(const struct signal *s)
{
	u64 ns = s->utime_dead_ns + s->stime_dead_ns;
	struct task *o;

	list_for_each_entry(o, &s->threads, thread_node)
		ns += task_runtime_ns(o);
	return ns;
}

static u64 now_of(const struct posix_timer *p)
{
	switch (p->base) {
	case REALTIME: return realtime_ns();
	case PROCESS_CPU: return process_cpu_now(p->task->signal);
	case THREAD_CPU: return task_runtime_ns(p->cpu_task);
	default: return ktime_ns();
	}
}

/* Move expires behind now; how many periods that took. */
static u32 forward(struct posix_timer *p, u64 now)
{
	u64 n;

	if (p->expires > now)
		return 0;
	n = div64_u64(now - p->expires, p->interval) + 1;
	p->expires += n * p->interval;
	return (u32)min_t(u64, n, 0x7fffffff);
}

static void add_overrun(struct posix_timer *p, u32 n) { p->overrun = min(p->overrun + n, 0x7fffffffu); }

static enum hrtimer_restart expired(struct hrtimer *timer);

static struct rb_root *cpu_tree(const struct posix_timer *p)
{
	return p->base == THREAD_CPU ? &p->cpu_task->cpu_timers : &p->task->signal->cpu_timers_tree;
}

static void cpu_enqueue(struct posix_timer *p)
{
	struct rb_root *tree = cpu_tree(p);
	struct rb_node **link = &tree->node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = p->expires < rb_entry(parent, struct posix_timer, cpu_node)->expires ? &parent->left : &parent->right;
	}
	rb_link_node(&p->cpu_node, parent, link);
	rb_insert_color(&p->cpu_node, tree);
	p->in_cpu_tree = true;
	p->task->signal->nr_thread_timers += p->base == THREAD_CPU;
	p->task->signal->cpu_timers = true;
}

static void cpu_dequeue(struct posix_timer *p)
{
	if (!p->in_cpu_tree)
		return;
	rb_erase(&p->cpu_node, cpu_tree(p));
	p->in_cpu_tree = false;
	p->task->signal->nr_thread_timers -= p->base == THREAD_CPU;
}

static void arm(struct posix_timer *p)
{
	p->armed = true;
	if (p->silent)
		return;
	if (p->base >= PROCESS_CPU) {
		cpu_dequeue(p);
		cpu_enqueue(p);
		return;
	}
	if (!hrtimer_is_queued(&p->timer))
		hrtimer_init(&p->timer, p->base == REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC, expired);
	hrtimer_start(&p->timer, p->expires, HRTIMER_MODE_ABS);
}

static void disarm(struct posix_timer *p)
{
	p->armed = p->requeue = false;
	(void)hrtimer_try_to_cancel(&p->timer); /* if its function runs, it waits for our lock, and then sees that it is not armed */
	cpu_dequeue(p);
	cancel_sigqueue_locked(p->thread ? p->thread : p->task, &p->queue, !p->thread);
}

/* ---- expiry ---- */

static void fire(struct posix_timer *p)
{
	p->armed = false;
	p->overrun = 0;
	if (send_sigqueue_locked(p->thread ? p->thread : p->task, &p->queue, !p->thread)) {
		p->requeue = p->interval != 0;
	} else if (p->interval) { /* nobody wants it now: once a tick is often enough */
		forward(p, now_of(p) + (p->interval < TICK_NSEC ? TICK_NSEC : 0));
		arm(p);
	}
}

static enum hrtimer_restart expired(struct hrtimer *timer)
{
	struct posix_timer *p = container_of(timer, struct posix_timer, timer);
	u32 flags = spin_lock_irqsave(&p->task->sighand->lock);

	if (p->armed) {
		if (p->expires <= now_of(p))
			fire(p);
		else
			arm(p); /* it was set again just now */
	}
	spin_unlock_irqrestore(&p->task->sighand->lock, flags);
	return HRTIMER_NORESTART;
}

/* The signal left its queue. */
static void posix_taken(struct sigqueue *q, struct siginfo_k *info)
{
	struct posix_timer *p = container_of(q, struct posix_timer, queue);

	p->overrun_last = 0;
	if (!p->requeue)
		return;
	p->requeue = false;
	add_overrun(p, forward(p, now_of(p)));
	p->overrun_last = p->overrun ? p->overrun - 1 : 0; /* the first expiry is the signal itself */
	if (info)
		info->uid = p->overrun_last; /* siginfo: si_overrun is where si_uid is */
	arm(p);
}

/* Fire what is due in the tree by its clock's time; whether timers are left. Those that fire and go on do so behind `now`. */
static bool fire_due(struct rb_root *tree, u64 now)
{
	struct rb_node *first;

	while ((first = rb_first(tree)) != NULL) {
		struct posix_timer *p = rb_entry(first, struct posix_timer, cpu_node);

		if (p->expires > now)
			return true;
		cpu_dequeue(p);
		fire(p);
	}
	return false;
}

bool posix_cpu_timers_tick(struct task *t)
{
	struct signal *s = t->signal;
	bool any = false;

	if (t->cpu_timers.node)
		any |= fire_due(&t->cpu_timers, task_runtime_ns(t));
	if (s->cpu_timers_tree.node)
		any |= fire_due(&s->cpu_timers_tree, process_cpu_now(s));
	return any || s->nr_thread_timers;
}

/* ---- making and ending ---- */

static void free_timer(struct posix_timer *p)
{
	hrtimer_cancel(&p->timer);
	put_task(p->task);
	if (p->thread)
		put_task(p->thread);
	if (p->cpu_task)
		put_task(p->cpu_task);
	kfree(p);
}

/* Lock held; the timer is no longer found by anybody. */
static void unlink_timer(struct posix_timer *p)
{
	disarm(p);
	list_del(&p->node);
	p->task->signal->nr_queued--;
}

void posix_timers_delete(struct task *t)
{
	struct signal *s = t->signal;

	while (!list_empty(&s->posix_timers)) {
		struct posix_timer *p = list_first_entry(&s->posix_timers, struct posix_timer, node);
		u32 flags = spin_lock_irqsave(&t->sighand->lock);

		unlink_timer(p);
		spin_unlock_irqrestore(&t->sighand->lock, flags);
		free_timer(p);
	}
	s->next_timer_id = 0;
}

/* A thread of this process, with a reference; 0 is the calling one. NULL: there is none of that number. */
static struct task *thread_of_mine(pid_t tid)
{
	struct task *t = tid ? get_task_by_pid(tid) : get_task(current);

	if (t && t->signal != current->signal) {
		put_task(t);
		t = NULL;
	}
	return t;
}

/* Which clock counts, and whose; CPU clocks of pthread_getcpuclockid have negative numbers: ~pid << 3, bit 2 for a thread, 2 for all time. */
static int choose_clock(struct posix_timer *p, int clock)
{
	p->clock = clock;
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_TAI:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
		return 0;
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC_COARSE:
		return -EOPNOTSUPP;
	case CLOCK_PROCESS_CPUTIME_ID:
		p->base = PROCESS_CPU;
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		clock = (int)(~0u << 3 | 6);
		break;
	}
	if (clock >= 0 || (clock & 3) != 2)
		return clock < 0 && (clock & 3) == 3 ? -EOPNOTSUPP : -EINVAL;
	p->base = clock & 4 ? THREAD_CPU : PROCESS_CPU;
	p->cpu_task = thread_of_mine(~(clock >> 3));
	return p->cpu_task && (p->base == THREAD_CPU || !~(clock >> 3) || p->cpu_task == current->leader) ? 0 : -EINVAL;
}

/* Who gets which signal. */
static int choose_event(struct posix_timer *p, const struct sigevent_user *e)
{
	p->queue.info = (struct siginfo_k){ .signo = e->signo, .code = SI_TIMER, .addr_or_value = e->value };
	switch (e->notify) {
	case SIGEV_NONE:
		p->silent = true;
		p->queue.info.signo = 0;
		return 0;
	case SIGEV_THREAD_ID:
		p->thread = e->tid > 0 ? thread_of_mine(e->tid) : NULL;
		if (!p->thread)
			return -EINVAL;
		break;
	case SIGEV_SIGNAL:
	case SIGEV_THREAD:
		break;
	default:
		return -EINVAL;
	}
	return e->signo > 0 && e->signo <= NSIG ? 0 : -EINVAL;
}

static struct posix_timer *find(int id)
{
	struct posix_timer *p;

	list_for_each_entry(p, &current->signal->posix_timers, node) {
		if (p->id == id)
			return p;
	}
	return NULL;
}

/* Give it a number. Each timer holds a queue entry, so RLIMIT_SIGPENDING limits them. */
static int publish(struct posix_timer *p)
{
	struct signal *s = current->signal;
	u32 flags = spin_lock_irqsave(&current->sighand->lock);
	int e = 0;

	if (s->nr_queued >= s->rlim[RLIMIT_SIGPENDING].cur) {
		e = -EAGAIN;
	} else {
		while (find(s->next_timer_id))
			s->next_timer_id = (s->next_timer_id + 1) & 0x7fffffff;
		p->id = s->next_timer_id;
		s->next_timer_id = (s->next_timer_id + 1) & 0x7fffffff;
		p->queue.info.pid = p->id; /* siginfo: si_timerid is where si_pid is */
		s->nr_queued++;
		list_add_tail(&p->node, &s->posix_timers);
	}
	spin_unlock_irqrestore(&current->sighand->lock, flags);
	return e;
}

long sys_timer_create(int clock, const void __user *user, s32 __user *id)
{
	struct sigevent_user event = { .signo = SIGALRM };
	struct posix_timer *p;
	int e, made;

	if (user && copy_from_user(&event, user, sizeof(event)))
		return -EFAULT;
	p = kzalloc(sizeof(*p), GFP_KERNEL);
	if (!p)
		return -ENOMEM;
	hrtimer_init(&p->timer, CLOCK_MONOTONIC, expired);
	INIT_LIST_HEAD(&p->queue.node);
	p->queue.taken = posix_taken;
	p->task = get_task(current->leader);
	e = choose_clock(p, clock);
	if (!e)
		e = choose_event(p, &event);
	if (!e)
		e = publish(p);
	if (e) {
		free_timer(p);
		return e;
	}
	made = p->id;
	if (!user)
		p->queue.info.addr_or_value = (u32)made;
	if (put_user_u32((u32)made, (u32 *)id)) {
		sys_timer_delete(made);
		return -EFAULT;
	}
	return 0;
}

long sys_timer_delete(int id)
{
	u32 flags = spin_lock_irqsave(&current->sighand->lock);
	struct posix_timer *p = find(id);

	if (p)
		unlink_timer(p);
	spin_unlock_irqrestore(&current->sighand->lock, flags);
	if (!p)
		return -EINVAL;
	free_timer(p);
	return 0;
}

/* ---- setting and asking; lock held in the first ones ---- */

static struct itimer_setting remaining(struct posix_timer *p)
{
	struct itimer_setting s = { p->interval, 0 };
	u64 now;

	if (!p->armed && !p->requeue)
		return s;
	now = now_of(p);
	if (p->interval && (p->requeue || p->silent))
		add_overrun(p, forward(p, now));
	s.value = p->expires > now ? p->expires - now : p->silent ? 0 : 1; /* due, but not yet served, still counts as running */
	return s;
}

static void set(struct posix_timer *p, const struct itimer_setting *s, bool absolute)
{
	disarm(p);
	p->interval = p->overrun_last = p->overrun = 0;
	p->queue.info.uid = 0;
	if (!s->value)
		return;
	if (p->base <= REALTIME) /* a span of time does not mind that the clock is set */
		p->base = absolute && (p->clock == CLOCK_REALTIME || p->clock == CLOCK_TAI) ? REALTIME : MONOTONIC;
	p->interval = s->interval;
	p->expires = absolute ? s->value : add_ns(now_of(p), s->value);
	arm(p);
}

static long settime(int id, bool absolute, const void __user *new, void __user *old, bool wide)
{
	struct itimer_setting s, before = { 0, 0 };
	struct posix_timer *p;
	u32 flags;
	int e;

	if (!new)
		return -EINVAL;
	e = get_itimerspec(new, wide, &s);
	if (e)
		return e;
	flags = spin_lock_irqsave(&current->sighand->lock);
	p = find(id);
	if (p) {
		before = remaining(p);
		set(p, &s, absolute);
	}
	spin_unlock_irqrestore(&current->sighand->lock, flags);
	if (!p)
		return -EINVAL;
	return old ? put_itimerspec(old, wide, &before) : 0;
}

static long gettime(int id, void __user *user, bool wide)
{
	u32 flags = spin_lock_irqsave(&current->sighand->lock);
	struct posix_timer *p = find(id);
	struct itimer_setting s = { 0, 0 };

	if (p)
		s = remaining(p);
	spin_unlock_irqrestore(&current->sighand->lock, flags);
	return p ? put_itimerspec(user, wide, &s) : -EINVAL;
}

long sys_timer_settime(int id, int flags, const void __user *new, void __user *old) { return settime(id, flags & TIMER_ABSTIME, new, old, false); }
long sys_timer_settime64(int id, int flags, const void __user *new, void __user *old) { return settime(id, flags & TIMER_ABSTIME, new, old, true); }
long sys_timer_gettime(int id, void __user *now) { return gettime(id, now, false); }
long sys_timer_gettime64(int id, void __user *now) { return gettime(id, now, true); }

long sys_timer_getoverrun(int id)
{
	u32 flags = spin_lock_irqsave(&current->sighand->lock);
	struct posix_timer *p = find(id);
	long r = p ? (long)p->overrun_last : -EINVAL;

	spin_unlock_irqrestore(&current->sighand->lock, flags);
	return r;
}
