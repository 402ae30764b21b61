/* wait4, waitpid, waitid: look at the children of the calling process, sleep on its child_wait until one changes. */
#include "kernel/hal/uaccess.h"
#include "kernel/lib/div64.h"
#include "kernel/lib/string.h"
#include "kernel/process/internal.h"
#include "kernel/process/pidfd.h"
#include "kernel/process/usage.h"
#include "kernel/syscall/calls.h"

#define WNOHANG 1
#define WUNTRACED 2
#define WSTOPPED WUNTRACED
#define WEXITED 4
#define WCONTINUED 8
#define WNOWAIT 0x01000000
#define WNOTHREAD_ 0x20000000
#define WALL_ 0x40000000
#define WCLONE_ 0x80000000u

#define P_ALL 0
#define P_PID 1
#define P_PGID 2
#define P_PIDFD 3

struct wait_request {
	int type;          /* P_* */
	pid_t id;
	const struct signal *process; /* P_PIDFD: whose */
	u32 options;
	/* results */
	pid_t pid;
	uid_t uid;
	int status;        /* as wait4 tells it */
	int code, value;   /* as waitid tells it */
	struct process_usage usage;
};

static bool eligible(const struct wait_request *w, const struct task *c)
{
	if (w->type == P_PID && c->pid != w->id)
		return false;
	if (w->type == P_PIDFD && c->signal != w->process)
		return false;
	if (w->type == P_PGID && c->signal->pgrp != w->id)
		return false;
	/* A child that does not signal SIGCHLD is a "clone" child (Linux wait(2), __WCLONE). */
	if (!(w->options & WALL_) && (c->exit_signal != SIGCHLD) != ((w->options & WCLONE_) != 0))
		return false;
	return true;
}

static void describe(struct wait_request *w, struct task *c, int status, int code, int value)
{
	w->pid = c->pid;
	w->uid = c->cred.uid;
	w->status = status;
	w->code = code;
	w->value = value;
	process_usage(c, &w->usage);
}

/* Add what a reaped child used, and what its own children had used, to our totals. */
static void keep_child_usage(struct signal *s, struct task *c, const struct process_usage *u)
{
	struct signal *cs = c->signal;

	s->cutime_ns += u->utime_ns + cs->cutime_ns;
	s->cstime_ns += u->stime_ns + cs->cstime_ns;
	s->cmin_flt += u->min_flt + cs->cmin_flt;
	s->cmaj_flt += u->maj_flt + cs->cmaj_flt;
	s->cnvcsw += u->nvcsw + cs->cnvcsw;
	s->cnivcsw += u->nivcsw + cs->cnivcsw;
	task_io_add(&s->io_children, &u->io);
	task_io_add(&s->io_children, &cs->io_children);
	s->cmaxrss = max(s->cmaxrss, max(u->maxrss, cs->cmaxrss));
}

/* Has child c something to tell? Then describe it and return true; *reap: it is to be released. tasklist_lock held. */
static bool look_at(struct wait_request *w, struct task *c, bool *reap)
{
	struct signal *s = c->signal;

	if (c->exit_state == TASK_ZOMBIE) {
		int st = c->exit_code;
		if (!(w->options & WEXITED) || !list_is_singular(&s->threads))
			return false;
		if (st & 0x7f)
			describe(w, c, st, st & 0x80 ? CLD_DUMPED : CLD_KILLED, st & 0x7f);
		else
			describe(w, c, st, CLD_EXITED, st >> 8 & 0xff);
		*reap = !(w->options & WNOWAIT);
		return true;
	}
	if (c->exit_state)
		return false;
	if ((w->options & WSTOPPED) && s->stopped && !s->stop_reported && s->stop_sig) {
		describe(w, c, s->stop_sig << 8 | 0x7f, CLD_STOPPED, s->stop_sig);
		if (!(w->options & WNOWAIT))
			s->stop_reported = true;
		return true;
	}
	if ((w->options & WCONTINUED) && s->cont_pending) {
		describe(w, c, 0xffff, CLD_CONTINUED, SIGCONT);
		if (!(w->options & WNOWAIT))
			s->cont_pending = false;
		return true;
	}
	return false;
}

static bool process_ended(const struct task *leader)
{
	return leader->exit_state && list_is_singular(&leader->signal->threads);
}

/* One look at all children: 1 found, 0 nothing yet, -ECHILD. */
static int scan(struct wait_request *w)
{
	struct task *leader = current->leader, *c;
	bool any = false, reap = false;

	spin_lock_bh(&tasklist_lock);
	list_for_each_entry(c, &leader->children, sibling) {
		if (!eligible(w, c))
			continue;
		if (!look_at(w, c, &reap)) {
			/* A dead one has nothing more to tell to who does not ask for its end. */
			any |= (w->options & WEXITED) || !process_ended(c);
			continue;
		}
		if (reap) {
			keep_child_usage(current->signal, c, &w->usage);
			release_task_unlock(c);
		} else {
			spin_unlock_bh(&tasklist_lock);
		}
		return 1;
	}
	spin_unlock_bh(&tasklist_lock);
	return any ? 0 : -ECHILD;
}

/* pid of a child, 0 (WNOHANG, nothing) or -errno. */
static long do_wait(struct wait_request *w)
{
	struct wait_queue_head *wq = &current->signal->child_wait;
	struct wait_queue_entry e = wait_entry_for_current();
	long r;

	for (;;) {
		prepare_to_wait(wq, &e, TASK_INTERRUPTIBLE);
		r = scan(w);
		if (r)
			break;
		if (w->options & WNOHANG)
			break;
		if (signal_pending_current()) {
			r = -ERESTARTSYS;
			break;
		}
		schedule();
	}
	finish_wait(wq, &e);
	return r > 0 ? w->pid : r;
}

static int put_rusage(const struct process_usage *u, struct rusage_user __user *user)
{
	struct rusage_user ru;

	if (!user)
		return 0;
	fill_rusage(&ru, u);
	return copy_to_user(user, &ru, sizeof(ru)) ? -EFAULT : 0;
}

long sys_wait4(pid_t pid, u32 __user *status, u32 options, struct rusage_user __user *ru)
{
	struct wait_request w = { .type = P_PID, .id = pid, .options = options | WEXITED };
	long r;

	if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | WNOTHREAD_ | WALL_ | WCLONE_))
		return -EINVAL;
	if (pid == (pid_t)0x80000000)
		return -ESRCH;
	if (pid == -1) {
		w.type = P_ALL;
	} else if (pid <= 0) {
		w.type = P_PGID;
		w.id = pid ? -pid : current->signal->pgrp;
	}
	r = do_wait(&w);
	if (r <= 0)
		return r;
	if (status && put_user_u32((u32)w.status, status))
		return -EFAULT;
	return put_rusage(&w.usage, ru) ? -EFAULT : r;
}

long sys_waitpid(pid_t pid, u32 __user *status, u32 options) { return sys_wait4(pid, status, options, NULL); }

/* Whom to wait for, and the wait; what do_wait answers. */
static long wait_by_id(struct wait_request *w)
{
	struct signal *by_fd;
	bool nonblock, wait = !(w->options & WNOHANG);
	long r;

	if ((w->options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | WNOTHREAD_ | WALL_ | WCLONE_)) ||
	    !(w->options & (WEXITED | WSTOPPED | WCONTINUED)))
		return -EINVAL;
	switch (w->type) {
	case P_ALL:
		return do_wait(w);
	case P_PID:
		return w->id <= 0 ? -EINVAL : do_wait(w);
	case P_PGID:
		if (w->id < 0)
			return -EINVAL;
		if (!w->id)
			w->id = current->signal->pgrp;
		return do_wait(w);
	case P_PIDFD:
		if (w->id < 0)
			return -EINVAL;
		r = pidfd_process(w->id, &by_fd, &nonblock);
		if (r)
			return r;
		w->process = by_fd;
		w->options |= nonblock ? WNOHANG : 0;
		r = do_wait(w);
		signal_put(by_fd);
		return !r && nonblock && wait ? -EAGAIN : r;
	}
	return -EINVAL;
}

/* The siginfo is written also when nothing was found or there is an error: all zeros then. */
long sys_waitid(int type, pid_t id, void __user *info, u32 options, struct rusage_user __user *ru)
{
	struct wait_request w = { .type = type, .id = id, .options = options };
	u32 si[6] = { 0 };
	long r = wait_by_id(&w);

	if (r > 0) {
		/* si_signo, si_errno, si_code, si_pid, si_uid, si_status */
		si[0] = SIGCHLD;
		si[2] = (u32)w.code;
		si[3] = (u32)w.pid;
		si[4] = w.uid;
		si[5] = (u32)w.value;
		if (put_rusage(&w.usage, ru))
			return -EFAULT;
	}
	if (info && copy_to_user(info, si, sizeof(si)))
		return -EFAULT;
	return min(r, 0l);
}
