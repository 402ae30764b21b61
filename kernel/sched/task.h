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
#include "kernel/sched/wait.h"
#include "kernel/sync/atomic.h"

struct mm;
struct files;       /* io/vfs: descriptor table */
struct fs_context;  /* io/vfs: cwd, root, umask */
struct sighand;     /* kernel/sched/signal.h */
struct signal;
struct blk_plug;

/* task->flags, tested on the way back to user space (any bit of TIF_WORK) */
#define TIF_SIGPENDING BIT(0)
#define TIF_NEED_RESCHED BIT(1)
#define TIF_WORK (TIF_SIGPENDING | TIF_NEED_RESCHED)
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
	/* first fields are known to switch.asm */
	u32 kernel_esp;      /* saved stack pointer while not running */
	volatile u32 flags;
	volatile u32 state;
	void *stack;         /* lowest address; a guard page lies below */

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

	/* objects */
	struct mm *mm;        /* NULL: kernel thread */
	struct mm *active_mm; /* whose page directory is loaded */
	struct files *files;
	struct fs_context *fs;
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
	int exit_code;                /* wait status */
	int exit_signal;
	u32 __user *clear_child_tid;
	struct completion *vfork_done;

	/* signals: sighand lock */
	u64 blocked, saved_blocked;
	u64 pending_set;
	struct list_head pending;
	u32 sas_ss_sp, sas_ss_size, sas_ss_flags;
	struct restart_block {
		long (*fn)(struct restart_block *);
		u64 deadline_ns;
		u32 arg[4];
	} restart;

	/* CPU state */
	u64 tls[3];
	u16 user_gs;
	u8 fpu[512] __aligned(16);
};

/* The registers a task entered the kernel with: at the top of its stack. */
static inline struct regs *task_regs(const struct task *t) { return (struct regs *)((u8 *)t->stack + KSTACK_SIZE) - 1; }

extern struct spinlock tasklist_lock; /* RANK_FILES; family and lists */
extern struct list_head all_tasks;
extern struct task init_task;         /* the boot CPU's idle task, pid 0 */

struct task *find_task(pid_t pid);     /* with tasklist_lock held */
struct task *get_task_by_pid(pid_t pid); /* with a reference, or NULL */
static inline struct task *get_task(struct task *t) { atomic_inc(&t->refs); return t; }
void put_task(struct task *t);

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
void __noreturn cpu_idle_loop(void);
u32 nr_running(void);
void sched_loadavg(u32 avg[3]);       /* fixed point, 11 bits */
u64 sched_idle_ns(void);
u64 sched_context_switches(void);
u64 sched_forks(void);

/* Kernel threads: fn(arg) in a task of its own. ERR_PTR on failure. Process context. */
struct task *kthread_run(int (*fn)(void *), void *arg, const char *name_fmt, ...) __printf(3, 4);
bool kthread_should_stop(void);
int kthread_stop(struct task *t);     /* ask, wake, wait for its end; its return value */
void sleep_ms(u32 ms);

#endif
