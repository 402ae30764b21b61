/*
 * Operations on names: mkdir, mknod, unlink, rmdir, symlink, link, rename. Each walks to the directory, takes its lock, looks the last
 * component up, checks, and asks the file system. A victim's own lock is taken inside that of its directory (its link count changes).
 */
#include "io/vfs/files.h"
#include "io/vfs/notify.h"
#include "io/vfs/walk.h"
#include "kernel/debug/bug.h"
#include "mm/alloc.h"

/* ---- making ---- */

/* Walk to the directory of name and lock it, ready to make something; the negative dentry in *d. Undone by create_end. */
static int create_begin(struct walk *w, int dfd, const char *name, bool want_dir, struct dentry **d)
{
	int err = walk_path(w, dfd, name, LOOKUP_PARENT);
	if (err)
		return err;
	if (w->last_type != LAST_NORMAL) {
		walk_end(w);
		return -EEXIST;
	}
	int ro = mnt_want_write(w->path.mnt);
	struct inode *dir = w->path.dentry->inode;
	mutex_lock(&dir->lock);
	*d = walk_last_locked(w);
	if (IS_ERR(*d))
		err = (int)PTR_ERR(*d);
	else if ((*d)->inode)
		err = -EEXIST;
	else if (w->must_be_dir && !want_dir)
		err = -ENOENT;
	else
		err = ro;
	if (!err)
		return 0;
	mutex_unlock(&dir->lock);
	if (!IS_ERR(*d))
		dput(*d);
	if (!ro)
		mnt_drop_write(w->path.mnt);
	walk_end(w);
	return err;
}

static void create_end(struct walk *w, struct dentry *d)
{
	mutex_unlock(&w->path.dentry->inode->lock);
	dput(d);
	mnt_drop_write(w->path.mnt);
	walk_end(w);
}

/* The mode a new object gets: permission bits as asked, less the umask. */
umode_t apply_umask(umode_t mode)
{
	return (umode_t)(mode & ~(current->fs ? current->fs->umask : 022));
}

int do_mkdir_at(int dfd, const char *name, umode_t mode)
{
	struct walk w;
	struct dentry *d;
	int err = create_begin(&w, dfd, name, true, &d);
	if (err)
		return err;
	struct inode *dir = w.path.dentry->inode;
	err = may_create(dir, d);
	if (!err)
		err = dir->iops->mkdir ? dir->iops->mkdir(dir, d, apply_umask(mode & (S_IRWXUGO | S_ISVTX))) : -EPERM;
	if (!err)
		notify_name(dir, IN_CREATE | IN_ISDIR, d, 0);
	create_end(&w, d);
	return err;
}

int do_mknod_at(int dfd, const char *name, umode_t mode, kdev_t dev)
{
	struct walk w;
	struct dentry *d;

	if (!(mode & S_IFMT))
		mode |= S_IFREG;
	if (S_ISDIR(mode))
		return -EPERM;
	if (!S_ISREG(mode) && !S_ISCHR(mode) && !S_ISBLK(mode) && !S_ISFIFO(mode) && !S_ISSOCK(mode))
		return -EINVAL;
	if ((S_ISCHR(mode) || S_ISBLK(mode)) && !capable())
		return -EPERM;
	int err = create_begin(&w, dfd, name, false, &d);
	if (err)
		return err;
	struct inode *dir = w.path.dentry->inode;
	mode = (umode_t)((mode & S_IFMT) | apply_umask(mode & S_IALLUGO));
	err = may_create(dir, d);
	if (!err) {
		if (S_ISREG(mode))
			err = dir->iops->create ? dir->iops->create(dir, d, mode) : -EACCES;
		else
			err = dir->iops->mknod ? dir->iops->mknod(dir, d, mode, S_ISCHR(mode) || S_ISBLK(mode) ? dev : 0) : -EPERM;
	}
	if (!err)
		notify_name(dir, IN_CREATE, d, 0);
	create_end(&w, d);
	return err;
}

int do_symlink_at(const char *target, int dfd, const char *name)
{
	struct walk w;
	struct dentry *d;
	int err = create_begin(&w, dfd, name, false, &d);
	if (err)
		return err;
	struct inode *dir = w.path.dentry->inode;
	err = may_create(dir, d);
	if (!err)
		err = dir->iops->symlink ? dir->iops->symlink(dir, d, target) : -EPERM;
	if (!err)
		notify_name(dir, IN_CREATE, d, 0);
	create_end(&w, d);
	return err;
}

/* One more name for the inode of old; the lock of dir is held. */
static int link_locked(struct dentry *old, struct inode *dir, struct dentry *d)
{
	struct inode *inode = old->inode;
	int err = may_create(dir, d);

	if (err)
		return err;
	if (dir->sb != inode->sb)
		return -EXDEV;
	if (S_ISDIR(inode->mode) || (inode->flags & (S_APPEND | S_IMMUTABLE)) || !dir->iops->link)
		return -EPERM;
	mutex_lock_nested(&inode->lock);
	err = inode->nlink || (inode->flags & S_LINKABLE) ? dir->iops->link(old, dir, d) : -ENOENT;
	if (!err)
		inode->flags &= ~(u32)S_LINKABLE;
	mutex_unlock(&inode->lock);
	if (!err) {
		notify_inode(inode, IN_ATTRIB);
		notify_name(dir, IN_CREATE, d, 0);
	}
	return err;
}

int do_link_at(int olddfd, const char *old, int newdfd, const char *new, int flags)
{
	struct walk w;
	struct dentry *d;
	struct path from;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if ((flags & AT_EMPTY_PATH) && !*old && !capable())
		return -ENOENT;
	int err = path_lookup_at(olddfd, old, (flags & AT_SYMLINK_FOLLOW ? LOOKUP_FOLLOW : 0) | (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0), &from);
	if (err)
		return err;
	err = create_begin(&w, newdfd, new, false, &d);
	if (!err) {
		err = from.mnt == w.path.mnt ? link_locked(from.dentry, w.path.dentry->inode, d) : -EXDEV;
		create_end(&w, d);
	}
	path_put(&from);
	return err;
}

/* ---- removing ---- */

/* Is some mount's place here? */
static bool is_mountpoint(const struct dentry *d) { return READ_ONCE(d->flags) & DCACHE_MOUNTED; }

static int unlink_locked(struct inode *dir, struct dentry *d)
{
	struct inode *victim = d->inode;
	int err = may_delete(dir, d, false);

	if (err)
		return err;
	if (!dir->iops->unlink)
		return -EPERM;
	if (is_mountpoint(d))
		return -EBUSY;
	mutex_lock_nested(&victim->lock);
	err = dir->iops->unlink(dir, d);
	mutex_unlock(&victim->lock);
	if (!err) {
		notify_inode(victim, IN_ATTRIB); /* its number of names */
		d_delete(d);
		notify_name(dir, IN_DELETE, d, 0);
	}
	return err;
}

static int rmdir_locked(struct inode *dir, struct dentry *d)
{
	struct inode *victim = d->inode;
	int err = may_delete(dir, d, true);

	if (err)
		return err;
	if (!dir->iops->rmdir)
		return -EPERM;
	if (is_mountpoint(d))
		return -EBUSY;
	mutex_lock_nested(&victim->lock);
	err = dir->iops->rmdir(dir, d);
	if (!err)
		victim->flags |= S_DEAD;
	mutex_unlock(&victim->lock);
	if (!err) {
		shrink_dcache_children(d);
		d_delete(d);
		notify_name(dir, IN_DELETE | IN_ISDIR, d, 0);
	}
	return err;
}

static int remove_at(int dfd, const char *name, bool want_dir)
{
	struct walk w;
	int err = walk_path(&w, dfd, name, LOOKUP_PARENT);
	if (err)
		return err;
	switch (w.last_type) {
	case LAST_DOT: err = want_dir ? -EINVAL : -EISDIR; break;
	case LAST_DOTDOT: err = want_dir ? -ENOTEMPTY : -EISDIR; break;
	case LAST_ROOT: err = want_dir ? -EBUSY : -EISDIR; break;
	default: err = mnt_want_write(w.path.mnt); break;
	}
	if (err) {
		walk_end(&w);
		return err;
	}
	struct inode *dir = w.path.dentry->inode, *kept = NULL;
	mutex_lock(&dir->lock);
	struct dentry *d = walk_last_locked(&w);
	if (IS_ERR(d)) {
		err = (int)PTR_ERR(d);
	} else {
		if (!d->inode)
			err = -ENOENT;
		else if (!want_dir && w.must_be_dir)
			err = S_ISDIR(d->inode->mode) ? -EISDIR : -ENOTDIR;
		else {
			kept = d->inode; /* its blocks are freed after the lock of the directory is gone */
			atomic_inc(&kept->refs);
			err = want_dir ? rmdir_locked(dir, d) : unlink_locked(dir, d);
		}
		dput(d);
	}
	mutex_unlock(&dir->lock);
	iput(kept);
	mnt_drop_write(w.path.mnt);
	walk_end(&w);
	return err;
}

int do_unlink_at(int dfd, const char *name) { return remove_at(dfd, name, false); }
int do_rmdir_at(int dfd, const char *name) { return remove_at(dfd, name, true); }

/* ---- renaming ---- */

static DEFINE_MUTEX_RANK(rename_lock, RANK_MOUNT);

/*
 * Lock the directories of a rename. Two different ones: under rename_lock, so that the tree of directories stands still, the upper one first;
 * neither above the other: by address. *above is the one that is an ancestor of the other, if any.
 */
static void lock_rename(struct dentry *a, struct dentry *b)
{
	if (a == b) {
		mutex_lock(&a->inode->lock);
		return;
	}
	mutex_lock(&rename_lock);
	bool a_first = d_is_ancestor(a, b) || (!d_is_ancestor(b, a) && a < b);
	mutex_lock(a_first ? &a->inode->lock : &b->inode->lock);
	mutex_lock_nested(a_first ? &b->inode->lock : &a->inode->lock);
}

static void unlock_rename(struct dentry *a, struct dentry *b)
{
	mutex_unlock(&a->inode->lock);
	if (a != b) {
		mutex_unlock(&b->inode->lock);
		mutex_unlock(&rename_lock);
	}
}

/* Lock what is renamed, unless a directory (the tree stands still or one lock covers both names), and what is replaced. */
static void lock_subjects(struct inode *a, struct inode *b)
{
	if (a && S_ISDIR(a->mode))
		a = NULL;
	if (a && b && b < a) {
		struct inode *t = a;
		a = b;
		b = t;
	}
	if (a)
		mutex_lock_nested(&a->lock);
	if (b && b != a)
		mutex_lock_nested(&b->lock);
}

static void unlock_subjects(struct inode *a, struct inode *b)
{
	if (a && S_ISDIR(a->mode))
		a = NULL;
	if (a)
		mutex_unlock(&a->lock);
	if (b && b != a)
		mutex_unlock(&b->lock);
}

/* d has moved from the name that former has now. */
static void tell_moved(struct inode *from, struct inode *to, struct dentry *d, const struct dentry *former, struct inode *replaced)
{
	u32 cookie = notify_new_cookie(), kind = S_ISDIR(d->inode->mode) ? IN_ISDIR : 0;

	notify_name(from, IN_MOVED_FROM | kind, former, cookie);
	notify_name(to, IN_MOVED_TO | kind, d, cookie);
	if (replaced)
		notify_inode(replaced, IN_ATTRIB);
	notify_inode(d->inode, IN_MOVE_SELF);
}

static int rename_checked(struct inode *old_dir, struct dentry *old, struct inode *new_dir, struct dentry *new, u32 flags)
{
	struct inode *source = old->inode, *target = new->inode;
	bool is_dir = S_ISDIR(source->mode), exchange = flags & RENAME_EXCHANGE;
	int err = may_delete(old_dir, old, is_dir);

	if (!err)
		err = target ? may_delete(new_dir, new, exchange ? S_ISDIR(target->mode) : is_dir) : may_create(new_dir, new);
	if (err)
		return err;
	if (!old_dir->iops->rename)
		return -EPERM;
	if (is_dir && new_dir != old_dir) /* its ".." changes */
		err = inode_permission(source, MAY_WRITE);
	if (!err && exchange && S_ISDIR(target->mode) && new_dir != old_dir)
		err = inode_permission(target, MAY_WRITE);
	if (err)
		return err;
	if (is_mountpoint(old) || (target && is_mountpoint(new)))
		return -EBUSY;
	dget(new);
	lock_subjects(source, target);
	err = old_dir->iops->rename(old_dir, old, new_dir, new, flags);
	if (!err && exchange) {
		d_exchange(old, new);
	} else if (!err) {
		if (target && is_dir)
			target->flags |= S_DEAD;
		d_move(old, new);
	}
	unlock_subjects(source, target);
	if (!err)
		tell_moved(old_dir, new_dir, old, new, exchange ? NULL : target);
	if (!err && exchange)
		tell_moved(new_dir, old_dir, new, old, NULL);
	if (!err && !exchange && target && is_dir)
		shrink_dcache_children(new);
	dput(new);
	return err;
}

/* Both directories are locked. */
static int rename_locked(struct walk *from, struct walk *to, u32 flags)
{
	struct dentry *old = walk_last_locked(from), *new;
	int err;

	if (IS_ERR(old))
		return (int)PTR_ERR(old);
	new = old->inode ? walk_last_locked(to) : ERR_PTR(-ENOENT);
	if (IS_ERR(new)) {
		dput(old);
		return (int)PTR_ERR(new);
	}
	struct inode *replaced = new->inode;
	if (replaced)
		atomic_inc(&replaced->refs);
	if ((flags & RENAME_EXCHANGE) && !new->inode)
		err = -ENOENT;
	else if ((flags & RENAME_EXCHANGE) && to->must_be_dir && !S_ISDIR(new->inode->mode))
		err = -ENOTDIR;
	else if (!S_ISDIR(old->inode->mode) && (from->must_be_dir || (to->must_be_dir && !new->inode)))
		err = -ENOTDIR;
	else if ((flags & RENAME_NOREPLACE) && new->inode)
		err = -EEXIST;
	else if (old->inode == new->inode) /* two names of one file: nothing happens */
		err = 0;
	else if (d_is_ancestor(old, to->path.dentry)) /* into itself */
		err = -EINVAL;
	else if (d_is_ancestor(new, from->path.dentry)) /* onto a directory that holds it */
		err = flags & RENAME_EXCHANGE ? -EINVAL : -ENOTEMPTY;
	else if (!S_ISDIR(old->inode->mode) && to->must_be_dir && !(flags & RENAME_EXCHANGE))
		err = -ENOTDIR;
	else
		err = rename_checked(from->path.dentry->inode, old, to->path.dentry->inode, new, flags);
	dput(new);
	dput(old);
	to->victim = replaced; /* freed once the directories are unlocked */
	return err;
}

int do_rename_at(int olddfd, const char *oldname, int newdfd, const char *newname, u32 flags)
{
	struct walk from, to;
	int err;

	if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE) || flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	err = walk_path(&from, olddfd, oldname, LOOKUP_PARENT);
	if (err)
		return err;
	err = walk_path(&to, newdfd, newname, LOOKUP_PARENT);
	if (err) {
		walk_end(&from);
		return err;
	}
	to.victim = NULL;
	if (from.path.mnt != to.path.mnt)
		err = -EXDEV;
	else if (from.last_type != LAST_NORMAL)
		err = -EBUSY;
	else if (to.last_type != LAST_NORMAL)
		err = flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	else
		err = mnt_want_write(from.path.mnt);
	if (!err) {
		lock_rename(from.path.dentry, to.path.dentry);
		err = rename_locked(&from, &to, flags);
		unlock_rename(from.path.dentry, to.path.dentry);
		iput(to.victim);
		mnt_drop_write(from.path.mnt);
	}
	walk_end(&to);
	walk_end(&from);
	return err;
}
