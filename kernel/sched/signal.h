/*
 * Signals. struct sighand: handlers (shared by CLONE_SIGHAND); struct signal: what a process shares (group, session, terminal, pending,
 * limits, exit state). Both reference-counted. Locks: sighand->lock (RANK_SIGNAL) guards handlers and pending sets; tasklist_lock the groups.
 */
#ifndef KERNEL_SCHED_SIGNAL_H
#define KERNEL_SCHED_SIGNAL_H

#include "kernel/sched/task.h"
#include "kernel/uapi/signal.h"
#include "kernel/sched/time.h"

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
	bool group_exit;
	int group_exit_code;
	bool stopped, stop_reported, cont_pending;
	int stop_sig;
	struct rlimit_k rlim[RLIM_NLIMITS];
	u64 cutime_ns, cstime_ns;
	u64 utime_dead_ns, stime_dead_ns; /* of threads that ended */
	struct timer itimer_real;
	u64 itimer_real_interval_ns;
	struct task *itimer_task;
};

#define sigmask_of(sig) (1ull << ((sig)-1))
/* Queue a signal; info NULL: from the kernel. 0 or -EAGAIN (queue full). Any context but hard interrupts with other sighand locks held. */
int send_signal(struct task *t, int sig, const struct siginfo_k *info);         /* to this thread */
int send_signal_process(struct task *t, int sig, const struct siginfo_k *info); /* to its process */
/* To every process of a group; tasklist_lock not held. 0 or -ESRCH. */
int send_signal_pgrp(pid_t pgrp, int sig, const struct siginfo_k *info);
/* A fault of the current task: cannot be ignored or blocked. */
void force_signal(int sig, int code, u32 addr);
bool signal_pending(const struct task *t);
void recalc_sigpending(struct task *t); /* sighand lock held */
bool is_current_pgrp_orphaned(void);
/* Take the next deliverable signal of current off the queues; 0: none. */
int dequeue_signal(u64 blocked, struct siginfo_k *info);
void signal_wake_up(struct task *t);

#endif
