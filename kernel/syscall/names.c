/* Calls on names: making, removing, renaming; current directory and root. The work is done in io/vfs/namei.c. */
#include "io/vfs/files.h"
#include "io/vfs/namei.h"
#include "kernel/hal/uaccess.h"
#include "kernel/syscall/fs.h"
#include "mm/alloc.h"

/* Device numbers as mknod gets them (linux/kdev_t.h, new_decode_dev). */
static kdev_t decode_dev(u32 d) { return MKDEV((d & 0xfff00) >> 8, (d & 0xff) | ((d >> 12) & 0xfff00)); }

long sys_mkdirat(int dfd, const char __user *user, u32 mode)
{
	char *name = getname(user);
	if (IS_ERR(name))
		return PTR_ERR(name);
	int err = do_mkdir_at(dfd, name, (umode_t)mode);
	putname(name);
	return err;
}

long sys_mknodat(int dfd, const char __user *user, u32 mode, u32 dev)
{
	char *name = getname(user);
	if (IS_ERR(name))
		return PTR_ERR(name);
	int err = do_mknod_at(dfd, name, (umode_t)mode, decode_dev(dev));
	putname(name);
	return err;
}

long sys_unlinkat(int dfd, const char __user *user, int flags)
{
	if (flags & ~AT_REMOVEDIR)
		return -EINVAL;
	char *name = getname(user);
	if (IS_ERR(name))
		return PTR_ERR(name);
	int err = flags & AT_REMOVEDIR ? do_rmdir_at(dfd, name) : do_unlink_at(dfd, name);
	putname(name);
	return err;
}

long sys_symlinkat(const char __user *user_target, int dfd, const char __user *user)
{
	char *target = getname(user_target);
	if (IS_ERR(target))
		return PTR_ERR(target);
	char *name = getname(user);
	int err = IS_ERR(name) ? (int)PTR_ERR(name) : do_symlink_at(target, dfd, name);
	if (!IS_ERR(name))
		putname(name);
	putname(target);
	return err;
}

/* Two names, the first of which may be empty for link. */
static long with_two(int olddfd, const char __user *user_old, int newdfd, const char __user *user_new, int flags,
	int (*fn)(int olddfd, const char *old, int newdfd, const char *new, int flags), bool empty_ok)
{
	char *old = getname_flags(user_old, empty_ok);
	if (IS_ERR(old))
		return PTR_ERR(old);
	char *new = getname(user_new);
	int err = IS_ERR(new) ? (int)PTR_ERR(new) : fn(olddfd, old, newdfd, new, flags);
	if (!IS_ERR(new))
		putname(new);
	putname(old);
	return err;
}

static int rename_at(int olddfd, const char *old, int newdfd, const char *new, int flags)
{
	return do_rename_at(olddfd, old, newdfd, new, (u32)flags);
}

long sys_linkat(int olddfd, const char __user *old, int newdfd, const char __user *new, int flags)
{
	return with_two(olddfd, old, newdfd, new, flags, do_link_at, flags & AT_EMPTY_PATH);
}

long sys_renameat2(int olddfd, const char __user *old, int newdfd, const char __user *new, u32 flags)
{
	return with_two(olddfd, old, newdfd, new, (int)flags, rename_at, false);
}

long sys_mkdir(const char __user *name, u32 mode) { return sys_mkdirat(AT_FDCWD, name, mode); }
long sys_rmdir(const char __user *name) { return sys_unlinkat(AT_FDCWD, name, AT_REMOVEDIR); }
long sys_mknod(const char __user *name, u32 mode, u32 dev) { return sys_mknodat(AT_FDCWD, name, mode, dev); }
long sys_unlink(const char __user *name) { return sys_unlinkat(AT_FDCWD, name, 0); }
long sys_symlink(const char __user *target, const char __user *name) { return sys_symlinkat(target, AT_FDCWD, name); }
long sys_link(const char __user *old, const char __user *new) { return sys_linkat(AT_FDCWD, old, AT_FDCWD, new, 0); }
long sys_rename(const char __user *old, const char __user *new) { return sys_renameat2(AT_FDCWD, old, AT_FDCWD, new, 0); }

long sys_renameat(int olddfd, const char __user *old, int newdfd, const char __user *new)
{
	return sys_renameat2(olddfd, old, newdfd, new, 0);
}

/* ---- where a process stands ---- */

long sys_chdir(const char __user *name)
{
	struct path p;
	int err = user_path_at(AT_FDCWD, name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &p);
	if (err)
		return err;
	err = inode_permission(p.dentry->inode, MAY_EXEC);
	if (!err)
		set_fs_cwd(current->fs, &p);
	path_put(&p);
	return err;
}

long sys_fchdir(int fd)
{
	struct fd f = fdget_raw(fd);
	if (!f.file)
		return -EBADF;
	struct inode *i = f.file->path.dentry->inode;
	int err = i && S_ISDIR(i->mode) ? inode_permission(i, MAY_EXEC) : -ENOTDIR;
	if (!err)
		set_fs_cwd(current->fs, &f.file->path);
	fdput(f);
	return err;
}

long sys_chroot(const char __user *name)
{
	struct path p;
	int err = user_path_at(AT_FDCWD, name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &p);
	if (err)
		return err;
	err = inode_permission(p.dentry->inode, MAY_EXEC);
	if (!err && !capable())
		err = -EPERM;
	if (!err)
		set_fs_root(current->fs, &p);
	path_put(&p);
	return err;
}

/* The length with the terminator, as in Linux. */
long sys_getcwd(char __user *user, u32 size)
{
	struct path cwd;
	char *buf = get_free_page(GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	current_cwd(&cwd);
	long ret;
	if (!d_is_root(cwd.dentry) && d_unhashed(cwd.dentry)) {
		ret = -ENOENT;
	} else {
		char *s = d_path(&cwd, buf, PAGE_SIZE);
		ret = IS_ERR(s) ? PTR_ERR(s) : (long)strlen(s) + 1;
		if (ret > 0 && (u32)ret > size)
			ret = -ERANGE;
		else if (ret > 0 && copy_to_user(user, s, (size_t)ret))
			ret = -EFAULT;
	}
	path_put(&cwd);
	free_page(buf);
	return ret;
}
