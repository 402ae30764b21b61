/* System calls about scheduling: nice values, policies, CPU masks. */
#include "kernel/hal/percpu.h"
#include "kernel/hal/uaccess.h"
#include "kernel/lib/err.h"
#include "kernel/sched/signal.h"
#include "kernel/syscall/calls.h"
#include "kernel/sched/timespec.h"
#include "mm/mm.h"

#define PRIO_PROCESS 0
#define PRIO_PGRP 1
#define PRIO_USER 2
#define MAX_RT_PRIORITY 99
#define SCHED_RESET_ON_FORK 0x40000000
#define FAIR_SLICE_NS 4000000ull

static struct task *task_or_self(pid_t pid)
{
	if (pid < 0)
		return ERR_PTR(-EINVAL);
	if (!pid)
		return get_task(current);
	struct task *t = get_task_by_pid(pid);
	return t ? t : ERR_PTR(-ESRCH);
}

static bool owner_or_capable(const struct task *t)
{
	uid_t euid = current->cred.euid;

	return capable() || euid == t->cred.uid || euid == t->cred.euid;
}

/* ---- nice ---- */

static int change_nice_of(struct task *t, int nice)
{
	if (!owner_or_capable(t))
		return -EPERM;
	/* RLIMIT_NICE 20 - n allows going down to n. */
	if (nice < t->nice && !capable() && (u64)(20 - nice) > t->signal->rlim[RLIMIT_NICE].cur)
		return -EACCES;
	set_user_nice(t, nice);
	return 0;
}

long sys_nice(int increment)
{
	int nice = max(-20, min(19, current->nice + max(-40, min(40, increment))));
	int e = change_nice_of(current, nice);

	return e == -EACCES ? -EPERM : e;
}

static bool prio_match(const struct task *t, int which, int who)
{
	if (t->flags & PF_KTHREAD && !(which == PRIO_PROCESS && t->pid == who))
		return false;
	switch (which) {
	case PRIO_PROCESS:
		return t->pid == who;
	case PRIO_PGRP:
		return t->signal->pgrp == who;
	default:
		return t->cred.uid == (uid_t)who;
	}
}

static int prio_who(int which, int who)
{
	if (who)
		return who;
	return which == PRIO_PROCESS ? current->pid : which == PRIO_PGRP ? current->signal->pgrp : (int)current->cred.uid;
}

/* 20 - nice, so that it is never negative. */
long sys_getpriority(int which, int who)
{
	struct task *t;
	long r = -ESRCH;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	who = prio_who(which, who);
	spin_lock_bh(&tasklist_lock);
	list_for_each_entry(t, &all_tasks, all_node) {
		if (prio_match(t, which, who))
			r = max(r, (long)(20 - t->nice));
	}
	spin_unlock_bh(&tasklist_lock);
	return r;
}

long sys_setpriority(int which, int who, int nice)
{
	struct task *t;
	long r = -ESRCH;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	nice = max(-20, min(19, nice));
	who = prio_who(which, who);
	spin_lock_bh(&tasklist_lock);
	list_for_each_entry(t, &all_tasks, all_node) {
		int e;
		if (!prio_match(t, which, who))
			continue;
		e = change_nice_of(t, nice);
		if (e || r == -ESRCH)
			r = e;
	}
	spin_unlock_bh(&tasklist_lock);
	return r;
}

/* ---- I/O priorities: their who is one more than that of setpriority ---- */

int ioprio_check(u32 ioprio)
{
	u32 class = IOPRIO_CLASS(ioprio), level = IOPRIO_LEVEL(ioprio);

	if (class == IOPRIO_CLASS_RT && !capable())
		return -EPERM;
	if (ioprio >> 16 || class > IOPRIO_CLASS_IDLE)
		return -EINVAL;
	if (class == IOPRIO_CLASS_NONE ? level : class != IOPRIO_CLASS_IDLE && level >= IOPRIO_LEVELS)
		return -EINVAL;
	return 0;
}

long sys_ioprio_set(int which, int who, u32 ioprio)
{
	struct task *t;
	long r = ioprio_check(ioprio);

	if (r)
		return r;
	if (which < IOPRIO_WHO_PROCESS || which > IOPRIO_WHO_USER)
		return -EINVAL;
	r = -ESRCH;
	which -= IOPRIO_WHO_PROCESS;
	who = prio_who(which, who);
	spin_lock_bh(&tasklist_lock);
	list_for_each_entry(t, &all_tasks, all_node) {
		if (!prio_match(t, which, who))
			continue;
		if (!owner_or_capable(t)) {
			r = -EPERM;
			break;
		}
		t->ioprio = ioprio;
		r = 0;
	}
	spin_unlock_bh(&tasklist_lock);
	return r;
}

/* The best one of those that match. */
long sys_ioprio_get(int which, int who)
{
	struct task *t;
	long r = -ESRCH;

	if (which < IOPRIO_WHO_PROCESS || which > IOPRIO_WHO_USER)
		return -EINVAL;
	which -= IOPRIO_WHO_PROCESS;
	who = prio_who(which, who);
	spin_lock_bh(&tasklist_lock);
	list_for_each_entry(t, &all_tasks, all_node) {
		long p = (long)task_effective_ioprio(t);

		if (prio_match(t, which, who))
			r = r < 0 ? p : min(r, p);
	}
	spin_unlock_bh(&tasklist_lock);
	return r;
}

/* ---- policies ---- */

static inline bool is_rt(u32 policy) { return policy == SCHED_FIFO || policy == SCHED_RR; }
static inline bool known_policy(u32 p) { return p == SCHED_NORMAL || is_rt(p) || p == SCHED_BATCH || p == SCHED_IDLE; }

long sys_sched_yield(void)
{
	yield_cpu();
	return 0;
}

/* policy -1: keep it. */
static long set_scheduler(pid_t pid, int policy, const u32 __user *param)
{
	struct task *t;
	u32 priority, p = (u32)policy & ~SCHED_RESET_ON_FORK;
	long r = 0;

	if (!param || pid < 0)
		return -EINVAL;
	if (get_user_u32(&priority, param))
		return -EFAULT;
	t = task_or_self(pid);
	if (IS_ERR(t))
		return PTR_ERR(t);
	if (policy == -1)
		p = t->policy;
	if (!known_policy(p) || priority > MAX_RT_PRIORITY || is_rt(p) != (priority != 0))
		r = -EINVAL;
	else if (!owner_or_capable(t))
		r = -EPERM;
	else if (is_rt(p) && !capable() && priority > t->rt_priority && priority > t->signal->rlim[RLIMIT_RTPRIO].cur)
		r = -EPERM;
	else
		sched_set_policy(t, p, priority);
	put_task(t);
	return r;
}

long sys_sched_setscheduler(pid_t pid, int policy, const u32 __user *param) { return policy < 0 ? -EINVAL : set_scheduler(pid, policy, param); }

long sys_sched_setparam(pid_t pid, const u32 __user *param) { return set_scheduler(pid, -1, param); }

long sys_sched_getscheduler(pid_t pid)
{
	struct task *t = task_or_self(pid);
	long r;

	if (IS_ERR(t))
		return PTR_ERR(t);
	r = (long)t->policy;
	put_task(t);
	return r;
}

long sys_sched_getparam(pid_t pid, u32 __user *param)
{
	struct task *t;
	u32 priority;

	if (!param)
		return -EINVAL;
	t = task_or_self(pid);
	if (IS_ERR(t))
		return PTR_ERR(t);
	priority = t->rt_priority;
	put_task(t);
	return put_user_u32(priority, param);
}

long sys_sched_get_priority_max(int policy) { return !known_policy((u32)policy) ? -EINVAL : is_rt((u32)policy) ? MAX_RT_PRIORITY : 0; }
long sys_sched_get_priority_min(int policy) { return !known_policy((u32)policy) ? -EINVAL : is_rt((u32)policy) ? 1 : 0; }

static long rr_interval(pid_t pid, void __user *ts, bool wide)
{
	struct task *t = task_or_self(pid);
	u64 ns;

	if (IS_ERR(t))
		return PTR_ERR(t);
	ns = t->policy == SCHED_RR ? SCHED_RR_SLICE_NS : t->policy == SCHED_FIFO ? 0 : FAIR_SLICE_NS;
	put_task(t);
	return put_timespec_ns(ts, wide, ns);
}

long sys_sched_rr_get_interval(pid_t pid, void __user *ts) { return rr_interval(pid, ts, false); }
long sys_sched_rr_get_interval_time64(pid_t pid, void __user *ts) { return rr_interval(pid, ts, true); }

/* ---- CPUs: there is one ---- */

#define CPU_MASK 1u

long sys_sched_setaffinity(pid_t pid, u32 len, const u32 __user *mask)
{
	struct task *t;
	u32 m = 0;
	long r = 0;

	if (copy_from_user(&m, mask, min(len, (u32)sizeof(m))))
		return -EFAULT;
	t = task_or_self(pid);
	if (IS_ERR(t))
		return PTR_ERR(t) == -EINVAL ? -ESRCH : PTR_ERR(t);
	if (!owner_or_capable(t))
		r = -EPERM;
	else if (!(m & CPU_MASK))
		r = -EINVAL;
	put_task(t);
	return r;
}

/* The size of the kernel's mask in bytes. */
long sys_sched_getaffinity(pid_t pid, u32 len, u32 __user *mask)
{
	struct task *t;

	if (len < sizeof(u32) || (len & (sizeof(u32) - 1)))
		return -EINVAL;
	t = task_or_self(pid);
	if (IS_ERR(t))
		return PTR_ERR(t) == -EINVAL ? -ESRCH : PTR_ERR(t);
	put_task(t);
	return put_user_u32(CPU_MASK, mask) ? -EFAULT : (long)sizeof(u32);
}

/*
 * membarrier(2): that all threads of the process, or of the system, have passed a memory barrier. On one CPU the others have: they were switched
 * away from. What is left is to keep the rule that the expedited forms want to be registered.
 */
#define MEMBARRIER_QUERY 0
#define MEMBARRIER_GLOBAL 1
#define MEMBARRIER_GLOBAL_EXPEDITED 2
#define MEMBARRIER_REGISTER_GLOBAL_EXPEDITED 4
#define MEMBARRIER_PRIVATE_EXPEDITED 8
#define MEMBARRIER_REGISTER_PRIVATE_EXPEDITED 16

long sys_membarrier(int cmd, u32 flags)
{
	if (flags)
		return -EINVAL;
	switch (cmd) {
	case MEMBARRIER_QUERY:
		return MEMBARRIER_GLOBAL | MEMBARRIER_GLOBAL_EXPEDITED | MEMBARRIER_REGISTER_GLOBAL_EXPEDITED | MEMBARRIER_PRIVATE_EXPEDITED |
		       MEMBARRIER_REGISTER_PRIVATE_EXPEDITED;
	case MEMBARRIER_GLOBAL:
	case MEMBARRIER_GLOBAL_EXPEDITED:
		return 0;
	case MEMBARRIER_PRIVATE_EXPEDITED:
		return current->mm->membarrier & MEMBARRIER_REGISTER_PRIVATE_EXPEDITED ? 0 : -EPERM;
	case MEMBARRIER_REGISTER_GLOBAL_EXPEDITED:
	case MEMBARRIER_REGISTER_PRIVATE_EXPEDITED:
		current->mm->membarrier |= (u32)cmd;
		return 0;
	default:
		return -EINVAL;
	}
}

long sys_getcpu(u32 __user *cpu, u32 __user *node)
{
	if ((cpu && put_user_u32(this_cpu()->id, cpu)) || (node && put_user_u32(0, node)))
		return -EFAULT;
	return 0;
}
