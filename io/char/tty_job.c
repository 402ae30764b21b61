/*
 * Job control: sessions and their controlling terminal, foreground and background groups (POSIX.1, "General Terminal Interface").
 * signal->tty changes under tasklist_lock; tty->session and tty->pgrp under tty->lock.
 */
#include "io/char/tty.h"
#include "io/contract/filesystem.h"
#include "kernel/debug/bug.h"
#include "kernel/hal/uaccess.h"
#include "kernel/sched/signal.h"

void tty_signal_foreground(struct tty *t, int sig)
{
	if (t->pgrp)
		send_signal_pgrp(t->pgrp, sig, NULL);
}

static bool ignores(int sig)
{
	struct sighand *h = current->sighand;
	u32 flags = spin_lock_irqsave(&h->lock);
	bool r = (current->blocked & sigmask_of(sig)) || h->action[sig - 1].handler == SIG_IGN;

	spin_unlock_irqrestore(&h->lock, flags);
	return r;
}

int tty_check_background(struct tty *t, int sig)
{
	struct signal *s = current->signal;

	if (s->tty != t || !t->pgrp || s->pgrp == t->pgrp)
		return 0;
	if (ignores(sig))
		return sig == SIGTTIN ? -EIO : 0;
	if (is_current_pgrp_orphaned())
		return -EIO;
	send_signal_pgrp(s->pgrp, sig, NULL);
	return -ERESTARTSYS;
}

static void set_controlling(struct tty *t)
{
	assert_mutex_held(&t->lock);
	t->session = current->signal->session;
	t->pgrp = current->signal->pgrp;
	current->signal->tty = t;
}

void tty_open_session(struct tty *t, struct file *f)
{
	struct signal *s = current->signal;

	mutex_lock(&t->lock);
	if (s->session_leader && !s->tty && !t->session)
		set_controlling(t);
	mutex_unlock(&t->lock);
}

/* Take the terminal away from every process of a session. */
static void forget_session(struct tty *t, pid_t session)
{
	struct task *p;

	spin_lock_bh(&tasklist_lock);
	list_for_each_entry(p, &all_tasks, all_node)
		if (p->signal && p->signal->session == session && p->signal->tty == t)
			p->signal->tty = NULL;
	spin_unlock_bh(&tasklist_lock);
}

/* The session leader leaves (exit, TIOCNOTTY): the foreground group is told, the terminal is free again. */
static void disassociate(struct task *leader)
{
	struct tty *t = leader->signal->tty;
	pid_t pgrp, session;

	if (!t)
		return;
	mutex_lock(&t->lock);
	pgrp = t->pgrp;
	session = t->session;
	t->pgrp = t->session = 0;
	mutex_unlock(&t->lock);
	if (pgrp) {
		send_signal_pgrp(pgrp, SIGHUP, NULL);
		send_signal_pgrp(pgrp, SIGCONT, NULL);
	}
	forget_session(t, session);
	wake_up_all(&t->read_wait);
}

/* The leader of a session whose terminal is gone. */
static void hang_up_leader(pid_t session)
{
	struct task *leader;

	spin_lock_bh(&tasklist_lock);
	leader = find_task(session);
	if (leader && leader->signal && leader->signal->session_leader) {
		send_signal_process(leader, SIGHUP, NULL);
		send_signal_process(leader, SIGCONT, NULL);
	}
	spin_unlock_bh(&tasklist_lock);
}

void tty_hangup(struct tty *t)
{
	pid_t pgrp, session;

	mutex_lock(&t->lock);
	pgrp = t->pgrp;
	session = t->session;
	t->pgrp = t->session = 0;
	t->hangups++;
	tty_flush_input(t);
	mutex_unlock(&t->lock);
	tty_flush_output(t);
	wake_up_all(&t->read_wait);
	wake_up_all(&t->write_wait);
	if (session)
		hang_up_leader(session);
	if (pgrp && pgrp != session) {
		send_signal_pgrp(pgrp, SIGHUP, NULL);
		send_signal_pgrp(pgrp, SIGCONT, NULL);
	}
	if (session)
		forget_session(t, session);
}

static long take_controlling(struct tty *t, unsigned long steal)
{
	struct signal *s = current->signal;
	long error = 0;
	pid_t old = 0;

	mutex_lock(&t->lock);
	if (s->session_leader && s->tty == t && t->session == s->session)
		goto out;
	if (!s->session_leader || s->tty) {
		error = -EPERM;
	} else if (t->session) {
		if (steal == 1 && capable())
			old = t->session;
		else
			error = -EPERM;
	}
	if (!error)
		set_controlling(t);
out:
	mutex_unlock(&t->lock);
	if (old)
		forget_session(t, old);
	return error;
}

static bool group_in_session(pid_t pgrp, pid_t session)
{
	struct task *p;
	bool found = false;

	spin_lock_bh(&tasklist_lock);
	list_for_each_entry(p, &all_tasks, all_node)
		if (p->signal && p->signal->pgrp == pgrp && p->signal->session == session)
			found = true;
	spin_unlock_bh(&tasklist_lock);
	return found;
}

static long set_foreground(struct tty *t, unsigned long arg)
{
	u32 pgrp;
	int error = tty_check_background(t, SIGTTOU);

	if (error)
		return error;
	if (current->signal->tty != t || t->session != current->signal->session)
		return -ENOTTY;
	if (get_user_u32(&pgrp, (u32 __user *)arg))
		return -EFAULT;
	if ((s32)pgrp <= 0)
		return -EINVAL;
	if (!group_in_session((pid_t)pgrp, current->signal->session))
		return -EPERM;
	mutex_lock(&t->lock);
	t->pgrp = (pid_t)pgrp;
	mutex_unlock(&t->lock);
	return 0;
}

long tty_job_ioctl(struct tty *t, struct file *f, u32 cmd, unsigned long arg)
{
	struct signal *s = current->signal;

	switch (cmd) {
	case TIOCSCTTY:
		return take_controlling(t, arg);
	case TIOCNOTTY:
		if (s->tty != t)
			return -ENOTTY;
		if (s->session_leader)
			disassociate(current);
		else
			s->tty = NULL;
		return 0;
	case TIOCGPGRP:
		return s->tty != t ? -ENOTTY : put_user_u32((u32)t->pgrp, (u32 __user *)arg);
	case TIOCGSID:
		return s->tty != t || !t->session ? -ENOTTY : put_user_u32((u32)t->session, (u32 __user *)arg);
	case TIOCSPGRP:
		return set_foreground(t, arg);
	}
	return -ENOIOCTLCMD;
}

static void describe(const struct tty *t, kdev_t *dev, pid_t *foreground)
{
	*dev = t->dev;
	*foreground = t->pgrp;
}

int tty_job_init(void)
{
	session_exit_hook = disassociate;
	tty_describe_hook = describe;
	return 0;
}
