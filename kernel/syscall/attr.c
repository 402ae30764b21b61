/* Calls that ask for permission or change attributes: access, chmod, chown, utimes, each in its forms. */
#include "io/vfs/files.h"
#include "io/vfs/internal.h"
#include "io/vfs/namei.h"
#include "kernel/hal/uaccess.h"
#include "kernel/lib/div64.h"
#include "kernel/syscall/fs.h"

static u32 lookup_flags(int at) { return (at & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) | (at & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0); }

/* ---- access ---- */

/* What would be allowed with the real ids, unless AT_EACCESS is given. */
static int check_access(const struct path *p, int mode)
{
	struct inode *i = p->dentry->inode;
	int err;

	if ((mode & MAY_EXEC) && S_ISREG(i->mode) && (p->mnt->flags & MNT_NOEXEC))
		return -EACCES;
	err = inode_permission(i, mode);
	if (!err && (mode & MAY_WRITE) && mnt_is_readonly(p->mnt) && (S_ISREG(i->mode) || S_ISDIR(i->mode) || S_ISLNK(i->mode)))
		err = -EROFS;
	return err;
}

long sys_faccessat2(int dfd, const char __user *name, int mode, int flags)
{
	struct cred *c = &current->cred;
	uid_t fsuid = c->fsuid, euid = c->euid;
	gid_t fsgid = c->fsgid, egid = c->egid;
	struct path p;

	if ((mode & ~7) || (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
		return -EINVAL;
	if (!(flags & AT_EACCESS)) {
		c->fsuid = c->euid = c->uid;
		c->fsgid = c->egid = c->gid;
	}
	int err = user_path_at(dfd, name, lookup_flags(flags), &p);
	if (!err) {
		err = mode ? check_access(&p, mode) : 0;
		path_put(&p);
	}
	c->fsuid = fsuid;
	c->euid = euid;
	c->fsgid = fsgid;
	c->egid = egid;
	return err;
}

long sys_faccessat(int dfd, const char __user *name, int mode) { return sys_faccessat2(dfd, name, mode, 0); }
long sys_access(const char __user *name, int mode) { return sys_faccessat2(AT_FDCWD, name, mode, 0); }

/* ---- chmod ---- */

static int change_mode(const struct path *p, u32 mode)
{
	struct iattr a = { .valid = ATTR_MODE, .mode = (umode_t)(mode & S_IALLUGO) };
	if (S_ISLNK(p->dentry->inode->mode))
		return -EOPNOTSUPP;
	return notify_change(p, &a);
}

long sys_fchmodat(int dfd, const char __user *name, u32 mode)
{
	struct path p;
	int err = user_path_at(dfd, name, LOOKUP_FOLLOW, &p);
	if (err)
		return err;
	err = change_mode(&p, mode);
	path_put(&p);
	return err;
}

long sys_chmod(const char __user *name, u32 mode) { return sys_fchmodat(AT_FDCWD, name, mode); }

long sys_fchmod(int fd, u32 mode)
{
	struct fd f = fdget(fd);
	if (!f.file)
		return -EBADF;
	int err = change_mode(&f.file->path, mode);
	fdput(f);
	return err;
}

/* ---- chown ---- */

static int change_owner(const struct path *p, u32 uid, u32 gid)
{
	struct iattr a = { .uid = uid, .gid = gid };
	if (uid != ~0u)
		a.valid |= ATTR_UID;
	if (gid != ~0u)
		a.valid |= ATTR_GID;
	if (!S_ISDIR(p->dentry->inode->mode))
		a.valid |= ATTR_KILL_SUID | ATTR_KILL_SGID;
	return notify_change(p, &a);
}

long sys_fchownat(int dfd, const char __user *name, u32 uid, u32 gid, int flags)
{
	struct path p;
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	int err = user_path_at(dfd, name, lookup_flags(flags), &p);
	if (err)
		return err;
	err = change_owner(&p, uid, gid);
	path_put(&p);
	return err;
}

long sys_fchown(int fd, u32 uid, u32 gid)
{
	struct fd f = fdget(fd);
	if (!f.file)
		return -EBADF;
	int err = change_owner(&f.file->path, uid, gid);
	fdput(f);
	return err;
}

long sys_chown(const char __user *name, u32 uid, u32 gid) { return sys_fchownat(AT_FDCWD, name, uid, gid, 0); }
long sys_lchown(const char __user *name, u32 uid, u32 gid) { return sys_fchownat(AT_FDCWD, name, uid, gid, AT_SYMLINK_NOFOLLOW); }

/* The calls with 16-bit ids: 0xffff means "leave it". */
static u32 wide_id(u32 id) { return (u16)id == 0xffff ? ~0u : (u16)id; }
long sys_chown16(const char __user *name, u32 uid, u32 gid) { return sys_chown(name, wide_id(uid), wide_id(gid)); }
long sys_lchown16(const char __user *name, u32 uid, u32 gid) { return sys_lchown(name, wide_id(uid), wide_id(gid)); }
long sys_fchown16(int fd, u32 uid, u32 gid) { return sys_fchown(fd, wide_id(uid), wide_id(gid)); }

/* ---- times ---- */

#define UTIME_NOW 0x3fffffffu
#define UTIME_OMIT 0x3ffffffeu

static bool valid_nsec(u32 ns) { return ns < 1000000000u || ns == UTIME_NOW || ns == UTIME_OMIT; }

/* times NULL: both now, which also who may write the file may do; any given time only its owner. */
static int change_times(const struct path *p, const struct timespec_k *times)
{
	struct iattr a = { .valid = ATTR_ATIME | ATTR_MTIME };
	struct inode *i = p->dentry->inode;
	bool only_now = !times || (times[0].nsec == UTIME_NOW && times[1].nsec == UTIME_NOW);

	if (times && !only_now) {
		if (!valid_nsec(times[0].nsec) || !valid_nsec(times[1].nsec))
			return -EINVAL;
		if (times[0].nsec == UTIME_OMIT && times[1].nsec == UTIME_OMIT)
			return 0;
		a.valid |= ATTR_ATIME_SET | ATTR_MTIME_SET;
		struct timespec_k now = current_time_coarse();
		a.atime = times[0].nsec == UTIME_NOW ? now : times[0];
		a.mtime = times[1].nsec == UTIME_NOW ? now : times[1];
		if (times[0].nsec == UTIME_OMIT)
			a.valid &= ~(u32)ATTR_ATIME;
		if (times[1].nsec == UTIME_OMIT)
			a.valid &= ~(u32)ATTR_MTIME;
	} else if (!fs_owner_or_capable(i->uid)) {
		int err = inode_permission(i, MAY_WRITE);
		if (err)
			return err;
	}
	return notify_change(p, &a);
}

static long utimens(int dfd, const char __user *name, const struct timespec_k *times, int flags)
{
	struct path p;
	int err;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (!name && dfd != AT_FDCWD) { /* futimens */
		struct fd f = fdget(dfd);
		if (!f.file)
			return -EBADF;
		err = flags ? -EINVAL : change_times(&f.file->path, times);
		fdput(f);
		return err;
	}
	err = user_path_at(dfd, name, lookup_flags(flags), &p);
	if (err)
		return err;
	err = change_times(&p, times);
	path_put(&p);
	return err;
}

long sys_utimensat_time64(int dfd, const char __user *name, const s64 __user *user, int flags)
{
	s64 t[4];
	if (!user)
		return utimens(dfd, name, NULL, flags);
	if (copy_from_user(t, user, sizeof(t)))
		return -EFAULT;
	struct timespec_k times[2] = { { t[0], (u32)t[1] }, { t[2], (u32)t[3] } };
	return utimens(dfd, name, times, flags);
}

long sys_utimensat(int dfd, const char __user *name, const s32 __user *user, int flags)
{
	s32 t[4];
	if (!user)
		return utimens(dfd, name, NULL, flags);
	if (copy_from_user(t, user, sizeof(t)))
		return -EFAULT;
	struct timespec_k times[2] = { { t[0], (u32)t[1] }, { t[2], (u32)t[3] } };
	return utimens(dfd, name, times, flags);
}

/* Microseconds. */
long sys_futimesat(int dfd, const char __user *name, const s32 __user *user)
{
	s32 t[4];
	if (!user)
		return utimens(dfd, name, NULL, 0);
	if (copy_from_user(t, user, sizeof(t)))
		return -EFAULT;
	if ((u32)t[1] >= 1000000u || (u32)t[3] >= 1000000u)
		return -EINVAL;
	struct timespec_k times[2] = { { t[0], (u32)t[1] * 1000u }, { t[2], (u32)t[3] * 1000u } };
	return utimens(dfd, name, times, 0);
}

long sys_utimes(const char __user *name, const s32 __user *times) { return sys_futimesat(AT_FDCWD, name, times); }

/* Seconds. */
long sys_utime(const char __user *name, const s32 __user *user)
{
	s32 t[2];
	if (!user)
		return utimens(AT_FDCWD, name, NULL, 0);
	if (copy_from_user(t, user, sizeof(t)))
		return -EFAULT;
	struct timespec_k times[2] = { { t[0], 0 }, { t[1], 0 } };
	return utimens(AT_FDCWD, name, times, 0);
}
