/*
 * Signal-driven I/O: files with O_ASYNC on the list of what they belong to (a pipe's end, a terminal, a driver's device), and the signal to
 * their owner when something happens there. The happening may be told from any context, interrupts included; the owner is looked up and
 * signalled in a tasklet, which in process context runs before the call that told it returns.
 * fasync_lock guards all lists and the queue of entries with news.
 */
#include "io/contract/file.h"
#include "kernel/irq/tasklet.h"
#include "kernel/sched/signal.h"
#include "mm/alloc.h"

struct fasync_struct {
	struct file *file;          /* no reference: the file leaves the list when it is released */
	int fd;
	struct fasync_struct *next; /* of its list */
	struct list_head news;      /* in the queue; empty: nothing to tell */
	int reason;                 /* POLL_* of siginfo */
};

static DEFINE_SPINLOCK(fasync_lock, RANK_ALLOC);
static LIST_HEAD(queue);
static void deliver(struct tasklet_struct *t);
static DECLARE_TASKLET(fasync_tasklet, deliver);

void f_setown(struct file *f, int type, pid_t pid)
{
	f->owner.type = type;
	f->owner.pid = pid;
	f->owner.uid = current->cred.uid;
	f->owner.euid = current->cred.euid;
}

/* What is ready, for each reason (siginfo's si_band). */
static const s16 bands[NSIGPOLL] = {
	POLLIN | POLLRDNORM, POLLOUT | POLLWRNORM | POLLWRBAND, POLLIN | POLLRDNORM | POLLMSG, POLLERR, POLLPRI | POLLRDBAND, POLLHUP | POLLERR
};

static bool may_signal(uid_t uid, uid_t euid, const struct task *t)
{
	return !euid || euid == t->cred.suid || euid == t->cred.uid || uid == t->cred.suid || uid == t->cred.uid;
}

static void signal_task(struct task *t, const struct fown_struct *o, int fd, int reason)
{
	struct siginfo_k info = { .signo = o->signum, .code = reason, .band_or_utime = bands[reason - 1], .fd_or_stime = fd };
	int (*send)(struct task *, int, const struct siginfo_k *) = o->type == F_OWNER_TID ? send_signal : send_signal_process;

	if (!may_signal(o->uid, o->euid, t))
		return;
	if (!o->signum || send(t, o->signum, &info)) /* the queue is full: at least SIGIO, which need not be queued */
		send(t, SIGIO, NULL);
}

static bool is_owner(const struct fown_struct *o, const struct task *t)
{
	return o->type == F_OWNER_PGRP ? t == t->leader && t->signal->pgrp == o->pid : t->pid == o->pid;
}

static void signal_owner(const struct fown_struct *o, int fd, int reason)
{
	struct task *t;

	if (!o->pid)
		return;
	spin_lock_bh(&tasklist_lock);
	list_for_each_entry(t, &all_tasks, all_node) {
		if (t->flags & PF_KTHREAD)
			continue;
		if (is_owner(o, t))
			signal_task(t, o, fd, reason);
	}
	spin_unlock_bh(&tasklist_lock);
}

bool file_send_sigurg(struct file *f)
{
	struct fown_struct o = f ? f->owner : (struct fown_struct){ 0 };
	struct task *t;

	if (!o.pid)
		return false;
	spin_lock_bh(&tasklist_lock);
	list_for_each_entry(t, &all_tasks, all_node) {
		if ((t->flags & PF_KTHREAD) || !is_owner(&o, t) || !may_signal(o.uid, o.euid, t))
			continue;
		if (o.type == F_OWNER_TID)
			send_signal(t, SIGURG, NULL);
		else
			send_signal_process(t, SIGURG, NULL);
	}
	spin_unlock_bh(&tasklist_lock);
	return true;
}

static void deliver(struct tasklet_struct *tasklet)
{
	u32 flags = spin_lock_irqsave(&fasync_lock);

	while (!list_empty(&queue)) {
		struct fasync_struct *e = list_first_entry(&queue, struct fasync_struct, news);
		struct fown_struct owner = e->file->owner;
		int fd = e->fd, reason = e->reason;
		list_del_init(&e->news);
		spin_unlock_irqrestore(&fasync_lock, flags);
		signal_owner(&owner, fd, reason);
		flags = spin_lock_irqsave(&fasync_lock);
	}
	spin_unlock_irqrestore(&fasync_lock, flags);
}

void kill_fasync_listed(struct fasync_struct **list, int sig, int reason)
{
	u32 flags = spin_lock_irqsave(&fasync_lock);
	for (struct fasync_struct *e = *list; e; e = e->next) {
		if (sig == SIGURG && !e->file->owner.signum)
			continue;
		e->reason = reason;
		if (list_empty(&e->news))
			list_add_tail(&e->news, &queue);
	}
	spin_unlock_irqrestore(&fasync_lock, flags);
	tasklet_schedule(&fasync_tasklet);
}

int fasync_helper(int fd, struct file *f, int on, struct fasync_struct **list)
{
	struct fasync_struct *new = on ? kzalloc(sizeof(*new), GFP_KERNEL) : NULL, **at = list, *found;

	if (on && !new)
		return -ENOMEM;
	u32 flags = spin_lock_irqsave(&fasync_lock);
	while (*at && (*at)->file != f)
		at = &(*at)->next;
	found = *at;
	if (on && found) {
		found->fd = fd;
	} else if (on) {
		*new = (struct fasync_struct){ .file = f, .fd = fd, .next = *list };
		INIT_LIST_HEAD(&new->news);
		*list = new;
		new = NULL;
	} else if (found) {
		*at = found->next;
		list_del_init(&found->news);
		new = found;
	}
	spin_unlock_irqrestore(&fasync_lock, flags);
	kfree(new);
	return on ? !found : !!found;
}
