/* The registered part of /proc: a tree of files, folders and links that only grows. */
#include "io/contract/text_file.h"
#include "io/fs/proc/internal.h"
#include "kernel/debug/bug.h"
#include "kernel/lib/printf.h"
#include "kernel/sched/task.h"
#include "mm/alloc.h"

#define FIRST_INO 2u

struct proc_entry proc_root = { .mode = S_IFDIR | 0555, .ino = 1, .children = LIST_HEAD_INIT(proc_root.children) };
static DEFINE_MUTEX_RANK(proc_lock, RANK_OBJECT);
static u32 next_ino = FIRST_INO;

static struct proc_entry *find_locked(struct proc_entry *dir, const char *name, size_t len)
{
	struct proc_entry *e;

	list_for_each_entry(e, &dir->children, sibling)
		if (!strncmp(e->name, name, len) && !e->name[len])
			return e;
	return NULL;
}

struct proc_entry *proc_find(struct proc_entry *dir, const char *name, size_t len)
{
	struct proc_entry *e;

	mutex_lock(&proc_lock);
	e = find_locked(dir, name, len);
	mutex_unlock(&proc_lock);
	return e;
}

struct proc_entry *proc_nth(struct proc_entry *dir, u32 n)
{
	struct proc_entry *e, *found = NULL;

	mutex_lock(&proc_lock);
	list_for_each_entry(e, &dir->children, sibling) {
		if (n--)
			continue;
		found = e;
		break;
	}
	mutex_unlock(&proc_lock);
	return found;
}

static struct proc_entry *add_locked(struct proc_entry *dir, const char *name, size_t len, umode_t mode)
{
	struct proc_entry *e = len < sizeof(e->name) ? kzalloc(sizeof(*e), GFP_KERNEL) : NULL;

	if (!e)
		return NULL;
	memcpy(e->name, name, len);
	e->mode = mode;
	e->ino = next_ino++;
	INIT_LIST_HEAD(&e->children);
	list_add_tail(&e->sibling, &dir->children);
	return e;
}

/* Make path and the folders before it. */
static int create_locked(const char *path, umode_t mode, struct proc_entry **out)
{
	struct proc_entry *dir = &proc_root;

	for (;;) {
		const char *slash = strchr(path, '/');
		size_t len = slash ? (size_t)(slash - path) : strlen(path);
		struct proc_entry *e = find_locked(dir, path, len);

		if (!slash) {
			if (e)
				return -EEXIST;
			*out = add_locked(dir, path, len, mode);
			return *out ? 0 : -ENOMEM;
		}
		if (!e)
			e = add_locked(dir, path, len, S_IFDIR | 0555);
		if (!e)
			return -ENOMEM;
		if (!S_ISDIR(e->mode))
			return -EEXIST;
		dir = e;
		path = slash + 1;
	}
}

int proc_create(const char *path, u32 mode, seq_show_t show, ssize_t (*write)(void *arg, const char *text, size_t len), void *arg)
{
	struct proc_entry *e;
	int error;

	mutex_lock(&proc_lock);
	error = create_locked(path, (umode_t)(S_IFREG | mode), &e);
	if (!error) {
		e->show = show;
		e->write = write;
		e->arg = arg;
	}
	mutex_unlock(&proc_lock);
	return error;
}

int proc_symlink(const char *path, const char *target)
{
	struct proc_entry *e;
	int error;

	mutex_lock(&proc_lock);
	error = create_locked(path, S_IFLNK | 0777, &e);
	if (!error)
		e->target = target;
	mutex_unlock(&proc_lock);
	return error;
}

/* ---- their inodes ---- */

static int entry_open(struct inode *inode, struct file *f)
{
	struct proc_entry *e = inode->private;

	if (((f->mode & FMODE_READ) && !e->show) || ((f->mode & FMODE_WRITE) && !e->write))
		return -EACCES;
	return text_file_open(f);
}

static ssize_t entry_read_iter(struct kiocb *k, struct iov_iter *to)
{
	struct proc_entry *e = k->file->inode->private;

	return text_file_read(k, to, e->show, e->arg);
}

static ssize_t entry_write_iter(struct kiocb *k, struct iov_iter *from)
{
	struct proc_entry *e = k->file->inode->private;
	size_t len;
	char *text = text_file_input(from, &len);
	ssize_t ret;

	if (IS_ERR(text))
		return PTR_ERR(text);
	ret = e->write(e->arg, text, len);
	if (ret > 0)
		k->pos += ret;
	kfree(text);
	return ret;
}

static const struct file_operations entry_fops = {
	.name = "proc",
	.open = entry_open,
	.release = text_file_release,
	.read_iter = entry_read_iter,
	.write_iter = entry_write_iter,
	.llseek = generic_llseek,
};

static struct dentry *entry_lookup(struct inode *dir, struct dentry *d)
{
	struct proc_entry *e = proc_find(dir->private, d->name, d->len);
	struct inode *inode;

	if (!e)
		return dir->private == &proc_root ? proc_pid_lookup(dir, d) : ERR_PTR(-ENOENT);
	inode = proc_entry_inode(dir->sb, e);
	if (!inode)
		return ERR_PTR(-ENOMEM);
	d_add(d, inode);
	return NULL;
}

static u32 entry_type(const struct proc_entry *e)
{
	return S_ISDIR(e->mode) ? DT_DIR : S_ISLNK(e->mode) ? DT_LNK : DT_REG;
}

static int entry_iterate(struct file *f, struct dir_context *c)
{
	struct proc_entry *dir = f->inode->private, *e;

	if (!dir_emit_dots(f, c))
		return 0;
	while (c->pos < PROC_PID_POS && (e = proc_nth(dir, (u32)c->pos - 2))) {
		if (!dir_emit(c, e->name, (u32)strlen(e->name), e->ino, entry_type(e)))
			return 0;
		c->pos++;
	}
	if (dir == &proc_root)
		proc_pid_iterate(c);
	return 0;
}

static int entry_readlink(struct dentry *d, char *buf, size_t size)
{
	const struct proc_entry *e = d->inode->private;
	ssize_t n;

	if (!e->target) /* "self": whoever asks */
		return kscnprintf(buf, size, "%d", current->tgid);
	n = strscpy(buf, e->target, size);

	return n < 0 ? -ENAMETOOLONG : (int)n;
}

/* A truncation (open with O_TRUNC by a shell's >) has nothing to do. */
static int entry_setattr(struct dentry *d, struct iattr *a)
{
	int error;

	a->valid &= ~ATTR_SIZE;
	error = setattr_prepare(d, a);
	if (!error)
		setattr_copy(d->inode, a);
	return error;
}

static const struct inode_operations dir_iops = { .lookup = entry_lookup, .setattr = entry_setattr };
static const struct inode_operations file_iops = { .setattr = entry_setattr };
static const struct inode_operations link_iops = { .readlink = entry_readlink, .setattr = entry_setattr };
static const struct file_operations dir_fops = { .name = "proc folder", .iterate = entry_iterate, .llseek = generic_llseek };

struct inode *proc_entry_inode(struct super_block *sb, struct proc_entry *e)
{
	struct inode *inode = iget_locked(sb, e->ino);

	if (!inode || !(inode->state & I_NEW))
		return inode;
	inode->mode = e->mode;
	inode->nlink = S_ISDIR(e->mode) ? 2 : 1;
	inode->private = e;
	inode->atime = inode->mtime = inode->ctime = current_time_coarse();
	if (S_ISDIR(e->mode)) {
		inode->iops = &dir_iops;
		inode->fops = &dir_fops;
	} else if (S_ISLNK(e->mode)) {
		inode->iops = &link_iops;
	} else {
		inode->iops = &file_iops;
		inode->fops = &entry_fops;
	}
	unlock_new_inode(inode);
	return inode;
}
