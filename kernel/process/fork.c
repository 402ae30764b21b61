/* clone, fork and vfork: a new task that shares or copies the parts of its parent one by one. */
#include "io/contract/file.h"
#include "io/vfs/files.h"
#include "kernel/debug/bug.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/uaccess.h"
#include "kernel/lib/string.h"
#include "kernel/process/internal.h"
#include "kernel/process/pidfd.h"
#include "kernel/sched/kthread.h"
#include "kernel/process/tls.h"
#include "kernel/sync/completion.h"
#include "mm/mm.h"

#define CLONE_PTRACE 0x2000u
#define CLONE_SYSVSEM 0x40000u
#define CLONE_DETACHED 0x400000u
#define CLONE_UNTRACED 0x800000u
#define CLONE_IO 0x80000000u
#define CLONE_SIGNAL_MASK 0xffu
#define CLONE_KNOWN (CLONE_SIGNAL_MASK | CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_VFORK | CLONE_PARENT | CLONE_THREAD | \
	CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | CLONE_PTRACE | CLONE_SYSVSEM | CLONE_DETACHED | \
	CLONE_UNTRACED | CLONE_IO | CLONE_PIDFD)

static int check_flags(u32 flags)
{
	if (flags & ~CLONE_KNOWN)
		return -EINVAL; /* name spaces */
	if ((flags & CLONE_PIDFD) && (flags & (CLONE_DETACHED | CLONE_THREAD)))
		return -EINVAL;
	if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
		return -EINVAL;
	if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
		return -EINVAL;
	if ((flags & CLONE_PARENT) && current->signal->unkillable)
		return -EINVAL; /* init's children would be nobody's */
	return 0;
}

/* RLIMIT_NPROC counts the tasks of a user; root is not limited. */
static bool too_many_tasks(void)
{
	u64 limit = rlimit(RLIMIT_NPROC);
	struct task *t;
	u64 n = 0;

	if (nr_tasks() >= max_tasks())
		return true;
	if (limit == RLIM_INFINITY || capable())
		return false;
	spin_lock_bh(&tasklist_lock);
	list_for_each_entry(t, &all_tasks, all_node)
		n += !(t->flags & PF_KTHREAD) && t->cred.uid == current->cred.uid;
	spin_unlock_bh(&tasklist_lock);
	return n >= limit;
}

static int copy_signal(struct task *t, u32 flags)
{
	struct signal *from = current->signal, *s;

	if (flags & CLONE_SIGHAND) {
		t->sighand = current->sighand;
		atomic_inc(&t->sighand->refs);
	} else {
		t->sighand = sighand_create(current->sighand);
		if (!t->sighand)
			return -ENOMEM;
	}
	if (flags & CLONE_THREAD) {
		t->signal = from;
		atomic_inc(&from->refs);
		return 0;
	}
	s = t->signal = signal_create();
	if (!s)
		return -ENOMEM;
	memcpy(s->rlim, from->rlim, sizeof(s->rlim));
	s->pgrp = from->pgrp;
	s->session = from->session;
	s->tty = from->tty;
	s->cpu_timers = from->rlim[RLIMIT_CPU].cur != RLIM_INFINITY;
	return 0;
}

static int copy_files(struct task *t, u32 flags)
{
	if (flags & CLONE_FILES) {
		t->files = current->files;
		atomic_inc(&t->files->refs);
	} else {
		struct files *f = files_dup(current->files);
		if (IS_ERR(f))
			return (int)PTR_ERR(f);
		t->files = f;
	}
	if (flags & CLONE_FS) {
		t->fs = current->fs;
		atomic_inc(&t->fs->refs);
	} else {
		struct fs_context *fs = fs_dup(current->fs);
		if (IS_ERR_OR_NULL(fs))
			return fs ? (int)PTR_ERR(fs) : -ENOMEM;
		t->fs = fs;
	}
	return 0;
}

static int copy_mm(struct task *t, u32 flags)
{
	struct mm *old = current->mm, *mm;

	if (flags & CLONE_VM) {
		t->mm = t->active_mm = mm_get(old);
		return 0;
	}
	mm = mm_fork(old);
	if (IS_ERR(mm))
		return (int)PTR_ERR(mm);
	if (old->exe_file && !mm->exe_file) {
		struct file *f = old->exe_file;
		atomic_dec(&f->inode->writers);
		mm->exe_file = get_file(f);
		mm->exe_put = exec_file_put;
	}
	t->mm = t->active_mm = mm;
	return 0;
}

/* What the new task sees when it enters user space. */
static int copy_cpu_state(struct task *t, const struct regs *r, u32 flags, u32 stack, u32 tls)
{
	struct regs *c = task_regs(t);

	*c = *r;
	c->eax = 0;
	if (stack)
		c->esp = stack;
	t->user_gs = current->user_gs = read_user_gs();
	fpu_save(t->fpu);
	if (flags & CLONE_SETTLS) {
		int e = set_thread_area_of(t, (struct user_desc __user *)tls, false);
		if (e)
			return e;
	}
	task_first_frame(t, c, fork_return, NULL, NULL);
	return 0;
}

static void undo(struct task *t)
{
	if (t->mm)
		mm_put(t->mm);
	if (t->fs)
		fs_put(t->fs);
	if (t->files)
		files_put(t->files);
	t->mm = t->active_mm = NULL;
	if (t->pid > 0)
		pid_free(t->pid);
	task_free(t);
}

/* Make the task visible. -ERESTARTNOINTR: a signal is to be handled first, so that a child cannot escape one sent to its group. */
static int publish(struct task *t, u32 flags, int exit_signal)
{
	struct task *leader = current->leader;
	int r = 0;
	u32 irq;

	spin_lock_bh(&tasklist_lock);
	irq = spin_lock_irqsave(&current->sighand->lock);
	recalc_sigpending(current);
	spin_unlock_irqrestore(&current->sighand->lock, irq);
	if (signal_pending_current()) {
		r = -ERESTARTNOINTR;
		goto out;
	}
	if (flags & CLONE_THREAD) {
		irq = spin_lock_irqsave(&t->sighand->lock);
		t->tgid = current->tgid;
		t->leader = leader;
		t->parent = leader->parent;
		t->exit_signal = -1;
		atomic_inc(&t->signal->live);
		list_add_tail(&t->thread_node, &t->signal->threads);
		spin_unlock_irqrestore(&t->sighand->lock, irq);
	} else {
		t->tgid = t->pid;
		t->exit_signal = exit_signal;
		t->parent = leader;
		if (flags & CLONE_PARENT) {
			t->parent = leader->parent;
			t->exit_signal = leader->exit_signal;
		}
		list_add_tail(&t->sibling, &t->parent->children);
		list_add_tail(&t->thread_node, &t->signal->threads);
	}
	task_attach(t);
out:
	spin_unlock_bh(&tasklist_lock);
	return r;
}

/* Until the child has let go of the address space or the caller is killed. Drops the reference of t. */
static void vfork_wait(struct task *t, struct completion *vfork)
{
	if (wait_for_completion_killable(vfork)) {
		spin_lock_bh(&tasklist_lock);
		t->vfork_done = NULL;
		spin_unlock_bh(&tasklist_lock);
	}
	put_task(t);
}

/* CLONE_PIDFD: the descriptor, told to the program; *f is to be installed once the child exists. */
static int make_pidfd(struct task *t, u32 __user *user, struct file **f)
{
	int fd = get_unused_fd(O_CLOEXEC, 0);

	if (fd < 0)
		return fd;
	*f = pidfd_file(t->signal, false);
	if (!IS_ERR(*f) && !put_user_u32((u32)fd, user))
		return fd;
	put_unused_fd(fd);
	if (IS_ERR(*f))
		return (int)PTR_ERR(*f);
	fput(*f);
	return -EFAULT;
}

long do_clone(struct regs *r, u32 flags, u32 stack, u32 __user *parent_tid, u32 tls, u32 __user *child_tid, u32 __user *pidfd, int exit_signal)
{
	struct completion vfork;
	struct file *pid_file = NULL;
	struct task *t;
	pid_t pid;
	int e = check_flags(flags), fd = -1;

	if (e)
		return e;
	if (too_many_tasks())
		return -EAGAIN;
	t = task_alloc(current);
	if (!t)
		return -ENOMEM;
	t->pid = 0;
	t->flags = PF_FORKNOEXEC;
	t->sas_ss_size = (flags & (CLONE_VM | CLONE_VFORK)) == CLONE_VM ? 0 : t->sas_ss_size;
	if (!t->sas_ss_size)
		t->sas_ss_sp = t->sas_ss_flags = 0;
	sched_fork(t);
	e = copy_signal(t, flags);
	if (!e)
		e = copy_files(t, flags);
	if (!e)
		e = copy_mm(t, flags);
	if (!e)
		e = copy_cpu_state(t, r, flags, stack, tls);
	if (!e) {
		t->pid = pid_alloc();
		e = t->pid < 0 ? t->pid : 0;
	}
	if (flags & CLONE_CHILD_SETTID)
		t->set_child_tid = child_tid;
	if (flags & CLONE_CHILD_CLEARTID)
		t->clear_child_tid = child_tid;
	if (!e && unlikely(flags & CLONE_PIDFD)) {
		fd = make_pidfd(t, pidfd, &pid_file);
		e = fd < 0 ? fd : 0;
	}
	if (!e)
		e = publish(t, flags, exit_signal);
	if (e) {
		if (fd >= 0) {
			put_unused_fd(fd);
			fput(pid_file);
		}
		undo(t);
		return e;
	}
	if (fd >= 0)
		fd_install(fd, pid_file);
	pid = t->pid;
	if (flags & CLONE_PARENT_SETTID) {
		int lost = put_user_u32((u32)pid, parent_tid);
		(void)lost; /* as in Linux: the child exists, only the number does not arrive */
	}
	if (flags & CLONE_VFORK) {
		completion_init(&vfork);
		get_task(t)->vfork_done = &vfork;
		t->flags |= PF_VFORK;
	}
	wake_up_new_task(t);
	if (flags & CLONE_VFORK)
		vfork_wait(t, &vfork);
	return pid;
}
