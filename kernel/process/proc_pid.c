/* What /proc/PID shows: one table of entries for procfs. stat and status are in proc_stat.c. */
#include "io/contract/proc_file.h"
#include "io/vfs/files.h"
#include "io/vfs/mount.h"
#include "io/vfs/namei.h"
#include "kernel/init.h"
#include "kernel/lib/string.h"
#include "kernel/process/internal.h"
#include "kernel/process/process.h"
#include "kernel/sched/signal.h"
#include "mm/alloc.h"
#include "mm/mm.h"

#define PATH_BUF PAGE_SIZE

/* [start, end) of the process's memory as it stands. */
static int show_memory(struct seq_buf *s, struct task *t, bool environment)
{
	struct mm *mm = get_task_mm(t);
	char *buf;
	u32 at, end;

	if (!mm)
		return 0;
	buf = get_free_page(GFP_KERNEL);
	if (!buf) {
		mm_put(mm);
		return -ENOMEM;
	}
	at = environment ? mm->env_start : mm->arg_start;
	end = environment ? mm->env_end : mm->arg_end;
	while (at < end && !s->overflow) {
		size_t n = mm_access(mm, at, buf, min(end - at, PAGE_SIZE), false);

		if (!n)
			break;
		seq_write(s, buf, n);
		at += n;
	}
	free_page(buf);
	mm_put(mm);
	return 0;
}

static int show_cmdline(struct seq_buf *s, struct task *t)
{
	return show_memory(s, t, false);
}

static int show_environ(struct seq_buf *s, struct task *t)
{
	return show_memory(s, t, true);
}

static int show_comm(struct seq_buf *s, struct task *t)
{
	seq_printf(s, "%s\n", t->comm);
	return 0;
}

static void show_area(struct seq_buf *s, struct mm *mm, struct vm_area *a, char *buf)
{
	const char *name = NULL;

	if (a->ops && a->ops->name)
		name = a->ops->name(a, buf, PATH_BUF);
	else if (a->start <= mm->brk && a->end >= mm->start_brk && mm->brk > mm->start_brk)
		name = "[heap]";
	else if (a->start <= mm->start_stack && a->end > mm->start_stack)
		name = "[stack]";
	seq_printf(s, "%08x-%08x %c%c%c%c %08x %02x:%02x %-10u", a->start, a->end, a->flags & VM_READ ? 'r' : '-', a->flags & VM_WRITE ? 'w' : '-',
		   a->flags & VM_EXEC ? 'x' : '-', a->flags & VM_SHARED ? 's' : 'p', a->file ? a->pgoff << PAGE_SHIFT : 0, MAJOR(a->file_dev),
		   MINOR(a->file_dev), a->file_ino);
	if (name)
		seq_printf(s, " %s", name);
	seq_putc(s, '\n');
}

static int show_maps(struct seq_buf *s, struct task *t)
{
	struct mm *mm = get_task_mm(t);
	struct vm_area *a;
	char *buf;

	if (!mm)
		return 0;
	buf = kmalloc(PATH_BUF, GFP_KERNEL);
	if (buf) {
		mutex_lock(&mm->lock);
		list_for_each_entry(a, &mm->areas, list)
			show_area(s, mm, a, buf);
		mutex_unlock(&mm->lock);
		kfree(buf);
	}
	mm_put(mm);
	return buf ? 0 : -ENOMEM;
}

static int show_statm(struct seq_buf *s, struct task *t)
{
	struct mm *mm = get_task_mm(t);
	u32 text;

	if (!mm) {
		seq_puts(s, "0 0 0 0 0 0 0\n");
		return 0;
	}
	text = (PAGE_ALIGN(mm->end_code) - (mm->start_code & PAGE_MASK)) >> PAGE_SHIFT;
	seq_printf(s, "%u %u 0 %u 0 %u 0\n", mm->total_vm, mm->rss, text, mm->total_vm - min(text, mm->total_vm));
	mm_put(mm);
	return 0;
}

static int show_mounts(struct seq_buf *s, struct task *t)
{
	return mounts_show(s, NULL);
}

static int show_mountinfo(struct seq_buf *s, struct task *t)
{
	return mountinfo_show(s);
}

static int show_limits(struct seq_buf *s, struct task *t)
{
	static const struct { const char *name, *unit; } rows[] = {
		{ "Max cpu time", "seconds" }, { "Max file size", "bytes" }, { "Max data size", "bytes" }, { "Max stack size", "bytes" },
		{ "Max core file size", "bytes" }, { "Max resident set", "bytes" }, { "Max processes", "processes" }, { "Max open files", "files" },
		{ "Max locked memory", "bytes" }, { "Max address space", "bytes" }, { "Max file locks", "locks" }, { "Max pending signals", "signals" },
		{ "Max msgqueue size", "bytes" }, { "Max nice priority", "" }, { "Max realtime priority", "" }, { "Max realtime timeout", "us" },
	};

	seq_printf(s, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		u64 v[2] = { t->signal->rlim[i].cur, t->signal->rlim[i].max };

		seq_printf(s, "%-26s", rows[i].name);
		for (u32 k = 0; k < 2; k++) {
			if (v[k] == RLIM_INFINITY)
				seq_printf(s, "%-21s", "unlimited");
			else
				seq_printf(s, "%-21llu", v[k]);
		}
		seq_printf(s, "%-10s\n", rows[i].unit);
	}
	return 0;
}

/* With the threads that ended and the children that were waited for. */
static int show_io(struct seq_buf *s, struct task *t)
{
	struct process_usage u;

	spin_lock_bh(&tasklist_lock);
	process_usage(t, &u);
	task_io_add(&u.io, &t->signal->io_children);
	spin_unlock_bh(&tasklist_lock);
	seq_printf(s, "rchar: %llu\nwchar: %llu\nsyscr: %llu\nsyscw: %llu\n", u.io.rchar, u.io.wchar, u.io.syscr, u.io.syscw);
	seq_printf(s, "read_bytes: %llu\nwrite_bytes: %llu\ncancelled_write_bytes: %llu\n", u.io.read_bytes, u.io.write_bytes,
		   u.io.cancelled_write_bytes);
	return 0;
}

/* What moving data has cost the process itself: by the CPU, by devices, in mode switches; then each open file. */
static int show_copies(struct seq_buf *s, struct task *t)
{
	struct process_usage u;

	spin_lock_bh(&tasklist_lock);
	process_usage(t, &u);
	spin_unlock_bh(&tasklist_lock);
	u64 devices = u.io.read_bytes + u.io.write_bytes + u.io.sent;
	seq_printf(s, "cpu_bytes: %llu\ndma_bytes: %llu\nmode_switches: %llu\n", u.io.copied + u.io.pio, devices - min(devices, u.io.pio),
		   2 * u.io.calls);
	for (int fd = task_next_fd(t, 0); fd >= 0; fd = task_next_fd(t, (u32)fd + 1)) {
		struct file *f = task_fget(t, (u32)fd);
		if (!f)
			continue;
		seq_printf(s, "fd %d: cpu_bytes %llu\n", fd, f->copied);
		fput(f);
	}
	return 0;
}

static int get_exe(struct task *t, struct path *out)
{
	struct mm *mm = get_task_mm(t);
	struct file *f = mm ? mm->exe_file : NULL;

	if (f) {
		*out = f->path;
		path_get(out);
	}
	if (mm)
		mm_put(mm);
	return f ? 0 : -ENOENT;
}

static int get_fs_path(struct task *t, struct path *out, bool root)
{
	struct fs_context *fs;
	int error = -ENOENT;

	spin_lock_bh(&tasklist_lock);
	fs = t->fs;
	if (fs)
		atomic_inc(&fs->refs);
	spin_unlock_bh(&tasklist_lock);
	if (fs) {
		spin_lock_nested(&fs->lock);
		*out = root ? fs->root : fs->cwd;
		path_get(out);
		spin_unlock(&fs->lock);
		fs_put(fs);
		error = 0;
	}
	return error;
}

static int get_cwd(struct task *t, struct path *out)
{
	return get_fs_path(t, out, false);
}

static int get_root(struct task *t, struct path *out)
{
	return get_fs_path(t, out, true);
}

static int next_fd(struct task *t, u32 from)
{
	return task_next_fd(t, from);
}

static int get_fd(struct task *t, u32 fd, struct path *out)
{
	struct file *f = task_fget(t, fd);

	if (!f)
		return -ENOENT;
	*out = f->path;
	path_get(out);
	fput(f);
	return 0;
}

static u32 fd_link_mode(struct task *t, u32 fd)
{
	struct file *f = task_fget(t, fd);
	u32 mode = 0;

	if (f) {
		mode = (f->mode & FMODE_READ ? 0500u : 0) | (f->mode & FMODE_WRITE ? 0300u : 0);
		fput(f);
	}
	return mode;
}

/* A process may rename itself; a newline is kept, as on Linux. */
static ssize_t write_comm(struct task *t, const char *text, size_t len)
{
	if (t->tgid != current->tgid)
		return -EINVAL;
	strscpy(t->comm, text, sizeof(t->comm));
	return (ssize_t)len;
}

static int show_timerslack(struct seq_buf *s, struct task *t)
{
	seq_printf(s, "%u\n", t->timer_slack_ns);
	return 0;
}

/* How late sleeps may end, in ns; 0: what it was at first. */
static ssize_t write_timerslack(struct task *t, const char *text, size_t len)
{
	u32 ns;
	int err = kstrtou32(text, 0, &ns);

	if (err)
		return err;
	t->timer_slack_ns = ns ? ns : t->default_timer_slack_ns;
	return (ssize_t)len;
}

static const struct proc_pid_entry entries[] = {
	{ .name = "cmdline", .mode = S_IFREG | 0444, .show = show_cmdline },
	{ .name = "comm", .mode = S_IFREG | 0644, .show = show_comm, .write = write_comm },
	{ .name = "cwd", .mode = S_IFLNK | 0777, .get_path = get_cwd },
	{ .name = "environ", .mode = S_IFREG | 0400, .inside = true, .show = show_environ },
	{ .name = "exe", .mode = S_IFLNK | 0777, .get_path = get_exe },
	{ .name = "fd", .mode = S_IFDIR | 0500, .next = next_fd, .get_numbered = get_fd, .numbered_mode = fd_link_mode },
	{ .name = "io", .mode = S_IFREG | 0400, .inside = true, .show = show_io },
	{ .name = "copies", .mode = S_IFREG | 0400, .inside = true, .show = show_copies },
	{ .name = "limits", .mode = S_IFREG | 0444, .show = show_limits },
	{ .name = "maps", .mode = S_IFREG | 0444, .inside = true, .show = show_maps },
	{ .name = "mountinfo", .mode = S_IFREG | 0444, .show = show_mountinfo },
	{ .name = "mounts", .mode = S_IFREG | 0444, .show = show_mounts },
	{ .name = "root", .mode = S_IFLNK | 0777, .get_path = get_root },
	{ .name = "stat", .mode = S_IFREG | 0444, .show = task_show_stat },
	{ .name = "statm", .mode = S_IFREG | 0444, .show = show_statm },
	{ .name = "status", .mode = S_IFREG | 0444, .show = task_show_status },
	{ .name = "timerslack_ns", .mode = S_IFREG | 0666, .inside = true, .show = show_timerslack, .write = write_timerslack },
};

int proc_pid_init(void)
{
	proc_pid_register(entries, ARRAY_SIZE(entries));
	return 0;
}
