/* POSIX timers (timer_create), towards the life of processes. */
#ifndef KERNEL_SYSCALL_POSIX_TIMER_H
#define KERNEL_SYSCALL_POSIX_TIMER_H

#include "kernel/lib/types.h"

struct task;
/* All timers of t's process, with their pending signals: it ends, or t, the only thread left, calls execve. Process context, no locks held. */
void posix_timers_delete(struct task *t);
/* The tick found t running: fire what is due of its process by CPU clocks; whether such timers are left. sighand lock held, hard interrupt. */
bool posix_cpu_timers_tick(struct task *t);

long sys_timer_create(int clock, const void __user *event, s32 __user *id);
long sys_timer_settime(int id, int flags, const void __user *new, void __user *old);
long sys_timer_settime64(int id, int flags, const void __user *new, void __user *old);
long sys_timer_gettime(int id, void __user *now);
long sys_timer_gettime64(int id, void __user *now);
long sys_timer_getoverrun(int id);
long sys_timer_delete(int id);

#endif
