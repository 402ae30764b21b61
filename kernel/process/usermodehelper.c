/*
 * Programs started by the kernel (usermodehelper.h): a kernel thread makes itself a process and executes the program. It is a child of the
 * idle task, like all kernel threads, and is reaped by whoever had it started.
 */
#include "kernel/process/usermodehelper.h"
#include "io/contract/file.h"
#include "io/vfs/files.h"
#include "kernel/debug/bug.h"
#include "kernel/process/internal.h"
#include "kernel/sched/time.h"
#include "kernel/sync/completion.h"

struct helper {
	const char *path;
	const char *const *argv, *const *envp;
	struct completion started; /* exec has worked or not; the strings are not needed any more */
	struct task *task;         /* with a reference */
	int error;
};

static void open_null(void)
{
	struct file *f = file_open("/dev/null", O_RDWR, 0);

	if (IS_ERR(f))
		return; /* it runs without, as any program may be started */
	for (int i = 0; i < 3; i++) {
		int fd = get_unused_fd(0, 0);

		if (fd < 0)
			break;
		fd_install(fd, get_file(f));
	}
	fput(f);
}

static int helper_thread(void *arg)
{
	struct helper *h = arg;
	int error = become_process();
	bool process = !error;

	h->task = get_task(current);
	if (process) {
		current->exit_signal = 0; /* no signal, but somebody waits */
		open_null();
		error = do_execve(task_regs(current), AT_FDCWD, h->path, h->argv, h->envp, true, 0);
	}
	h->error = error;
	if (error)
		current->exit_signal = -1; /* nobody waits */
	complete(&h->started); /* h is gone from here on */
	if (!error)
		enter_user(task_regs(current));
	if (!process)
		return error;
	atomic_and(&current->flags, ~PF_KTHREAD);
	do_group_exit(127 << 8);
}

/* Is the process over? Also when another thread of it has taken its place by execve: nobody can follow it there. */
static bool helper_ended(struct task *t)
{
	bool ended;

	spin_lock_bh(&tasklist_lock);
	ended = t->exit_state == TASK_DEAD || (t->exit_state == TASK_ZOMBIE && list_is_singular(&t->signal->threads));
	spin_unlock_bh(&tasklist_lock);
	return ended;
}

static int reap(struct task *t)
{
	int status = t->exit_code;

	spin_lock_bh(&tasklist_lock);
	if (t->exit_state == TASK_ZOMBIE)
		release_task_unlock(t);
	else
		spin_unlock_bh(&tasklist_lock);
	put_task(t);
	return status;
}

int usermodehelper_run(const char *path, const char *const *argv, const char *const *envp, u32 timeout_ms)
{
	struct helper h = { .path = path, .argv = argv, .envp = envp };
	struct wait_queue_head *ends = &init_task.signal->child_wait;
	struct task *t;

	completion_init(&h.started);
	t = kthread_run(helper_thread, &h, "helper");
	if (IS_ERR(t))
		return (int)PTR_ERR(t);
	wait_for_completion(&h.started);
	t = h.task;
	if (h.error) {
		put_task(t);
		return h.error;
	}
	if (wait_event_until(ends, helper_ended(t), deadline_ms(timeout_ms)) == -ETIMEDOUT) {
		spin_lock_bh(&tasklist_lock);
		if (!t->exit_state)
			send_signal_process(t, SIGKILL, NULL);
		spin_unlock_bh(&tasklist_lock);
		wait_event(ends, helper_ended(t));
	}
	return reap(t);
}
