/* Who may do what with an inode. Root may do everything but execute a file that nobody may execute. */
#include "io/vfs/walk.h"

int generic_permission(struct inode *i, int mask)
{
	const struct cred *c = current_cred();
	u32 mode = i->mode;

	if (likely(c->fsuid == 0)) {
		if (!(mask & MAY_EXEC) || S_ISDIR(mode) || (mode & 0111))
			return 0;
		return -EACCES;
	}
	if (c->fsuid == i->uid)
		mode >>= 6;
	else if (in_group(i->gid))
		mode >>= 3;
	return ((u32)mask & ~mode & 7) ? -EACCES : 0;
}

int inode_permission(struct inode *i, int mask)
{
	if (mask & MAY_WRITE) {
		if ((i->sb->flags & SB_RDONLY) && (S_ISREG(i->mode) || S_ISDIR(i->mode) || S_ISLNK(i->mode)))
			return -EROFS;
		if (i->flags & S_IMMUTABLE)
			return -EPERM;
	}
	if (i->iops && i->iops->permission)
		return i->iops->permission(i, mask);
	return generic_permission(i, mask);
}

/* In a sticky directory only the owner of the file or of the directory may remove or rename it. */
static bool sticky_forbids(const struct inode *dir, const struct inode *victim)
{
	uid_t me = current_cred()->fsuid;
	return (dir->mode & S_ISVTX) && me != victim->uid && me != dir->uid && !capable();
}

int may_create(struct inode *dir, const struct dentry *d)
{
	if (d->inode)
		return -EEXIST;
	if (dir->flags & S_DEAD)
		return -ENOENT;
	return inode_permission(dir, MAY_WRITE | MAY_EXEC);
}

int may_delete(struct inode *dir, const struct dentry *d, bool is_dir)
{
	struct inode *victim = d->inode;

	if (!victim)
		return -ENOENT;
	int err = inode_permission(dir, MAY_WRITE | MAY_EXEC);
	if (err)
		return err;
	if (dir->flags & S_APPEND)
		return -EPERM;
	if (sticky_forbids(dir, victim) || (victim->flags & (S_IMMUTABLE | S_APPEND)))
		return -EPERM;
	if (is_dir) {
		if (!S_ISDIR(victim->mode))
			return -ENOTDIR;
		if (d_is_root(d))
			return -EBUSY;
	} else if (S_ISDIR(victim->mode)) {
		return -EISDIR;
	}
	if (dir->flags & S_DEAD)
		return -ENOENT;
	return 0;
}
