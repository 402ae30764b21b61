/*
 * The scheduler. A run queue per CPU; fair tasks are ordered by virtual runtime (time on the CPU divided by the weight of the nice value),
 * SCHED_FIFO and SCHED_RR tasks come before all of them by priority, but of each sched_rt_period_us they get sched_rt_runtime_us only while a
 * fair task waits. The running task is not in the tree.
 * Rules: the run queue lock is taken last (RANK_RUNQ) with interrupts off; it is taken by the task that goes and released by the one that
 * comes. Kernel code is never pre-empted: TIF_NEED_RESCHED is looked at on the way back to user space, in cond_resched and by the idle task.
 * Interface: kernel/sched/task.h, kernel/sched/wait.h.
 */
#include "kernel/debug/bug.h"
#include "kernel/debug/trace.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/time_hw.h"
#include "kernel/hal/uaccess.h"
#include "kernel/init.h"
#include "kernel/lib/div64.h"
#include "kernel/lib/string.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/task.h"
#include "kernel/sched/time.h"
#include "mm/mm.h"

#define WAKEUP_GRANULARITY_NS 1000000ll /* a woken task pre-empts when it is this much behind the running one */
#define SLEEPER_CREDIT_NS 3000000ull    /* how far behind the others a task that slept long may start */

struct rq {
	struct spinlock lock;
	struct rb_root tree;      /* runnable tasks but the running one, in the order of task_before */
	struct rb_node *leftmost;
	struct task *curr, *idle;
	u32 nr_running;           /* with the running one, without idle */
	u32 nr_uninterruptible;
	u64 min_vruntime;         /* never goes back */
	u64 rt_seq;
	u64 rt_ns, rt_period_end; /* what real-time tasks have used of the period that ends then */
	bool rt_throttled;        /* that was their share: fair tasks come first */
	u64 idle_ns, switches;
	u64 iowait_ns;            /* of idle_ns: with a task waiting for a device */
	bool idle_waited;         /* such a task was woken since the idle task began */
	struct mm *drop_mm;       /* borrowed by the kernel thread that just left the CPU */
	u64 tls[3];               /* descriptors the GDT holds now */
};

static struct rq run_queues[MAX_CPUS] = { { .lock = SPINLOCK_INIT("runq", RANK_RUNQ), .curr = &init_task, .idle = &init_task } };
static bool idle_poll;
static u64 forks;

void (*sched_plug_flush)(struct task *t);
void (*sched_cpu_timer_hook)(struct task *t, bool user_mode);
atomic_t io_in_flight;
u32 sched_rt_period_us = 1000000, sched_rt_runtime_us = 950000;

/* kernel/hal/switch.asm */
struct task *switch_to(struct task *prev, struct task *next);
void load_user_gs(u32 sel);

/* Weight by nice value -20..19: one step is about 10 % of CPU time; and 2^32 / weight (the tables of Linux, kernel/sched/core.c). */
static const u32 nice_weight[40] = {
	88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904, 3906, 3121, 2501, 1991, 1586, 1277,
	1024, 820, 655, 526, 423, 335, 272, 215, 172, 137, 110, 87, 70, 56, 45, 36, 29, 23, 18, 15,
};
static const u32 nice_inverse[40] = {
	48388, 59856, 76040, 92818, 118348, 147320, 184698, 229616, 287308, 360437,
	449829, 563644, 704093, 875809, 1099582, 1376151, 1717300, 2157191, 2708050, 3363326,
	4194304, 5237765, 6557202, 8165337, 10153587, 12820798, 15790321, 19976592, 24970740, 31350126,
	39045157, 49367440, 61356676, 76695844, 95443717, 119304647, 148102320, 186737708, 238609294, 286331153,
};
#define IDLE_POLICY_WEIGHT 3u
#define IDLE_POLICY_INVERSE 1431655765u

static inline struct rq *task_rq(const struct task *t) { return &run_queues[t->cpu]; }
static inline struct rq *this_rq(void) { return &run_queues[this_cpu()->id]; }

static void set_weight(struct task *t)
{
	t->weight = t->policy == SCHED_IDLE ? IDLE_POLICY_WEIGHT : nice_weight[t->nice + 20];
}

static inline bool task_before(const struct task *a, const struct task *b)
{
	if (unlikely(a->rt_priority | b->rt_priority)) {
		if (a->rt_priority != b->rt_priority)
			return a->rt_priority > b->rt_priority;
		return a->rt_seq < b->rt_seq;
	}
	return (s64)(a->vruntime - b->vruntime) < 0;
}

static void tree_insert(struct rq *rq, struct task *t)
{
	struct rb_node **link = &rq->tree.node, *parent = NULL;
	bool first = true;

	while (*link) {
		parent = *link;
		if (task_before(t, rb_entry(parent, struct task, run_node))) {
			link = &parent->left;
		} else {
			link = &parent->right;
			first = false;
		}
	}
	rb_link_node(&t->run_node, parent, link);
	rb_insert_color(&t->run_node, &rq->tree);
	if (first)
		rq->leftmost = &t->run_node;
}

static void tree_remove(struct rq *rq, struct task *t)
{
	if (rq->leftmost == &t->run_node)
		rq->leftmost = rb_next(&t->run_node);
	rb_erase(&t->run_node, &rq->tree);
}

/* Charge the running task for its time since exec_start. */
static void update_curr(struct rq *rq, u64 now)
{
	struct task *t = rq->curr;
	u64 delta = now - t->exec_start, v;

	t->exec_start = now;
	if (t == rq->idle) {
		rq->idle_ns += delta;
		if (rq->nr_uninterruptible || rq->idle_waited)
			rq->iowait_ns += delta;
		rq->idle_waited = false;
		return;
	}
	t->sum_exec_ns += delta;
	if (unlikely(t->rt_priority)) {
		rq->rt_ns += delta;
		return;
	}
	if (likely(t->weight == 1024))
		t->vruntime += delta;
	else
		t->vruntime += mul_u64_u32_shr(delta << 10, t->policy == SCHED_IDLE ? IDLE_POLICY_INVERSE : nice_inverse[t->nice + 20], 32);
	v = t->vruntime;
	if (rq->leftmost) {
		struct task *l = rb_entry(rq->leftmost, struct task, run_node);
		if (!l->rt_priority && (s64)(l->vruntime - v) < 0)
			v = l->vruntime;
	}
	if ((s64)(v - rq->min_vruntime) > 0)
		rq->min_vruntime = v;
}

static inline void resched(struct task *t) { atomic_or(&t->flags, TIF_NEED_RESCHED); }

/* t became runnable: should it run at once? */
static void check_preempt(struct rq *rq, struct task *t)
{
	struct task *c = rq->curr;

	if (c->flags & TIF_NEED_RESCHED)
		return;
	if (c == rq->idle || t->rt_priority > c->rt_priority || (unlikely(rq->rt_throttled) && c->rt_priority && !t->rt_priority))
		resched(c);
	else if (!c->rt_priority && t->policy != SCHED_BATCH && t->policy != SCHED_IDLE && (s64)(c->vruntime - t->vruntime) > WAKEUP_GRANULARITY_NS)
		resched(c);
}

static void activate(struct rq *rq, struct task *t)
{
	u64 floor = rq->min_vruntime - SLEEPER_CREDIT_NS;

	if (unlikely(t->rt_priority))
		t->rt_seq = ++rq->rt_seq;
	else if ((s64)(t->vruntime - floor) < 0)
		t->vruntime = floor;
	t->on_rq = true;
	rq->nr_running++;
	tree_insert(rq, t);
}

/* A program that waits for a disk is load; a kernel thread that waits for work is not. */
static inline bool counts_as_load(const struct task *t) { return (t->state & TASK_UNINTERRUPTIBLE) && !(t->flags & PF_KTHREAD); }

bool wake_up_state(struct task *t, u32 mode)
{
	struct rq *rq = task_rq(t);
	bool woken = false;
	u32 flags;

	__sync_synchronize(); /* the condition was stored before the state is read */
	if (!(t->state & mode))
		return false;
	flags = spin_lock_irqsave(&rq->lock);
	if (t->state & mode) {
		woken = true;
		if (!t->on_rq) {
			if (counts_as_load(t)) {
				rq->nr_uninterruptible--;
				rq->idle_waited = rq->curr == rq->idle;
			}
			activate(rq, t);
			check_preempt(rq, t);
		}
		t->state = TASK_RUNNING;
	}
	spin_unlock_irqrestore(&rq->lock, flags);
	if (woken)
		TRACE(TRACE_SCHED, "woken=%d", 0, t->pid, 0);
	return woken;
}

void set_current_state(u32 state)
{
	current->state = state;
	__sync_synchronize(); /* the state is visible before the caller tests its condition */
}

void sched_fork(struct task *t)
{
	struct rq *rq = task_rq(current);

	t->on_rq = false;
	t->state = TASK_RUNNING;
	t->cpu = current->cpu;
	t->vruntime = max(current->vruntime, rq->min_vruntime);
	t->exec_start = t->sum_exec_ns = t->utime_ns = t->stime_ns = t->prev_utime_ns = t->prev_stime_ns = 0;
	t->slice_start_ns = 0;
	t->timer_slack_ns = t->default_timer_slack_ns = current->timer_slack_ns;
	t->nvcsw = t->nivcsw = t->min_flt = t->maj_flt = 0;
	t->io = (struct task_io){ 0 };
	t->start_ns = ktime_ns();
	set_weight(t);
}

void wake_up_new_task(struct task *t)
{
	struct rq *rq = task_rq(t);
	u32 flags = spin_lock_irqsave(&rq->lock);

	forks++;
	activate(rq, t);
	check_preempt(rq, t);
	spin_unlock_irqrestore(&rq->lock, flags);
}

/* ---- switching ---- */

static void switch_mm(struct rq *rq, struct task *prev, struct task *next)
{
	if (next->mm) {
		if (prev->active_mm != next->mm)
			mm_switch(prev->active_mm, next->mm);
		if (!prev->mm) {
			rq->drop_mm = prev->active_mm;
			prev->active_mm = NULL;
		}
	} else {
		next->active_mm = prev->active_mm; /* borrow: kernel threads run in any address space */
		if (prev->mm)
			mm_grab(prev->mm);
		else
			prev->active_mm = NULL;
	}
}

u32 sanitize_selector(u32 sel, const u64 tls[3])
{
	u32 index = (sel & 0xffff) >> 3, access;

	sel &= 0xffff;
	if (sel == USER_DS || sel == USER_CS)
		return sel;
	if ((sel & 7) != 3 || index < GDT_TLS_MIN || index > GDT_TLS_MAX)
		return 0;
	/* Present, a code or data segment, of ring 3, and readable (Intel SDM volume 3, 3.4.5). */
	access = (u32)(tls[index - GDT_TLS_MIN] >> 40) & 0xff;
	if ((access & 0xf0) != 0xf0 || ((access & 0x08) && !(access & 0x02)))
		return 0;
	return sel;
}

static void load_segments(struct rq *rq, struct task *next)
{
	const u64 *n = next->tls;
	bool changed = ((n[0] ^ rq->tls[0]) | (n[1] ^ rq->tls[1]) | (n[2] ^ rq->tls[2])) != 0;

	if (changed) {
		memcpy(rq->tls, n, sizeof(rq->tls));
		gdt_load_tls(n);
	}
	if (changed || read_user_gs() != next->user_gs)
		load_user_gs(sanitize_selector(next->user_gs, n));
}

void sched_reload_segments(void)
{
	irq_disable();
	load_segments(this_rq(), current);
	irq_enable();
}

/*
 * The FPU registers stay as they are while kernel threads and the idle task run, who use none of them: they belong to fpu_owner, whose saved
 * state is out of date meanwhile, until another program is to run. So a program that waits for a device and goes on pays nothing for them.
 * A kernel thread that works in a program's memory counts as a program: its user copies use the registers, and may sleep in a fault.
 */
void sched_fpu_load(struct task *t)
{
	struct percpu *cpu = this_cpu();

	if (cpu->fpu_owner && cpu->fpu_owner != t)
		fpu_save(cpu->fpu_owner->fpu);
	fpu_restore(t->fpu);
	cpu->fpu_owner = t;
}

static inline void switch_cpu_state(struct rq *rq, struct task *prev, struct task *next)
{
	if (prev->mm)
		prev->user_gs = read_user_gs();
	tss_set_stack((u32)next->stack + KSTACK_SIZE);
	if (next->mm) {
		load_segments(rq, next);
		if (this_cpu()->fpu_owner != next)
			sched_fpu_load(next);
	}
}

void sched_fpu_forget(struct task *t)
{
	if (this_cpu()->fpu_owner == t)
		this_cpu()->fpu_owner = NULL;
}

/* The second half of a switch, on the new stack: let the run queue go and look after the task that left. */
static void finish_switch(struct task *prev)
{
	struct rq *rq = this_rq();
	struct mm *mm = rq->drop_mm;
	bool dead = prev->state == TASK_DEAD;

	rq->drop_mm = NULL;
	spin_unlock_irq(&rq->lock);
	if (mm)
		mm_drop(mm);
	if (dead)
		put_task(prev);
}

void schedule_tail(struct task *prev)
{
	finish_switch(prev);
	if (current->set_child_tid) {
		int lost = put_user_u32((u32)current->pid, current->set_child_tid);
		(void)lost; /* a bad pointer is the program's own loss, as in Linux */
		current->set_child_tid = NULL;
	}
}

static void deactivate(struct rq *rq, struct task *t)
{
	t->on_rq = false;
	rq->nr_running--;
	if (counts_as_load(t))
		rq->nr_uninterruptible++;
	t->nvcsw++;
}

/* The first fair task in the tree, behind all real-time ones. */
static struct task *first_fair(const struct rq *rq)
{
	struct rb_node *n = rq->tree.node;
	struct task *found = NULL;

	while (n) {
		struct task *t = rb_entry(n, struct task, run_node);

		if (!t->rt_priority)
			found = t;
		n = t->rt_priority ? n->right : n->left;
	}
	return found;
}

static struct task *pick_next(struct rq *rq)
{
	struct task *t = NULL;

	if (!rq->leftmost)
		return rq->idle;
	if (unlikely(rq->rt_throttled))
		t = first_fair(rq);
	if (likely(!t))
		t = rb_entry(rq->leftmost, struct task, run_node);
	tree_remove(rq, t);
	return t;
}

void schedule(void)
{
	struct task *prev = current, *next;
	struct rq *rq = this_rq();
	u64 now;

	ASSERT(!in_atomic());
	if (prev->state != TASK_RUNNING && prev->plug && sched_plug_flush)
		sched_plug_flush(prev);
	spin_lock_irq(&rq->lock);
	now = ktime_ns();
	atomic_and(&prev->flags, ~TIF_NEED_RESCHED);
	update_curr(rq, now);
	if (prev->state == TASK_RUNNING) {
		if (prev != rq->idle) {
			if (!rq->leftmost)
				goto out;
			prev->nivcsw++;
			tree_insert(rq, prev);
		} else if (!rq->leftmost) {
			goto out;
		}
	} else if ((prev->state == TASK_INTERRUPTIBLE && signal_pending(prev)) || (prev->state == TASK_KILLABLE && fatal_signal_pending(prev))) {
		prev->state = TASK_RUNNING;
		goto out;
	} else {
		deactivate(rq, prev);
	}
	next = pick_next(rq);
	next->exec_start = now;
	if (next != prev) {
		rq->curr = next;
		rq->switches++;
		TRACE(TRACE_SCHED, "next=%d state=%u", 0, next->pid, prev->state);
		switch_mm(rq, prev, next);
		switch_cpu_state(rq, prev, next);
		finish_switch(switch_to(prev, next));
		return;
	}
out:
	spin_unlock_irq(&rq->lock);
}

void cond_resched(void)
{
	if (unlikely(current->flags & TIF_NEED_RESCHED) && !in_atomic() && current->state == TASK_RUNNING)
		schedule();
}

void yield_cpu(void)
{
	struct rq *rq = this_rq();
	struct task *t = current;

	spin_lock_irq(&rq->lock);
	update_curr(rq, ktime_ns());
	if (t->rt_priority) {
		t->rt_seq = ++rq->rt_seq;
	} else if (rq->leftmost) {
		struct task *l = rb_entry(rq->leftmost, struct task, run_node);
		if (!l->rt_priority && (s64)(l->vruntime - t->vruntime) >= 0)
			t->vruntime = l->vruntime + 1;
	}
	spin_unlock_irq(&rq->lock);
	schedule();
}

/* ---- the tick ---- */

/* Whether real-time tasks have had their share of the period. */
static void account_rt(struct rq *rq, u64 now)
{
	if (now >= rq->rt_period_end) {
		rq->rt_ns = 0;
		rq->rt_period_end = now + (u64)sched_rt_period_us * NSEC_PER_USEC;
	}
	rq->rt_throttled = rq->rt_ns >= (u64)sched_rt_runtime_us * NSEC_PER_USEC && sched_rt_runtime_us != RT_RUNTIME_ALL;
}

static bool tick_preempts(struct rq *rq, struct task *t)
{
	struct task *l = unlikely(rq->rt_throttled) ? first_fair(rq) : NULL;

	if (!rq->leftmost)
		return false;
	if (l && t->rt_priority)
		return true;
	l = l ? l : rb_entry(rq->leftmost, struct task, run_node);
	if (t == rq->idle)
		return true;
	if (t->policy == SCHED_RR && l->rt_priority == t->rt_priority && t->sum_exec_ns - t->slice_start_ns >= SCHED_RR_SLICE_NS) {
		t->slice_start_ns = t->sum_exec_ns;
		t->rt_seq = ++rq->rt_seq;
		return true;
	}
	return task_before(l, t);
}

void sched_tick(bool user_mode)
{
	struct rq *rq = this_rq();
	struct task *t = rq->curr;
	u64 now = ktime_ns();
	u32 flags = spin_lock_irqsave(&rq->lock);

	update_curr(rq, now);
	account_rt(rq, now);
	if (tick_preempts(rq, t))
		resched(t);
	sched_account_tick(rq->nr_running + rq->nr_uninterruptible, now);
	spin_unlock_irqrestore(&rq->lock, flags);
	if (t == rq->idle)
		return;
	if (user_mode)
		t->utime_ns += NSEC_PER_SEC / HZ;
	else
		t->stime_ns += NSEC_PER_SEC / HZ;
	if (unlikely(t->signal->cpu_timers) && sched_cpu_timer_hook)
		sched_cpu_timer_hook(t, user_mode);
}

/* ---- priorities ---- */

/* Change fields that order the tree: take the task out around it. */
static void change_order(struct task *t, void (*change)(struct rq *rq, struct task *t, u32 a, u32 b), u32 a, u32 b)
{
	struct rq *rq = task_rq(t);
	u32 flags = spin_lock_irqsave(&rq->lock);
	bool queued = t->on_rq && t != rq->curr;

	update_curr(rq, ktime_ns());
	if (queued)
		tree_remove(rq, t);
	change(rq, t, a, b);
	set_weight(t);
	if (queued)
		tree_insert(rq, t);
	if (t->on_rq)
		resched(rq->curr);
	spin_unlock_irqrestore(&rq->lock, flags);
}

static void change_nice(struct rq *rq, struct task *t, u32 nice, u32 unused) { t->nice = (s8)(s32)nice; }

static void change_policy(struct rq *rq, struct task *t, u32 policy, u32 rt_priority)
{
	if (t->rt_priority && !rt_priority)
		t->vruntime = rq->min_vruntime;
	t->policy = policy;
	t->rt_priority = rt_priority;
	t->rt_seq = ++rq->rt_seq;
	t->slice_start_ns = t->sum_exec_ns;
}

void set_user_nice(struct task *t, int nice) { change_order(t, change_nice, (u32)max(-20, min(19, nice)), 0); }

void sched_set_policy(struct task *t, u32 policy, u32 rt_priority) { change_order(t, change_policy, policy, rt_priority); }

/* ---- idle and start ---- */

void __noreturn cpu_idle_loop(void)
{
	for (;;) {
		while (!(current->flags & TIF_NEED_RESCHED)) {
			this_cpu()->idle_turns++;
			if (idle_poll && atomic_read(&io_in_flight)) {
				cpu_relax();
				continue;
			}
			irq_disable();
			if (current->flags & TIF_NEED_RESCHED) {
				irq_enable();
				break;
			}
			cpu_idle();
		}
		schedule();
	}
}

int sched_init(void)
{
	const char *word = cmdline_get("idle");
	struct rq *rq = this_rq();

	idle_poll = word && !strcmp(word, "poll");
	this_cpu()->current_task = rq->idle;
	set_weight(rq->idle);
	rq->idle->exec_start = rq->idle->start_ns = ktime_ns();
	task_attach(rq->idle);
	return 0;
}

/* ---- statistics ---- */

u32 nr_running(void) { return this_rq()->nr_running; }
u64 sched_context_switches(void) { return this_rq()->switches; }
u64 sched_forks(void) { return forks; }

u32 nr_blocked(void) { return this_rq()->nr_uninterruptible; }

u64 sched_idle_ns(u64 *iowait_ns)
{
	struct rq *rq = this_rq();
	u32 flags = spin_lock_irqsave(&rq->lock);
	u64 ns;

	update_curr(rq, ktime_ns());
	ns = rq->idle_ns;
	if (iowait_ns)
		*iowait_ns = rq->iowait_ns;
	spin_unlock_irqrestore(&rq->lock, flags);
	return ns;
}

u64 task_runtime_ns(struct task *t)
{
	struct rq *rq = task_rq(t);
	u32 flags = spin_lock_irqsave(&rq->lock);
	u64 ns;

	if (rq->curr == t)
		update_curr(rq, ktime_ns());
	ns = t->sum_exec_ns;
	spin_unlock_irqrestore(&rq->lock, flags);
	return ns;
}
