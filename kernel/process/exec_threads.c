/* execve in a process of several threads: all others end first, and the one that goes on becomes the leader with its pid. */
#include "kernel/process/internal.h"

/* The calling thread takes the place of the leader, which is a zombie by now. tasklist_lock held; returns the old leader. */
static struct task *become_leader(struct task *t)
{
	struct task *old = t->leader, *c;
	pid_t mine = t->pid, tgid = old->pid;
	u32 flags;

	task_rehash(old, mine);
	task_rehash(t, tgid);
	t->parent = old->parent;
	list_splice_tail_init(&old->children, &t->children);
	list_for_each_entry(c, &t->children, sibling) {
		struct task *o;
		list_for_each_entry(o, &c->signal->threads, thread_node)
			o->parent = t;
	}
	list_add_tail(&t->sibling, &t->parent->children);
	t->exit_signal = SIGCHLD;
	t->start_ns = old->start_ns;
	t->leader = t;
	old->leader = t; /* an ordinary thread from now on */
	old->exit_signal = -1;
	flags = spin_lock_irqsave(&t->sighand->lock);
	if (t->signal->itimer_task == old)
		t->signal->itimer_task = t;
	spin_unlock_irqrestore(&t->sighand->lock, flags);
	return old;
}

int end_other_threads(struct task *t)
{
	struct signal *s = t->signal;
	u32 flags = spin_lock_irqsave(&t->sighand->lock);

	if (s->group_exit || s->exec_task) {
		spin_unlock_irqrestore(&t->sighand->lock, flags);
		return -EAGAIN;
	}
	if (list_is_singular(&s->threads)) {
		spin_unlock_irqrestore(&t->sighand->lock, flags);
		return 0;
	}
	s->exec_task = t;
	kill_threads_locked(s, t);
	spin_unlock_irqrestore(&t->sighand->lock, flags);
	for (;;) {
		bool done;
		set_current_state(TASK_UNINTERRUPTIBLE);
		spin_lock_bh(&tasklist_lock);
		/* Left: this thread alone, or this one and the dead leader. */
		if (t->leader == t)
			done = list_is_singular(&s->threads);
		else
			done = t->leader->exit_state == TASK_ZOMBIE && s->threads.next->next->next == &s->threads;
		if (done)
			break;
		spin_unlock_bh(&tasklist_lock);
		schedule();
	}
	set_current_state(TASK_RUNNING);
	if (t->leader != t)
		release_task_unlock(become_leader(t));
	else
		spin_unlock_bh(&tasklist_lock);
	flags = spin_lock_irqsave(&t->sighand->lock);
	s->exec_task = NULL;
	spin_unlock_irqrestore(&t->sighand->lock, flags);
	return 0;
}
