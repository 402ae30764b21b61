/*
 * Signals. struct sighand: handlers (shared by CLONE_SIGHAND); struct signal: what a process shares (group, session, terminal, pending,
 * limits, exit state). Both reference-counted. Locks: sighand->lock (RANK_SIGNAL) guards handlers and pending sets; tasklist_lock the groups.
 */
#ifndef KERNEL_SCHED_SIGNAL_H
#define KERNEL_SCHED_SIGNAL_H

#include "kernel/sched/task.h"
#include "kernel/uapi/signal.h"
#include "kernel/sched/hrtimer.h"
#include "kernel/sched/time.h"
#include "kernel/hal/percpu.h"

struct siginfo_k { /* what travels with a signal inside the kernel */
	int signo, code, err;
	pid_t pid;
	uid_t uid;
	u32 addr_or_value; /* fault address, sival, status */
	s32 band_or_utime;
	s32 fd_or_stime;
};
struct sigqueue {
	struct list_head node;
	struct siginfo_k info;
	/*
	 * NULL: the entry is freed when it leaves its queue. Else it belongs to somebody, who hears of it, with the copy that is delivered, or
	 * NULL when the signal was thrown away. sighand lock held.
	 */
	void (*taken)(struct sigqueue *q, struct siginfo_k *info);
};
struct k_sigaction {
	u32 handler; /* SIG_DFL 0, SIG_IGN 1, or a user address */
	u32 flags, restorer;
	u64 mask;
};
struct sighand {
	struct spinlock lock;
	atomic_t refs;
	struct k_sigaction action[64];
	struct wait_queue_head signalfd_wait; /* who waits for signals through a descriptor */
};
#define RLIM_NLIMITS 16
struct rlimit_k { u64 cur, max; };
struct tty;
struct signal {
	atomic_t refs, live; /* live: tasks that have not exited */
	struct list_head threads;
	pid_t pgrp, session;
	bool session_leader;
	struct tty *tty;     /* controlling terminal; opaque to the core, io/char holds the reference */
	u64 shared_pending;
	struct list_head pending;
	struct wait_queue_head child_wait; /* wait4 sleeps here */
	struct wait_queue_head exit_wait;  /* who polls a pidfd of it */
	bool group_exit;
	int group_exit_code;
	bool stopped, stop_reported, cont_pending;
	int stop_sig;
	struct rlimit_k rlim[RLIM_NLIMITS];
	bool cont_notify;    /* the parent is still to be told about SIGCONT */
	bool stop_dequeued;  /* a stop signal was taken off the queue and no SIGCONT came since */
	bool unkillable;     /* init: signals without a handler are ignored */
	bool was_leader;     /* its pid was given to a group or a session */
	bool child_subreaper;
	bool cpu_timers;     /* it_virt, it_prof, a POSIX timer of a CPU clock or RLIMIT_CPU are to be looked at by the tick */
	u32 nr_queued;       /* sigqueue entries, those of POSIX timers too; limited by RLIMIT_SIGPENDING */
	struct task *exec_task; /* an execve waits for the other threads to end */
	struct cpu_itimer { u64 left_ns, interval_ns; } it_virt, it_prof; /* left 0: off */
	u64 cpu_ns, next_xcpu_ns; /* while cpu_timers: CPU time of the process by ticks, and when SIGXCPU is due */
	u32 cmin_flt, cmaj_flt, cnvcsw, cnivcsw, cmaxrss; /* of children that were waited for, with cutime and cstime */
	u32 min_flt_dead, maj_flt_dead, nvcsw_dead, nivcsw_dead, maxrss;
	u64 cutime_ns, cstime_ns;
	struct task_io io_dead, io_children;                  /* of threads that ended, of children that were waited for */
	u64 utime_dead_ns, stime_dead_ns; /* of threads that ended */
	struct hrtimer itimer_real;      /* with the two below: kernel/syscall/itimer.c; sighand lock */
	u64 itimer_real_interval_ns;
	struct task *itimer_task;
	struct list_head posix_timers; /* kernel/syscall/posix_timer.c; sighand lock */
	int next_timer_id;
	struct rb_root cpu_timers_tree; /* those of the process's CPU time that are armed; those of threads: task->cpu_timers */
	u32 nr_thread_timers;           /* how many are armed in the latter, of all threads */
};

#define RLIMIT_CPU 0
#define RLIMIT_FSIZE 1
#define RLIMIT_DATA 2
#define RLIMIT_STACK 3
#define RLIMIT_CORE 4
#define RLIMIT_RSS 5
#define RLIMIT_NPROC 6
#define RLIMIT_NOFILE 7
#define RLIMIT_MEMLOCK 8
#define RLIMIT_AS 9
#define RLIMIT_LOCKS 10
#define RLIMIT_SIGPENDING 11
#define RLIMIT_MSGQUEUE 12
#define RLIMIT_NICE 13
#define RLIMIT_RTPRIO 14
#define RLIMIT_RTTIME 15
#define RLIM_INFINITY (~0ull)
static inline u64 rlimit(u32 which);

#define sigmask_of(sig) (1ull << ((sig)-1))
#define SIGMASK_UNBLOCKABLE (sigmask_of(SIGKILL) | sigmask_of(SIGSTOP))
#define SIGMASK_STOP (sigmask_of(SIGSTOP) | sigmask_of(SIGTSTP) | sigmask_of(SIGTTIN) | sigmask_of(SIGTTOU))
#define SIGMASK_IGNORED (sigmask_of(SIGCHLD) | sigmask_of(SIGCONT) | sigmask_of(SIGURG) | sigmask_of(SIGWINCH))
#define SIGMASK_CORE (sigmask_of(SIGQUIT) | sigmask_of(SIGILL) | sigmask_of(SIGTRAP) | sigmask_of(SIGABRT) | sigmask_of(SIGFPE) | \
	sigmask_of(SIGSEGV) | sigmask_of(SIGBUS) | sigmask_of(SIGSYS) | sigmask_of(SIGXCPU) | sigmask_of(SIGXFSZ))
/* Shared by all kernel threads. */
extern struct signal init_signal;
extern struct sighand init_sighand;
struct signal *signal_create(void); /* empty, refs and live 1, limits to be filled; NULL: no memory */
struct sighand *sighand_create(const struct sighand *from); /* a copy, refs 1 */
void signal_put(struct signal *s);
void sighand_put(struct sighand *s);
/* Queue a signal; info NULL: from the kernel. 0 or -EAGAIN (queue full). Any context but hard interrupts with other sighand locks held. */
int send_signal(struct task *t, int sig, const struct siginfo_k *info);         /* to this thread */
int send_signal_process(struct task *t, int sig, const struct siginfo_k *info); /* to its process */
/*
 * The same with an entry that its owner keeps (q->taken is set, it is on no queue), to a process or one thread. sighand lock held, any context.
 * false: the signal is ignored, or nobody is left to take it.
 */
bool send_sigqueue_locked(struct task *t, struct sigqueue *q, bool process);
/* Take such an entry back, wherever it is. sighand lock held. */
void cancel_sigqueue_locked(struct task *t, struct sigqueue *q, bool process);
/* To every process of a group; tasklist_lock not held. 0 or -ESRCH. */
int send_signal_pgrp(pid_t pgrp, int sig, const struct siginfo_k *info);
/* A fault of the current task: cannot be ignored or blocked. */
void force_signal(int sig, int code, u32 addr);
/* The same for a fault that another task, or an earlier moment, has caused. Any context but hard interrupts; t is no kernel thread. */
void force_signal_task(struct task *t, int sig, int code, u32 addr);
bool signal_pending(const struct task *t);
bool fatal_signal_pending(const struct task *t); /* SIGKILL */
void recalc_sigpending(struct task *t); /* sighand lock held */
bool is_current_pgrp_orphaned(void);
/* The same with tasklist_lock held; ignore is left out of the count (it is exiting). */
bool pgrp_orphaned_locked(pid_t pgrp, const struct task *ignore);
bool pgrp_has_stopped_locked(pid_t pgrp);
int send_signal_pgrp_locked(pid_t pgrp, int sig, const struct siginfo_k *info); /* tasklist_lock held */
/* Change the blocked set of current; unblockable ones are left out. */
void set_current_blocked(u64 set);
/* Throw away pending signals of the process in mask (the action became "ignore"); sighand lock held. */
void flush_signals_locked(struct task *t, u64 mask);
void flush_all_signals(struct task *t); /* those of the thread; at its end */
/* Every thread of the process but one (NULL: none) that is not exiting gets SIGKILL; sighand lock held. */
void kill_threads_locked(struct signal *s, const struct task *except);
/*
 * For ppoll, pselect and epoll_pwait: block `mask` (user memory, 8 bytes; NULL: no change) until the call ends. 0, -EFAULT, -EINVAL.
 * restore_user_sigmask: the call ends; when a signal interrupted it the old mask comes back only after the handler's frame is built.
 */
int __must_check set_user_sigmask(const void __user *mask, size_t size);
void restore_user_sigmask(bool interrupted);
/* Take the next deliverable signal of current off the queues; 0: none. */
int dequeue_signal(u64 blocked, struct siginfo_k *info);
void signal_wake_up(struct task *t); /* sighand lock held */

static inline u64 rlimit(u32 which) { return current->signal->rlim[which].cur; } /* of the current process */

/* The session leader `current` ends: hang its terminal up (io/char sets it). No locks held, may sleep. */
extern void (*session_exit_hook)(struct task *leader);

/* What PID/stat tells of a terminal: its number and its foreground group. Set by io/char; any context that may sleep. */
extern void (*tty_describe_hook)(const struct tty *t, kdev_t *dev, pid_t *foreground);

#endif
