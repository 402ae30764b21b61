/* What the files of kernel/process share. */
#ifndef KERNEL_PROCESS_INTERNAL_H
#define KERNEL_PROCESS_INTERNAL_H

#include "kernel/process/process.h"

struct file;

/* exit.c */
void mm_release(struct task *t); /* the task stops using its address space: clear_child_tid, robust list, vfork; then exec or exit */
void exit_mm(struct task *t);
/* Take a zombie out of all lists and drop the lists' reference. tasklist_lock held on entry and released. */
void release_task_unlock(struct task *t);
/* Tell the parent that t (a leader) ended; true: nobody will wait, reap it at once. tasklist_lock held. */
bool notify_parent_exit(struct task *t);
/* SIGCHLD for a stop or a continuation. tasklist_lock held. */
void notify_parent_stop(struct task *t, int code);

/* exit.c: after setpgid or setsid */
void group_leave(struct task *t, pid_t old_pgrp, pid_t old_session); /* pids that may have become free; tasklist_lock held */

/* The program of one execve under construction */
#define BINPRM_HEAD 256
struct binprm {
	struct file *file;
	u8 head[BINPRM_HEAD];   /* first bytes of the file, zeroes behind its end */
	const char *filename;   /* as the program sees it: AT_EXECFN */
	char *interp;           /* of #! scripts: the file really loaded; allocated */
	char *fd_name;          /* filename when it was made up here */
	bool fd_closes;         /* ... and leads to a descriptor that execve closes: no interpreter could open it */
	struct page **pages;    /* argument strings, laid out downwards from STACK_TOP */
	u32 nr_pages;           /* entries of pages */
	u32 p;                  /* address of the lowest string */
	u32 lowest;             /* p has never been below */
	u32 limit;              /* p may not fall below */
	u32 argc, envc;
	u32 exec_p;             /* where the name of the file lies */
	struct mm *mm;
	struct cred cred;       /* the new one */
	bool secure;            /* set-id program */
};
#define BINPRM_PAGE_BASE (STACK_TOP - 0x200000u) /* pages[0] is here: 2 MiB of strings at most */

/* binprm.c: collect the strings (user vectors, or kernel ones); 0, -E2BIG, -EFAULT, -ENOMEM. */
int binprm_collect(struct binprm *b, const void *argv, const void *envp, bool kernel);
/* Read the head of the file, and while it is a #! line go on to its interpreter. */
int binprm_follow_scripts(struct binprm *b);
/* Where the byte at addr of the future stack is now; NULL: no memory. */
void *binprm_arg_at(struct binprm *b, u32 addr);
void binprm_free(struct binprm *b);
/* exec_threads.c: end all other threads and wait until they are gone. -EAGAIN: the process is being ended by somebody else. */
int end_other_threads(struct task *t);

struct elf_image {
	u32 entry;        /* of the program */
	u32 start;        /* where to begin: the interpreter's entry, or the same */
	u32 base;         /* where the interpreter is, or 0 */
	u32 phdr;         /* address of the program headers */
	u32 phnum;
};
struct elf_plan;
/* Look at the file and its interpreter without changing anything: all that can be wrong is found here. ERR_PTR(-ENOEXEC ...). */
struct elf_plan *elf_plan(struct binprm *b);
void elf_plan_free(struct elf_plan *p);
/* Map it into b->mm, which is current's by now. An error here ends the process. */
int elf_load(struct binprm *b, struct elf_plan *p, struct elf_image *image);
/* Vectors and auxiliary values below the strings; returns the new stack pointer or 0 on a fault. */
u32 elf_create_stack(struct binprm *b, const struct elf_image *image);
/* Open a program to be executed: regular, executable, mount allows it, nobody writes to it. ERR_PTR. Release with exec_file_put. */
struct file *exec_file_open(int dfd, const char *path, int flags);
void exec_file_put(void *file);

/* init.c: turn a kernel thread into a process: objects of its own instead of the kernel threads' shared ones. 0, -ENOMEM (still a thread). */
int become_process(void);

/* sigframe.c */
/* Build the frame of a handler on the user's stack and set r to enter it. 0 or -EFAULT. */
int setup_signal_frame(struct regs *r, const struct k_sigaction *ka, const struct siginfo_k *info, u64 oldmask);

/* cpu_timers.c */
void cpu_timer_tick(struct task *t, bool user_mode);

/* kernel/hal/switch.asm */
void __noreturn enter_user(struct regs *r);

/* Times and counts of a whole process. */
struct process_usage {
	u64 utime_ns, stime_ns;
	u32 min_flt, maj_flt, nvcsw, nivcsw, maxrss;
	struct task_io io;
};
void process_usage(struct task *t, struct process_usage *u); /* tasklist_lock held */

#endif
