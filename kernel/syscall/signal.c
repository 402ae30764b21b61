/* System calls about signals. The frames and returning from handlers are in kernel/process/sigframe.c. */
#include "kernel/hal/percpu.h"
#include "kernel/hal/uaccess.h"
#include "kernel/lib/err.h"
#include "kernel/process/internal.h"
#include "kernel/process/siginfo.h"
#include "kernel/syscall/calls.h"
#include "kernel/sched/timespec.h"

#define SIGSET_SIZE 8u

/* ---- sending ---- */

static inline bool valid_signal(int sig) { return sig >= 0 && sig <= NSIG; }

static int may_signal(const struct task *t, int sig)
{
	const struct cred *c = &current->cred;

	if (t->signal == current->signal || capable() || c->euid == t->cred.suid || c->euid == t->cred.uid || c->uid == t->cred.suid ||
	    c->uid == t->cred.uid)
		return 0;
	if (sig == SIGCONT && t->signal->session == current->signal->session)
		return 0;
	return -EPERM;
}

static struct siginfo_k info_of_sender(int sig, int code)
{
	return (struct siginfo_k){ .signo = sig, .code = code, .pid = current->tgid, .uid = current->cred.uid };
}

/* Signal 0 only asks whether one could. That there is such a signal is looked at after the receiver was found. */
static int signal_one(struct task *t, int sig, const struct siginfo_k *info, bool process)
{
	int e = valid_signal(sig) ? may_signal(t, sig) : -EINVAL;

	if (e || !sig)
		return e;
	return process ? send_signal_process(t, sig, info) : send_signal(t, sig, info);
}

/* To all processes of a group (pgrp > 0) or to all but init and the caller (-1). */
static long kill_many(pid_t pgrp, int sig)
{
	struct siginfo_k info = info_of_sender(sig, SI_USER);
	struct task *t;
	long r = -ESRCH;

	spin_lock_bh(&tasklist_lock);
	list_for_each_entry(t, &all_tasks, all_node) {
		int e;
		if (t != t->leader || (t->flags & PF_KTHREAD))
			continue;
		if (pgrp > 0 ? t->signal->pgrp != pgrp : (t->pid == 1 || t == current->leader))
			continue;
		e = signal_one(t, sig, &info, true);
		if (!e)
			r = 0;
		else if (r == -ESRCH)
			r = e;
	}
	spin_unlock_bh(&tasklist_lock);
	return r;
}

long sys_kill(pid_t pid, int sig)
{
	struct siginfo_k info = info_of_sender(sig, SI_USER);
	struct task *t;
	long r;

	if (pid == (pid_t)0x80000000)
		return -ESRCH;
	if (pid <= 0)
		return kill_many(pid == -1 ? -1 : pid ? -pid : current->signal->pgrp, sig);
	t = get_task_by_pid(pid);
	if (!t)
		return -ESRCH;
	r = signal_one(t, sig, &info, true);
	put_task(t);
	return r;
}

/* To one thread; tgid -1: whatever process it belongs to. */
static long kill_thread(pid_t tgid, pid_t tid, int sig, const struct siginfo_k *info)
{
	struct task *t;
	long r = -ESRCH;

	if (tid <= 0 || (tgid <= 0 && tgid != -1))
		return -EINVAL;
	t = get_task_by_pid(tid);
	if (!t)
		return -ESRCH;
	if (tgid == -1 || t->tgid == tgid)
		r = signal_one(t, sig, info, false);
	put_task(t);
	return r;
}

long sys_tkill(pid_t tid, int sig)
{
	struct siginfo_k info = info_of_sender(sig, SI_TKILL);

	return kill_thread(-1, tid, sig, &info);
}

long sys_tgkill(pid_t tgid, pid_t tid, int sig)
{
	struct siginfo_k info = info_of_sender(sig, SI_TKILL);

	return tgid <= 0 ? -EINVAL : kill_thread(tgid, tid, sig, &info);
}

/* Only the kernel may say that a signal comes from the kernel, from kill or from tkill, except to oneself. */
static int get_queue_info(struct siginfo_k *k, const void __user *user, int sig, pid_t pid)
{
	struct siginfo_user u;

	if (copy_from_user(&u, user, sizeof(u)))
		return -EFAULT;
	siginfo_from_user(k, &u);
	k->signo = sig;
	if ((k->code >= 0 || k->code == SI_TKILL) && current->tgid != pid)
		return -EPERM;
	return 0;
}

long kill_task(struct task *t, int sig, const void __user *user)
{
	struct siginfo_k info = info_of_sender(sig, SI_USER);
	struct siginfo_user u;

	if (user) {
		if (copy_from_user(&u, user, sizeof(u)))
			return -EFAULT;
		siginfo_from_user(&info, &u);
		if (info.signo != sig)
			return -EINVAL;
		if ((info.code >= 0 || info.code == SI_TKILL) && (!t || t->signal != current->signal))
			return -EPERM;
	}
	return t ? signal_one(t, sig, &info, true) : -ESRCH;
}

long sys_rt_sigqueueinfo(pid_t pid, int sig, const void __user *user)
{
	struct siginfo_k info;
	struct task *t;
	long r = get_queue_info(&info, user, sig, pid);

	if (r)
		return r;
	t = pid > 0 ? get_task_by_pid(pid) : NULL;
	if (!t)
		return -ESRCH;
	r = signal_one(t, sig, &info, true);
	put_task(t);
	return r;
}

long sys_rt_tgsigqueueinfo(pid_t tgid, pid_t tid, int sig, const void __user *user)
{
	struct siginfo_k info;
	long r;

	if (tgid <= 0)
		return -EINVAL;
	r = get_queue_info(&info, user, sig, tgid);
	return r ? r : kill_thread(tgid, tid, sig, &info);
}

/* ---- actions ---- */

static int do_sigaction(int sig, const struct k_sigaction *new, struct k_sigaction *old)
{
	struct task *t = current;
	struct k_sigaction *ka;
	u32 flags;

	if (sig < 1 || sig > NSIG || (new && (sigmask_of(sig) & SIGMASK_UNBLOCKABLE)))
		return -EINVAL;
	ka = &t->sighand->action[sig - 1];
	flags = spin_lock_irqsave(&t->sighand->lock);
	*old = *ka;
	if (new) {
		*ka = *new;
		ka->mask &= ~SIGMASK_UNBLOCKABLE;
		ka->flags &= SA_KNOWN_FLAGS; /* so that a program can ask which there are */
		/* POSIX: an action of "ignore" also discards what is pending. */
		if (ka->handler == SIG_IGN || (ka->handler == SIG_DFL && (sigmask_of(sig) & SIGMASK_IGNORED)))
			flush_signals_locked(t, sigmask_of(sig));
	}
	spin_unlock_irqrestore(&t->sighand->lock, flags);
	return 0;
}

struct sigaction_user { u32 handler, flags, restorer; u64 mask; };
static_assert(sizeof(struct sigaction_user) == 20, "ABI");
struct old_sigaction_user { u32 handler, mask, flags, restorer; };

long sys_rt_sigaction(int sig, const void __user *set, void __user *old, size_t size)
{
	struct sigaction_user u;
	struct k_sigaction new, was;
	int e;

	if (size != SIGSET_SIZE)
		return -EINVAL;
	if (set) {
		if (copy_from_user(&u, set, sizeof(u)))
			return -EFAULT;
		new = (struct k_sigaction){ u.handler, u.flags, u.restorer, u.mask };
	}
	e = do_sigaction(sig, set ? &new : NULL, &was);
	if (e || !old)
		return e;
	u = (struct sigaction_user){ was.handler, was.flags, was.restorer, was.mask };
	return copy_to_user(old, &u, sizeof(u)) ? -EFAULT : 0;
}

long sys_sigaction(int sig, const void __user *set, void __user *old)
{
	struct old_sigaction_user u;
	struct k_sigaction new, was;
	int e;

	if (set) {
		if (copy_from_user(&u, set, sizeof(u)))
			return -EFAULT;
		new = (struct k_sigaction){ u.handler, u.flags, u.restorer, u.mask };
	}
	e = do_sigaction(sig, set ? &new : NULL, &was);
	if (e || !old)
		return e;
	u = (struct old_sigaction_user){ was.handler, (u32)was.mask, was.flags, was.restorer };
	return copy_to_user(old, &u, sizeof(u)) ? -EFAULT : 0;
}

/* System V semantics: the handler is reset and the signal not blocked. */
long sys_signal(int sig, u32 handler)
{
	struct k_sigaction new = { .handler = handler, .flags = SA_RESETHAND | SA_NODEFER }, was;
	int e = do_sigaction(sig, &new, &was);

	return e ? e : (long)was.handler;
}

/* ---- masks ---- */

static int change_mask(int how, u64 set)
{
	u64 b = current->blocked;

	switch (how) {
	case SIG_BLOCK:
		set_current_blocked(b | set);
		return 0;
	case SIG_UNBLOCK:
		set_current_blocked(b & ~set);
		return 0;
	case SIG_SETMASK:
		set_current_blocked(set);
		return 0;
	default:
		return -EINVAL;
	}
}

long sys_rt_sigprocmask(int how, const void __user *set, void __user *old, size_t size)
{
	u64 new, was = current->blocked;
	int e;

	if (size != SIGSET_SIZE)
		return -EINVAL;
	if (set) {
		if (copy_from_user(&new, set, sizeof(new)))
			return -EFAULT;
		e = change_mask(how, new);
		if (e)
			return e;
	}
	return old && copy_to_user(old, &was, sizeof(was)) ? -EFAULT : 0;
}

long sys_sigprocmask(int how, const u32 __user *set, u32 __user *old)
{
	u64 was = current->blocked;
	u32 new;
	int e;

	if (set) {
		if (get_user_u32(&new, set))
			return -EFAULT;
		/* Only the first 32 signals are in the old set. */
		e = change_mask(how, how == SIG_SETMASK ? new | (was & ~0xffffffffull) : new);
		if (e)
			return e;
	}
	return old ? put_user_u32((u32)was, old) : 0;
}

static u64 pending_blocked(void)
{
	struct task *t = current;
	u32 flags = spin_lock_irqsave(&t->sighand->lock);
	u64 set = (t->pending_set | t->signal->shared_pending) & t->blocked;

	spin_unlock_irqrestore(&t->sighand->lock, flags);
	return set;
}

long sys_rt_sigpending(void __user *set, size_t size)
{
	u64 s = pending_blocked();

	if (size > SIGSET_SIZE)
		return -EINVAL;
	return copy_to_user(set, &s, size) ? -EFAULT : 0;
}

long sys_sigpending(u32 __user *set) { return put_user_u32((u32)pending_blocked(), set); }

/* ---- waiting ---- */

long sys_pause(void)
{
	while (!signal_pending_current()) {
		set_current_state(TASK_INTERRUPTIBLE);
		schedule();
	}
	return -ERESTARTNOHAND;
}

static long suspend(u64 mask)
{
	struct task *t = current;

	t->saved_blocked = t->blocked;
	set_current_blocked(mask);
	atomic_or(&t->flags, TIF_RESTORE_SIGMASK);
	return sys_pause();
}

long sys_rt_sigsuspend(const void __user *mask, size_t size)
{
	u64 m;

	if (size != SIGSET_SIZE)
		return -EINVAL;
	return copy_from_user(&m, mask, sizeof(m)) ? -EFAULT : suspend(m);
}

long sys_sigsuspend(int unused1, int unused2, u32 mask) { return suspend(mask); }

/* Take a pending signal of the set; 0: none. */
static int take_signal(u64 set, struct siginfo_k *info)
{
	struct task *t = current;
	u32 flags = spin_lock_irqsave(&t->sighand->lock);
	int sig = dequeue_signal(~set, info);

	spin_unlock_irqrestore(&t->sighand->lock, flags);
	return sig;
}

/* While waiting the signals of the set are not blocked, so that their senders wake this thread. */
static int wait_for_signal(u64 set, u64 deadline, struct siginfo_k *info, int *sig)
{
	struct task *t = current;
	u64 blocked = t->blocked;
	int e = 0;

	t->real_blocked = blocked;
	set_current_blocked(blocked & ~set);
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		*sig = take_signal(set, info);
		if (*sig)
			break;
		if (signal_pending_current()) {
			e = -EINTR;
			break;
		}
		if (!schedule_until(deadline)) {
			*sig = take_signal(set, info);
			e = *sig ? 0 : -EAGAIN;
			break;
		}
	}
	set_current_state(TASK_RUNNING);
	set_current_blocked(blocked);
	t->real_blocked = 0;
	return e;
}

static long sigtimedwait(const void __user *user_set, void __user *user_info, const void __user *timeout, size_t size, bool wide)
{
	struct siginfo_k info;
	struct siginfo_user u;
	u64 set, ns, deadline = WAIT_FOREVER;
	int sig, e;

	if (size != SIGSET_SIZE)
		return -EINVAL;
	if (copy_from_user(&set, user_set, sizeof(set)))
		return -EFAULT;
	if (timeout) {
		e = get_timespec_ns(timeout, wide, &ns);
		if (e)
			return e;
		deadline = add_ns(ktime_ns(), ns);
	}
	set &= ~SIGMASK_UNBLOCKABLE;
	sig = take_signal(set, &info);
	if (!sig) {
		if (timeout && !ns)
			return -EAGAIN;
		e = wait_for_signal(set, deadline, &info, &sig);
		if (e)
			return e;
	}
	siginfo_to_user(&u, &info);
	if (user_info && copy_to_user(user_info, &u, sizeof(u)))
		return -EFAULT;
	return sig;
}

long sys_rt_sigtimedwait(const void __user *set, void __user *info, const void __user *timeout, size_t size)
{
	return sigtimedwait(set, info, timeout, size, false);
}

long sys_rt_sigtimedwait_time64(const void __user *set, void __user *info, const void __user *timeout, size_t size)
{
	return sigtimedwait(set, info, timeout, size, true);
}
