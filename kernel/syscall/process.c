/* System calls about processes: making, replacing and ending them, their numbers, groups and sessions. */
#include "io/vfs/namei.h"
#include "kernel/hal/percpu.h"
#include "kernel/hal/uaccess.h"
#include "kernel/lib/err.h"
#include "kernel/lib/string.h"
#include "kernel/process/internal.h"
#include "kernel/syscall/calls.h"

static struct regs *frame(void) { return task_regs(current); }

long sys_restart_syscall(void)
{
	struct restart_block *r = &current->restart;

	return r->fn ? r->fn(r) : -EINTR;
}

long sys_fork(void) { return do_clone(frame(), 0, 0, NULL, 0, NULL, NULL, SIGCHLD); }

long sys_vfork(void) { return do_clone(frame(), CLONE_VFORK | CLONE_VM, 0, NULL, 0, NULL, NULL, SIGCHLD); }

long sys_clone(u32 flags, u32 stack, u32 __user *ptid, u32 tls, u32 __user *ctid)
{
	if ((flags & CLONE_PIDFD) && (flags & CLONE_PARENT_SETTID)) /* both want the same word */
		return -EINVAL;
	return do_clone(frame(), flags, stack, ptid, tls, ctid, ptid, (int)(flags & 0xff));
}

struct clone_args { u64 flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup; };
#define CLONE_ARGS_SIZE_VER0 64u

/* A later version of the structure is fine as long as what we do not know is zero. */
static int get_clone_args(struct clone_args *a, const void __user *user, u32 size)
{
	u8 more[64];

	if (size < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	memset(a, 0, sizeof(*a));
	if (copy_from_user(a, user, min(size, (u32)sizeof(*a))))
		return -EFAULT;
	for (u32 at = sizeof(*a); at < size; at += sizeof(more)) {
		u32 n = min(size - at, (u32)sizeof(more));
		if (copy_from_user(more, (const u8 *)user + at, n))
			return -EFAULT;
		for (u32 i = 0; i < n; i++) {
			if (more[i])
				return -E2BIG;
		}
	}
	return 0;
}

long sys_clone3(const void __user *user, u32 size)
{
	struct clone_args a;
	u32 stack = 0;
	int e = get_clone_args(&a, user, size);

	if (e)
		return e;
	if (a.flags >> 32 || a.flags & 0xff || a.exit_signal > NSIG || a.set_tid || a.set_tid_size || a.cgroup)
		return -EINVAL;
	if (!a.stack != !a.stack_size || (a.flags & (CLONE_THREAD | CLONE_PARENT) && a.exit_signal))
		return -EINVAL;
	if (a.stack) {
		if (!access_ok((void *)(u32)a.stack, (u32)a.stack_size))
			return -EINVAL;
		stack = (u32)a.stack + (u32)a.stack_size;
	}
	return do_clone(frame(), (u32)a.flags, stack, (u32 *)(u32)a.parent_tid, (u32)a.tls, (u32 *)(u32)a.child_tid, (u32 *)(u32)a.pidfd,
			(int)a.exit_signal);
}

/* There is no per-process register base to set on i386; Linux answers the 64-bit codes so too. */
long sys_arch_prctl(int code, u32 addr) { return -EINVAL; }

/* For calls that programs probe for and do without: answers ENOSYS without a line in the log. */
long sys_unsupported(void) { return -ENOSYS; }

long sys_execve(const char __user *path, const void __user *argv, const void __user *envp)
{
	return sys_execveat(AT_FDCWD, path, argv, envp, 0);
}

long sys_execveat(int dfd, const char __user *path, const void __user *argv, const void __user *envp, int flags)
{
	char *name;
	int e;

	if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		return -EINVAL;
	name = getname_flags(path, flags & AT_EMPTY_PATH);
	if (IS_ERR(name))
		return PTR_ERR(name);
	e = do_execve(frame(), dfd, name, argv, envp, false, flags);
	putname(name);
	return e;
}

long sys_exit(int code) { do_exit((code & 0xff) << 8); }

long sys_exit_group(int code) { do_group_exit((code & 0xff) << 8); }

long sys_getpid(void) { return current->tgid; }
long sys_gettid(void) { return current->pid; }

/* The parent may change under us on another CPU only; its number is read through a pointer that stays valid while we live. */
long sys_getppid(void) { return current->leader->parent->tgid; }

/* ---- groups and sessions ---- */

/* Of process pid, 0: the caller. get: which number. */
static long process_number(pid_t pid, pid_t (*get)(const struct signal *s))
{
	struct task *t;
	long r;

	if (!pid)
		return get(current->signal);
	spin_lock_bh(&tasklist_lock);
	t = find_task(pid);
	r = t ? get(t->signal) : -ESRCH;
	spin_unlock_bh(&tasklist_lock);
	return r;
}

static pid_t get_pgrp(const struct signal *s) { return s->pgrp; }
static pid_t get_session(const struct signal *s) { return s->session; }

long sys_getpgid(pid_t pid) { return process_number(pid, get_pgrp); }
long sys_getpgrp(void) { return current->signal->pgrp; }
long sys_getsid(pid_t pid) { return process_number(pid, get_session); }

static bool group_exists_in_session(pid_t pgid, pid_t session)
{
	struct task *t;

	list_for_each_entry(t, &all_tasks, all_node) {
		if (t == t->leader && !(t->flags & PF_KTHREAD) && t->signal->pgrp == pgid && t->signal->session == session)
			return true;
	}
	return false;
}

static int may_set_group(struct task *t, pid_t pgid)
{
	struct task *me = current->leader;

	if (t->parent == me) {
		if (t->signal->session != me->signal->session)
			return -EPERM;
		if (t->did_exec)
			return -EACCES;
	} else if (t != me) {
		return -ESRCH;
	}
	if (t->signal->session_leader)
		return -EPERM;
	if (pgid != t->pid && !group_exists_in_session(pgid, me->signal->session))
		return -EPERM;
	return 0;
}

long sys_setpgid(pid_t pid, pid_t pgid)
{
	struct task *t;
	int e = -ESRCH;

	if (pgid < 0)
		return -EINVAL;
	if (!pid)
		pid = current->tgid;
	if (!pgid)
		pgid = pid;
	spin_lock_bh(&tasklist_lock);
	t = find_task(pid);
	if (!t || (t->flags & PF_KTHREAD))
		goto out;
	e = -EINVAL;
	if (t != t->leader)
		goto out;
	e = may_set_group(t, pgid);
	if (!e && t->signal->pgrp != pgid) {
		pid_t old = t->signal->pgrp;
		t->signal->pgrp = pgid;
		if (pgid == t->pid)
			t->signal->was_leader = true;
		if (old > 0 && old != t->pid)
			pid_put_unused(old);
	}
out:
	spin_unlock_bh(&tasklist_lock);
	return e;
}

long sys_setsid(void)
{
	struct task *leader = current->leader, *t;
	struct signal *s = current->signal;
	pid_t id = leader->pid, old_pgrp, old_session;
	long r = -EPERM;

	spin_lock_bh(&tasklist_lock);
	if (s->session_leader)
		goto out;
	list_for_each_entry(t, &all_tasks, all_node) {
		if (t->signal->pgrp == id && !(t->flags & PF_KTHREAD))
			goto out;
	}
	old_pgrp = s->pgrp;
	old_session = s->session;
	s->session_leader = s->was_leader = true;
	s->session = s->pgrp = id;
	s->tty = NULL;
	group_leave(leader, old_pgrp, old_session);
	r = id;
out:
	spin_unlock_bh(&tasklist_lock);
	return r;
}

long sys_set_tid_address(u32 __user *tid)
{
	current->clear_child_tid = tid;
	return current->pid;
}

/* ---- prctl, personality ---- */

#define PR_SET_PDEATHSIG 1
#define PR_GET_PDEATHSIG 2
#define PR_GET_DUMPABLE 3
#define PR_SET_DUMPABLE 4
#define PR_GET_KEEPCAPS 7
#define PR_SET_KEEPCAPS 8
#define PR_SET_NAME 15
#define PR_GET_NAME 16
#define PR_CAPBSET_READ 23
#define PR_GET_SECUREBITS 27
#define PR_SET_TIMERSLACK 29
#define PR_GET_TIMERSLACK 30
#define PR_SET_CHILD_SUBREAPER 36
#define PR_GET_CHILD_SUBREAPER 37
#define PR_SET_NO_NEW_PRIVS 38
#define PR_GET_NO_NEW_PRIVS 39
#define PR_GET_TID_ADDRESS 40
#define LAST_CAP 40

static long prctl_name(bool set, u32 addr)
{
	struct task *t = current;
	char name[TASK_COMM_LEN] = { 0 };

	if (!set) {
		strscpy(name, t->comm, sizeof(name));
		return copy_to_user((void *)addr, name, sizeof(name)) ? -EFAULT : 0;
	}
	if (strncpy_from_user(name, (const char *)addr, sizeof(name) - 1) < 0)
		return -EFAULT;
	strscpy(t->comm, name, sizeof(t->comm));
	return 0;
}

long sys_prctl(int option, u32 a, u32 b, u32 c, u32 d)
{
	struct task *t = current;

	switch (option) {
	case PR_SET_PDEATHSIG:
		if (a > NSIG)
			return -EINVAL;
		t->pdeath_signal = (int)a;
		return 0;
	case PR_GET_PDEATHSIG:
		return put_user_u32((u32)t->pdeath_signal, (u32 *)a);
	case PR_GET_DUMPABLE:
		return t->dumpable;
	case PR_SET_DUMPABLE:
		if (a > 1)
			return -EINVAL;
		t->dumpable = a;
		return 0;
	case PR_SET_NAME:
	case PR_GET_NAME:
		return prctl_name(option == PR_SET_NAME, a);
	case PR_CAPBSET_READ:
		return a > LAST_CAP ? -EINVAL : 1;
	case PR_GET_KEEPCAPS:
	case PR_GET_SECUREBITS:
		return 0;
	case PR_SET_KEEPCAPS: /* capabilities follow the effective uid here: there is nothing to keep */
		return a > 1 ? -EINVAL : a ? -EPERM : 0;
	case PR_SET_TIMERSLACK:
		t->timer_slack_ns = a ? a : t->default_timer_slack_ns;
		return 0;
	case PR_GET_TIMERSLACK:
		return (long)t->timer_slack_ns;
	case PR_SET_CHILD_SUBREAPER:
		t->signal->child_subreaper = a != 0;
		return 0;
	case PR_GET_CHILD_SUBREAPER:
		return put_user_u32(t->signal->child_subreaper, (u32 *)a);
	case PR_SET_NO_NEW_PRIVS:
		if (a != 1 || b || c || d)
			return -EINVAL;
		t->no_new_privs = true;
		return 0;
	case PR_GET_NO_NEW_PRIVS:
		return a || b || c || d ? -EINVAL : t->no_new_privs;
	case PR_GET_TID_ADDRESS:
		return put_user_u32((u32)t->clear_child_tid, (u32 *)a);
	default:
		return -EINVAL;
	}
}

long sys_personality(u32 persona)
{
	u32 old = current->personality;

	if (persona != ~0u)
		current->personality = persona;
	return (long)old;
}
