/*
 * Opening. Without O_CREAT a path is walked and its end opened. With O_CREAT the walk ends at the directory, and the last component is
 * looked up, and made if it is not there, under the lock of the directory; symbolic links at the end are followed as long as there are any.
 */
#include "io/vfs/files.h"
#include "io/vfs/notify.h"
#include "io/vfs/walk.h"
#include "kernel/debug/bug.h"
#include "kernel/lib/printf.h"

/* What permission the access mode and O_TRUNC need. */
static int access_mask(int flags)
{
	static const u8 masks[4] = { MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE, MAY_READ | MAY_WRITE };
	int mask = masks[flags & O_ACCMODE];
	return flags & O_TRUNC ? mask | MAY_WRITE : mask;
}

/* May the existing object be opened like this? */
static int may_open(const struct path *p, int flags)
{
	struct inode *i = p->dentry->inode;
	int mask = access_mask(flags);

	switch (i->mode & S_IFMT) {
	case S_IFLNK:
		return -ELOOP;
	case S_IFDIR:
		if (mask & MAY_WRITE)
			return -EISDIR;
		break;
	case S_IFBLK:
	case S_IFCHR:
		if (p->mnt->flags & MNT_NODEV)
			return -EACCES;
		break;
	case S_IFREG:
		if ((mask & MAY_WRITE) && mnt_is_readonly(p->mnt))
			return -EROFS;
		break;
	}
	int err = inode_permission(i, mask);
	if (err)
		return err;
	if (S_ISREG(i->mode) && !(flags & O_LARGEFILE) && unlikely(inode_size(i) > INT32_MAX))
		return -EOVERFLOW;
	if ((i->flags & S_APPEND) && (mask & MAY_WRITE) && (!(flags & O_APPEND) || (flags & O_TRUNC)))
		return -EPERM;
	if ((flags & O_NOATIME) && !fs_owner_or_capable(i->uid))
		return -EPERM;
	return 0;
}

/* Open the object at path, which has been checked; made: it is new, and there is nothing to cut. */
static struct file *open_path(const struct path *p, int flags, bool made)
{
	struct file *f = alloc_file(flags);
	if (IS_ERR(f))
		return f;
	struct inode *i = p->dentry->inode;
	bool cut = (flags & O_TRUNC) && S_ISREG(i->mode) && !made;
	int err = cut ? get_write_access(i) : 0;
	if (!err) {
		err = file_setup(f, p, i, flags);
		if (!err && cut) {
			err = do_truncate(p, 0, true);
			if (err) {
				fput(f);
				put_write_access(i);
				return ERR_PTR(err);
			}
		}
		if (cut)
			put_write_access(i);
	}
	if (err) {
		free_file_unopened(f);
		return ERR_PTR(err);
	}
	if (f->mode & FMODE_OPENED)
		notify_file(f, IN_OPEN);
	return f;
}

static struct file *open_existing(const struct path *p, int flags)
{
	if (!(flags & O_PATH)) {
		int err = may_open(p, flags);
		if (err)
			return ERR_PTR(err);
	}
	return open_path(p, flags, false);
}

struct file *dentry_open(const struct path *p, int flags)
{
	return open_existing(p, flags & ~(O_CREAT | O_EXCL | O_TRUNC));
}

struct file *dentry_open_exec(const struct path *p)
{
	struct inode *i = p->dentry->inode;

	if (S_ISLNK(i->mode))
		return ERR_PTR(-ELOOP);
	if (!S_ISREG(i->mode) || (p->mnt->flags & MNT_NOEXEC))
		return ERR_PTR(-EACCES);
	int err = inode_permission(i, MAY_EXEC);
	return err ? ERR_PTR(err) : open_path(p, O_RDONLY | O_LARGEFILE, false);
}

static struct file *open_plain(int dfd, const char *name, int flags, u32 restrict_flags)
{
	struct path p;
	u32 lookup = (flags & O_NOFOLLOW ? 0 : LOOKUP_FOLLOW) | (flags & O_DIRECTORY ? LOOKUP_DIRECTORY : 0) | restrict_flags;
	int err = path_lookup_at(dfd, name, lookup, &p);
	if (err)
		return ERR_PTR(err);
	struct file *f = open_existing(&p, flags);
	path_put(&p);
	return f;
}

/* Make the regular file d in the directory the walk stands at; its lock is held. */
static int make_file(struct walk *w, struct dentry *d, umode_t mode)
{
	struct inode *dir = w->path.dentry->inode;
	int err = mnt_want_write(w->path.mnt);
	if (err)
		return err;
	err = may_create(dir, d);
	if (!err)
		err = dir->iops->create ? dir->iops->create(dir, d, (umode_t)(S_IFREG | apply_umask(mode & S_IALLUGO))) : -EACCES;
	if (!err)
		notify_name(dir, IN_CREATE, d, 0);
	mnt_drop_write(w->path.mnt);
	return err;
}

/* Find the last component, or make it. *d gets a reference. 1: made, 0: was there, or an error. */
static int find_or_make(struct walk *w, int flags, umode_t mode, struct dentry **out)
{
	struct inode *dir = w->path.dentry->inode;
	int err = 0;

	spin_lock(&dcache_lock);
	struct dentry *d = d_find_locked(w->path.dentry, &w->last);
	if (d && d->inode && !(d->dops && d->dops->revalidate) && !(flags & O_EXCL)) {
		*out = dget(d);
		spin_unlock(&dcache_lock);
		return 0;
	}
	spin_unlock(&dcache_lock);
	mutex_lock(&dir->lock);
	d = walk_last_locked(w);
	if (IS_ERR(d))
		err = (int)PTR_ERR(d);
	else if (d->inode)
		err = flags & O_EXCL ? -EEXIST : 0;
	else
		err = make_file(w, d, mode) ?: 1;
	mutex_unlock(&dir->lock);
	if (err < 0) {
		if (!IS_ERR(d))
			dput(d);
		return err;
	}
	*out = d;
	return err;
}

/* The directory is found: open the last component, or say in *link which symbolic link is to be followed first. */
static struct file *open_last(struct walk *w, int flags, umode_t mode, struct dentry **link)
{
	struct dentry *d;

	if (w->must_be_dir)
		return ERR_PTR(-EISDIR);
	int made = find_or_make(w, flags, mode, &d);
	if (made < 0)
		return ERR_PTR(made);
	struct path p = { w->path.mnt, d };
	if (made) { /* whoever makes a file may open it as he likes, whatever its mode says */
		struct file *f = open_path(&p, flags, true);
		dput(d);
		return f;
	}
	if (S_ISLNK(d->inode->mode) && !(flags & O_NOFOLLOW)) {
		*link = d;
		return NULL;
	}
	mntget(p.mnt);
	follow_mounts(&p);
	if ((w->flags & LOOKUP_NO_XDEV) && p.mnt != w->path.mnt) {
		path_put(&p);
		return ERR_PTR(-EXDEV);
	}
	struct file *f = S_ISDIR(p.dentry->inode->mode) ? ERR_PTR(-EISDIR) : open_existing(&p, flags);
	path_put(&p);
	return f;
}

static struct file *open_create(int dfd, const char *name, int flags, umode_t mode, u32 restrict_flags)
{
	struct walk w;
	struct file *f;
	int err = walk_path(&w, dfd, name, LOOKUP_PARENT | restrict_flags);

	while (!err) {
		struct dentry *link = NULL;
		if (w.last_type == LAST_ROOT && w.links && !S_ISDIR(w.path.dentry->inode->mode))
			f = flags & O_EXCL ? ERR_PTR(-EEXIST) : open_existing(&w.path, flags); /* the end of a magic link */
		else if (w.last_type != LAST_NORMAL)
			f = ERR_PTR(flags & O_EXCL ? -EEXIST : -EISDIR);
		else
			f = open_last(&w, flags, mode, &link);
		if (!link) {
			walk_end(&w);
			return f;
		}
		w.flags = LOOKUP_PARENT | restrict_flags;
		err = walk_link(&w, link);
		dput(link);
	}
	return ERR_PTR(err);
}

/* A file without a name in a directory; linkat may give it one later unless O_EXCL forbids that. */
static struct file *make_unnamed(const struct path *dir, int flags, umode_t mode)
{
	struct inode *i = dir->dentry->inode;
	int err = inode_permission(i, MAY_WRITE | MAY_EXEC);
	if (!err && !i->iops->tmpfile)
		err = -EOPNOTSUPP;
	struct path p = { dir->mnt, err ? NULL : d_alloc(dir->dentry, "#", 1) };
	if (!p.dentry)
		return ERR_PTR(err ? err : -ENOMEM);
	err = i->iops->tmpfile(i, p.dentry, (umode_t)(S_IFREG | apply_umask(mode & S_IALLUGO)));
	struct file *f = ERR_PTR(err);
	if (!err) {
		p.dentry->len = (u32)ksnprintf(p.dentry->inline_name, DNAME_INLINE, "#%u", p.dentry->inode->ino);
		if (!(flags & O_EXCL))
			p.dentry->inode->flags |= S_LINKABLE;
		f = open_path(&p, flags, true);
	}
	dput(p.dentry);
	return f;
}

static struct file *open_unnamed(int dfd, const char *name, int flags, umode_t mode, u32 restrict_flags)
{
	struct path dir;
	int err = path_lookup_at(dfd, name, (flags & O_NOFOLLOW ? 0 : LOOKUP_FOLLOW) | LOOKUP_DIRECTORY | restrict_flags, &dir);
	if (err)
		return ERR_PTR(err);
	err = mnt_want_write(dir.mnt);
	struct file *f = err ? ERR_PTR(err) : make_unnamed(&dir, flags, mode);
	if (!err)
		mnt_drop_write(dir.mnt);
	path_put(&dir);
	return f;
}

struct file *do_open_restricted(int dfd, const char *name, int flags, umode_t mode, u32 restrict_flags)
{
	if (flags & O_PATH)
		flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	bool unnamed = flags & O_TMPFILE & ~O_DIRECTORY;
	if (unnamed && (!(flags & O_DIRECTORY) || (flags & O_CREAT) || !(access_mask(flags) & MAY_WRITE)))
		return ERR_PTR(-EINVAL);
	if ((flags & O_CREAT) && (flags & O_DIRECTORY))
		return ERR_PTR(-EINVAL);
	flags &= ~O_CLOEXEC;
	if (unnamed)
		return open_unnamed(dfd, name, flags, mode, restrict_flags);
	return flags & O_CREAT ? open_create(dfd, name, flags, mode, restrict_flags) : open_plain(dfd, name, flags, restrict_flags);
}

struct file *do_open_at(int dfd, const char *name, int flags, umode_t mode) { return do_open_restricted(dfd, name, flags, mode, 0); }

struct file *file_open(const char *path, int flags, umode_t mode) { return do_open_at(AT_FDCWD, path, flags, mode); }

int file_open_fd(const char *path, int flags)
{
	int fd = get_unused_fd((u32)flags, 0);
	if (fd < 0)
		return fd;
	struct file *f = file_open(path, flags, 0);
	if (IS_ERR(f)) {
		put_unused_fd(fd);
		return (int)PTR_ERR(f);
	}
	fd_install(fd, f);
	return fd;
}
