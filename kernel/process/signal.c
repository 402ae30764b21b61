/*
 * Signals on the way to user space: which one is next, default actions, stopping, restarting of interrupted system calls. The frames
 * that handlers run on are in sigframe.c.
 */
#include "io/vfs/files.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/cpu.h"
#include "kernel/process/internal.h"

#define INT80_LENGTH 2 /* bytes of the instruction int $0x80 */

/* Sleep until SIGCONT or SIGKILL, unless that is there already; the first thread that gets here for a stop tells the parent. sighand lock held, released. */
static void stop_here(int sig, u32 flags)
{
	struct task *t = current, *o;
	struct signal *s = t->signal;
	bool tell = false;

	if (fatal_signal_pending(t)) {
		spin_unlock_irqrestore(&t->sighand->lock, flags);
		return;
	}
	if (sig && !s->stopped) {
		s->stopped = tell = true;
		s->stop_sig = sig;
		s->stop_reported = false;
		s->cont_pending = s->cont_notify = false;
		list_for_each_entry(o, &s->threads, thread_node) {
			if (o != t && !(o->flags & PF_EXITING))
				signal_wake_up(o);
		}
	}
	set_current_state(TASK_STOPPED);
	spin_unlock_irqrestore(&t->sighand->lock, flags);
	if (tell) {
		spin_lock_bh(&tasklist_lock);
		notify_parent_stop(t, CLD_STOPPED);
		spin_unlock_bh(&tasklist_lock);
	}
	schedule();
}

/* The action of SIGTSTP, SIGTTIN, SIGTTOU, SIGSTOP. sighand lock held, released. */
static void do_signal_stop(int sig, u32 flags)
{
	struct task *t = current;

	if (sig != SIGSTOP) {
		/* POSIX: members of an orphaned group are not stopped from the terminal, nobody could continue them. */
		bool orphaned;
		spin_unlock_irqrestore(&t->sighand->lock, flags);
		orphaned = is_current_pgrp_orphaned();
		flags = spin_lock_irqsave(&t->sighand->lock);
		if (orphaned) {
			spin_unlock_irqrestore(&t->sighand->lock, flags);
			return;
		}
	}
	if (!t->signal->stop_dequeued || t->signal->group_exit) { /* SIGCONT or SIGKILL came in between */
		spin_unlock_irqrestore(&t->sighand->lock, flags);
		return;
	}
	stop_here(sig, flags);
}

/*
 * The next signal that has a handler, with its action; 0: none. Default actions happen in here. A process that is stopped or was
 * continued has TIF_SIGPENDING set for each thread, so that they pass here too.
 */
static int get_signal(struct siginfo_k *info, struct k_sigaction *action)
{
	struct task *t = current;
	struct signal *s = t->signal;
	struct k_sigaction *ka;
	u32 flags;
	int sig;

	for (;;) {
		flags = spin_lock_irqsave(&t->sighand->lock);
		if (s->cont_notify) {
			s->cont_notify = false;
			spin_unlock_irqrestore(&t->sighand->lock, flags);
			spin_lock_bh(&tasklist_lock);
			notify_parent_stop(t, CLD_CONTINUED);
			spin_unlock_bh(&tasklist_lock);
			continue;
		}
		if (t->pending_set & sigmask_of(SIGKILL)) {
			spin_unlock_irqrestore(&t->sighand->lock, flags);
			do_group_exit(SIGKILL);
		}
		if (s->stopped) {
			stop_here(0, flags);
			continue;
		}
		sig = dequeue_signal(t->blocked, info);
		if (!sig)
			break;
		ka = &t->sighand->action[sig - 1];
		if (ka->handler == SIG_IGN)
			goto next;
		if (ka->handler != SIG_DFL) {
			*action = *ka;
			if (ka->flags & SA_RESETHAND)
				ka->handler = SIG_DFL;
			break;
		}
		if ((sigmask_of(sig) & SIGMASK_IGNORED) || s->unkillable)
			goto next;
		if (sigmask_of(sig) & SIGMASK_STOP) {
			do_signal_stop(sig, flags);
			continue;
		}
		spin_unlock_irqrestore(&t->sighand->lock, flags);
		do_group_exit(sig | ((sigmask_of(sig) & SIGMASK_CORE) && rlimit(RLIMIT_CORE) ? 0x80 : 0));
next:
		spin_unlock_irqrestore(&t->sighand->lock, flags);
	}
	spin_unlock_irqrestore(&t->sighand->lock, flags);
	return sig;
}

static inline bool in_syscall(const struct regs *r) { return r->vector == VECTOR_SYSCALL && (s32)r->orig_eax >= 0; }

/* Do the system call again: registers as before int $0x80. */
static void restart(struct regs *r, u32 nr)
{
	r->eax = nr;
	r->eip -= INT80_LENGTH;
}

/* A handler will run: does the interrupted call fail with EINTR or start again after it? */
static void fix_syscall_for_handler(struct regs *r, const struct k_sigaction *ka)
{
	if (!in_syscall(r))
		return;
	switch ((s32)r->eax) {
	case -ERESTARTSYS:
		if (!(ka->flags & SA_RESTART)) {
			r->eax = (u32)-EINTR;
			break;
		}
		/* fall through */
	case -ERESTARTNOINTR:
		restart(r, r->orig_eax);
		break;
	case -ERESTARTNOHAND:
	case -ERESTART_RESTARTBLOCK:
		r->eax = (u32)-EINTR;
		break;
	}
}

/* No handler runs: an interrupted call goes on as if nothing had happened. */
static void fix_syscall_without_handler(struct regs *r)
{
	if (!in_syscall(r))
		return;
	switch ((s32)r->eax) {
	case -ERESTARTSYS:
	case -ERESTARTNOINTR:
	case -ERESTARTNOHAND:
		restart(r, r->orig_eax);
		break;
	case -ERESTART_RESTARTBLOCK:
		restart(r, 0); /* restart_syscall */
		break;
	}
}

static void handle_signal(struct regs *r, const struct k_sigaction *ka, const struct siginfo_k *info)
{
	struct task *t = current;
	bool restore = atomic_test_and_clear(&t->flags, TIF_RESTORE_SIGMASK);
	u64 oldmask = restore ? t->saved_blocked : t->blocked, mask = t->blocked | ka->mask;

	fix_syscall_for_handler(r, ka);
	if (setup_signal_frame(r, ka, info, oldmask)) {
		/* The stack is bad. A handler of SIGSEGV could not run either. */
		if (info->signo == SIGSEGV) {
			u32 flags = spin_lock_irqsave(&t->sighand->lock);
			t->sighand->action[SIGSEGV - 1].handler = SIG_DFL;
			spin_unlock_irqrestore(&t->sighand->lock, flags);
		}
		force_signal(SIGSEGV, SI_KERNEL, 0);
		return;
	}
	if (!(ka->flags & SA_NODEFER))
		mask |= sigmask_of(info->signo);
	set_current_blocked(mask);
}

static void do_signal(struct regs *r)
{
	struct siginfo_k info;
	struct k_sigaction ka;

	if (get_signal(&info, &ka)) {
		handle_signal(r, &ka, &info);
		return;
	}
	fix_syscall_without_handler(r);
	if (atomic_test_and_clear(&current->flags, TIF_RESTORE_SIGMASK))
		set_current_blocked(current->saved_blocked);
}

void exit_to_user(struct regs *r)
{
	if (current->flags & TIF_CLOSING)
		close_later_files();
	if (current->flags & TIF_NEED_RESCHED)
		schedule();
	if (current->flags & TIF_SIGPENDING)
		do_signal(r);
}
