/*
 * The end of a task. Order: no more signals; user memory (with the futexes that others wait for); files; terminal of a session leader;
 * then the family: children go to their new parent, stopped groups without a controller are continued, the parent is told.
 * A process has ended when its leader is a zombie and no other thread is left; only then its parent can wait for it.
 */
#include "io/vfs/files.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/uaccess.h"
#include "kernel/ipc/calls.h"
#include "kernel/lib/div64.h"
#include "kernel/process/internal.h"
#include "kernel/sync/completion.h"
#include "kernel/syscall/futex.h"
#include "kernel/syscall/posix_timer.h"
#include "mm/mm.h"


void mm_release(struct task *t)
{
	struct completion *vfork;

	if (t->robust_list)
		exit_robust_list(t);
	futex_pi_exit(t);
	if (t->clear_child_tid) {
		if (atomic_read(&t->mm->users) > 1 && !put_user_u32(0, t->clear_child_tid))
			futex_wake_addr(t->clear_child_tid, 1);
		t->clear_child_tid = NULL;
	}
	if (!t->vfork_done)
		return;
	spin_lock_bh(&tasklist_lock); /* a parent that is killed stops waiting: see vfork_wait */
	vfork = t->vfork_done;
	t->vfork_done = NULL;
	if (vfork)
		complete(vfork);
	spin_unlock_bh(&tasklist_lock);
}

void exit_mm(struct task *t)
{
	struct mm *mm = t->mm;

	if (!mm)
		return;
	mm_release(t);
	t->signal->maxrss = max(t->signal->maxrss, max(mm->rss, mm->hiwater_rss));
	mm_grab(mm); /* the page directory stays loaded until the next switch */
	spin_lock_bh(&tasklist_lock);
	irq_disable();
	t->mm = NULL;
	irq_enable();
	spin_unlock_bh(&tasklist_lock);
	sched_fpu_forget(t);
	mm_put(mm);
}

struct mm *get_task_mm(struct task *t)
{
	struct mm *mm;

	spin_lock_bh(&tasklist_lock);
	mm = t->mm;
	if (mm && !atomic_inc_not_zero(&mm->users))
		mm = NULL;
	spin_unlock_bh(&tasklist_lock);
	return mm;
}

static void exit_files(struct task *t)
{
	struct files *files;
	struct fs_context *fs;

	spin_lock_bh(&tasklist_lock);
	files = t->files;
	fs = t->fs;
	t->files = NULL;
	t->fs = NULL;
	spin_unlock_bh(&tasklist_lock);
	if (files)
		files_put(files);
	if (fs)
		fs_put(fs);
}

/* From here on no signal is delivered to t; what the process still has pending goes to another thread. */
static void exit_signals(struct task *t)
{
	struct task *o;
	u32 flags = spin_lock_irqsave(&t->sighand->lock);

	atomic_or(&t->flags, PF_EXITING);
	atomic_and(&t->flags, ~(TIF_SIGPENDING | TIF_RESTORE_SIGMASK));
	if (!t->signal->group_exit && t->signal->shared_pending) {
		list_for_each_entry(o, &t->signal->threads, thread_node) {
			if (!(o->flags & PF_EXITING) && (t->signal->shared_pending & ~o->blocked))
				signal_wake_up(o);
		}
	}
	spin_unlock_irqrestore(&t->sighand->lock, flags);
}

/* ---- usage ---- */

void process_usage(struct task *t, struct process_usage *u)
{
	struct signal *s = t->signal;
	struct task *o;

	*u = (struct process_usage){ s->utime_dead_ns, s->stime_dead_ns, s->min_flt_dead, s->maj_flt_dead, s->nvcsw_dead, s->nivcsw_dead, s->maxrss,
				     s->io_dead };
	list_for_each_entry(o, &s->threads, thread_node) {
		u64 ut, st;
		task_cputime(o, &ut, &st);
		u->utime_ns += ut;
		u->stime_ns += st;
		u->min_flt += o->min_flt;
		u->maj_flt += o->maj_flt;
		u->nvcsw += o->nvcsw;
		u->nivcsw += o->nivcsw;
		task_io_add(&u->io, &o->io);
		if (o->mm)
			u->maxrss = max(u->maxrss, max(o->mm->rss, o->mm->hiwater_rss));
	}
}

static void keep_thread_usage(struct task *t)
{
	struct signal *s = t->signal;
	u64 ut, st;

	task_cputime(t, &ut, &st);
	s->utime_dead_ns += ut;
	s->stime_dead_ns += st;
	s->min_flt_dead += t->min_flt;
	s->maj_flt_dead += t->maj_flt;
	s->nvcsw_dead += t->nvcsw;
	s->nivcsw_dead += t->nivcsw;
	task_io_add(&s->io_dead, &t->io);
}

/* ---- family ---- */

void group_leave(struct task *t, pid_t old_pgrp, pid_t old_session)
{
	struct signal *s = t->signal;
	bool gone = t->exit_state == TASK_DEAD;

	if (old_pgrp > 0 && (gone || s->pgrp != old_pgrp))
		pid_put_unused(old_pgrp);
	if (old_session > 0 && old_session != old_pgrp && (gone || s->session != old_session))
		pid_put_unused(old_session);
}

static void unlink_task(struct task *t)
{
	struct signal *s = t->signal;
	bool leader = t->leader == t;
	u32 flags;

	t->exit_state = TASK_DEAD;
	flags = spin_lock_irqsave(&t->sighand->lock);
	keep_thread_usage(t); /* at once with leaving the list: timers of CPU clocks add up both */
	list_del_init(&t->thread_node);
	spin_unlock_irqrestore(&t->sighand->lock, flags);
	list_del_init(&t->sibling);
	task_detach(t);
	if (!leader) {
		pid_free(t->pid);
		return;
	}
	if (!s->was_leader)
		pid_free(t->pid);
	else
		pid_put_unused(t->pid);
	if (s->pgrp != t->pid || s->session != t->pid)
		group_leave(t, s->pgrp == t->pid ? 0 : s->pgrp, s->session == t->pid ? 0 : s->session);
}

void release_task_unlock(struct task *t)
{
	unlink_task(t);
	spin_unlock_bh(&tasklist_lock);
	flush_all_signals(t);
	put_task(t);
}

static inline bool process_ended(const struct task *leader)
{
	return leader->exit_state == TASK_ZOMBIE && list_is_singular(&leader->signal->threads);
}

static void wake_parent(struct task *parent) { wake_up_all(&parent->signal->child_wait); }

static void fill_child_info(struct siginfo_k *info, struct task *t, int code, int status)
{
	struct process_usage u;

	process_usage(t, &u);
	*info = (struct siginfo_k){
		.signo = SIGCHLD,
		.code = code,
		.pid = t->pid,
		.uid = t->cred.uid,
		.addr_or_value = (u32)status,
		.band_or_utime = (s32)div_u64(u.utime_ns, 10000000),
		.fd_or_stime = (s32)div_u64(u.stime_ns, 10000000),
	};
}

bool notify_parent_exit(struct task *t)
{
	struct task *parent = t->parent;
	int sig = t->exit_signal, status = t->exit_code;
	bool autoreap = false;
	struct siginfo_k info;
	struct k_sigaction *ka;
	u32 flags;

	if (sig <= 0) {
		wake_parent(parent);
		return sig < 0;
	}
	if (status & 0x7f)
		fill_child_info(&info, t, status & 0x80 ? CLD_DUMPED : CLD_KILLED, status & 0x7f);
	else
		fill_child_info(&info, t, CLD_EXITED, status >> 8);
	if (sig == SIGCHLD) {
		/* POSIX: who ignores SIGCHLD, or says so by SA_NOCLDWAIT, gets no zombies. */
		flags = spin_lock_irqsave(&parent->sighand->lock);
		ka = &parent->sighand->action[SIGCHLD - 1];
		if (ka->handler == SIG_IGN || (ka->flags & SA_NOCLDWAIT)) {
			autoreap = true;
			if (ka->handler == SIG_IGN)
				sig = 0;
		}
		spin_unlock_irqrestore(&parent->sighand->lock, flags);
	}
	if (sig && sig <= NSIG) /* clone takes any number up to 255 for it; one that is no signal is not sent */
		send_signal_process(parent, sig, &info);
	wake_parent(parent);
	return autoreap;
}

void notify_parent_stop(struct task *t, int code)
{
	struct task *leader = t->leader, *parent = leader->parent;
	struct siginfo_k info;
	struct k_sigaction *ka = &parent->sighand->action[SIGCHLD - 1];

	if (!(parent->flags & PF_KTHREAD) && ka->handler != SIG_IGN && !(ka->flags & SA_NOCLDSTOP)) {
		fill_child_info(&info, leader, code, code == CLD_CONTINUED ? SIGCONT : t->signal->stop_sig);
		send_signal_process(parent, SIGCHLD, &info);
	}
	wake_parent(parent);
}

/*
 * POSIX 3.2.2.2: a process group that becomes orphaned and has stopped members gets SIGHUP and SIGCONT. `left` is the process whose end or
 * loss of a parent may orphan t's group: its parent until now.
 */
static void hup_orphaned_group(struct task *t, const struct task *left, const struct task *ignore)
{
	pid_t pgrp = t->signal->pgrp;

	if (left->signal->pgrp == pgrp || left->signal->session != t->signal->session)
		return;
	if (!pgrp_has_stopped_locked(pgrp) || !pgrp_orphaned_locked(pgrp, ignore))
		return;
	send_signal_pgrp_locked(pgrp, SIGHUP, NULL);
	send_signal_pgrp_locked(pgrp, SIGCONT, NULL);
}

/* The nearest ancestor that said it takes orphans (prctl), or init. */
static struct task *new_parent(struct task *leader)
{
	struct task *p;

	for (p = leader->parent; p->pid > 1; p = p->parent) {
		if (p->signal->child_subreaper && !p->exit_state)
			return p;
	}
	p = find_task(1);
	return p ? p->leader : &init_task;
}

/* Children that ended and that nobody will wait for are collected on `dead` through their sibling link. */
static void give_children_away(struct task *leader, struct list_head *dead)
{
	struct task *c, *n, *reaper;

	if (list_empty(&leader->children))
		return;
	reaper = new_parent(leader);
	list_for_each_entry_safe(c, n, &leader->children, sibling) {
		struct task *o;
		list_for_each_entry(o, &c->signal->threads, thread_node) {
			o->parent = reaper;
			if (o->pdeath_signal)
				send_signal(o, o->pdeath_signal, NULL);
		}
		c->exit_signal = c->exit_signal < 0 ? -1 : SIGCHLD;
		list_move_tail(&c->sibling, &reaper->children);
		if (process_ended(c)) {
			if (notify_parent_exit(c))
				list_move_tail(&c->sibling, dead);
		}
		hup_orphaned_group(c, leader, NULL);
	}
}

/* The whole process is over. tasklist_lock held. Returns whether the leader is to be reaped here. */
static bool end_process(struct task *leader, struct list_head *dead)
{
	give_children_away(leader, dead);
	hup_orphaned_group(leader, leader->parent, leader);
	leader->exit_code = leader->signal->group_exit ? leader->signal->group_exit_code : leader->exit_code;
	if (unlikely(wait_queue_active(&leader->signal->exit_wait)))
		wake_up_key(&leader->signal->exit_wait, TASK_NORMAL, 0, POLLIN | POLLRDNORM);
	return notify_parent_exit(leader);
}

static void exit_notify(struct task *t)
{
	struct task *leader = t->leader, *reap_leader = NULL, *c;
	LIST_HEAD(dead);

	spin_lock_bh(&tasklist_lock);
	t->exit_state = TASK_ZOMBIE;
	if (t != leader)
		unlink_task(t);
	if (process_ended(leader) && end_process(leader, &dead)) {
		unlink_task(leader);
		reap_leader = leader;
	}
	if (t->signal->exec_task)
		wake_up_process(t->signal->exec_task);
	while (!list_empty(&dead)) {
		c = list_first_entry(&dead, struct task, sibling);
		unlink_task(c);
		spin_unlock_bh(&tasklist_lock);
		flush_all_signals(c);
		put_task(c);
		spin_lock_bh(&tasklist_lock);
	}
	spin_unlock_bh(&tasklist_lock);
	if (reap_leader && reap_leader != t) {
		flush_all_signals(reap_leader);
		put_task(reap_leader);
	}
	if (reap_leader == t || t != leader) {
		flush_all_signals(t);
		put_task(t); /* the lists' reference; the scheduler has one more */
	}
}

void __noreturn do_exit(int wait_status)
{
	struct task *t = current;

	ASSERT(!in_atomic() && !(t->flags & PF_KTHREAD));
	if (t->flags & PF_EXITING)
		panic("%s (%d) exits twice", t->comm, t->pid);
	exit_signals(t);
	t->exit_code = wait_status;
	if (atomic_dec_and_test(&t->signal->live)) {
		if (t->signal->unkillable || t->tgid == 1)
			panic("init ended with status %#x", (u32)wait_status);
		t->signal->itimer_real_interval_ns = 0;
		hrtimer_cancel(&t->signal->itimer_real);
		posix_timers_delete(t);
		t->signal->cpu_timers = false;
		sem_process_ends();
		exit_mm(t);
		exit_files(t);
		if (t->signal->session_leader && session_exit_hook)
			session_exit_hook(t);
	} else {
		exit_mm(t);
		exit_files(t);
	}
	close_later_files();
	exit_notify(t);
	set_current_state(TASK_DEAD);
	schedule();
	BUG();
}

void __noreturn do_group_exit(int wait_status)
{
	struct task *t = current;
	struct signal *s = t->signal;
	u32 flags = spin_lock_irqsave(&t->sighand->lock);

	if (s->group_exit) {
		wait_status = s->group_exit_code;
	} else if (s->exec_task && s->exec_task != t) {
		wait_status = SIGKILL; /* another thread's execve ends this one only */
	} else {
		s->group_exit = true;
		s->group_exit_code = wait_status;
		kill_threads_locked(s, t);
	}
	spin_unlock_irqrestore(&t->sighand->lock, flags);
	do_exit(wait_status);
}
