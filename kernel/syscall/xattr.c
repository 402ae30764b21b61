/*
 * Extended attributes (xattr(7)). No file system here keeps any, so each call looks at its arguments and at the file, in Linux's order, and
 * then answers what Linux answers for a file system without them: EOPNOTSUPP, and an empty list.
 */
#include "io/vfs/files.h"
#include "io/vfs/internal.h"
#include "io/vfs/namei.h"
#include "kernel/hal/uaccess.h"
#include "kernel/lib/string.h"
#include "kernel/syscall/fs.h"

#define XATTR_NAME_MAX 255
#define XATTR_SIZE_MAX 65536u
#define XATTR_CREATE 1
#define XATTR_REPLACE 2

/* A file by name or by descriptor, held while an operation looks at it. */
static int path_of_fd(int fd, struct path *p)
{
	struct fd f = fdget(fd);
	int err = 0;

	if (!f.file || (f.file->mode & FMODE_PATH) || !f.file->path.dentry)
		err = f.file && !(f.file->mode & FMODE_PATH) ? -EOPNOTSUPP : -EBADF;
	else
		path_get(&f.file->path), *p = f.file->path;
	fdput(f);
	return err;
}

/* Which attributes of which files there could be: xattr(7). want: MAY_READ or MAY_WRITE. */
static int check_name(const struct path *p, const char *name, int want)
{
	const struct inode *i = p->dentry->inode;
	int refused = want == MAY_WRITE ? -EPERM : -ENODATA;

	if (want == MAY_WRITE && (i->flags & (S_IMMUTABLE | S_APPEND)))
		return -EPERM;
	if (!strncmp(name, "security.", 9) || !strncmp(name, "system.", 7))
		return 0;
	if (!strncmp(name, "trusted.", 8))
		return capable() ? 0 : refused;
	if (!strncmp(name, "user.", 5) && !S_ISREG(i->mode) && !S_ISDIR(i->mode))
		return refused;
	return inode_permission(p->dentry->inode, want);
}

static int get_name(char *name, const char __user *user)
{
	ssize_t n = strncpy_from_user(name, user, XATTR_NAME_MAX + 1);

	if (n < 0)
		return (int)n;
	return n == 0 || n > XATTR_NAME_MAX ? -ERANGE : 0;
}

/* Every one of the calls ends here; consumes p. */
static long refuse(struct path *p, const char *name, int want)
{
	int err = want == MAY_WRITE ? mnt_want_write(p->mnt) : 0;

	if (!err) {
		err = check_name(p, name, want);
		if (want == MAY_WRITE)
			mnt_drop_write(p->mnt);
	}
	path_put(p);
	return err ? err : -EOPNOTSUPP;
}

static long set(int fd, const char __user *path, u32 follow, const char __user *user_name, const void __user *value, size_t size, int flags)
{
	char name[XATTR_NAME_MAX + 1], last;
	struct path p;
	int err;

	if (flags & ~(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	err = get_name(name, user_name);
	if (err)
		return err;
	if (size > XATTR_SIZE_MAX)
		return -E2BIG;
	if (size && (copy_from_user(&last, value, 1) || copy_from_user(&last, (const u8 *)value + size - 1, 1)))
		return -EFAULT;
	err = path ? user_path_at(AT_FDCWD, path, follow, &p) : path_of_fd(fd, &p);
	return err ? err : refuse(&p, name, MAY_WRITE);
}

static long get_or_remove(int fd, const char __user *path, u32 follow, const char __user *user_name, int want)
{
	char name[XATTR_NAME_MAX + 1];
	struct path p;
	int err = get_name(name, user_name);

	if (!err)
		err = path ? user_path_at(AT_FDCWD, path, follow, &p) : path_of_fd(fd, &p);
	return err ? err : refuse(&p, name, want);
}

static long list(int fd, const char __user *path, u32 follow)
{
	struct path p;
	int err = path ? user_path_at(AT_FDCWD, path, follow, &p) : path_of_fd(fd, &p);

	if (err)
		return err == -EOPNOTSUPP ? 0 : err;
	path_put(&p);
	return 0;
}

/* A NULL path is no path of the calls that take one. */
static const char __user *named(const char __user *path) { return path ? path : (const char __user *)-1; }

long sys_setxattr(const char __user *path, const char __user *name, const void __user *value, size_t size, int flags)
{
	return set(-1, named(path), LOOKUP_FOLLOW, name, value, size, flags);
}

long sys_lsetxattr(const char __user *path, const char __user *name, const void __user *value, size_t size, int flags)
{
	return set(-1, named(path), 0, name, value, size, flags);
}

long sys_fsetxattr(int fd, const char __user *name, const void __user *value, size_t size, int flags)
{
	return set(fd, NULL, 0, name, value, size, flags);
}

long sys_getxattr(const char __user *path, const char __user *name) { return get_or_remove(-1, named(path), LOOKUP_FOLLOW, name, MAY_READ); }
long sys_lgetxattr(const char __user *path, const char __user *name) { return get_or_remove(-1, named(path), 0, name, MAY_READ); }
long sys_fgetxattr(int fd, const char __user *name) { return get_or_remove(fd, NULL, 0, name, MAY_READ); }
long sys_listxattr(const char __user *path) { return list(-1, named(path), LOOKUP_FOLLOW); }
long sys_llistxattr(const char __user *path) { return list(-1, named(path), 0); }
long sys_flistxattr(int fd) { return list(fd, NULL, 0); }
long sys_removexattr(const char __user *path, const char __user *name) { return get_or_remove(-1, named(path), LOOKUP_FOLLOW, name, MAY_WRITE); }
long sys_lremovexattr(const char __user *path, const char __user *name) { return get_or_remove(-1, named(path), 0, name, MAY_WRITE); }
long sys_fremovexattr(int fd, const char __user *name) { return get_or_remove(fd, NULL, 0, name, MAY_WRITE); }
