/*
 * Descriptors of processes: pidfd_open, pidfd_send_signal, pidfd_getfd; clone's CLONE_PIDFD and waitid's P_PIDFD use them from fork.c and
 * wait.c. Such a file refers to the struct signal, which outlives the tasks: once the process is reaped its list of threads is empty. It polls
 * readable when the process has ended.
 */
#include "kernel/process/pidfd.h"
#include "io/contract/file.h"
#include "io/contract/proc_file.h"
#include "io/vfs/files.h"
#include "kernel/hal/uaccess.h"
#include "kernel/process/siginfo.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/task.h"
#include "kernel/syscall/calls.h"

static const struct file_operations pidfd_fops;

/* The first thread, or NULL once it is reaped. tasklist_lock held. */
static struct task *leader_locked(const struct signal *s)
{
	return list_empty(&s->threads) ? NULL : list_first_entry(&s->threads, struct task, thread_node)->leader;
}

static struct task *get_leader(const struct signal *s)
{
	struct task *t;

	spin_lock_bh(&tasklist_lock);
	t = leader_locked(s);
	if (t)
		get_task(t);
	spin_unlock_bh(&tasklist_lock);
	return t;
}

static u32 pidfd_poll(struct file *f, struct poll_table *pt)
{
	struct signal *s = f->private;
	struct task *t;
	bool ended;

	poll_wait(f, &s->exit_wait, pt);
	spin_lock_bh(&tasklist_lock);
	t = leader_locked(s);
	ended = !t || (t->exit_state && list_is_singular(&s->threads));
	spin_unlock_bh(&tasklist_lock);
	return ended ? POLLIN | POLLRDNORM : 0;
}

static void pidfd_release(struct file *f) { signal_put(f->private); }
static ssize_t pidfd_io(struct kiocb *k, struct iov_iter *i) { return -EINVAL; }

static const struct file_operations pidfd_fops = {
	.name = "pidfd",
	.read_iter = pidfd_io,
	.write_iter = pidfd_io,
	.poll = pidfd_poll,
	.release = pidfd_release,
	.llseek = no_llseek,
};

struct file *pidfd_file(struct signal *s, bool nonblock)
{
	struct file *f = anon_file("[pidfd]", &pidfd_fops, s, O_RDWR | (nonblock ? O_NONBLOCK : 0));

	if (!IS_ERR(f))
		atomic_inc(&s->refs);
	return f;
}

int pidfd_process(int fd, struct signal **s, bool *nonblock)
{
	struct fd f = fdget(fd);
	bool is_one = f.file && f.file->ops == &pidfd_fops;

	if (is_one) {
		*s = f.file->private;
		atomic_inc(&(*s)->refs);
		*nonblock = f.file->flags & O_NONBLOCK;
	}
	fdput(f);
	return is_one ? 0 : -EBADF;
}

long sys_pidfd_open(pid_t pid, u32 flags)
{
	struct task *t;
	struct file *f;
	int fd;

	if ((flags & ~(u32)O_NONBLOCK) || pid <= 0)
		return -EINVAL;
	t = get_task_by_pid(pid);
	if (!t)
		return -ESRCH;
	if (t->leader != t || (t->flags & PF_KTHREAD)) {
		put_task(t);
		return -EINVAL;
	}
	fd = get_unused_fd(O_CLOEXEC, 0);
	if (fd >= 0) {
		f = pidfd_file(t->signal, flags & O_NONBLOCK);
		if (IS_ERR(f)) {
			put_unused_fd(fd);
			fd = (int)PTR_ERR(f);
		} else {
			fd_install(fd, f);
		}
	}
	put_task(t);
	return fd;
}

/* As pidfd_process, for an open folder /proc/PID: what signals could be sent to before there was pidfd_open. */
static int folder_process(int fd, struct signal **s)
{
	struct fd f = fdget(fd);
	struct task *t = f.file ? proc_pid_folder_task(f.file) : NULL;

	if (t) {
		*s = t->signal;
		atomic_inc(&(*s)->refs);
		put_task(t);
	}
	fdput(f);
	return t ? 0 : -EBADF;
}

long sys_pidfd_send_signal(int fd, int sig, const void __user *info, u32 flags)
{
	struct signal *s;
	struct task *t;
	bool nonblock;
	long r;

	if (flags)
		return -EINVAL;
	r = pidfd_process(fd, &s, &nonblock);
	if (r == -EBADF)
		r = folder_process(fd, &s);
	if (r)
		return r;
	t = get_leader(s);
	r = kill_task(t, sig, info);
	if (t)
		put_task(t);
	signal_put(s);
	return r;
}

/* May current reach into the process, as ptrace(2) could? */
static bool may_access(const struct task *t)
{
	const struct cred *c = &current->cred, *o = &t->cred;

	return capable() || (c->uid == o->uid && c->uid == o->euid && c->uid == o->suid && c->gid == o->gid && c->gid == o->egid && c->gid == o->sgid &&
			     t->dumpable);
}

static long copy_fd(struct task *t, u32 target)
{
	struct file *f;
	int fd;

	if (t->exit_state)
		return -ESRCH;
	if (t->signal != current->signal && !may_access(t))
		return -EPERM;
	f = task_fget(t, target);
	if (!f)
		return -EBADF;
	fd = get_unused_fd(O_CLOEXEC, 0);
	if (fd < 0)
		fput(f);
	else
		fd_install(fd, f);
	return fd;
}

long sys_pidfd_getfd(int fd, u32 target, u32 flags)
{
	struct signal *s;
	struct task *t;
	bool nonblock;
	long r;

	if (flags)
		return -EINVAL;
	r = pidfd_process(fd, &s, &nonblock);
	if (r)
		return r;
	t = get_leader(s);
	r = t ? copy_fd(t, target) : -ESRCH;
	if (t)
		put_task(t);
	signal_put(s);
	return r;
}
