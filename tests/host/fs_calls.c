/*
 * The system calls' share of fs_machine.h: paths from the root of a super block, changes of names under the locks that the VFS takes, and
 * open files.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "tests/host/fs_machine.h"
#include "io/cache/page_cache.h"
#include "io/vfs/internal.h"
#include "kernel/debug/bug.h"

/* The parent of the last name, with a reference, and that name. */
static struct dentry *walk_parent(struct super_block *sb, const char *path, const char **name, u32 *len)
{
	struct dentry *d = dget(sb->root);
	for (;;) {
		while (*path == '/')
			path++;
		u32 n = (u32)strcspn(path, "/");
		const char *rest = path + n;
		while (*rest == '/')
			rest++;
		*name = path;
		*len = n;
		if (!d->inode || !S_ISDIR(d->inode->mode)) {
			int err = d->inode ? -ENOTDIR : -ENOENT;
			dput(d);
			return ERR_PTR(err);
		}
		if (!*rest)
			return d;
		mutex_lock(&d->inode->lock);
		struct dentry *next = lookup_one(d, path, n);
		mutex_unlock(&d->inode->lock);
		dput(d);
		if (IS_ERR(next))
			return next;
		d = next;
		path = rest;
	}
}

/* A lock held on the parent, and the dentry of the last name (negative or not). */
struct place { struct dentry *parent, *d; };

static int take_place(struct super_block *sb, const char *path, struct place *p)
{
	const char *name;
	u32 len;
	p->parent = walk_parent(sb, path, &name, &len);
	if (IS_ERR(p->parent))
		return (int)PTR_ERR(p->parent);
	mutex_lock(&p->parent->inode->lock);
	p->d = lookup_one(p->parent, name, len);
	if (!IS_ERR(p->d))
		return 0;
	int err = (int)PTR_ERR(p->d);
	mutex_unlock(&p->parent->inode->lock);
	dput(p->parent);
	return err;
}

static int leave_place(struct place *p, int err)
{
	mutex_unlock(&p->parent->inode->lock);
	dput(p->d);
	dput(p->parent);
	return err;
}

static struct dentry *walk(struct super_block *sb, const char *path)
{
	struct place p;
	int err;
	if (!strcmp(path, "/"))
		return dget(sb->root);
	err = take_place(sb, path, &p);
	if (err)
		return ERR_PTR(err);
	struct dentry *d = dget(p.d);
	leave_place(&p, 0);
	if (!d->inode) {
		dput(d);
		return ERR_PTR(-ENOENT);
	}
	return d;
}

struct inode *t_inode(struct super_block *sb, const char *path)
{
	struct dentry *d = walk(sb, path);
	if (IS_ERR(d))
		return ERR_CAST(d);
	struct inode *i = igrab(d->inode);
	dput(d);
	return i;
}

/* The new name must not exist yet: as the system calls check it. */
#define MAKE(sb, path, call) ({ \
		struct place p; \
		int err_ = (sb)->flags & SB_RDONLY ? -EROFS : take_place(sb, path, &p); \
		if (!err_) \
			err_ = leave_place(&p, p.d->inode ? -EEXIST : (call)); \
		err_; \
	})
int t_create(struct super_block *sb, const char *path, umode_t mode)
{
	return MAKE(sb, path, p.parent->inode->iops->create(p.parent->inode, p.d, mode));
}

int t_mkdir(struct super_block *sb, const char *path, umode_t mode)
{
	return MAKE(sb, path, p.parent->inode->iops->mkdir(p.parent->inode, p.d, mode));
}

int t_mknod(struct super_block *sb, const char *path, umode_t mode, kdev_t dev)
{
	return MAKE(sb, path, p.parent->inode->iops->mknod(p.parent->inode, p.d, mode, dev));
}

int t_symlink(struct super_block *sb, const char *target, const char *path)
{
	return MAKE(sb, path, p.parent->inode->iops->symlink(p.parent->inode, p.d, target));
}

int t_link(struct super_block *sb, const char *old, const char *path)
{
	struct dentry *from = walk(sb, old);
	if (IS_ERR(from))
		return (int)PTR_ERR(from);
	int err = S_ISDIR(from->inode->mode) ? -EPERM : MAKE(sb, path, p.parent->inode->iops->link(from, p.parent->inode, p.d));
	dput(from);
	return err;
}

static int remove_path(struct super_block *sb, const char *path, bool dir)
{
	struct place p;
	int err = sb->flags & SB_RDONLY ? -EROFS : take_place(sb, path, &p);
	if (err)
		return err;
	struct inode *inode = p.d->inode, *parent = p.parent->inode;
	if (!inode)
		return leave_place(&p, -ENOENT);
	if (S_ISDIR(inode->mode) != dir)
		return leave_place(&p, dir ? -ENOTDIR : -EISDIR);
	mutex_lock(&inode->lock);
	err = dir ? parent->iops->rmdir(parent, p.d) : parent->iops->unlink(parent, p.d);
	mutex_unlock(&inode->lock);
	if (!err) {
		if (dir)
			shrink_dcache_children(p.d);
		d_delete(p.d);
	}
	return leave_place(&p, err);
}
int t_unlink(struct super_block *sb, const char *path) { return remove_path(sb, path, false); }
int t_rmdir(struct super_block *sb, const char *path) { return remove_path(sb, path, true); }

static int rename_locked(struct dentry *from_dir, struct dentry *from, struct dentry *to_dir, struct dentry *to, u32 flags)
{
	if (!from->inode)
		return -ENOENT;
	if (from->inode == to->inode)
		return 0;
	if (d_is_ancestor(from, to_dir))
		return -EINVAL;
	if (d_is_ancestor(to, from_dir))
		return -ENOTEMPTY;
	struct inode *target = to->inode;
	if (target && S_ISDIR(from->inode->mode) != S_ISDIR(target->mode))
		return S_ISDIR(target->mode) ? -EISDIR : -ENOTDIR;
	if (target)
		mutex_lock(&target->lock);
	int err = from_dir->inode->iops->rename(from_dir->inode, from, to_dir->inode, to, flags);
	if (target)
		mutex_unlock(&target->lock);
	if (!err)
		d_move(from, to);
	return err;
}

int t_rename(struct super_block *sb, const char *old, const char *path, u32 flags)
{
	const char *name[2];
	u32 len[2];
	if (sb->flags & SB_RDONLY)
		return -EROFS;
	struct dentry *a = walk_parent(sb, old, &name[0], &len[0]);
	if (IS_ERR(a))
		return (int)PTR_ERR(a);
	struct dentry *b = walk_parent(sb, path, &name[1], &len[1]);
	if (IS_ERR(b)) {
		dput(a);
		return (int)PTR_ERR(b);
	}
	mutex_lock(&a->inode->lock);
	if (a != b) {
		if (b->inode == a->inode)
			panic("two names of one directory");
		mutex_lock(&b->inode->lock);
	}
	struct dentry *from = lookup_one(a, name[0], len[0]), *to = lookup_one(b, name[1], len[1]);
	int err = IS_ERR(from) ? (int)PTR_ERR(from) : IS_ERR(to) ? (int)PTR_ERR(to) : rename_locked(a, from, b, to, flags);
	mutex_unlock(&a->inode->lock);
	if (a != b)
		mutex_unlock(&b->inode->lock);
	if (!IS_ERR(from))
		dput(from);
	if (!IS_ERR(to))
		dput(to);
	dput(a);
	dput(b);
	return err;
}

int t_readlink(struct super_block *sb, const char *path, char *buf, size_t size)
{
	struct dentry *d = walk(sb, path);
	if (IS_ERR(d))
		return (int)PTR_ERR(d);
	int n = d->inode->iops->readlink ? d->inode->iops->readlink(d, buf, size) : -EINVAL;
	dput(d);
	return n;
}

static int change(struct super_block *sb, const char *path, struct iattr *a)
{
	struct dentry *d = walk(sb, path);
	if (IS_ERR(d))
		return (int)PTR_ERR(d);
	int err = sb->flags & SB_RDONLY ? -EROFS : 0;
	mutex_lock(&d->inode->lock);
	a->valid |= ATTR_CTIME;
	a->ctime = current_time_coarse();
	if (!err && (a->valid & ATTR_SIZE) && !S_ISREG(d->inode->mode))
		err = -EINVAL;
	if (!err)
		err = d->inode->iops->setattr(d, a);
	mutex_unlock(&d->inode->lock);
	dput(d);
	return err;
}
int t_truncate(struct super_block *sb, const char *path, loff_t size)
{
	return change(sb, path, &(struct iattr){ .valid = ATTR_SIZE, .size = size });
}

int t_chmod(struct super_block *sb, const char *path, umode_t mode)
{
	return change(sb, path, &(struct iattr){ .valid = ATTR_MODE, .mode = mode });
}

int t_chown(struct super_block *sb, const char *path, uid_t uid, gid_t gid)
{
	return change(sb, path, &(struct iattr){ .valid = ATTR_UID | ATTR_GID, .uid = uid, .gid = gid });
}
int t_utimes(struct super_block *sb, const char *path, struct timespec_k atime, struct timespec_k mtime)
{
	return change(sb, path, &(struct iattr){ .valid = ATTR_ATIME | ATTR_MTIME, .atime = atime, .mtime = mtime });
}

int t_stat(struct super_block *sb, const char *path, struct kstat *st)
{
	struct dentry *d = walk(sb, path);
	if (IS_ERR(d))
		return (int)PTR_ERR(d);
	generic_fillattr(d->inode, st);
	dput(d);
	return 0;
}

/* ---- open files ---- */

struct file *t_open(struct super_block *sb, const char *path, int flags)
{
	struct dentry *d = walk(sb, path);
	if (d == ERR_PTR(-ENOENT) && (flags & O_CREAT)) {
		int err = t_create(sb, path, 0644);
		if (err)
			return ERR_PTR(err);
		d = walk(sb, path);
	}
	if (IS_ERR(d))
		return ERR_CAST(d);
	struct file *f = calloc(1, sizeof(*f));
	static struct mount mnt;
	mnt.sb = sb;
	atomic_set(&f->refs, 1);
	f->mode = ((flags & O_ACCMODE) != O_WRONLY ? FMODE_READ : 0) | ((flags & O_ACCMODE) != O_RDONLY ? FMODE_WRITE : 0);
	f->flags = (u32)flags | O_LARGEFILE;
	f->inode = d->inode;
	f->ops = d->inode->fops;
	f->path = (struct path){ &mnt, d };
	file_ra_init(&f->ra, f->inode->mapping);
	f->wb_err_seen = wb_err_sample(f->inode->mapping);
	if ((flags & O_TRUNC) && S_ISREG(f->inode->mode)) {
		mutex_lock(&f->inode->lock);
		int err = f->inode->iops->setattr(d, &(struct iattr){ .valid = ATTR_SIZE });
		mutex_unlock(&f->inode->lock);
		if (err) {
			t_close(f);
			return ERR_PTR(err);
		}
	}
	return f;
}

void t_close(struct file *f)
{
	if (f->ops && f->ops->release)
		f->ops->release(f);
	dput(f->path.dentry);
	free(f);
}

static ssize_t rw(struct file *f, void *buf, u32 n, loff_t pos, bool write)
{
	struct kiocb k = { .file = f, .pos = pos, .flags = f->flags & O_DIRECT ? IOCB_DIRECT : 0 };
	struct iovec_k storage;
	struct iov_iter it;
	iov_iter_kvec1(&it, !write, &storage, buf, n);
	if (!f->ops || !f->ops->read_iter)
		return -EINVAL;
	return write ? f->ops->write_iter(&k, &it) : f->ops->read_iter(&k, &it);
}
ssize_t t_pread(struct file *f, void *buf, u32 n, loff_t pos) { return rw(f, buf, n, pos, false); }
ssize_t t_pwrite(struct file *f, const void *buf, u32 n, loff_t pos) { return rw(f, (void *)buf, n, pos, true); }
int t_fsync(struct file *f, bool datasync) { return f->ops && f->ops->fsync ? f->ops->fsync(f, 0, INT64_MAX, datasync) : -EINVAL; }

struct reader {
	struct dir_context ctx;
	u32 left;
	t_entry fn;
	void *arg;
};
static bool emit(struct dir_context *c, const char *name, u32 len, loff_t pos, u64 ino, u32 type)
{
	struct reader *r = container_of(c, struct reader, ctx);
	if (!r->left)
		return false;
	r->left--;
	r->fn(name, len, ino, type, r->arg);
	return true;
}

int t_readdir(struct super_block *sb, const char *path, u32 seek_every, t_entry fn, void *arg)
{
	struct file *f = t_open(sb, path, O_RDONLY);
	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	struct reader r = { .ctx = { .emit = emit }, .fn = fn, .arg = arg };
	int err;
	do {
		r.left = seek_every ? seek_every : ~0u;
		mutex_lock(&f->inode->lock);
		err = f->ops->iterate ? f->ops->iterate(f, &r.ctx) : -ENOTDIR;
		mutex_unlock(&f->inode->lock);
	} while (!err && !r.left);
	t_close(f);
	return err;
}
