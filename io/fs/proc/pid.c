/*
 * /proc/PID: a folder per process with the entries of the registered table. An inode keeps its task alive (the structure, not the
 * process); names are checked at each use, so that a folder goes when its process has been waited for. What shows the inside of a process
 * (its files, folders, memory) is for those who could have made it what it is: checked at each use too, since a process may become another
 * user's by execve while somebody holds its folder open.
 */
#include "io/contract/text_file.h"
#include "io/fs/proc/internal.h"
#include "kernel/debug/bug.h"
#include "kernel/lib/printf.h"
#include "kernel/sched/task.h"
#include "mm/alloc.h"

#define PID_INO_BASE 0x10000000u
#define PID_INO_STEP 16u /* bits for what is inside */

struct pid_node { /* inode->private */
	struct task *task;
	const struct proc_pid_entry *entry; /* NULL: the folder itself */
	s32 number;                         /* of a numbered link; -1: not one */
};

static const struct proc_pid_entry *table;
static u32 nr_entries;

static const struct inode_operations pid_dir_iops, numbered_dir_iops, pid_file_iops, pid_link_iops;
static const struct file_operations pid_dir_fops, numbered_dir_fops, pid_file_fops;

void proc_pid_register(const struct proc_pid_entry *entries, u32 nr)
{
	table = entries;
	nr_entries = nr;
}

bool proc_inode_is_pid(const struct inode *inode)
{
	return inode->ino >= PID_INO_BASE;
}

struct task *proc_pid_folder_task(const struct file *f)
{
	struct pid_node *n = f->ops == &pid_dir_fops ? f->inode->private : NULL;

	return n ? get_task(n->task) : NULL;
}

void proc_pid_evict(struct inode *inode)
{
	struct pid_node *n = inode->private;

	if (n) {
		put_task(n->task);
		kfree(n);
	}
}

/* ---- permission ---- */

/* As ptrace(2), "Ptrace access mode checking", PTRACE_MODE_READ. */
static bool may_look_inside(const struct task *t)
{
	const struct cred *we = &current->cred, *they = &t->cred;

	if (t->tgid == current->tgid || capable())
		return true;
	return t->dumpable && we->fsuid == they->uid && we->fsuid == they->euid && we->fsuid == they->suid && we->fsgid == they->gid &&
	       we->fsgid == they->egid && we->fsgid == they->sgid;
}

static void set_owner(struct inode *inode, const struct task *t)
{
	inode->uid = t->cred.euid;
	inode->gid = t->cred.egid;
}

/* ---- names that go when the process goes ---- */

static umode_t link_mode(const struct pid_node *n)
{
	return (umode_t)(S_IFLNK | n->entry->numbered_mode(n->task, (u32)n->number));
}

static bool is_alive(struct task *t)
{
	struct task *found = get_task_by_pid(t->pid);

	if (found)
		put_task(found);
	return found == t;
}

static bool pid_revalidate(struct dentry *d)
{
	struct pid_node *n = d->inode ? d->inode->private : NULL;
	bool same;

	if (!n)
		return false;
	same = is_alive(n->task);
	if (same && n->number >= 0)
		same = n->entry->next(n->task, (u32)n->number) == n->number;
	if (same)
		set_owner(d->inode, n->task);
	if (same && n->number >= 0)
		d->inode->mode = link_mode(n);
	return same;
}

static bool pid_delete(struct dentry *d)
{
	return true;
}

static const struct dentry_operations pid_dops = { .revalidate = pid_revalidate, .delete = pid_delete };

/* A new inode; takes over the reference to t, also on failure. */
static struct inode *pid_inode(struct super_block *sb, struct task *t, const struct proc_pid_entry *e, s32 number)
{
	struct pid_node *n = kmalloc(sizeof(*n), GFP_KERNEL);
	struct inode *inode = n ? new_inode(sb) : NULL;
	umode_t mode = (umode_t)(!e ? S_IFDIR | 0555 : number >= 0 ? S_IFLNK | e->numbered_mode(t, (u32)number) : e->mode);

	if (!inode) {
		kfree(n);
		put_task(t);
		return NULL;
	}
	*n = (struct pid_node){ t, e, number };
	inode->private = n;
	inode->ino = PID_INO_BASE + ((u32)t->pid << PID_INO_STEP) + (e ? (u32)(e - table) + 1 : 0) + (number >= 0 ? 256 + (u32)number : 0);
	inode->mode = mode;
	inode->size = number >= 0 ? 64 : 0; /* what Linux says of such a link */
	set_owner(inode, t);
	inode->nlink = S_ISDIR(mode) ? 2 : 1;
	inode->atime = inode->mtime = inode->ctime = current_time_coarse();
	if (S_ISDIR(mode)) {
		inode->iops = e ? &numbered_dir_iops : &pid_dir_iops;
		inode->fops = e ? &numbered_dir_fops : &pid_dir_fops;
	} else if (S_ISLNK(mode)) {
		inode->iops = &pid_link_iops;
	} else {
		inode->iops = &pid_file_iops;
		inode->fops = &pid_file_fops;
	}
	return inode;
}

static struct dentry *add(struct dentry *d, struct inode *inode)
{
	if (!inode)
		return ERR_PTR(-ENOMEM);
	d->dops = &pid_dops;
	d_add(d, inode);
	return NULL;
}

/* A decimal number without leading zeros, or -1. */
static s32 parse_number(const struct dentry *d)
{
	u32 v;

	if (!d->len || d->len > 9 || (d->name[0] == '0' && d->len > 1) || d->name[0] < '0' || d->name[0] > '9' || kstrtou32(d->name, 10, &v))
		return -1;
	return (s32)v;
}

struct dentry *proc_pid_lookup(struct inode *dir, struct dentry *d)
{
	s32 pid = parse_number(d);
	struct task *t = pid > 0 ? get_task_by_pid(pid) : NULL;

	return t ? add(d, pid_inode(dir->sb, t, NULL, -1)) : ERR_PTR(-ENOENT);
}

/* The process with the lowest pid >= from, or 0. */
static pid_t next_process(pid_t from)
{
	struct task *t;
	pid_t best = 0;

	spin_lock_bh(&tasklist_lock);
	list_for_each_entry(t, &all_tasks, all_node)
		if (t->pid == t->tgid && t->pid > 0 && t->pid >= from && (!best || t->pid < best))
			best = t->pid;
	spin_unlock_bh(&tasklist_lock);
	return best;
}

void proc_pid_iterate(struct dir_context *c)
{
	char name[12];
	pid_t pid;

	if (c->pos < PROC_PID_POS)
		c->pos = PROC_PID_POS;
	while ((pid = next_process((pid_t)(c->pos - PROC_PID_POS)))) {
		int len = kscnprintf(name, sizeof(name), "%d", pid);

		c->pos = PROC_PID_POS + pid;
		if (!dir_emit(c, name, (u32)len, PID_INO_BASE + ((u32)pid << PID_INO_STEP), DT_DIR))
			return;
		c->pos++;
	}
}

/* ---- /proc/PID ---- */

static struct dentry *pid_dir_lookup(struct inode *dir, struct dentry *d)
{
	struct pid_node *n = dir->private;

	if (!is_alive(n->task))
		return ERR_PTR(-ENOENT);
	for (u32 i = 0; i < nr_entries; i++)
		if (!strcmp(table[i].name, d->name))
			return add(d, pid_inode(dir->sb, get_task(n->task), &table[i], -1));
	return ERR_PTR(-ENOENT);
}

static u32 type_of(u32 mode)
{
	return S_ISDIR(mode) ? DT_DIR : S_ISLNK(mode) ? DT_LNK : DT_REG;
}

static int pid_dir_iterate(struct file *f, struct dir_context *c)
{
	struct pid_node *n = f->inode->private;

	if (!is_alive(n->task))
		return -ENOENT;
	if (!dir_emit_dots(f, c))
		return 0;
	for (; c->pos - 2 < nr_entries; c->pos++) {
		const struct proc_pid_entry *e = &table[c->pos - 2];

		if (!dir_emit(c, e->name, (u32)strlen(e->name), f->inode->ino + (u32)c->pos - 1, type_of(e->mode)))
			return 0;
	}
	return 0;
}

/* ---- folders of numbered links ---- */

static struct dentry *numbered_lookup(struct inode *dir, struct dentry *d)
{
	struct pid_node *n = dir->private;
	s32 number = parse_number(d);

	if (!may_look_inside(n->task))
		return ERR_PTR(-EACCES);
	if (number < 0 || n->entry->next(n->task, (u32)number) != number)
		return ERR_PTR(-ENOENT);
	return add(d, pid_inode(dir->sb, get_task(n->task), n->entry, number));
}

static int numbered_iterate(struct file *f, struct dir_context *c)
{
	struct pid_node *n = f->inode->private;
	char name[12];
	int number;

	if (!may_look_inside(n->task))
		return -EACCES;
	if (!dir_emit_dots(f, c))
		return 0;
	while ((number = n->entry->next(n->task, (u32)c->pos - 2)) >= 0) {
		int len = kscnprintf(name, sizeof(name), "%d", number);

		c->pos = number + 2;
		if (!dir_emit(c, name, (u32)len, f->inode->ino + 256 + (u32)number, DT_LNK))
			return 0;
		c->pos++;
	}
	return 0;
}

/* ---- links and files ---- */

static int link_get_path(struct dentry *d, struct path *out)
{
	struct pid_node *n = d->inode->private;

	if (!may_look_inside(n->task))
		return -EACCES;
	return n->number >= 0 ? n->entry->get_numbered(n->task, (u32)n->number, out) : n->entry->get_path(n->task, out);
}

static int link_readlink(struct dentry *d, char *buf, size_t size)
{
	struct path p;
	int error = link_get_path(d, &p);
	char *text;
	size_t len;

	if (error)
		return error;
	text = d_path(&p, buf, size);
	path_put(&p);
	if (IS_ERR(text))
		return (int)PTR_ERR(text);
	len = strlen(text);
	memmove(buf, text, len + 1);
	return (int)len;
}

static int file_open_text(struct inode *inode, struct file *f)
{
	struct pid_node *n = inode->private;

	if (((f->mode & FMODE_WRITE) && !n->entry->write) || (n->entry->inside && !may_look_inside(n->task)))
		return -EACCES;
	return text_file_open(f);
}

static int show_adapter(struct seq_buf *s, void *arg)
{
	struct pid_node *n = arg;

	return n->entry->show(s, n->task);
}

static ssize_t file_read_iter(struct kiocb *k, struct iov_iter *to)
{
	struct pid_node *n = k->file->inode->private;

	if (n->entry->inside && !may_look_inside(n->task))
		return -EACCES;
	return text_file_read(k, to, show_adapter, n);
}

static ssize_t file_write_iter(struct kiocb *k, struct iov_iter *from)
{
	struct pid_node *n = k->file->inode->private;
	size_t len;
	char *text = text_file_input(from, &len);

	if (IS_ERR(text))
		return PTR_ERR(text);
	ssize_t done = n->entry->write(n->task, text, len);
	kfree(text);
	return done;
}

/* They are as their process is. That an open for writing cuts them to nothing (the shell's >) means nothing. */
static int pid_setattr(struct dentry *d, struct iattr *a)
{
	return a->valid & (ATTR_MODE | ATTR_UID | ATTR_GID) ? -EPERM : 0;
}

static const struct inode_operations pid_dir_iops = { .lookup = pid_dir_lookup, .setattr = pid_setattr };
static const struct inode_operations numbered_dir_iops = { .lookup = numbered_lookup, .setattr = pid_setattr };
static const struct inode_operations pid_file_iops = { .setattr = pid_setattr };
static const struct inode_operations pid_link_iops = { .readlink = link_readlink, .get_path = link_get_path, .setattr = pid_setattr };
static const struct file_operations pid_dir_fops = { .name = "proc pid", .iterate = pid_dir_iterate, .llseek = generic_llseek };
static const struct file_operations numbered_dir_fops = { .name = "proc pid fd", .iterate = numbered_iterate, .llseek = generic_llseek };
static const struct file_operations pid_file_fops = {
	.name = "proc pid file",
	.open = file_open_text,
	.release = text_file_release,
	.read_iter = file_read_iter,
	.write_iter = file_write_iter,
	.llseek = generic_llseek,
};
