/*
 * The system calls implemented in kernel/: processes, signals, time, identity, limits. Arguments as the dispatcher passes them; each
 * returns a value or -errno. Linux's manual page of the same name is the specification.
 */
#ifndef KERNEL_SYSCALL_CALLS_H
#define KERNEL_SYSCALL_CALLS_H

#include "kernel/lib/types.h"

struct rusage_user;
struct sigaltstack_user;
struct user_desc;

/* process.c */
long sys_restart_syscall(void);
long sys_fork(void);
long sys_vfork(void);
long sys_clone(u32 flags, u32 stack, u32 __user *ptid, u32 tls, u32 __user *ctid);
long sys_clone3(const void __user *args, u32 size);
long sys_execve(const char __user *path, const void __user *argv, const void __user *envp);
long sys_execveat(int dfd, const char __user *path, const void __user *argv, const void __user *envp, int flags);
long sys_exit(int code);
long sys_exit_group(int code);
long sys_getpid(void);
long sys_getppid(void);
long sys_gettid(void);
long sys_getpgid(pid_t pid);
long sys_getpgrp(void);
long sys_setpgid(pid_t pid, pid_t pgid);
long sys_getsid(pid_t pid);
long sys_setsid(void);
long sys_set_tid_address(u32 __user *tid);
long sys_prctl(int option, u32 a, u32 b, u32 c, u32 d);
long sys_personality(u32 persona);
long sys_unsupported(void);

/* kernel/process/wait.c, tls.c, sigframe.c */
long sys_wait4(pid_t pid, u32 __user *status, u32 options, struct rusage_user __user *ru);
long sys_waitpid(pid_t pid, u32 __user *status, u32 options);
long sys_pidfd_open(pid_t pid, u32 flags);
long sys_pidfd_send_signal(int fd, int sig, const void __user *info, u32 flags);
long sys_pidfd_getfd(int fd, u32 target, u32 flags);
long sys_waitid(int type, pid_t id, void __user *info, u32 options, struct rusage_user __user *ru);
long sys_set_thread_area(struct user_desc __user *u);
long sys_get_thread_area(struct user_desc __user *u);
long sys_arch_prctl(int code, u32 addr);
long sys_sigreturn(void);
long sys_rt_sigreturn(void);
long sys_sigaltstack(const struct sigaltstack_user __user *set, struct sigaltstack_user __user *old);

/* futex.c */
long sys_futex(u32 addr, u32 op, u32 val, u32 timeout, u32 addr2, u32 val3);
long sys_futex_time64(u32 addr, u32 op, u32 val, u32 timeout, u32 addr2, u32 val3);
long sys_set_robust_list(void __user *head, size_t len);
long sys_get_robust_list(pid_t pid, u32 __user *head, u32 __user *len);

/* signal.c */
long sys_kill(pid_t pid, int sig);
struct task;
/* What kill and, with siginfo from the program (info not NULL), rt_sigqueueinfo do to a process; t NULL: it is gone, -ESRCH. */
long kill_task(struct task *t, int sig, const void __user *info);
long sys_tkill(pid_t tid, int sig);
long sys_tgkill(pid_t tgid, pid_t tid, int sig);
long sys_rt_sigqueueinfo(pid_t pid, int sig, const void __user *info);
long sys_rt_tgsigqueueinfo(pid_t tgid, pid_t tid, int sig, const void __user *info);
long sys_rt_sigaction(int sig, const void __user *set, void __user *old, size_t size);
long sys_sigaction(int sig, const void __user *set, void __user *old);
long sys_signal(int sig, u32 handler);
long sys_rt_sigprocmask(int how, const void __user *set, void __user *old, size_t size);
long sys_sigprocmask(int how, const u32 __user *set, u32 __user *old);
long sys_rt_sigpending(void __user *set, size_t size);
long sys_sigpending(u32 __user *set);
long sys_rt_sigsuspend(const void __user *mask, size_t size);
long sys_sigsuspend(int unused1, int unused2, u32 mask);
long sys_rt_sigtimedwait(const void __user *set, void __user *info, const void __user *timeout, size_t size);
long sys_rt_sigtimedwait_time64(const void __user *set, void __user *info, const void __user *timeout, size_t size);
long sys_pause(void);

/* time.c, itimer.c */
long sys_time(u32 __user *t);
long sys_stime(const u32 __user *t);
long sys_gettimeofday(void __user *tv, void __user *tz);
long sys_settimeofday(const void __user *tv, const void __user *tz);
long sys_clock_gettime(int clock, void __user *ts);
long sys_clock_gettime64(int clock, void __user *ts);
long sys_clock_settime(int clock, const void __user *ts);
long sys_clock_settime64(int clock, const void __user *ts);
long sys_clock_getres(int clock, void __user *ts);
long sys_clock_getres_time64(int clock, void __user *ts);
long sys_nanosleep(const void __user *req, void __user *rem);
long sys_clock_nanosleep(int clock, int flags, const void __user *req, void __user *rem);
long sys_clock_nanosleep_time64(int clock, int flags, const void __user *req, void __user *rem);
long sys_alarm(u32 seconds);
long sys_setitimer(int which, const void __user *value, void __user *old);
long sys_getitimer(int which, void __user *value);

/* identity.c, identity16.c */
long sys_getuid(void);
long sys_geteuid(void);
long sys_getgid(void);
long sys_getegid(void);
long sys_setuid(uid_t uid);
long sys_setgid(gid_t gid);
long sys_setreuid(uid_t ruid, uid_t euid);
long sys_setregid(gid_t rgid, gid_t egid);
long sys_setresuid(uid_t ruid, uid_t euid, uid_t suid);
long sys_setresgid(gid_t rgid, gid_t egid, gid_t sgid);
long sys_getresuid(u32 __user *r, u32 __user *e, u32 __user *s);
long sys_getresgid(u32 __user *r, u32 __user *e, u32 __user *s);
long sys_setfsuid(uid_t uid);
long sys_setfsgid(gid_t gid);
long sys_getgroups(int n, u32 __user *list);
long sys_setgroups(int n, const u32 __user *list);
long sys_capget(u32 __user *header, u32 __user *data);
long sys_capset(u32 __user *header, const u32 __user *data);
long sys_getuid16(void);
long sys_geteuid16(void);
long sys_getgid16(void);
long sys_getegid16(void);
long sys_setuid16(u32 uid);
long sys_setgid16(u32 gid);
long sys_setreuid16(u32 ruid, u32 euid);
long sys_setregid16(u32 rgid, u32 egid);
long sys_setresuid16(u32 ruid, u32 euid, u32 suid);
long sys_setresgid16(u32 rgid, u32 egid, u32 sgid);
long sys_getresuid16(u16 __user *r, u16 __user *e, u16 __user *s);
long sys_getresgid16(u16 __user *r, u16 __user *e, u16 __user *s);
long sys_setfsuid16(u32 uid);
long sys_setfsgid16(u32 gid);
long sys_getgroups16(int n, u16 __user *list);
long sys_setgroups16(int n, const u16 __user *list);

/* limits.c */
long sys_getrlimit(u32 which, void __user *limit);
long sys_old_getrlimit(u32 which, void __user *limit);
long sys_setrlimit(u32 which, const void __user *limit);
long sys_prlimit64(pid_t pid, u32 which, const void __user *set, void __user *old);
long sys_getrusage(int who, struct rusage_user __user *ru);
long sys_times(void __user *tms);

/* priority.c */
long sys_nice(int increment);
long sys_getpriority(int which, int who);
long sys_setpriority(int which, int who, int nice);
long sys_ioprio_set(int which, int who, u32 ioprio);
long sys_ioprio_get(int which, int who);
long sys_sched_yield(void);
long sys_sched_setscheduler(pid_t pid, int policy, const u32 __user *param);
long sys_sched_getscheduler(pid_t pid);
long sys_sched_setparam(pid_t pid, const u32 __user *param);
long sys_sched_getparam(pid_t pid, u32 __user *param);
long sys_sched_get_priority_max(int policy);
long sys_sched_get_priority_min(int policy);
long sys_sched_rr_get_interval(pid_t pid, void __user *ts);
long sys_sched_rr_get_interval_time64(pid_t pid, void __user *ts);
long sys_sched_setaffinity(pid_t pid, u32 len, const u32 __user *mask);
long sys_sched_getaffinity(pid_t pid, u32 len, u32 __user *mask);
long sys_membarrier(int cmd, u32 flags);
long sys_getcpu(u32 __user *cpu, u32 __user *node);

/* module.c */
long sys_init_module(const void __user *image, size_t len, const char __user *args);
long sys_finit_module(int fd, const char __user *args, int flags);
long sys_delete_module(const char __user *name, u32 flags);

/* system.c */
long sys_newuname(void __user *name);
long sys_olduname(void __user *name);
long sys_oldolduname(void __user *name);
long sys_sethostname(const char __user *name, int len);
long sys_setdomainname(const char __user *name, int len);
long sys_sysinfo(void __user *info);
long sys_getrandom(void __user *buf, size_t n, u32 flags);
long sys_reboot(u32 magic1, u32 magic2, u32 cmd, const char __user *arg);
long sys_syslog(int type, char __user *buf, int len);
long sys_vhangup(void);

#endif
