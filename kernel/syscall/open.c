/* open, close, pipe and truncate in all their forms. */
#include "io/vfs/files.h"
#include "io/vfs/notify.h"
#include "io/vfs/namei.h"
#include "io/vfs/pipe.h"
#include "kernel/hal/uaccess.h"
#include "kernel/syscall/fs.h"

static inline loff_t offset_of(u32 lo, u32 hi) { return (loff_t)((u64)hi << 32 | lo); }

static long open_name(int dfd, const char *name, int flags, u32 mode, u32 restrict_flags)
{
	int fd = get_unused_fd((u32)flags, 0);
	if (fd < 0)
		return fd;
	struct file *f = do_open_restricted(dfd, name, flags, (umode_t)mode, restrict_flags);
	if (IS_ERR(f)) {
		put_unused_fd(fd);
		return PTR_ERR(f);
	}
	fd_install(fd, f);
	return fd;
}

static long open_user_name(int dfd, const char __user *user, int flags, u32 mode, u32 restrict_flags)
{
	char *name = getname(user);
	if (IS_ERR(name))
		return PTR_ERR(name);
	long fd = open_name(dfd, name, flags, mode, restrict_flags);
	putname(name);
	return fd;
}

long sys_openat(int dfd, const char __user *user, int flags, u32 mode) { return open_user_name(dfd, user, flags, mode, 0); }
long sys_open(const char __user *name, int flags, u32 mode) { return sys_openat(AT_FDCWD, name, flags, mode); }
long sys_creat(const char __user *name, u32 mode) { return sys_openat(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode); }

/* ---- openat2 (Linux openat2(2)): what open ignores is refused, and the walk may be restricted ---- */

struct open_how {
	u64 flags, mode, resolve;
};

#define VALID_OPEN_FLAGS (O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC | O_ASYNC | O_DIRECT | O_LARGEFILE | \
	O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | O_TMPFILE)
#define RESOLVE_NO_XDEV 1u
#define RESOLVE_NO_MAGICLINKS 2u
#define RESOLVE_NO_SYMLINKS 4u
#define RESOLVE_BENEATH 8u
#define RESOLVE_IN_ROOT 16u
#define RESOLVE_CACHED 32u

/* Copy struct open_how of the caller's version; what it has more than ours must be zeros. */
static int get_open_how(struct open_how *how, const u8 __user *user, size_t size)
{
	if (size < sizeof(*how))
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	if (copy_from_user(how, user, sizeof(*how))) /* first: what is ours to read does not reach the end of the address space */
		return -EFAULT;
	for (size_t at = sizeof(*how); at < size; at++) {
		u8 byte;
		if (copy_from_user(&byte, user + at, 1))
			return -EFAULT;
		if (byte)
			return -E2BIG;
	}
	return 0;
}

static int check_open_how(const struct open_how *how)
{
	u32 flags = (u32)how->flags, resolve = (u32)how->resolve;

	if ((how->flags & ~(u64)VALID_OPEN_FLAGS) || (how->resolve & ~(u64)(RESOLVE_CACHED * 2 - 1)) || (how->mode & ~(u64)S_IALLUGO))
		return -EINVAL;
	if ((resolve & RESOLVE_BENEATH) && (resolve & RESOLVE_IN_ROOT))
		return -EINVAL;
	if (how->mode && !(flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))))
		return -EINVAL;
	if ((flags & O_PATH) && (flags & ~(u32)(O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)))
		return -EINVAL;
	if (resolve & RESOLVE_CACHED) /* what could be had without waiting: nothing for certain */
		return -EAGAIN;
	return 0;
}

long sys_openat2(int dfd, const char __user *name, const void __user *user, size_t size)
{
	struct open_how how;
	int err = get_open_how(&how, user, size) ?: check_open_how(&how);
	if (err)
		return err;
	u32 r = (u32)how.resolve, restrict_flags = 0;
	restrict_flags |= r & RESOLVE_NO_XDEV ? LOOKUP_NO_XDEV : 0;
	restrict_flags |= r & RESOLVE_NO_MAGICLINKS ? LOOKUP_NO_MAGICLINKS : 0;
	restrict_flags |= r & RESOLVE_NO_SYMLINKS ? LOOKUP_NO_SYMLINKS : 0;
	restrict_flags |= r & RESOLVE_BENEATH ? LOOKUP_BENEATH : 0;
	restrict_flags |= r & RESOLVE_IN_ROOT ? LOOKUP_IN_ROOT : 0;
	return open_user_name(dfd, name, (int)how.flags, (u32)how.mode, restrict_flags);
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

/* Modes that no file system is asked for; holes are punched inside a file only. */
static bool bad_falloc_mode(int mode)
{
	return (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)) || mode == FALLOC_FL_PUNCH_HOLE;
}

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
	else if (!i->iops || !i->iops->fallocate || bad_falloc_mode(mode))
		err = -EOPNOTSUPP;
	else {
		mutex_lock(&i->lock);
		err = i->iops->fallocate(i, mode, off, len);
		mutex_unlock(&i->lock);
		if (!err)
			notify_file(f.file, IN_MODIFY);
	}
	fdput(f);
	return err;
}
