/* open, close, pipe and truncate in all their forms. */
#include "io/vfs/files.h"
#include "io/vfs/namei.h"
#include "io/vfs/pipe.h"
#include "kernel/hal/uaccess.h"
#include "kernel/syscall/fs.h"

static inline loff_t offset_of(u32 lo, u32 hi) { return (loff_t)((u64)hi << 32 | lo); }

static long open_name(int dfd, const char *name, int flags, u32 mode)
{
	int fd = get_unused_fd((u32)flags, 0);
	if (fd < 0)
		return fd;
	struct file *f = do_open_at(dfd, name, flags, (umode_t)mode);
	if (IS_ERR(f)) {
		put_unused_fd(fd);
		return PTR_ERR(f);
	}
	fd_install(fd, f);
	return fd;
}

long sys_openat(int dfd, const char __user *user, int flags, u32 mode)
{
	char *name = getname(user);
	if (IS_ERR(name))
		return PTR_ERR(name);
	long fd = open_name(dfd, name, flags, mode);
	putname(name);
	return fd;
}

long sys_open(const char __user *name, int flags, u32 mode) { return sys_openat(AT_FDCWD, name, flags, mode); }
long sys_creat(const char __user *name, u32 mode) { return sys_openat(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode); }

/* struct open_how: flags, mode, resolve. The ways to restrict the walk are not known here. */
long sys_openat2(int dfd, const char __user *name, const void __user *how, size_t size)
{
	u64 h[3];
	if (size < sizeof(h))
		return -EINVAL;
	if (size > sizeof(h))
		return -E2BIG;
	if (copy_from_user(h, how, sizeof(h)))
		return -EFAULT;
	if (h[2] || h[0] >> 31 || (h[1] & ~07777ull))
		return -EINVAL;
	return sys_openat(dfd, name, (int)h[0], (u32)h[1]);
}

long sys_close(int fd)
{
	int err = close_fd(fd);
	/* The descriptor is gone in any case, so the call must not be started again. */
	return err == -ERESTARTSYS || err == -ERESTARTNOINTR || err == -ERESTARTNOHAND ? -EINTR : err;
}

#define CLOSE_RANGE_UNSHARE 2u
#define CLOSE_RANGE_CLOEXEC 4u

long sys_close_range(u32 first, u32 last, u32 flags)
{
	if ((flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) || first > last)
		return -EINVAL;
	if (flags & CLOSE_RANGE_UNSHARE) {
		struct files *own = files_dup(current->files);
		if (IS_ERR(own))
			return PTR_ERR(own);
		files_put(files_replace(own));
	}
	for (int fd; (fd = task_next_fd(current, first)) >= 0 && (u32)fd <= last; first = (u32)fd + 1) {
		if (flags & CLOSE_RANGE_CLOEXEC)
			(void)fd_cloexec(fd, 1);
		else
			(void)close_fd(fd);
	}
	return 0;
}

long sys_pipe2(s32 __user *user, int flags)
{
	struct file *ends[2];
	s32 fds[2];

	if (flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
		return -EINVAL;
	int err = create_pipe_files(ends, flags);
	if (err)
		return err;
	fds[0] = get_unused_fd((u32)flags, 0);
	fds[1] = fds[0] < 0 ? fds[0] : get_unused_fd((u32)flags, 0);
	if (fds[1] < 0)
		err = fds[1];
	else if (copy_to_user(user, fds, sizeof(fds)))
		err = -EFAULT;
	if (!err) {
		fd_install(fds[0], ends[0]);
		fd_install(fds[1], ends[1]);
		return 0;
	}
	if (fds[1] >= 0)
		put_unused_fd(fds[1]);
	if (fds[0] >= 0)
		put_unused_fd(fds[0]);
	fput(ends[0]);
	fput(ends[1]);
	return err;
}

long sys_pipe(s32 __user *fds) { return sys_pipe2(fds, 0); }

/* ---- sizes ---- */

static long truncate_name(const char __user *name, loff_t size)
{
	struct path p;
	if (size < 0)
		return -EINVAL;
	int err = user_path_at(AT_FDCWD, name, LOOKUP_FOLLOW, &p);
	if (err)
		return err;
	err = vfs_truncate(&p, size);
	path_put(&p);
	return err;
}

static long truncate_fd(int fd, loff_t size)
{
	if (size < 0)
		return -EINVAL;
	struct fd f = fdget(fd);
	if (!f.file)
		return -EBADF;
	struct inode *i = f.file->inode;
	int err = -EINVAL;
	if (S_ISREG(i->mode) && (f.file->mode & FMODE_WRITE)) {
		struct iattr a = { .valid = ATTR_SIZE | ATTR_MTIME, .size = size };
		if (!capable())
			a.valid |= ATTR_KILL_SUID | ATTR_KILL_SGID;
		err = i->flags & S_APPEND ? -EPERM : notify_change(&f.file->path, &a);
	}
	fdput(f);
	return err;
}

long sys_truncate(const char __user *name, long size) { return truncate_name(name, size); }
long sys_ftruncate(int fd, long size) { return truncate_fd(fd, size); }
long sys_truncate64(const char __user *name, u32 lo, u32 hi) { return truncate_name(name, offset_of(lo, hi)); }
long sys_ftruncate64(int fd, u32 lo, u32 hi) { return truncate_fd(fd, offset_of(lo, hi)); }

long sys_fallocate(int fd, int mode, u32 off_lo, u32 off_hi, u32 len_lo, u32 len_hi)
{
	loff_t off = offset_of(off_lo, off_hi), len = offset_of(len_lo, len_hi);

	if (off < 0 || len <= 0)
		return -EINVAL;
	struct fd f = fdget(fd);
	if (!f.file)
		return -EBADF;
	struct inode *i = f.file->inode;
	int err;
	if (!(f.file->mode & FMODE_WRITE))
		err = -EBADF;
	else if (S_ISFIFO(i->mode))
		err = -ESPIPE;
	else if (S_ISDIR(i->mode))
		err = -EISDIR;
	else if (!S_ISREG(i->mode) && !S_ISBLK(i->mode))
		err = -ENODEV;
	else if (off > INT64_MAX - len || (u64)(off + len) > i->sb->max_bytes)
		err = -EFBIG;
	else if (!i->iops || !i->iops->fallocate)
		err = -EOPNOTSUPP;
	else {
		mutex_lock(&i->lock);
		err = i->iops->fallocate(i, mode, off, len);
		mutex_unlock(&i->lock);
	}
	fdput(f);
	return err;
}
