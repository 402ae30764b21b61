/* System calls about resource limits and use: rlimits, rusage, times. */
#include "kernel/hal/percpu.h"
#include "kernel/hal/uaccess.h"
#include "kernel/process/internal.h"
#include "kernel/process/usage.h"
#include "kernel/syscall/calls.h"

#define MAX_OPEN_FILES 1048576u
#define INFINITY_32 0xffffffffu
#define INFINITY_OLD 0x7fffffffu
#define USER_HZ 100

struct rlimit32 { u32 cur, max; };

static u32 narrow_limit(u64 v) { return v >= INFINITY_32 ? INFINITY_32 : (u32)v; }
static u64 wide_limit(u32 v) { return v == INFINITY_32 ? RLIM_INFINITY : v; }

/* t: a task of the process, whose signal state cannot go away. new may be NULL. */
static int do_prlimit(struct task *t, u32 which, const struct rlimit_k *new, struct rlimit_k *old)
{
	struct rlimit_k *r;
	u32 flags;
	int e = 0;

	if (which >= RLIM_NLIMITS)
		return -EINVAL;
	if (new && new->cur > new->max)
		return -EINVAL;
	if (new && which == RLIMIT_NOFILE && new->max > MAX_OPEN_FILES)
		return -EPERM;
	r = &t->signal->rlim[which];
	flags = spin_lock_irqsave(&t->sighand->lock);
	if (old)
		*old = *r;
	if (new && new->max > r->max && !capable())
		e = -EPERM;
	else if (new)
		*r = *new;
	spin_unlock_irqrestore(&t->sighand->lock, flags);
	if (!e && new && which == RLIMIT_CPU && (new->cur != RLIM_INFINITY || new->max != RLIM_INFINITY)) {
		struct process_usage u;
		spin_lock_bh(&tasklist_lock);
		process_usage(t, &u);
		t->signal->cpu_ns = u.utime_ns + u.stime_ns;
		t->signal->next_xcpu_ns = 0;
		t->signal->cpu_timers = true;
		spin_unlock_bh(&tasklist_lock);
	}
	return e;
}

static long get_limit(u32 which, void __user *user, u32 most)
{
	struct rlimit_k k;
	struct rlimit32 u;
	int e = do_prlimit(current, which, NULL, &k);

	if (e)
		return e;
	u = (struct rlimit32){ min(narrow_limit(k.cur), most), min(narrow_limit(k.max), most) };
	return copy_to_user(user, &u, sizeof(u)) ? -EFAULT : 0;
}

long sys_getrlimit(u32 which, void __user *limit) { return get_limit(which, limit, INFINITY_32); }
long sys_old_getrlimit(u32 which, void __user *limit) { return get_limit(which, limit, INFINITY_OLD); }

long sys_setrlimit(u32 which, const void __user *limit)
{
	struct rlimit_k k;
	struct rlimit32 u;

	if (copy_from_user(&u, limit, sizeof(u)))
		return -EFAULT;
	k = (struct rlimit_k){ wide_limit(u.cur), wide_limit(u.max) };
	return do_prlimit(current, which, &k, NULL);
}

long sys_prlimit64(pid_t pid, u32 which, const void __user *set, void __user *old_user)
{
	const struct cred *c = &current->cred;
	struct rlimit_k new, old;
	struct task *t;
	int e = 0;

	if (set && copy_from_user(&new, set, sizeof(new)))
		return -EFAULT;
	t = pid ? get_task_by_pid(pid) : get_task(current);
	if (!t)
		return -ESRCH;
	if (t->signal != current->signal && !capable() &&
	    (c->uid != t->cred.uid || c->uid != t->cred.euid || c->uid != t->cred.suid || c->gid != t->cred.gid))
		e = -EPERM;
	if (!e)
		e = do_prlimit(t, which, set ? &new : NULL, &old);
	put_task(t);
	if (!e && old_user && copy_to_user(old_user, &old, sizeof(old)))
		e = -EFAULT;
	return e;
}

/* ---- use ---- */

#define RUSAGE_SELF 0
#define RUSAGE_CHILDREN (-1)
#define RUSAGE_THREAD 1

static void children_usage(const struct signal *s, struct process_usage *u)
{
	*u = (struct process_usage){ s->cutime_ns, s->cstime_ns, s->cmin_flt, s->cmaj_flt, s->cnvcsw, s->cnivcsw, s->cmaxrss,
				     s->io_children };
}

long sys_getrusage(int who, struct rusage_user __user *user)
{
	struct task *t = current;
	struct process_usage u = { 0 };
	struct rusage_user r;

	switch (who) {
	case RUSAGE_SELF:
	case RUSAGE_THREAD:
		spin_lock_bh(&tasklist_lock);
		process_usage(t, &u);
		spin_unlock_bh(&tasklist_lock);
		if (who == RUSAGE_THREAD) {
			task_cputime(t, &u.utime_ns, &u.stime_ns);
			u.min_flt = t->min_flt;
			u.maj_flt = t->maj_flt;
			u.nvcsw = t->nvcsw;
			u.nivcsw = t->nivcsw;
			u.io = t->io;
		}
		break;
	case RUSAGE_CHILDREN:
		children_usage(t->signal, &u);
		break;
	default:
		return -EINVAL;
	}
	fill_rusage(&r, &u);
	return copy_to_user(user, &r, sizeof(r)) ? -EFAULT : 0;
}

long sys_times(void __user *tms)
{
	struct process_usage u, c;
	const u32 tick_ns = NSEC_PER_SEC / USER_HZ;

	if (tms) {
		spin_lock_bh(&tasklist_lock);
		process_usage(current, &u);
		spin_unlock_bh(&tasklist_lock);
		children_usage(current->signal, &c);
		const u32 v[4] = { (u32)div_u64(u.utime_ns, tick_ns), (u32)div_u64(u.stime_ns, tick_ns), (u32)div_u64(c.utime_ns, tick_ns),
				   (u32)div_u64(c.stime_ns, tick_ns) };
		if (copy_to_user(tms, v, sizeof(v)))
			return -EFAULT;
	}
	return (long)(div_u64(ktime_ns(), tick_ns) & 0x7fffffff);
}
