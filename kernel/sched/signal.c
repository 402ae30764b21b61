/*
 * Signals, the core: queues, who gets a process-wide signal, stopping and continuing. Delivery to handlers is kernel/process/signal.c.
 * sighand->lock guards all of it and is taken with interrupts off, because terminals, timers and faults send from anywhere.
 * A signal below 32 is pending at most once; real-time signals queue up to RLIMIT_SIGPENDING.
 */
#include "kernel/sched/signal.h"
#include "kernel/debug/bug.h"
#include "kernel/hal/uaccess.h"
#include "kernel/lib/string.h"
#include "kernel/uapi/poll.h"
#include "mm/alloc.h"

void (*session_exit_hook)(struct task *leader);
void (*tty_describe_hook)(const struct tty *t, kdev_t *dev, pid_t *foreground);

static struct kmem_cache *queue_cache, *signal_cache, *sighand_cache;

/* Faults come before everything else, then the lowest number. */
#define SIGMASK_SYNCHRONOUS (sigmask_of(SIGSEGV) | sigmask_of(SIGBUS) | sigmask_of(SIGILL) | sigmask_of(SIGTRAP) | sigmask_of(SIGFPE) | sigmask_of(SIGSYS))

/* ---- the objects ---- */

struct signal *signal_create(void)
{
	struct signal *s;

	if (unlikely(!signal_cache))
		signal_cache = kmem_cache_create("signal", sizeof(struct signal), 8, NULL);
	s = kmem_cache_alloc(signal_cache, GFP_KERNEL);
	if (!s)
		return NULL;
	memset(s, 0, sizeof(*s));
	atomic_set(&s->refs, 1);
	atomic_set(&s->live, 1);
	INIT_LIST_HEAD(&s->threads);
	INIT_LIST_HEAD(&s->pending);
	INIT_LIST_HEAD(&s->posix_timers);
	wait_queue_init(&s->child_wait);
	wait_queue_init(&s->exit_wait);
	return s;
}

struct sighand *sighand_create(const struct sighand *from)
{
	struct sighand *h;

	if (unlikely(!sighand_cache))
		sighand_cache = kmem_cache_create("sighand", sizeof(struct sighand), 8, NULL);
	h = kmem_cache_alloc(sighand_cache, GFP_KERNEL);
	if (!h)
		return NULL;
	spin_lock_init(&h->lock, "sighand", RANK_SIGNAL);
	atomic_set(&h->refs, 1);
	memcpy(h->action, from->action, sizeof(h->action));
	wait_queue_init(&h->signalfd_wait);
	return h;
}

static void drop_queue(struct list_head *list)
{
	while (!list_empty(list)) {
		struct sigqueue *q = list_first_entry(list, struct sigqueue, node);
		list_del(&q->node);
		kmem_cache_free(queue_cache, q);
	}
}

void signal_put(struct signal *s)
{
	if (!atomic_dec_and_test(&s->refs))
		return;
	drop_queue(&s->pending);
	kmem_cache_free(signal_cache, s);
}

void sighand_put(struct sighand *s)
{
	if (!atomic_dec_and_test(&s->refs))
		return;
	wake_up_key(&s->signalfd_wait, TASK_NORMAL, 0, POLLFREE); /* an epoll set of another process may still hang there */
	kmem_cache_free(sighand_cache, s);
}

/* ---- pending sets ---- */

static inline u64 sig_set(const struct task *t) { return t->pending_set | t->signal->shared_pending; }

bool signal_pending(const struct task *t) { return t->flags & TIF_SIGPENDING; }

bool fatal_signal_pending(const struct task *t) { return (t->flags & TIF_SIGPENDING) && (t->pending_set & sigmask_of(SIGKILL)); }

void recalc_sigpending(struct task *t)
{
	if ((sig_set(t) & ~t->blocked) || t->signal->stopped || t->signal->cont_notify)
		atomic_or(&t->flags, TIF_SIGPENDING);
	else
		atomic_and(&t->flags, ~TIF_SIGPENDING);
}

void signal_wake_up(struct task *t)
{
	atomic_or(&t->flags, TIF_SIGPENDING);
	wake_up_state(t, (t->pending_set & sigmask_of(SIGKILL)) ? TASK_INTERRUPTIBLE | TASK_STOPPED | TASK_WAKEKILL : TASK_INTERRUPTIBLE);
}

/* An entry leaves its queue: back to its owner, or freed. info: what is delivered of it, or NULL. */
static void leave_queue(struct signal *s, struct sigqueue *q, struct siginfo_k *info)
{
	list_del_init(&q->node);
	if (q->taken) {
		q->taken(q, info);
	} else {
		s->nr_queued--;
		kmem_cache_free(queue_cache, q);
	}
}

/* Remove the signals of mask from one queue. */
static void flush_queue(struct signal *s, struct list_head *list, u64 *set, u64 mask)
{
	struct sigqueue *q, *n;

	if (!(*set & mask))
		return;
	*set &= ~mask;
	list_for_each_entry_safe(q, n, list, node) {
		if (sigmask_of(q->info.signo) & mask)
			leave_queue(s, q, NULL);
	}
}

static void for_each_thread_flush(struct task *t, u64 mask)
{
	struct task *o;

	flush_queue(t->signal, &t->signal->pending, &t->signal->shared_pending, mask);
	list_for_each_entry(o, &t->signal->threads, thread_node)
		flush_queue(t->signal, &o->pending, &o->pending_set, mask);
}

void flush_signals_locked(struct task *t, u64 mask) { for_each_thread_flush(t, mask); }

void flush_all_signals(struct task *t)
{
	u32 flags = spin_lock_irqsave(&t->sighand->lock);

	flush_queue(t->signal, &t->pending, &t->pending_set, ~0ull);
	spin_unlock_irqrestore(&t->sighand->lock, flags);
}

/* ---- sending ---- */

static bool action_ignores(const struct task *t, int sig)
{
	u32 h = t->sighand->action[sig - 1].handler;

	if (t->signal->unkillable && h == SIG_DFL)
		return true;
	return h == SIG_IGN || (h == SIG_DFL && (sigmask_of(sig) & SIGMASK_IGNORED));
}

/* A blocked signal is kept even if ignored now: the handler may change before it is unblocked. */
static bool is_ignored(const struct task *t, int sig)
{
	if ((t->blocked | t->real_blocked) & sigmask_of(sig))
		return false;
	return action_ignores(t, sig);
}

/* Stop signals and SIGCONT cancel each other, whether or not they are ignored or blocked. Returns whether the signal is to be queued. */
static bool prepare_signal(struct task *t, int sig)
{
	struct signal *s = t->signal;
	struct task *o;

	if (s->group_exit)
		return sig == SIGKILL;
	if (sigmask_of(sig) & SIGMASK_STOP) {
		for_each_thread_flush(t, sigmask_of(SIGCONT));
	} else if (sig == SIGCONT) {
		for_each_thread_flush(t, SIGMASK_STOP);
		s->stop_dequeued = false;
		if (s->stopped) {
			s->stopped = false;
			s->cont_pending = s->cont_notify = true;
		}
		list_for_each_entry(o, &s->threads, thread_node) {
			if (s->cont_notify)
				atomic_or(&o->flags, TIF_SIGPENDING);
			wake_up_state(o, TASK_STOPPED);
		}
	}
	return !is_ignored(t, sig);
}

static bool wants(const struct task *t, int sig)
{
	if (t->flags & PF_EXITING)
		return false;
	return !(t->blocked & sigmask_of(sig)) && t->state != TASK_STOPPED;
}

/* Find a thread that takes the signal and make it look. SIGKILL is for each thread: the first may be where no signal reaches it. */
static void complete_signal(struct task *t, int sig, bool group)
{
	struct task *o;

	if (sig == SIGKILL) {
		kill_threads_locked(t->signal, NULL);
		return;
	}
	if (wants(t, sig)) {
		o = t;
	} else {
		if (!group)
			return;
		list_for_each_entry(o, &t->signal->threads, thread_node) {
			if (wants(o, sig))
				goto found;
		}
		return; /* all block it: it stays pending */
	}
found:
	signal_wake_up(o);
}

static void fill_info(struct siginfo_k *to, int sig, const struct siginfo_k *info)
{
	if (info) {
		*to = *info;
		to->signo = sig;
	} else {
		*to = (struct siginfo_k){ .signo = sig, .code = SI_KERNEL };
	}
}

static int send_locked(struct task *t, int sig, const struct siginfo_k *info, bool group)
{
	struct list_head *list = group ? &t->signal->pending : &t->pending;
	u64 *set = group ? &t->signal->shared_pending : &t->pending_set;
	struct sigqueue *q = NULL;

	if (!prepare_signal(t, sig))
		return 0;
	if (sig < SIGRTMIN && (*set & sigmask_of(sig)))
		return 0;
	if (sig != SIGKILL && (sig < SIGRTMIN || t->signal->nr_queued < t->signal->rlim[RLIMIT_SIGPENDING].cur)) {
		if (unlikely(!queue_cache))
			queue_cache = kmem_cache_create("sigqueue", sizeof(struct sigqueue), 8, NULL);
		q = kmem_cache_alloc(queue_cache, GFP_ATOMIC);
	}
	if (q) {
		q->taken = NULL;
		fill_info(&q->info, sig, info);
		list_add_tail(&q->node, list);
		t->signal->nr_queued++;
	} else if (sig >= SIGRTMIN && info && info->code != SI_USER) {
		return -EAGAIN; /* a queued signal must not lose its value */
	}
	*set |= sigmask_of(sig);
	wake_up_key(&t->sighand->signalfd_wait, TASK_NORMAL, 0, POLLIN | POLLRDNORM);
	complete_signal(t, sig, group);
	return 0;
}

bool send_sigqueue_locked(struct task *t, struct sigqueue *q, bool process)
{
	int sig = q->info.signo;

	if ((t->exit_state && !(process && atomic_read(&t->signal->live))) || !prepare_signal(t, sig))
		return false;
	list_add_tail(&q->node, process ? &t->signal->pending : &t->pending);
	*(process ? &t->signal->shared_pending : &t->pending_set) |= sigmask_of(sig);
	wake_up_key(&t->sighand->signalfd_wait, TASK_NORMAL, 0, POLLIN | POLLRDNORM);
	complete_signal(t, sig, process);
	return true;
}

/*
 * SIGALRM is delivered: a periodic ITIMER_REAL goes on now, and not before, as on Linux, so that a short period costs a program that does not
 * look nothing.
 */
static void rearm_itimer(struct signal *s)
{
	if (!s->itimer_real_interval_ns || hrtimer_is_queued(&s->itimer_real))
		return;
	hrtimer_forward(&s->itimer_real, ktime_ns(), s->itimer_real_interval_ns);
	hrtimer_restart(&s->itimer_real);
}

void cancel_sigqueue_locked(struct task *t, struct sigqueue *q, bool process)
{
	struct list_head *list = process ? &t->signal->pending : &t->pending;
	struct sigqueue *other;

	if (list_empty(&q->node))
		return;
	list_del_init(&q->node);
	list_for_each_entry(other, list, node) {
		if (other->info.signo == q->info.signo)
			return;
	}
	*(process ? &t->signal->shared_pending : &t->pending_set) &= ~sigmask_of(q->info.signo);
	if (process && q->info.signo == SIGALRM) /* ITIMER_REAL's may have been merged into it */
		rearm_itimer(t->signal);
}

static int send_to(struct task *t, int sig, const struct siginfo_k *info, bool group)
{
	u32 flags;
	int r = 0;

	if (t->flags & PF_KTHREAD)
		return 0;
	flags = spin_lock_irqsave(&t->sighand->lock);
	if (!t->exit_state || (group && atomic_read(&t->signal->live)))
		r = send_locked(t, sig, info, group);
	spin_unlock_irqrestore(&t->sighand->lock, flags);
	return r;
}

int send_signal(struct task *t, int sig, const struct siginfo_k *info) { return send_to(t, sig, info, false); }

int send_signal_process(struct task *t, int sig, const struct siginfo_k *info) { return send_to(t, sig, info, true); }

int send_signal_pgrp_locked(pid_t pgrp, int sig, const struct siginfo_k *info)
{
	struct task *t;
	int r = -ESRCH;

	list_for_each_entry(t, &all_tasks, all_node) {
		if (t != t->leader || (t->flags & PF_KTHREAD) || t->signal->pgrp != pgrp)
			continue;
		send_to(t, sig, info, true);
		r = 0;
	}
	return r;
}

int send_signal_pgrp(pid_t pgrp, int sig, const struct siginfo_k *info)
{
	int r;

	spin_lock_bh(&tasklist_lock);
	r = send_signal_pgrp_locked(pgrp, sig, info);
	spin_unlock_bh(&tasklist_lock);
	return r;
}

void force_signal(int sig, int code, u32 addr) { force_signal_task(current, sig, code, addr); }

void force_signal_task(struct task *t, int sig, int code, u32 addr)
{
	struct siginfo_k info = { .signo = sig, .code = code, .addr_or_value = addr };
	struct k_sigaction *ka = t->sighand->action + sig - 1;
	u32 flags;

	ASSERT(!(t->flags & PF_KTHREAD));
	flags = spin_lock_irqsave(&t->sighand->lock);
	if ((t->blocked & sigmask_of(sig)) || ka->handler == SIG_IGN) {
		/* It cannot be handled: the default action ends the program. */
		ka->handler = SIG_DFL;
		t->blocked &= ~sigmask_of(sig);
	}
	if (ka->handler == SIG_DFL)
		t->signal->unkillable = false; /* a fault ends init too */
	send_locked(t, sig, &info, false);
	recalc_sigpending(t);
	spin_unlock_irqrestore(&t->sighand->lock, flags);
}

void kill_threads_locked(struct signal *s, const struct task *except)
{
	struct task *o;

	s->stopped = false;
	list_for_each_entry(o, &s->threads, thread_node) {
		if (o == except || (o->flags & PF_EXITING))
			continue;
		o->pending_set |= sigmask_of(SIGKILL);
		signal_wake_up(o);
	}
}

/* ---- taking ---- */

static int next_signal(u64 set)
{
	if (!set)
		return 0;
	if (set & SIGMASK_SYNCHRONOUS)
		set &= SIGMASK_SYNCHRONOUS;
	return (u32)set ? __builtin_ctz((u32)set) + 1 : __builtin_ctz((u32)(set >> 32)) + 33;
}

/* Take the first entry for sig; the bit stays set while there are more. */
static void collect(struct signal *s, int sig, struct list_head *list, u64 *set, struct siginfo_k *info)
{
	struct sigqueue *q, *found = NULL;

	list_for_each_entry(q, list, node) {
		if (q->info.signo != sig)
			continue;
		if (found)
			goto more;
		found = q;
	}
	*set &= ~sigmask_of(sig);
more:
	if (!found) {
		*info = (struct siginfo_k){ .signo = sig, .code = SI_USER };
		return;
	}
	*info = found->info;
	leave_queue(s, found, info);
}

/* sighand lock of current held. */
int dequeue_signal(u64 blocked, struct siginfo_k *info)
{
	struct task *t = current;
	struct signal *s = t->signal;
	int sig = next_signal(t->pending_set & ~blocked);

	if (sig) {
		collect(s, sig, &t->pending, &t->pending_set, info);
	} else {
		sig = next_signal(s->shared_pending & ~blocked);
		if (sig)
			collect(s, sig, &s->pending, &s->shared_pending, info);
		if (unlikely(sig == SIGALRM))
			rearm_itimer(s);
	}
	if (sig && (sigmask_of(sig) & SIGMASK_STOP))
		s->stop_dequeued = true;
	recalc_sigpending(t);
	return sig;
}

void set_current_blocked(u64 set)
{
	struct task *t = current, *o;
	u64 newly, shared;
	u32 flags;

	set &= ~SIGMASK_UNBLOCKABLE;
	if (t->blocked == set)
		return;
	flags = spin_lock_irqsave(&t->sighand->lock);
	newly = set & ~t->blocked;
	t->blocked = set;
	/* Process-wide signals that were to be taken by this thread: somebody else must look now. */
	shared = t->signal->shared_pending & newly;
	if (shared) {
		list_for_each_entry(o, &t->signal->threads, thread_node) {
			if (o != t && (shared & ~o->blocked) && !(o->flags & PF_EXITING))
				signal_wake_up(o);
		}
	}
	recalc_sigpending(t);
	spin_unlock_irqrestore(&t->sighand->lock, flags);
}

int set_user_sigmask(const void __user *mask, size_t size)
{
	u64 set;

	if (!mask)
		return 0;
	if (size != sizeof(set))
		return -EINVAL;
	if (copy_from_user(&set, mask, sizeof(set)))
		return -EFAULT;
	current->saved_blocked = current->blocked;
	atomic_or(&current->flags, TIF_RESTORE_SIGMASK);
	set_current_blocked(set);
	return 0;
}

void restore_user_sigmask(bool interrupted)
{
	if (!interrupted && atomic_test_and_clear(&current->flags, TIF_RESTORE_SIGMASK))
		set_current_blocked(current->saved_blocked);
}

/* ---- process groups ---- */

/* POSIX: a group is orphaned when no member has a parent in another group of the same session. */
bool pgrp_orphaned_locked(pid_t pgrp, const struct task *ignore)
{
	struct task *t;

	list_for_each_entry(t, &all_tasks, all_node) {
		if (t != t->leader || t == ignore || t->signal->pgrp != pgrp || (t->exit_state && !atomic_read(&t->signal->live)))
			continue;
		if (t->parent->pid <= 1)
			continue;
		if (t->parent->signal->pgrp != pgrp && t->parent->signal->session == t->signal->session)
			return false;
	}
	return true;
}

bool pgrp_has_stopped_locked(pid_t pgrp)
{
	struct task *t;

	list_for_each_entry(t, &all_tasks, all_node) {
		if (t == t->leader && t->signal->pgrp == pgrp && t->signal->stopped)
			return true;
	}
	return false;
}

bool is_current_pgrp_orphaned(void)
{
	bool r;

	spin_lock_bh(&tasklist_lock);
	r = pgrp_orphaned_locked(current->signal->pgrp, NULL);
	spin_unlock_bh(&tasklist_lock);
	return r;
}
