/*
 * Tasks as objects: the idle task, allocation of task structures, stacks and pids, the pid hash and the list of all tasks.
 * A task has two references from the start: one of the lists, dropped when it is reaped, one of the scheduler, dropped when it has left the
 * CPU for good. Handlers and signal state live as long as the task structure, so whoever holds a reference may lock t->sighand.
 */
#include "kernel/sched/task.h"
#include "kernel/debug/bug.h"
#include "kernel/hal/cpu.h"
#include "kernel/lib/bitmap.h"
#include "kernel/lib/err.h"
#include "kernel/lib/hash.h"
#include "kernel/lib/string.h"
#include "kernel/sched/signal.h"
#include "mm/alloc.h"

#define PID_MAX 32768
#define PID_RESERVED 300 /* after a wrap-around numbers below are not given again: daemons of the start keep theirs */
#define PID_HASH_BITS 8
#define STACK_CACHE_MAX 16

DEFINE_SPINLOCK(tasklist_lock, RANK_FILES);
LIST_HEAD(all_tasks);
pid_t last_pid;

#define NO_LIMIT { RLIM_INFINITY, RLIM_INFINITY }
struct signal init_signal = {
	.refs = ATOMIC_INIT(1),
	.live = ATOMIC_INIT(1),
	.threads = LIST_HEAD_INIT(init_signal.threads),
	.pending = LIST_HEAD_INIT(init_signal.pending),
	.child_wait = WAIT_QUEUE_INIT(init_signal.child_wait),
	.rlim = {
		[RLIMIT_CPU] = NO_LIMIT,
		[RLIMIT_FSIZE] = NO_LIMIT,
		[RLIMIT_DATA] = NO_LIMIT,
		[RLIMIT_STACK] = { 8u << 20, RLIM_INFINITY },
		[RLIMIT_CORE] = { 0, RLIM_INFINITY },
		[RLIMIT_RSS] = NO_LIMIT,
		[RLIMIT_NPROC] = NO_LIMIT, /* by memory, see process_init */
		[RLIMIT_NOFILE] = { 1024, 4096 },
		[RLIMIT_MEMLOCK] = { 8u << 20, 8u << 20 },
		[RLIMIT_AS] = NO_LIMIT,
		[RLIMIT_LOCKS] = NO_LIMIT,
		[RLIMIT_SIGPENDING] = { 1024, 1024 },
		[RLIMIT_MSGQUEUE] = { 819200, 819200 },
		[RLIMIT_NICE] = { 0, 0 },
		[RLIMIT_RTPRIO] = { 0, 0 },
		[RLIMIT_RTTIME] = NO_LIMIT,
	},
};
struct sighand init_sighand = {
	.lock = SPINLOCK_INIT("sighand", RANK_SIGNAL), .refs = ATOMIC_INIT(1), .signalfd_wait = WAIT_QUEUE_INIT(init_sighand.signalfd_wait)
};

struct task init_task = {
	.timer_slack_ns = DEFAULT_TIMER_SLACK_NS,
	.state = TASK_RUNNING,
	.flags = PF_KTHREAD,
	.comm = "swapper",
	.refs = ATOMIC_INIT(2),
	.weight = 1024,
	.signal = &init_signal,
	.sighand = &init_sighand,
	.parent = &init_task,
	.leader = &init_task,
	.children = LIST_HEAD_INIT(init_task.children),
	.sibling = LIST_HEAD_INIT(init_task.sibling),
	.thread_node = LIST_HEAD_INIT(init_task.thread_node),
	.pending = LIST_HEAD_INIT(init_task.pending),
};

/* tasklist_lock */
static struct list_head pid_hash[1 << PID_HASH_BITS];
static u32 task_count;

static DEFINE_SPINLOCK(pid_lock, RANK_ALLOC);
static u32 pid_map[PID_MAX / 32] = { 1 };

static DEFINE_SPINLOCK(stack_lock, RANK_ALLOC);
static struct free_stack { struct free_stack *next; } *free_stacks;
static u32 nr_free_stacks;

static struct kmem_cache *task_cache;

/* ---- pids ---- */

pid_t pid_alloc(void)
{
	u32 flags = spin_lock_irqsave(&pid_lock);
	u32 pid = bitmap_find_zero(pid_map, PID_MAX, (u32)last_pid + 1);

	if (pid >= PID_MAX)
		pid = bitmap_find_zero(pid_map, PID_MAX, PID_RESERVED);
	if (pid < PID_MAX) {
		bitmap_set(pid_map, pid);
		last_pid = (pid_t)pid;
	}
	spin_unlock_irqrestore(&pid_lock, flags);
	return pid < PID_MAX ? (pid_t)pid : -EAGAIN;
}

void pid_free(pid_t pid)
{
	u32 flags = spin_lock_irqsave(&pid_lock);

	bitmap_clear(pid_map, (u32)pid);
	spin_unlock_irqrestore(&pid_lock, flags);
}

static inline struct list_head *pid_bucket(pid_t pid) { return &pid_hash[hash_32((u32)pid, PID_HASH_BITS)]; }

struct task *find_task(pid_t pid)
{
	struct list_head *b = pid_bucket(pid);
	struct task *t;

	if (!b->next)
		return NULL;
	list_for_each_entry(t, b, pid_node) {
		if (t->pid == pid)
			return t;
	}
	return NULL;
}

struct task *get_task_by_pid(pid_t pid)
{
	struct task *t;

	spin_lock_bh(&tasklist_lock);
	t = find_task(pid);
	if (t)
		get_task(t);
	spin_unlock_bh(&tasklist_lock);
	return t;
}

static void hash_in(struct task *t)
{
	struct list_head *b = pid_bucket(t->pid);

	if (!b->next)
		INIT_LIST_HEAD(b);
	list_add(&t->pid_node, b);
}

void task_attach(struct task *t)
{
	hash_in(t);
	list_add_tail(&t->all_node, &all_tasks);
	task_count++;
}

void task_detach(struct task *t)
{
	list_del(&t->pid_node);
	list_del(&t->all_node);
	task_count--;
}

void task_rehash(struct task *t, pid_t pid)
{
	list_del(&t->pid_node);
	t->pid = pid;
	hash_in(t);
}

void pid_put_unused(pid_t pid)
{
	struct task *t;

	if (find_task(pid))
		return;
	list_for_each_entry(t, &all_tasks, all_node) {
		if (t->signal->pgrp == pid || t->signal->session == pid)
			return;
	}
	pid_free(pid);
}

u32 nr_tasks(void) { return task_count; }

/* Stacks may take an eighth of memory. */
u32 max_tasks(void) { return max(64u, nr_total_pages() / (8 * (KSTACK_SIZE / PAGE_SIZE))); }

/* ---- stacks: some are kept mapped for the next task, which would else pay for mapping and flushing ---- */

static void *pop_stack(u32 keep)
{
	u32 flags = spin_lock_irqsave(&stack_lock);
	struct free_stack *s = NULL;

	if (nr_free_stacks > keep) {
		s = free_stacks;
		free_stacks = s->next;
		nr_free_stacks--;
	}
	spin_unlock_irqrestore(&stack_lock, flags);
	return s;
}

/* May sleep: gives back what put_task left over the size of the cache. */
static void *stack_alloc(void)
{
	void *s;

	while (unlikely(nr_free_stacks > STACK_CACHE_MAX)) {
		s = pop_stack(STACK_CACHE_MAX);
		if (s)
			vfree(s);
	}
	s = pop_stack(0);
	return s ? s : vmalloc(KSTACK_SIZE);
}

u32 task_stacks_drain(void)
{
	u32 pages = 0;
	void *s;

	while ((s = pop_stack(0))) {
		vfree(s);
		pages += KSTACK_SIZE / PAGE_SIZE;
	}
	return pages;
}

static u32 shrink_stacks(struct shrinker *s, u32 nr, u32 gfp) { return task_stacks_drain(); }

static struct shrinker stack_shrinker = { .name = "stacks", .scan = shrink_stacks };

static void stack_free(void *stack)
{
	struct free_stack *s = stack;
	u32 flags = spin_lock_irqsave(&stack_lock);

	s->next = free_stacks;
	free_stacks = s;
	nr_free_stacks++;
	spin_unlock_irqrestore(&stack_lock, flags);
}

/* ---- task structures ---- */

struct task *task_alloc(const struct task *from)
{
	struct task *t;

	if (unlikely(!task_cache)) {
		task_cache = kmem_cache_create("task", sizeof(struct task), 16, NULL);
		register_shrinker(&stack_shrinker);
	}
	t = kmem_cache_alloc(task_cache, GFP_KERNEL);
	if (!t)
		return NULL;
	memcpy(t, from, sizeof(*t));
	t->stack = stack_alloc();
	if (!t->stack) {
		kmem_cache_free(task_cache, t);
		return NULL;
	}
	t->flags = from->flags & PF_KTHREAD;
	t->refs = (atomic_t)ATOMIC_INIT(2);
	t->pagefault_disabled = 0;
	t->mm = t->active_mm = NULL;
	t->files = NULL;
	t->fs = NULL;
	t->closing = NULL;
	t->signal = NULL;
	t->sighand = NULL;
	t->plug = NULL;
	t->bio_list = NULL;
	t->kthread = NULL;
	t->cpu_timers = RB_ROOT;
	t->leader = t;
	INIT_LIST_HEAD(&t->children);
	INIT_LIST_HEAD(&t->sibling);
	INIT_LIST_HEAD(&t->thread_node);
	INIT_LIST_HEAD(&t->pending);
	t->exit_state = 0;
	t->exit_code = 0;
	t->exit_signal = -1;
	t->pdeath_signal = 0;
	t->did_exec = false;
	t->clear_child_tid = t->set_child_tid = t->robust_list = NULL;
	t->vfork_done = NULL;
	t->pending_set = 0;
	memset(&t->restart, 0, sizeof(t->restart));
#ifdef CONFIG_DEBUG
	t->nr_mutexes = 0;
#endif
	return t;
}

void task_free(struct task *t)
{
	sched_fpu_forget(t);
	stack_free(t->stack);
	if (t->signal)
		signal_put(t->signal);
	if (t->sighand)
		sighand_put(t->sighand);
	kfree(t->kthread);
	kmem_cache_free(task_cache, t);
}

void put_task(struct task *t)
{
	if (atomic_dec_and_test(&t->refs))
		task_free(t);
}
