/*
 * Debug kernel: when a file system cannot be unmounted, the log tells what is in use of it: names with references that are not those of
 * their own children (an open file, a working directory, a mapping, a bound socket, a call under way), and the processes that have a
 * descriptor, a working directory or a root there. A name that no process has is held by the kernel itself.
 */
#include "io/vfs/files.h"
#include "io/vfs/internal.h"
#include "kernel/debug/printk.h"

#ifdef CONFIG_DEBUG

#define MOST_NAMES 20

/* References that are not from the names below it. dcache_lock held. */
static s32 used(const struct dentry *d)
{
	s32 n = atomic_read(&d->refs);
	const struct dentry *c;

	list_for_each_entry(c, &d->children, child_node)
		n--;
	return n;
}

/* Depth first, without a stack of its own. dcache_lock held. */
static struct dentry *next_name(const struct dentry *root, struct dentry *d)
{
	if (!list_empty(&d->children))
		return list_first_entry(&d->children, struct dentry, child_node);
	while (d != root && d->child_node.next == &d->parent->children)
		d = d->parent;
	return d == root ? NULL : list_entry(d->child_node.next, struct dentry, child_node);
}

static void tell_names(struct dentry *root)
{
	u32 told = 0;

	spin_lock(&dcache_lock);
	for (struct dentry *d = root; d && told < MOST_NAMES; d = next_name(root, d)) {
		s32 n = used(d);
		if (n <= 0)
			continue;
		pr_info("  %s in %s, inode %u: %d references\n", d->name, d->parent->name, d->inode ? (u32)d->inode->ino : 0, n);
		told++;
	}
	spin_unlock(&dcache_lock);
}

static void tell_process(struct task *t, const struct mount *m)
{
	struct path cwd, root;

	task_fs_paths(t, &cwd, &root);
	if (cwd.mnt == m || root.mnt == m)
		pr_info("  process %d (%s): working directory or root\n", t->pid, t->comm);
	path_put(&cwd);
	path_put(&root);
	for (int fd = task_next_fd(t, 0); fd >= 0; fd = task_next_fd(t, (u32)fd + 1)) {
		struct file *f = task_fget(t, (u32)fd);
		if (f && f->path.mnt == m)
			pr_info("  process %d (%s): descriptor %d\n", t->pid, t->comm, fd);
		if (f)
			fput(f);
	}
}

/* The next task after this one in the order of the list, with a reference; the reference of t is dropped. NULL: the last one, or t is gone. */
static struct task *next_task(struct task *t)
{
	struct task *next = NULL;

	spin_lock_bh(&tasklist_lock);
	struct list_head *n = !t ? all_tasks.next : t->exit_state != TASK_DEAD ? t->all_node.next : &all_tasks;
	if (n != &all_tasks)
		next = get_task(list_entry(n, struct task, all_node));
	spin_unlock_bh(&tasklist_lock);
	if (t)
		put_task(t);
	return next;
}

void tell_busy(struct mount *m)
{
	pr_info("%s is busy: %d references\n", m->sb->id, atomic_read(&m->refs));
	tell_names(m->root);
	for (struct task *t = next_task(NULL); t; t = next_task(t))
		tell_process(t, m);
}

#endif
