/* Kernel threads: tasks without a user address space. They run with full rights, share the idle task's signal state and get no signals. */
#include "kernel/sched/kthread.h"
#include "kernel/debug/bug.h"
#include "kernel/lib/printf.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/task.h"
#include "kernel/sched/time.h"
#include "mm/alloc.h"
#include "mm/mm.h"

void task_first_frame(struct task *t, void *top, void (*start)(void), void *fn, void *arg)
{
	u32 *sp = top;

	*--sp = (u32)start;
	*--sp = 0;        /* ebp: end of the backtrace */
	*--sp = (u32)fn;  /* ebx */
	*--sp = (u32)arg; /* esi */
	*--sp = 0;        /* edi */
	t->kernel_esp = (u32)sp;
}

/* A thread is its own reaper: it leaves the lists at once; the scheduler's reference goes when it has left the CPU. */
static void __noreturn kthread_end(struct task *t)
{
	spin_lock_bh(&tasklist_lock);
	t->exit_state = TASK_DEAD;
	list_del_init(&t->sibling);
	task_detach(t);
	spin_unlock_bh(&tasklist_lock);
	pid_free(t->pid);
	complete_all(&t->kthread->exited);
	put_task(t);
	set_current_state(TASK_DEAD);
	schedule();
	BUG();
}

static void kthread_main(void *arg)
{
	struct task *t = current;
	struct kthread *k = t->kthread;

	k->result = k->fn(k->arg);
	kthread_end(t);
}

struct task *kthread_run(int (*fn)(void *), void *arg, const char *name_fmt, ...)
{
	static struct kmem_cache *cache; /* of its own, so that /proc/slabinfo tells how many threads there are */
	struct kthread *k;
	struct task *t;
	va_list ap;

	if (unlikely(!cache))
		cache = kmem_cache_create("kthread", sizeof(*k), 0, NULL);
	k = kmem_cache_alloc(cache, GFP_KERNEL | GFP_ZERO);
	if (!k)
		return ERR_PTR(-ENOMEM);
	t = task_alloc(&init_task);
	if (!t) {
		kfree(k);
		return ERR_PTR(-ENOMEM);
	}
	t->kthread = k;
	k->fn = fn;
	k->arg = arg;
	completion_init(&k->exited);
	t->pid = t->tgid = pid_alloc();
	if (t->pid < 0) {
		task_free(t);
		return ERR_PTR(-EAGAIN);
	}
	va_start(ap, name_fmt);
	kvsnprintf(t->comm, sizeof(t->comm), name_fmt, ap);
	va_end(ap);
	t->flags |= PF_KTHREAD;
	t->signal = &init_signal;
	t->sighand = &init_sighand;
	atomic_inc(&init_signal.refs);
	atomic_inc(&init_sighand.refs);
	t->parent = &init_task;
	sched_fork(t);
	t->nice = 0;
	t->rt_priority = 0;
	/* Leave room for a struct regs: the thread may become a user task (start_init). */
	task_first_frame(t, task_regs(t), kthread_return, kthread_main, NULL);
	spin_lock_bh(&tasklist_lock);
	task_attach(t);
	list_add_tail(&t->sibling, &init_task.children);
	spin_unlock_bh(&tasklist_lock);
	wake_up_new_task(t);
	return t;
}

bool kthread_should_stop(void) { return current->kthread && current->kthread->should_stop; }

int kthread_stop(struct task *t)
{
	struct kthread *k = t->kthread;
	int result;

	get_task(t);
	k->should_stop = true;
	wake_up_process(t);
	wait_for_completion(&k->exited);
	result = k->result;
	put_task(t);
	return result;
}

void sleep_ms(u32 ms)
{
	u64 deadline = deadline_ms(ms);

	might_sleep();
	do
		set_current_state(TASK_UNINTERRUPTIBLE);
	while (schedule_until(deadline));
}

void kthread_use_mm(struct mm *mm)
{
	struct task *t = current;
	struct mm *borrowed = t->active_mm;

	ASSERT((t->flags & PF_KTHREAD) && !t->mm);
	spin_lock_bh(&tasklist_lock);
	irq_disable();
	t->mm = t->active_mm = mm;
	mm_switch(borrowed, mm);
	sched_fpu_load(t);
	irq_enable();
	spin_unlock_bh(&tasklist_lock);
	if (borrowed)
		mm_drop(borrowed);
}

void kthread_unuse_mm(void)
{
	struct task *t = current;

	spin_lock_bh(&tasklist_lock);
	mm_grab(t->mm); /* borrowed from here on */
	t->mm = NULL;
	spin_unlock_bh(&tasklist_lock);
	sched_fpu_forget(t);
}
