/*
 * Processes: fork, exec, exit, wait, signal delivery. The top of the kernel beside the system calls: unlike kernel/sched it may include io/vfs.
 * All functions: process context, may sleep.
 */
#ifndef KERNEL_PROCESS_PROCESS_H
#define KERNEL_PROCESS_PROCESS_H

#include "kernel/sched/signal.h"
#include "kernel/sched/task.h"

#define CLONE_VM 0x100u
#define CLONE_FS 0x200u
#define CLONE_FILES 0x400u
#define CLONE_SIGHAND 0x800u
#define CLONE_PIDFD 0x1000u
#define CLONE_VFORK 0x4000u
#define CLONE_PARENT 0x8000u
#define CLONE_THREAD 0x10000u
#define CLONE_SETTLS 0x80000u
#define CLONE_PARENT_SETTID 0x100000u
#define CLONE_CHILD_CLEARTID 0x200000u
#define CLONE_CHILD_SETTID 0x1000000u

/* pid of the child, or -errno. stack 0: the parent's. */
long do_clone(struct regs *r, u32 flags, u32 stack, u32 __user *parent_tid, u32 tls, u32 __user *child_tid, u32 __user *pidfd, int exit_signal);
/* Replace the current program. argv and envp are user arrays (or kernel ones when kernel_args). Returns only errors; on success regs are the new program's. */
int do_execve(struct regs *r, int dfd, const char *path, const void *argv, const void *envp, bool kernel_args, int flags);
void __noreturn do_exit(int wait_status);        /* this task; status as wait sees it (code << 8 or signal) */
void __noreturn do_group_exit(int wait_status);  /* the whole process */
/* Called on the way back to user space when TIF_WORK is set: reschedule, deliver signals. */
void exit_to_user(struct regs *r);
/* Start /sbin/init (or init=) as pid 1 once the root is mounted. */
int start_init(void);
int process_init(void);
struct mm *get_task_mm(struct task *t); /* with a user reference (mm_put), or NULL */
struct seq_buf;
/* PID/stat, PID/status for procfs. */
int task_show_stat(struct seq_buf *s, struct task *t);
int task_show_status(struct seq_buf *s, struct task *t);
/* /proc/meminfo and /proc/vmstat. */
int meminfo_show(struct seq_buf *s, void *arg);
int vmstat_show(struct seq_buf *s, void *arg);

#endif
