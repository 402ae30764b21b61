/*
 * Pieces for file systems that live in the name cache alone (tmpfs, devfs, sysfs): each of their dentries is pinned by one reference from
 * its making to its unlinking, the list of children is the directory, and a child's seq is its position in it.
 */
#include "io/vfs/internal.h"
#include "mm/alloc.h"

struct dentry *simple_lookup(struct inode *dir, struct dentry *d)
{
	d_add(d, NULL);
	return NULL;
}

static bool exists(const struct dentry *d) { return d->inode && d_hashed(d); }

bool simple_empty(struct dentry *d)
{
	struct dentry *c;
	bool empty = true;
	spin_lock(&dcache_lock);
	list_for_each_entry(c, &d->children, child_node)
		if (exists(c)) {
			empty = false;
			break;
		}
	spin_unlock(&dcache_lock);
	return empty;
}

static void dir_changed(struct inode *dir) { dir->mtime = dir->ctime = current_time_coarse(); }

int simple_link(struct dentry *old, struct inode *dir, struct dentry *d)
{
	struct inode *i = old->inode;
	dir_changed(dir);
	i->ctime = dir->ctime;
	inc_nlink(i);
	atomic_inc(&i->refs);
	dget(d);
	d_instantiate(d, i);
	return 0;
}

int simple_unlink(struct inode *dir, struct dentry *d)
{
	dir_changed(dir);
	d->inode->ctime = dir->ctime;
	drop_nlink(d->inode);
	dput(d);
	return 0;
}

int simple_rmdir(struct inode *dir, struct dentry *d)
{
	if (!simple_empty(d))
		return -ENOTEMPTY;
	drop_nlink(d->inode);
	simple_unlink(dir, d);
	drop_nlink(dir);
	return 0;
}

/* Both names are there and change places. */
static int simple_exchange(struct inode *old_dir, struct dentry *old, struct inode *new_dir, struct dentry *d)
{
	bool a = S_ISDIR(old->inode->mode), b = S_ISDIR(d->inode->mode);

	if (old_dir != new_dir && a != b) {
		drop_nlink(a ? old_dir : new_dir);
		inc_nlink(a ? new_dir : old_dir);
	}
	dir_changed(old_dir);
	dir_changed(new_dir);
	old->inode->ctime = d->inode->ctime = new_dir->ctime;
	return 0;
}

int simple_rename(struct inode *old_dir, struct dentry *old, struct inode *new_dir, struct dentry *d, u32 flags)
{
	bool is_dir = S_ISDIR(old->inode->mode);

	if (flags & RENAME_EXCHANGE)
		return simple_exchange(old_dir, old, new_dir, d);
	if (d->inode) {
		if (is_dir && !simple_empty(d))
			return -ENOTEMPTY;
		if (is_dir) {
			drop_nlink(d->inode);
			drop_nlink(new_dir);
		}
		simple_unlink(new_dir, d);
	}
	if (is_dir && old_dir != new_dir) {
		drop_nlink(old_dir);
		inc_nlink(new_dir);
	}
	dir_changed(old_dir);
	dir_changed(new_dir);
	old->inode->ctime = new_dir->ctime;
	return 0;
}

int simple_statfs(struct super_block *sb, struct kstatfs *st)
{
	st->type = sb->magic;
	st->bsize = st->frsize = PAGE_SIZE;
	st->namelen = NAME_MAX;
	return 0;
}

int simple_readlink(struct dentry *d, char *buf, size_t size)
{
	ssize_t len = strscpy(buf, d->inode->symlink, size);
	return len < 0 ? -ENAMETOOLONG : (int)len;
}

int simple_read_page(struct file *f, struct page *page)
{
	memset(page_address(page), 0, PAGE_SIZE);
	page_end_read(page, 0);
	return 0;
}

/* ---- directories ---- */

bool dir_emit_dots(struct file *f, struct dir_context *c)
{
	const struct dentry *d = f->path.dentry;
	if (c->pos == 0) {
		if (!dir_emit(c, ".", 1, d->inode->ino, DT_DIR))
			return false;
		c->pos = 1;
	}
	if (c->pos == 1) {
		if (!dir_emit(c, "..", 2, d->parent->inode->ino, DT_DIR))
			return false;
		c->pos = 2;
	}
	return true;
}

/* The oldest child comes last in the list and first in the directory. emit only copies into a kernel buffer, so the lock may be held. */
static int simple_iterate(struct file *f, struct dir_context *c)
{
	struct dentry *d;

	if (!dir_emit_dots(f, c))
		return 0;
	spin_lock(&dcache_lock);
	list_for_each_entry_reverse(d, &f->path.dentry->children, child_node) {
		if ((loff_t)d->seq < c->pos || !exists(d))
			continue;
		c->pos = d->seq;
		if (!dir_emit(c, d->name, d->len, d->inode->ino, (d->inode->mode & S_IFMT) >> 12))
			break;
		c->pos = (loff_t)d->seq + 1;
	}
	spin_unlock(&dcache_lock);
	return 0;
}

static int nothing_to_sync(struct file *f, loff_t start, loff_t end, bool datasync) { return 0; }

static loff_t dir_llseek(struct file *f, loff_t off, int whence)
{
	return whence == SEEK_SET || whence == SEEK_CUR ? fixed_size_llseek(f, off, whence, INT64_MAX) : -EINVAL;
}

const struct file_operations simple_dir_operations = {
	.name = "simple directory",
	.llseek = dir_llseek,
	.iterate = simple_iterate,
	.fsync = nothing_to_sync,
};
