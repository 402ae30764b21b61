/*
 * A task is a thread of execution and no more: address space, files, fs, signal handlers and process-wide signal state are objects of
 * their own with reference counts, because clone shares them one by one. A process is the tasks that share one struct signal.
 */
#ifndef KERNEL_SCHED_TASK_H
#define KERNEL_SCHED_TASK_H

#include "kernel/hal/percpu.h"
#include "kernel/hal/regs.h"
#include "kernel/lib/list.h"
#include "kernel/lib/rbtree.h"
#include "kernel/sched/cred.h"
#include "kernel/sched/task_io.h"
#include "kernel/sched/wait.h"
#include "kernel/sync/atomic.h"
#include "kernel/uapi/ioprio.h"

struct mm;
struct files;       /* io/vfs: descriptor table */
struct fs_context;  /* io/vfs: cwd, root, umask */
struct file;
struct sighand;     /* kernel/sched/signal.h */
struct signal;
struct blk_plug;
struct kthread;
struct mutex;

/* task->flags, tested on the way back to user space (any bit of TIF_WORK) */
#define TIF_SIGPENDING BIT(0)
#define TIF_NEED_RESCHED BIT(1)
#define TIF_CLOSING BIT(2) /* io/vfs: files to be closed, see fput_later */
#define TIF_WORK (TIF_SIGPENDING | TIF_NEED_RESCHED | TIF_CLOSING)
#define TIF_RESTORE_SIGMASK BIT(3)
#define PF_KTHREAD BIT(8)
#define PF_EXITING BIT(9)
#define PF_FORKNOEXEC BIT(10)
#define PF_MEMALLOC BIT(11) /* reclaim itself: may use the reserve, does not recurse */
#define PF_VFORK BIT(12)

#define TASK_COMM_LEN 16
#ifdef CONFIG_DEBUG
#define KSTACK_SIZE 16384u
#else
#define KSTACK_SIZE 8192u
#endif

struct task {
	/* first fields are known to the assembler files of kernel/hal */
	u32 kernel_esp;      /* saved stack pointer while not running */
	volatile u32 flags;
	volatile u32 state;
	void *stack;         /* lowest address; a guard page lies below */
	struct task_io io;   /* dispatch.asm and uaccess.asm count in it */

	pid_t pid, tgid;
	char comm[TASK_COMM_LEN];
	atomic_t refs;       /* put_task frees */
	u32 pagefault_disabled;

	/* scheduling: run queue lock */
	struct rb_node run_node;
	bool on_rq;
	s8 nice;
	u32 weight;
	u64 vruntime;
	u64 exec_start, sum_exec_ns;
	u64 utime_ns, stime_ns, start_ns;
	u32 nvcsw, nivcsw, min_flt, maj_flt;
	u32 cpu;                            /* whose run queue */
	u32 policy, rt_priority;            /* SCHED_*; 0, or 1..99 for SCHED_FIFO and SCHED_RR */
	u64 rt_seq;                         /* order among equal rt_priority */
	u64 slice_start_ns;                 /* sum_exec_ns when a SCHED_RR slice began */
	u32 timer_slack_ns, default_timer_slack_ns; /* how late its sleeps may end (hrtimer.h); the latter is its parent's when it began */
	u32 ioprio;                         /* IOPRIO_VALUE of ioprio_set; class NONE: follows nice; inherited */
	u32 request_ioprio;                 /* of an asynchronous request that it starts just now; else 0 */
	u64 prev_utime_ns, prev_stime_ns;   /* last reported: times never go back */

	/* objects */
	struct mm *mm;        /* NULL: kernel thread */
	struct mm *active_mm; /* whose page directory is loaded */
	struct files *files;
	struct fs_context *fs;
	struct file *closing; /* io/vfs: what fput_later left */
	struct sighand *sighand;
	struct signal *signal;
	struct cred cred;     /* changed only by the task itself */
	struct blk_plug *plug;
	void *bio_list;       /* for the block layer: bios queued while a submission is under way */

	/* family: tasklist lock */
	struct task *parent;       /* real parent (group leader) */
	struct list_head children; /* through sibling */
	struct list_head sibling;
	struct list_head thread_node; /* in signal->threads */
	struct list_head all_node;    /* in the list of all tasks */
	struct list_head pid_node;    /* hash chain */
	struct task *leader;          /* first thread of the process; children hang on leaders */
	u32 exit_state;               /* 0, TASK_ZOMBIE: waits to be reaped, TASK_DEAD: reaped */
	int exit_code;                /* wait status */
	int exit_signal;              /* to the parent at the end; -1: a thread, or nobody waits */
	int pdeath_signal;            /* prctl PR_SET_PDEATHSIG */
	bool no_new_privs, dumpable, did_exec;
	u32 personality;
	u32 __user *set_child_tid;    /* written by the new task itself */
	u32 __user *robust_list;      /* head of the list of held robust futexes */
	struct kthread *kthread;      /* kernel threads only */
	u32 __user *clear_child_tid;
	struct completion *vfork_done;

	/* signals: sighand lock */
	struct rb_root cpu_timers; /* kernel/syscall/posix_timer.c */
	u64 blocked, saved_blocked;
	u64 real_blocked; /* in sigtimedwait: what is blocked outside of it; such signals are kept even if ignored */
	u64 pending_set;
	struct list_head pending;
	u32 sas_ss_sp, sas_ss_size, sas_ss_flags;
	struct restart_block {
		long (*fn)(struct restart_block *);
		u64 deadline_ns;
		u32 arg[4];
	} restart;

	/* CPU state */
#ifdef CONFIG_DEBUG
	u32 nr_mutexes;               /* mutexes held, for the rank check */
	struct mutex *held_mutex[16];
#endif
	u64 tls[3];
	u32 user_gs;
	u8 fpu[512] __aligned(16);
};

/* The registers a task entered the kernel with: at the top of its stack. */
static inline struct regs *task_regs(const struct task *t) { return (struct regs *)((u8 *)t->stack + KSTACK_SIZE) - 1; }

#ifndef HOST_TEST
/* Between the two no user copy faults a page in (kernel/hal/uaccess.h). They nest. */
static inline void pagefault_disable(void)
{
	current->pagefault_disabled++;
	barrier();
}
static inline void pagefault_enable(void)
{
	barrier();
	current->pagefault_disabled--;
}
#endif

extern struct spinlock tasklist_lock; /* RANK_FILES; family and lists; also taken in softirqs: spin_lock_bh */
extern struct list_head all_tasks;
extern struct task init_task;         /* the boot CPU's idle task, pid 0 */

struct task *find_task(pid_t pid);     /* with tasklist_lock held */
struct task *get_task_by_pid(pid_t pid); /* with a reference, or NULL */
static inline struct task *get_task(struct task *t) { atomic_inc(&t->refs); return t; }
void put_task(struct task *t);         /* any context */
/* A new task that shares nothing yet: a copy of `from` with its own stack and no pid. NULL: no memory. refs 2: the lists and the scheduler. */
struct task *task_alloc(const struct task *from);
void task_free(struct task *t);        /* one that was never attached */
pid_t pid_alloc(void);                 /* -EAGAIN: none left */
void pid_free(pid_t pid);
void task_attach(struct task *t);      /* into the pid hash and the list of all tasks; tasklist_lock held */
void task_detach(struct task *t);
void task_rehash(struct task *t, pid_t pid); /* change its pid; tasklist_lock held */
void pid_put_unused(pid_t pid);        /* a process left this group or session id: free it if nobody has it any more; tasklist_lock held */
/* Give the stacks kept for new tasks back; returns pages. May sleep. */
u32 task_stacks_drain(void);
u32 nr_tasks(void);
u32 max_tasks(void);                   /* by memory */
extern pid_t last_pid;

/* Scheduler. */
int sched_init(void);
void sched_fork(struct task *t);      /* set up a new task's scheduling fields */
void wake_up_new_task(struct task *t);
bool wake_up_state(struct task *t, u32 mode); /* if its state is in mode; true: was asleep. Any context */
#define wake_up_process(t) wake_up_state((t), TASK_NORMAL)
void set_current_state(u32 state);
void cond_resched(void);              /* a point where kernel code lets others run */
void yield_cpu(void);
void sched_tick(bool user_mode);      /* from tick() */
void set_user_nice(struct task *t, int nice);
#define SCHED_NORMAL 0u
#define SCHED_FIFO 1u
#define SCHED_RR 2u
#define SCHED_BATCH 3u
#define SCHED_IDLE 5u
#define SCHED_RR_SLICE_NS 100000000ull
/* While fair tasks wait, real-time ones get this much of each period; from /proc/sys/kernel. RT_RUNTIME_ALL: all of it. */
extern u32 sched_rt_period_us, sched_rt_runtime_us;
#define RT_RUNTIME_ALL 0xffffffffu
void sched_set_policy(struct task *t, u32 policy, u32 rt_priority);
/* Is this an I/O priority that current may use? 0, -EINVAL, or -EPERM: real time is for root. */
int __must_check ioprio_check(u32 ioprio);
/* The I/O priority that counts: that of the request being started, the one that was set, else what policy and nice value stand for (ioprio_set(2)). */
static inline u32 task_effective_ioprio(const struct task *t)
{
	if (unlikely(t->request_ioprio))
		return t->request_ioprio;
	if (IOPRIO_CLASS(t->ioprio))
		return t->ioprio;
	if (unlikely(t->policy == SCHED_IDLE))
		return IOPRIO_VALUE(IOPRIO_CLASS_IDLE, 0);
	return IOPRIO_VALUE(t->rt_priority ? IOPRIO_CLASS_RT : IOPRIO_CLASS_BE, (u32)(t->nice + 20) / 5);
}
/* First C code of a new task: prev is the one that ran before. From switch.asm. */
void schedule_tail(struct task *prev);
/* The descriptors or %gs of current were changed in current->tls and current->user_gs: load them. */
void sched_reload_segments(void);
/* A selector a program may have in a data segment register, given its thread-local descriptors: itself, or 0. */
u32 sanitize_selector(u32 sel, const u64 tls[3]);
void sched_fpu_load(struct task *t);   /* t->fpu into the registers; what they held is saved for whom it belongs to. Interrupts off */
void sched_fpu_forget(struct task *t); /* its memory is about to be freed or rewritten */
/* User and system time so far: run time split by what the ticks saw. */
void task_cputime(struct task *t, u64 *utime_ns, u64 *stime_ns);
u64 task_runtime_ns(struct task *t);
char task_state_char(const struct task *t);
void sched_account_tick(u32 active_tasks, u64 now); /* load average; from sched_tick */
/* Called in sched_tick for user tasks whose process has CPU timers or limits; set by kernel/process. Hard interrupt. */
extern void (*sched_cpu_timer_hook)(struct task *t, bool user_mode);
/* Set by the block layer: submit what the task has plugged; called before a task with a plug sleeps. */
extern void (*sched_plug_flush)(struct task *t);
/* Requests the devices are working on, counted by the block layer: with idle=poll the idle loop spins while it is not 0. */
extern atomic_t io_in_flight;
void __noreturn cpu_idle_loop(void);
u32 nr_running(void);
void sched_loadavg(u32 avg[3]);       /* fixed point, 11 bits */
u64 sched_idle_ns(u64 *iowait_ns);   /* iowait_ns (may be NULL): the part of it in which a task waited for a device */
u32 nr_blocked(void);                 /* such tasks now */
u64 sched_context_switches(void);
u64 sched_forks(void);

/* Kernel threads: fn(arg) in a task of its own. ERR_PTR on failure. Process context. */
struct task *kthread_run(int (*fn)(void *), void *arg, const char *name_fmt, ...) __printf(3, 4);
bool kthread_should_stop(void);
int kthread_stop(struct task *t);     /* ask, wake, wait for its end; its return value */
/*
 * A kernel thread works in the address space of a process for a while. It keeps the structure (mm_grab); that the areas stay is its affair:
 * the end of the last user waits for it (mm_exit_hook). Process context.
 */
void kthread_use_mm(struct mm *mm);
void kthread_unuse_mm(void);
void sleep_ms(u32 ms);

#endif
