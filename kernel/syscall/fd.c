/* Descriptors and what hangs on open files: dup, fcntl, ioctl, flock; umask. */
#include "io/contract/memfs.h"
#include "io/vfs/files.h"
#include "io/vfs/locks.h"
#include "io/vfs/pipe.h"
#include "kernel/hal/uaccess.h"
#include "kernel/sched/signal.h"
#include "kernel/syscall/fs.h"
#include "kernel/uapi/ioctl.h"
#include "kernel/uapi/stat_abi.h"

/* ---- dup ---- */

long sys_dup(int fd)
{
	struct fd f = fdget_raw(fd);
	if (!f.file)
		return -EBADF;
	int new_fd = get_unused_fd(0, 0);
	if (new_fd >= 0)
		fd_install(new_fd, get_file(f.file));
	fdput(f);
	return new_fd;
}

long sys_dup3(int old, int new, int flags)
{
	if ((flags & ~O_CLOEXEC) || old == new)
		return -EINVAL;
	struct fd f = fdget_raw(old);
	if (!f.file)
		return -EBADF;
	int err = replace_fd(new, f.file, (u32)flags);
	fdput(f);
	return err;
}

long sys_dup2(int old, int new)
{
	if (old != new)
		return sys_dup3(old, new, 0);
	struct fd f = fdget_raw(old);
	if (!f.file)
		return -EBADF;
	fdput(f);
	return new;
}

/* ---- fcntl ---- */

#define SETFL_MASK (O_APPEND | O_NONBLOCK | O_ASYNC | O_DIRECT | O_NOATIME)

static long set_flags(int fd, struct file *f, u32 flags)
{
	struct inode *i = f->inode;
	if (!(flags & O_APPEND) && (f->flags & O_APPEND) && (i->flags & S_APPEND))
		return -EPERM;
	if ((flags & O_NOATIME) && !(f->flags & O_NOATIME) && !fs_owner_or_capable(i->uid))
		return -EPERM;
	if ((flags & O_DIRECT) && !S_ISFIFO(i->mode) && !(i->mapping && i->mapping->ops && i->mapping->ops->direct_io))
		return -EINVAL;
	if (((flags ^ f->flags) & O_ASYNC) && f->ops->fasync) {
		int err = f->ops->fasync(fd, f, flags & O_ASYNC);
		if (err < 0)
			return err;
	}
	u32 mask = f->ops->fasync ? SETFL_MASK : SETFL_MASK & ~O_ASYNC; /* who has nothing to tell is not asked to */
	f->flags = (flags & mask) | (f->flags & ~mask);
	return 0;
}

static long get_lock(struct file *f, struct flock64_abi __user *user, bool ofd)
{
	struct flock64_abi l;
	if (copy_from_user(&l, user, sizeof(l)))
		return -EFAULT;
	int err = posix_get_lock(f, &l, ofd);
	return err ? err : copy_to_user(user, &l, sizeof(l)) ? -EFAULT : 0;
}

static long set_lock(struct file *f, const struct flock64_abi __user *user, bool wait, bool ofd)
{
	struct flock64_abi l;
	if (copy_from_user(&l, user, sizeof(l)))
		return -EFAULT;
	return posix_set_lock(f, &l, wait, ofd);
}

/* The form with 32-bit offsets. */
static long lock32(struct file *f, u32 cmd, struct flock_abi __user *user)
{
	struct flock_abi s;
	if (copy_from_user(&s, user, sizeof(s)))
		return -EFAULT;
	struct flock64_abi l = { s.l_type, s.l_whence, s.l_start, s.l_len, s.l_pid };
	if (cmd != F_GETLK)
		return posix_set_lock(f, &l, cmd == F_SETLKW, false);
	int err = posix_get_lock(f, &l, false);
	if (err)
		return err;
	if (l.l_start > INT32_MAX || l.l_len > INT32_MAX)
		return -EOVERFLOW;
	s = (struct flock_abi){ l.l_type, l.l_whence, (s32)l.l_start, (s32)l.l_len, l.l_pid };
	return copy_to_user(user, &s, sizeof(s)) ? -EFAULT : 0;
}

/* Is the number that of a thread, a process or a group? */
static bool number_in_use(pid_t pid)
{
	struct task *t;
	bool found = false;

	spin_lock_bh(&tasklist_lock);
	list_for_each_entry(t, &all_tasks, all_node)
		found |= !(t->flags & PF_KTHREAD) && (t->pid == pid || t->signal->pgrp == pid);
	spin_unlock_bh(&tasklist_lock);
	return found;
}

static long set_owner(struct file *f, int type, pid_t pid)
{
	if (pid && !number_in_use(pid))
		return -ESRCH;
	f_setown(f, type, pid);
	return 0;
}

static long owner_ex(struct file *f, u32 cmd, struct f_owner_ex_abi __user *user)
{
	struct f_owner_ex_abi o = { f->owner.type, f->owner.pid };
	if (cmd == F_GETOWN_EX)
		return copy_to_user(user, &o, sizeof(o)) ? -EFAULT : 0;
	if (copy_from_user(&o, user, sizeof(o)))
		return -EFAULT;
	if (o.type < F_OWNER_TID || o.type > F_OWNER_PGRP)
		return -EINVAL;
	return set_owner(f, o.type, o.pid);
}

/* The commands that are also allowed on an O_PATH descriptor. */
static bool allowed_on_path(u32 cmd)
{
	return cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC || cmd == F_GETFD || cmd == F_SETFD || cmd == F_GETFL;
}

static long do_fcntl(int fd, struct file *f, u32 cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;
	long flag;

	switch (cmd) {
	case F_DUPFD: return dup_file_fd(f, (u32)arg, 0);
	case F_DUPFD_CLOEXEC: return dup_file_fd(f, (u32)arg, O_CLOEXEC);
	case F_GETFD: return fd_cloexec(fd, -1);
	case F_SETFD:
		flag = fd_cloexec(fd, arg & FD_CLOEXEC);
		return flag < 0 ? flag : 0;
	case F_GETFL: return (long)f->flags;
	case F_SETFL: return set_flags(fd, f, (u32)arg);
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW: return lock32(f, cmd, user);
	case F_GETLK64: return get_lock(f, user, false);
	case F_SETLK64: return set_lock(f, user, false, false);
	case F_SETLKW64: return set_lock(f, user, true, false);
	case F_OFD_GETLK: return get_lock(f, user, true);
	case F_OFD_SETLK: return set_lock(f, user, false, true);
	case F_OFD_SETLKW: return set_lock(f, user, true, true);
	case F_GETOWN: return f->owner.type == F_OWNER_PGRP ? -(long)f->owner.pid : (long)f->owner.pid;
	case F_SETOWN:
		if ((s32)arg == INT32_MIN)
			return -EINVAL;
		return set_owner(f, (s32)arg < 0 ? F_OWNER_PGRP : F_OWNER_PID, (s32)arg < 0 ? -(s32)arg : (s32)arg);
	case F_GETOWN_EX:
	case F_SETOWN_EX: return owner_ex(f, cmd, user);
	case F_GETSIG: return f->owner.signum;
	case F_SETSIG:
		if (arg > 64)
			return -EINVAL;
		f->owner.signum = (int)arg;
		return 0;
	case F_SETPIPE_SZ:
	case F_GETPIPE_SZ: return pipe_fcntl(f, cmd, arg);
	case F_GETLEASE: return F_UNLCK;
	case F_NOTIFY: /* without events: not to be told any more, and nobody is */
		return arg & ~(unsigned long)DN_MULTISHOT ? -EINVAL : 0;
	case F_ADD_SEALS:
	case F_GET_SEALS: return memfs_seals_fcntl(f, cmd, (u32)arg);
	default: return -EINVAL;
	}
}

long sys_fcntl64(int fd, u32 cmd, unsigned long arg)
{
	struct fd f = fdget_raw(fd);
	if (!f.file)
		return -EBADF;
	long ret = (f.file->mode & FMODE_PATH) && !allowed_on_path(cmd) ? -EBADF : do_fcntl(fd, f.file, cmd, arg);
	fdput(f);
	return ret;
}

/* The old call does not know the 64-bit record locks. */
long sys_fcntl(int fd, u32 cmd, unsigned long arg)
{
	if (cmd == F_GETLK64 || cmd == F_SETLK64 || cmd == F_SETLKW64)
		return -EINVAL;
	return sys_fcntl64(fd, cmd, arg);
}

/* ---- ioctl ---- */

static long set_flag_by_ioctl(int fd, struct file *f, u32 flag, const u32 __user *user)
{
	u32 on;
	if (get_user_u32(&on, user))
		return -EFAULT;
	if (flag == O_ASYNC && !on != !(f->flags & O_ASYNC) && !f->ops->fasync)
		return -ENOTTY;
	return set_flags(fd, f, on ? f->flags | flag : f->flags & ~flag);
}

static long put_value(u32 value, unsigned long arg) { return put_user_u32(value, (u32 __user *)arg); }

static long file_ioctl(struct file *f, u32 cmd, unsigned long arg)
{
	return f->ops->ioctl ? f->ops->ioctl(f, cmd, arg) : -ENOTTY;
}

long sys_ioctl(int fd, u32 cmd, unsigned long arg)
{
	struct fd f = fdget(fd);
	if (!f.file)
		return -EBADF;
	struct inode *i = f.file->inode;
	long ret;
	switch (cmd) {
	case FIOCLEX: ret = fd_cloexec(fd, 1); ret = ret < 0 ? ret : 0; break;
	case FIONCLEX: ret = fd_cloexec(fd, 0); break;
	case FIONBIO: ret = set_flag_by_ioctl(fd, f.file, O_NONBLOCK, (const u32 __user *)arg); break;
	case FIOASYNC: ret = set_flag_by_ioctl(fd, f.file, O_ASYNC, (const u32 __user *)arg); break;
	case FIONREAD:
		if (S_ISREG(i->mode)) {
			loff_t left = inode_size(i) - f.file->pos;
			ret = put_value((u32)left, arg); /* below 0 behind the end */
		} else {
			ret = file_ioctl(f.file, cmd, arg);
		}
		break;
	case FIGETBSZ: ret = put_value(i->sb->blocksize, arg); break;
	case FIOQSIZE: {
		loff_t size = inode_size(i);
		if (S_ISREG(i->mode) || S_ISDIR(i->mode) || S_ISLNK(i->mode))
			ret = copy_to_user((void __user *)arg, &size, sizeof(size)) ? -EFAULT : 0;
		else
			ret = -ENOTTY;
		break;
	}
	default: ret = file_ioctl(f.file, cmd, arg);
	}
	fdput(f);
	return ret == -ENOIOCTLCMD ? -ENOTTY : ret;
}

/* ---- the rest ---- */

long sys_flock(int fd, int op)
{
	struct fd f = fdget(fd);
	if (!f.file)
		return -EBADF;
	int err = do_flock(f.file, op);
	fdput(f);
	return err;
}

long sys_umask(u32 mask)
{
	umode_t old = current->fs->umask;
	current->fs->umask = (umode_t)(mask & S_IRWXUGO);
	return old;
}
