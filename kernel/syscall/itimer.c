/* Interval timers and alarm. ITIMER_REAL is a timer of its own, the CPU time ones are counted by the tick (kernel/process/cpu_timers.c). */
#include "kernel/hal/cpu.h"
#include "kernel/hal/percpu.h"
#include "kernel/hal/uaccess.h"
#include "kernel/process/usage.h"
#include "kernel/syscall/calls.h"

#define ITIMER_REAL 0
#define ITIMER_VIRTUAL 1
#define ITIMER_PROF 2

struct itimerval32 { struct timeval32 interval, value; };
struct itimer_ns { u64 interval, value; };

/* The next period, if there is one, begins when the signal is delivered (dequeue_signal). */
static enum hrtimer_restart real_timer_fn(struct hrtimer *t)
{
	send_signal_process(container_of(t, struct signal, itimer_real)->itimer_task, SIGALRM, NULL);
	return HRTIMER_NORESTART;
}

static void get_real(struct signal *s, struct itimer_ns *v)
{
	s64 left = hrtimer_get_remaining(&s->itimer_real);

	v->interval = s->itimer_real_interval_ns;
	v->value = 0;
	if (hrtimer_is_queued(&s->itimer_real)) /* due but not yet run still counts as running: never 0 */
		v->value = left > 0 ? (u64)left : 1000;
}

static void set_real(const struct itimer_ns *new, struct itimer_ns *old)
{
	struct task *t = current;
	struct signal *s = t->signal;
	u32 flags;

	for (;;) {
		flags = spin_lock_irqsave(&t->sighand->lock);
		get_real(s, old);
		if (hrtimer_try_to_cancel(&s->itimer_real) >= 0)
			break;
		spin_unlock_irqrestore(&t->sighand->lock, flags); /* its function runs, and wants the lock */
		cpu_relax();
	}
	s->itimer_task = t->leader;
	s->itimer_real_interval_ns = new->value ? new->interval : 0;
	hrtimer_init(&s->itimer_real, CLOCK_MONOTONIC, real_timer_fn);
	if (new->value)
		hrtimer_start(&s->itimer_real, new->value, HRTIMER_MODE_REL);
	spin_unlock_irqrestore(&t->sighand->lock, flags);
}

static void set_cpu(struct cpu_itimer *it, const struct itimer_ns *new, struct itimer_ns *old)
{
	struct task *t = current;
	u32 flags = spin_lock_irqsave(&t->sighand->lock);

	old->interval = it->interval_ns;
	old->value = it->left_ns;
	it->interval_ns = new->interval;
	it->left_ns = new->value;
	if (new->value)
		t->signal->cpu_timers = true;
	spin_unlock_irqrestore(&t->sighand->lock, flags);
}

static int to_itimer(struct itimer_ns *n, const struct itimerval32 *u)
{
	if (u->value.sec < 0 || u->interval.sec < 0 || (u32)u->value.usec >= 1000000 || (u32)u->interval.usec >= 1000000)
		return -EINVAL;
	n->value = (u64)(u32)u->value.sec * NSEC_PER_SEC + (u32)u->value.usec * 1000ull;
	n->interval = (u64)(u32)u->interval.sec * NSEC_PER_SEC + (u32)u->interval.usec * 1000ull;
	return 0;
}

static int put_itimer(void __user *user, const struct itimer_ns *n)
{
	struct itimerval32 u = { ns_to_timeval(n->interval), ns_to_timeval(n->value) };

	if (n->value && !u.value.sec && !u.value.usec)
		u.value.usec = 1;
	return copy_to_user(user, &u, sizeof(u)) ? -EFAULT : 0;
}

long sys_setitimer(int which, const void __user *value, void __user *old_user)
{
	struct signal *s = current->signal;
	struct itimer_ns new = { 0, 0 }, old;
	struct itimerval32 u;
	int e;

	if (value) {
		if (copy_from_user(&u, value, sizeof(u)))
			return -EFAULT;
		e = to_itimer(&new, &u);
		if (e)
			return e;
	}
	switch (which) {
	case ITIMER_REAL:
		set_real(&new, &old);
		break;
	case ITIMER_VIRTUAL:
		set_cpu(&s->it_virt, &new, &old);
		break;
	case ITIMER_PROF:
		set_cpu(&s->it_prof, &new, &old);
		break;
	default:
		return -EINVAL;
	}
	return old_user ? put_itimer(old_user, &old) : 0;
}

long sys_getitimer(int which, void __user *value)
{
	struct task *t = current;
	struct signal *s = t->signal;
	struct itimer_ns now;
	u32 flags;

	if (which < ITIMER_REAL || which > ITIMER_PROF)
		return -EINVAL;
	flags = spin_lock_irqsave(&t->sighand->lock);
	if (which == ITIMER_REAL)
		get_real(s, &now);
	else
		now = which == ITIMER_VIRTUAL ? (struct itimer_ns){ s->it_virt.interval_ns, s->it_virt.left_ns } :
						(struct itimer_ns){ s->it_prof.interval_ns, s->it_prof.left_ns };
	spin_unlock_irqrestore(&t->sighand->lock, flags);
	return put_itimer(value, &now);
}

/* Seconds left of the previous alarm, rounded to the nearest but never 0 while one was set. */
long sys_alarm(u32 seconds)
{
	struct itimer_ns new = { 0, (u64)min(seconds, 0x7fffffffu) * NSEC_PER_SEC }, old;
	u64 left;

	set_real(&new, &old);
	left = div_u64(old.value + NSEC_PER_SEC / 2, NSEC_PER_SEC);
	return old.value && !left ? 1 : (long)left;
}
