/* The first process, the hooks that the layers below need, running out of memory, and the way down. */
#include "io/contract/file.h"
#include "io/vfs/files.h"
#include "io/vfs/mount.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/power.h"
#include "kernel/init.h"
#include "kernel/lib/string.h"
#include "kernel/process/internal.h"
#include "kernel/process/reboot.h"
#include "kernel/process/usermodehelper.h"
#include "kernel/syscall/futex.h"
#include "mm/alloc.h"
#include "mm/mm.h"

#define CONSOLE "/dev/console"
#define SHUTDOWN_WAIT_MS 2000
#define POWEROFF "/sbin/poweroff"
#define POWEROFF_WAIT_MS 60000 /* for programs to end and disks to be written */

/*
 * The rule: the process with the most pages in memory dies, whoever asked for more; init and kernel threads never. A process that was
 * chosen and has not ended yet is waited for instead of choosing another.
 */
static enum oom_answer kill_biggest_process(void)
{
	struct task *t, *worst = NULL;
	bool dying = false;

	spin_lock_bh(&tasklist_lock);
	list_for_each_entry(t, &all_tasks, all_node) {
		if (!t->mm || (t->flags & PF_KTHREAD) || t->signal->unkillable || t->tgid == 1)
			continue;
		if (t->pending_set & sigmask_of(SIGKILL) || t->signal->shared_pending & sigmask_of(SIGKILL) || (t->flags & PF_EXITING))
			dying = true;
		if (!worst || t->mm->rss > worst->mm->rss)
			worst = t;
	}
	if (worst && !dying) {
		pr_err("out of memory: killed process %d (%s), %u KiB in memory\n", worst->tgid, worst->comm, worst->mm->rss * 4);
		atomic_or(&worst->flags, PF_MEMALLOC); /* it may use the reserve to get to its end */
		send_signal_process(worst, SIGKILL, NULL);
	}
	spin_unlock_bh(&tasklist_lock);
	return !worst ? OOM_NOBODY : dying ? OOM_DYING : OOM_KILLED;
}

/* ---- the power button ---- */

/* Ask init to shut down, the way a person does: by the program. When that does not come to its end the kernel does it alone. */
static int poweroff_thread(void *arg)
{
	static const char *const argv[] = { POWEROFF, NULL };
	static const char *const envp[] = { "HOME=/", "PATH=/sbin:/bin:/usr/sbin:/usr/bin", NULL };
	int status = usermodehelper_run(POWEROFF, argv, envp, POWEROFF_WAIT_MS);

	if (status < 0 || status >> 8) /* a signal is init's, who ends all processes by now */
		pr_warn(POWEROFF ": status %d\n", status);
	else
		sleep_ms(POWEROFF_WAIT_MS);
	kernel_power_off();
}

static void power_button(void)
{
	static volatile u32 asked;
	struct task *t;

	if (atomic_test_and_set(&asked, 1)) {
		pr_notice("power button again: power off now\n");
		kernel_power_off();
	}
	pr_notice("power button: shutting down\n");
	t = kthread_run(poweroff_thread, NULL, "poweroff");
	if (IS_ERR(t))
		kernel_power_off();
}

int process_init(void)
{
	futex_init();
	out_of_memory_hook = kill_biggest_process;
	sched_cpu_timer_hook = cpu_timer_tick;
	power_button_hook = power_button;
	init_signal.rlim[RLIMIT_NPROC] = (struct rlimit_k){ max_tasks() / 2, max_tasks() / 2 };
	init_signal.rlim[RLIMIT_SIGPENDING] = (struct rlimit_k){ max_tasks() / 2, max_tasks() / 2 };
	irq_disable();
	fpu_save(init_task.fpu); /* for the mask of valid MXCSR bits, see sigframe.c */
	irq_enable();
	return 0;
}

int become_process(void)
{
	struct task *t = current;
	struct signal *s = signal_create();
	struct sighand *h = sighand_create(&init_sighand);
	struct files *files = files_create();
	struct fs_context *fs = fs_create();

	if (!s || !h || IS_ERR_OR_NULL(files) || IS_ERR_OR_NULL(fs)) {
		if (s)
			signal_put(s);
		if (h)
			sighand_put(h);
		if (!IS_ERR_OR_NULL(files))
			files_put(files);
		if (!IS_ERR_OR_NULL(fs))
			fs_put(fs);
		return -ENOMEM;
	}
	memcpy(s->rlim, init_signal.rlim, sizeof(s->rlim));
	s->pgrp = s->session = 0;
	spin_lock_bh(&tasklist_lock);
	signal_put(t->signal);
	sighand_put(t->sighand);
	t->signal = s;
	t->sighand = h;
	t->files = files;
	t->fs = fs;
	list_add_tail(&t->thread_node, &s->threads);
	spin_unlock_bh(&tasklist_lock);
	kfree(t->kthread);
	t->kthread = NULL;
	fpu_init_state(t->fpu);
	return 0;
}

/* Descriptors 0, 1 and 2. Without a console init runs with none, as on Linux. */
static void open_console(void)
{
	struct file *f = file_open(CONSOLE, O_RDWR, 0);

	if (IS_ERR(f)) {
		pr_warn("init: cannot open " CONSOLE " (error %ld)\n", -PTR_ERR(f));
		return;
	}
	for (int i = 0; i < 3; i++) {
		int fd = get_unused_fd(0, 0);
		if (fd < 0)
			break;
		fd_install(fd, get_file(f));
	}
	fput(f);
}

static int run_init(const char *path)
{
	const char *argv[] = { path, NULL };
	static const char *const envp[] = { "HOME=/", "TERM=linux", NULL };

	return do_execve(task_regs(current), AT_FDCWD, path, argv, envp, true, 0);
}

int start_init(void)
{
	static const char *const candidates[] = { "/sbin/init", "/etc/init", "/bin/sh" };
	const char *wanted = cmdline_get("init");
	int e = become_process();

	if (e)
		panic("no memory for the first process");
	current->signal->unkillable = true;
	current->exit_signal = SIGCHLD;
	open_console();
	if (wanted && *wanted) {
		e = run_init(wanted);
		if (!e)
			enter_user(task_regs(current));
		panic("cannot run init=%s (error %d)", wanted, -e);
	}
	for (u32 i = 0; i < ARRAY_SIZE(candidates); i++) {
		e = run_init(candidates[i]);
		if (!e)
			enter_user(task_regs(current));
		if (e != -ENOENT)
			pr_err("init: cannot run %s (error %d)\n", candidates[i], -e);
	}
	panic("no init found: tried /sbin/init, /etc/init and /bin/sh; give init= on the command line");
}

/* ---- the way down ---- */

/* Signal everybody but init and the caller; returns how many there were. */
static u32 signal_everybody(int sig)
{
	struct task *t;
	u32 n = 0;

	spin_lock_bh(&tasklist_lock);
	list_for_each_entry(t, &all_tasks, all_node) {
		if ((t->flags & PF_KTHREAD) || t != t->leader || t->tgid == 1 || t->leader == current->leader || t->exit_state)
			continue;
		send_signal_process(t, sig, NULL);
		n++;
	}
	spin_unlock_bh(&tasklist_lock);
	return n;
}

/* All processes end, so that nothing is being written any more; then the disks are made clean. */
static void quiesce(void)
{
	u64 deadline = deadline_ms(SHUTDOWN_WAIT_MS);

	while (signal_everybody(SIGKILL) && ktime_ns() < deadline)
		sleep_ms(10);
	sync_filesystems(true);
	umount_all();
}

void __noreturn kernel_power_off(void)
{
	quiesce();
	pr_notice("power off\n");
	machine_power_off();
}

void __noreturn kernel_restart(void)
{
	quiesce();
	pr_notice("restart\n");
	machine_reset();
}

void __noreturn kernel_halt(void)
{
	quiesce();
	pr_notice("halted\n");
	cpu_halt_forever();
}
