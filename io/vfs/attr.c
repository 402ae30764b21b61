/* Changing attributes: who may, and what follows from it (chmod, chown, utimes, truncate; set-id bits that have to go). */
#include "io/vfs/internal.h"
#include "io/vfs/namei.h"
#include "io/vfs/notify.h"
#include "kernel/debug/bug.h"
#include "kernel/sched/signal.h"

int check_new_size(const struct inode *i, loff_t size)
{
	if (size <= inode_size(i))
		return 0;
	if ((u64)size > rlimit(RLIMIT_FSIZE)) {
		send_signal(current, SIGXFSZ, NULL);
		return -EFBIG;
	}
	return i->sb->max_bytes && (u64)size > i->sb->max_bytes ? -EFBIG : 0;
}

int setattr_prepare(struct dentry *d, struct iattr *a)
{
	const struct inode *i = d->inode;
	bool owner = current_cred()->fsuid == i->uid;

	if (a->valid & ATTR_SIZE) {
		int err = check_new_size(i, a->size);
		if (err)
			return err;
	}
	if (capable())
		return 0;
	if ((a->valid & ATTR_UID) && (!owner || a->uid != i->uid))
		return -EPERM;
	if ((a->valid & ATTR_GID) && (!owner || (a->gid != i->gid && !in_group(a->gid))))
		return -EPERM;
	if (a->valid & ATTR_MODE) {
		if (!owner)
			return -EPERM;
		if (!in_group(a->valid & ATTR_GID ? a->gid : i->gid))
			a->mode &= (umode_t)~S_ISGID;
	}
	if ((a->valid & (ATTR_ATIME_SET | ATTR_MTIME_SET)) && !owner)
		return -EPERM;
	return 0;
}

void setattr_copy(struct inode *i, const struct iattr *a)
{
	if (a->valid & ATTR_UID)
		i->uid = a->uid;
	if (a->valid & ATTR_GID)
		i->gid = a->gid;
	if (a->valid & ATTR_ATIME)
		i->atime = a->atime;
	if (a->valid & ATTR_MTIME)
		i->mtime = a->mtime;
	if (a->valid & ATTR_CTIME)
		i->ctime = a->ctime;
	if (a->valid & ATTR_MODE)
		i->mode = (umode_t)((i->mode & S_IFMT) | (a->mode & S_IALLUGO));
}

int simple_setattr(struct dentry *d, struct iattr *a)
{
	struct inode *i = d->inode;
	int err = setattr_prepare(d, a);
	if (err)
		return err;
	if ((a->valid & ATTR_SIZE) && a->size != i->size) {
		loff_t old = i->size;
		inode_set_size(i, a->size);
		if (a->size < old)
			truncate_pages(&i->data, a->size);
	}
	setattr_copy(i, a);
	mark_inode_dirty_flags(i, I_DIRTY_SYNC | I_DIRTY_DATASYNC);
	return 0;
}

/* The mode without the set-id bits that a write or a change of owner takes away; S_ISGID without group execution means something else. */
static umode_t without_set_id(umode_t mode)
{
	mode &= (umode_t)~S_ISUID;
	if ((mode & (S_ISGID | 0010)) == (S_ISGID | 0010))
		mode &= (umode_t)~S_ISGID;
	return mode;
}

static int change_locked(struct dentry *d, struct iattr *a)
{
	struct inode *i = d->inode;
	struct timespec_k now = current_time_coarse();

	if ((i->flags & (S_IMMUTABLE | S_APPEND)) && (a->valid & ~(u32)(ATTR_ATIME | ATTR_CTIME)))
		return -EPERM;
	a->valid |= ATTR_CTIME;
	a->ctime = now;
	if (!(a->valid & ATTR_ATIME_SET))
		a->atime = now;
	if (!(a->valid & ATTR_MTIME_SET))
		a->mtime = now;
	if (a->valid & (ATTR_KILL_SUID | ATTR_KILL_SGID)) {
		umode_t mode = without_set_id(i->mode);
		if (mode != i->mode && !(a->valid & ATTR_MODE)) {
			int err = setattr_prepare(d, a); /* before the mode is added: clearing it needs no further right */
			if (err)
				return err;
			i->mode = mode;
		}
		a->valid &= ~(u32)(ATTR_KILL_SUID | ATTR_KILL_SGID);
	}
	return i->iops && i->iops->setattr ? i->iops->setattr(d, a) : simple_setattr(d, a);
}

/* What a change is to who watches: new contents, or new attributes. */
static u32 event_of(u32 valid)
{
	u32 times = valid & (ATTR_ATIME | ATTR_MTIME), mask = valid & ATTR_SIZE ? IN_MODIFY : 0;

	if ((valid & (ATTR_UID | ATTR_GID | ATTR_MODE)) || times == (ATTR_ATIME | ATTR_MTIME))
		mask |= IN_ATTRIB;
	else if (times)
		mask |= times == ATTR_ATIME ? IN_ACCESS : IN_MODIFY;
	return mask;
}

int notify_change(const struct path *p, struct iattr *a)
{
	struct inode *i = p->dentry->inode;
	u32 asked = a->valid;
	int err = mnt_want_write(p->mnt);
	if (err)
		return err;
	mutex_lock(&i->lock);
	err = change_locked(p->dentry, a);
	mutex_unlock(&i->lock);
	mnt_drop_write(p->mnt);
	if (!err)
		notify_dentry(p->dentry, event_of(asked));
	return err;
}

int do_truncate(const struct path *p, loff_t size, bool opening)
{
	struct inode *i = p->dentry->inode;
	struct iattr a = { .valid = ATTR_SIZE | ATTR_MTIME, .size = size };

	if (size < 0)
		return -EINVAL;
	if (without_set_id(i->mode) != i->mode && !capable())
		a.valid |= ATTR_KILL_SUID | ATTR_KILL_SGID;
	if (opening && !i->size)
		a.valid &= ~(u32)ATTR_SIZE; /* only the times change */
	return notify_change(p, &a);
}

int vfs_truncate(const struct path *p, loff_t size)
{
	struct inode *i = p->dentry->inode;

	if (S_ISDIR(i->mode))
		return -EISDIR;
	if (!S_ISREG(i->mode) || size < 0)
		return -EINVAL;
	int err = inode_permission(i, MAY_WRITE);
	if (!err && (i->flags & S_APPEND))
		err = -EPERM;
	if (!err)
		err = get_write_access(i);
	if (err)
		return err;
	err = do_truncate(p, size, false);
	put_write_access(i);
	return err;
}

int file_remove_privs(struct file *f)
{
	struct inode *i = f->inode;
	if (likely(!(i->mode & (S_ISUID | S_ISGID))) || !S_ISREG(i->mode) || capable())
		return 0;
	umode_t mode = without_set_id(i->mode);
	if (mode != i->mode) {
		i->mode = mode;
		i->ctime = current_time_coarse();
		mark_inode_dirty_flags(i, I_DIRTY_SYNC);
	}
	return 0;
}

/* ---- asking ---- */

void generic_fillattr(struct inode *i, struct kstat *st)
{
	st->dev = i->sb->dev;
	st->rdev = i->rdev;
	st->ino = i->ino;
	st->mode = i->mode;
	st->nlink = i->nlink;
	st->uid = i->uid;
	st->gid = i->gid;
	st->size = inode_size(i);
	st->atime = i->atime;
	st->mtime = i->mtime;
	st->ctime = i->ctime;
	st->blksize = 1u << i->blkbits;
	st->blocks = i->blocks;
}

int vfs_getattr(const struct path *p, struct kstat *st)
{
	struct inode *i = p->dentry->inode;
	if (i->iops && i->iops->getattr)
		return i->iops->getattr(i, st);
	generic_fillattr(i, st);
	return 0;
}
