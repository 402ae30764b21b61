/*
 * read, write and their relatives. They find the open file and hand on to its operations: read, write, pread and pwrite by file_read and
 * file_write here, vectors by file_read_iter and file_write_iter (io/vfs/file.c). A position that others may move at the same time is held by
 * its lock from start to end; one's own is moved in place.
 */
#include "io/vfs/rw.h"
#include "io/vfs/files.h"
#include "io/vfs/notify.h"
#include "io/vfs/pipe.h"
#include "kernel/syscall/fs.h"
#include "mm/alloc.h"

static inline size_t clamp_count(size_t n) { return n > MAX_RW_COUNT ? MAX_RW_COUNT : n; }
static inline loff_t offset_of(u32 lo, u32 hi)
{
	union { struct { u32 lo, hi; } half; loff_t whole; } u = { .half = { lo, hi } };
	return u.whole;
}

/* The second hop of read and pread: up to n bytes at pos; k->pos says where it ended. f has FMODE_CAN_READ. Bytes done or -errno. */
static __always_inline long file_read(struct file *f, void __user *buf, size_t n, loff_t pos, struct kiocb *k)
{
	struct iov_iter iter;

	n = clamp_count(n);
	if (unlikely((uintptr_t)buf > USER_SPACE_END - n))
		return -EFAULT;
	file_iocb_init(k, f, pos, false);
	TRACE(TRACE_VFS, "ino=%u bytes=%u", k->id, f->inode->ino, n);
	iov_iter_ubuf(&iter, true, buf, n);
	u32 before = copied_before();
	ssize_t done = f->ops->read_iter(k, &iter);
	count_copied(f, before);
	task_io_read(&current->io, done);
	if (likely(done > 0))
		notify_file(f, IN_ACCESS);
	return done;
}

/* The same for writing. */
static __always_inline long file_write(struct file *f, const void __user *buf, size_t n, loff_t pos, struct kiocb *k)
{
	struct iov_iter iter;

	n = clamp_count(n);
	if (unlikely((uintptr_t)buf > USER_SPACE_END - n))
		return -EFAULT;
	file_iocb_init(k, f, pos, true);
	TRACE(TRACE_VFS, "ino=%u bytes=%u", k->id, f->inode->ino, n);
	iov_iter_ubuf(&iter, false, (void __user *)buf, n);
	u32 before = copied_before();
	ssize_t done = f->ops->write_iter(k, &iter);
	count_copied(f, before);
	task_io_write(&current->io, done);
	if (likely(done > 0))
		notify_file(f, IN_MODIFY);
	return done;
}

/* At the file's position. */
static __always_inline long read_on(struct file *f, void __user *buf, size_t n)
{
	struct kiocb k;
	if (unlikely(!(f->mode & FMODE_CAN_READ)))
		return file_cannot_read(f);
	long ret = file_read(f, buf, n, f->pos, &k);
	if (likely(ret > 0))
		f->pos = k.pos;
	return ret;
}

static __always_inline long write_on(struct file *f, const void __user *buf, size_t n)
{
	struct kiocb k;
	if (unlikely(!(f->mode & FMODE_CAN_WRITE)))
		return file_cannot_write(f);
	long ret = file_write(f, buf, n, f->pos, &k);
	if (likely(ret > 0))
		f->pos = k.pos;
	return ret;
}

static int cannot_seek(const struct file *f) { return f->mode & FMODE_PATH ? -EBADF : -ESPIPE; }
static noinline int cannot_read_at(const struct file *f) { return f->mode & FMODE_LSEEK ? file_cannot_read(f) : cannot_seek(f); }
static noinline int cannot_write_at(const struct file *f) { return f->mode & FMODE_LSEEK ? file_cannot_write(f) : cannot_seek(f); }

/* At pos. */
static __always_inline long read_at(struct file *f, void __user *buf, size_t n, loff_t pos)
{
	struct kiocb k;
	if (unlikely(!sane_range(pos, n)))
		return -EINVAL;
	if (unlikely((f->mode & (FMODE_LSEEK | FMODE_CAN_READ)) != (FMODE_LSEEK | FMODE_CAN_READ)))
		return cannot_read_at(f);
	return file_read(f, buf, n, pos, &k);
}

static __always_inline long write_at(struct file *f, const void __user *buf, size_t n, loff_t pos)
{
	struct kiocb k;
	if (unlikely(!sane_range(pos, n)))
		return -EINVAL;
	if (unlikely((f->mode & (FMODE_LSEEK | FMODE_CAN_WRITE)) != (FMODE_LSEEK | FMODE_CAN_WRITE)))
		return cannot_write_at(f);
	return file_write(f, buf, n, pos, &k);
}

/* Each call is there twice: for a file that nobody else can get at, where every instruction counts, and for one that may be shared. */
static noinline long read_shared(int fd, void __user *buf, size_t n)
{
	struct fd f = fdget_pos(fd);
	long ret = f.file ? read_on(f.file, buf, n) : -EBADF;
	fdput_pos(f);
	return ret;
}

static noinline long write_shared(int fd, const void __user *buf, size_t n)
{
	struct fd f = fdget_pos(fd);
	long ret = f.file ? write_on(f.file, buf, n) : -EBADF;
	fdput_pos(f);
	return ret;
}

static noinline long pread_shared(int fd, void __user *buf, size_t n, loff_t pos)
{
	struct fd f = fdget(fd);
	long ret = f.file ? read_at(f.file, buf, n, pos) : -EBADF;
	fdput(f);
	return ret;
}

static noinline long pwrite_shared(int fd, const void __user *buf, size_t n, loff_t pos)
{
	struct fd f = fdget(fd);
	long ret = f.file ? write_at(f.file, buf, n, pos) : -EBADF;
	fdput(f);
	return ret;
}

long sys_read(int fd, void __user *buf, size_t n)
{
	struct file *f = fd_alone_pos(fd);
	return likely(f) ? read_on(f, buf, n) : read_shared(fd, buf, n);
}

long sys_write(int fd, const void __user *buf, size_t n)
{
	struct file *f = fd_alone_pos(fd);
	return likely(f) ? write_on(f, buf, n) : write_shared(fd, buf, n);
}

long sys_pread64(int fd, void __user *buf, size_t n, u32 lo, u32 hi)
{
	struct file *f = fd_alone(fd);
	return likely(f) ? read_at(f, buf, n, offset_of(lo, hi)) : pread_shared(fd, buf, n, offset_of(lo, hi));
}

long sys_pwrite64(int fd, const void __user *buf, size_t n, u32 lo, u32 hi)
{
	struct file *f = fd_alone(fd);
	return likely(f) ? write_at(f, buf, n, offset_of(lo, hi)) : pwrite_shared(fd, buf, n, offset_of(lo, hi));
}

/* ---- vectors ---- */

static long rw_vector(struct file *f, const struct iovec_k __user *user, u32 n, loff_t *pos, bool read, u32 iocb_flags)
{
	struct iovec_k fast[UIO_FASTIOV], *vec;
	struct iov_iter iter;
	ssize_t total = import_iovec(user, n, fast, &vec);
	long ret = total;

	if (total >= 0) {
		if (n == 1) /* the short path of one user buffer */
			iov_iter_ubuf(&iter, read, vec[0].base, vec[0].len);
		else
			iov_iter_init(&iter, ITER_IOVEC, read, vec, n, (u32)total);
		if (unlikely(!sane_range(*pos, (size_t)total)))
			ret = -EINVAL;
		else if (total || (f->mode & (read ? FMODE_READ : FMODE_WRITE)))
			ret = read ? file_read_iter(f, &iter, pos, iocb_flags) : file_write_iter(f, &iter, pos, iocb_flags);
		else
			ret = -EBADF;
	}
	if (vec != fast)
		kfree(vec);
	return ret;
}

static long rw_vector_at_pos(int fd, const struct iovec_k __user *vec, u32 n, bool read, u32 iocb_flags)
{
	struct fd f = fdget_pos(fd);
	if (!f.file)
		return -EBADF;
	long ret = rw_vector(f.file, vec, n, &f.file->pos, read, iocb_flags);
	fdput_pos(f);
	return ret;
}

static long rw_vector_at(int fd, const struct iovec_k __user *vec, u32 n, loff_t pos, bool read, u32 iocb_flags)
{
	if (pos < 0)
		return -EINVAL;
	struct fd f = fdget(fd);
	if (!f.file)
		return -EBADF;
	long ret = f.file->mode & FMODE_LSEEK ? rw_vector(f.file, vec, n, &pos, read, iocb_flags) : -ESPIPE;
	fdput(f);
	return ret;
}

long sys_readv(int fd, const struct iovec_k __user *vec, u32 n) { return rw_vector_at_pos(fd, vec, n, true, 0); }
long sys_writev(int fd, const struct iovec_k __user *vec, u32 n) { return rw_vector_at_pos(fd, vec, n, false, 0); }

long sys_preadv(int fd, const struct iovec_k __user *vec, u32 n, u32 lo, u32 hi)
{
	return rw_vector_at(fd, vec, n, offset_of(lo, hi), true, 0);
}

long sys_pwritev(int fd, const struct iovec_k __user *vec, u32 n, u32 lo, u32 hi)
{
	return rw_vector_at(fd, vec, n, offset_of(lo, hi), false, 0);
}

/* Position -1: the file's own. */
static long rw_vector2(int fd, const struct iovec_k __user *vec, u32 n, loff_t pos, bool read, u32 rwf)
{
	long flags = rwf_to_iocb(rwf);
	if (flags < 0)
		return flags;
	return pos == -1 ? rw_vector_at_pos(fd, vec, n, read, (u32)flags) : rw_vector_at(fd, vec, n, pos, read, (u32)flags);
}

long sys_preadv2(int fd, const struct iovec_k __user *vec, u32 n, u32 lo, u32 hi, u32 flags)
{
	return rw_vector2(fd, vec, n, offset_of(lo, hi), true, flags);
}

long sys_pwritev2(int fd, const struct iovec_k __user *vec, u32 n, u32 lo, u32 hi, u32 flags)
{
	return rw_vector2(fd, vec, n, offset_of(lo, hi), false, flags);
}

/* ---- positions ---- */

static loff_t seek(int fd, loff_t off, int whence)
{
	struct fd f = fdget_pos(fd);
	if (!f.file)
		return -EBADF;
	loff_t ret = -EINVAL;
	if (whence >= 0 && whence <= SEEK_HOLE)
		ret = f.file->mode & FMODE_LSEEK ? f.file->ops->llseek(f.file, off, whence) : -ESPIPE;
	fdput_pos(f);
	return ret;
}

long sys_lseek(int fd, long off, int whence)
{
	loff_t pos = seek(fd, off, whence);
	return pos > INT32_MAX ? -EOVERFLOW : (long)pos;
}

long sys_llseek(int fd, u32 hi, u32 lo, s64 __user *result, int whence)
{
	loff_t pos = seek(fd, offset_of(lo, hi), whence);
	if (pos < 0)
		return (long)pos;
	return copy_to_user(result, &pos, sizeof(pos)) ? -EFAULT : 0;
}

/* ---- sendfile ---- */

/* offset NULL: the position of the input file itself. Nothing from `max` on is sent. */
static long send_file(int out_fd, int in_fd, loff_t *offset, size_t n, loff_t max)
{
	struct fd in = fdget_pos(in_fd), out = { NULL, false, false };
	long ret = -EBADF;

	if (!in.file)
		return -EBADF;
	out = fdget(out_fd);
	if (!out.file || !(in.file->mode & FMODE_READ) || !(out.file->mode & FMODE_WRITE))
		goto end;
	ret = -ESPIPE;
	if (offset && !(in.file->mode & FMODE_LSEEK))
		goto end;
	ret = -EINVAL; /* a stream as input: a short read would be taken for its end, so the caller reads by itself, as on Linux */
	if (!(in.file->mode & FMODE_LSEEK) || S_ISDIR(in.file->inode->mode) || (out.file->flags & O_APPEND) || (offset && *offset < 0))
		goto end;
	if ((in.file->ops->no_splice & FMODE_READ) || (out.file->ops->no_splice & FMODE_WRITE))
		goto end;
	loff_t *from = offset ? offset : &in.file->pos;
	if (!sane_range(*from, n))
		goto end;
	ret = -EOVERFLOW;
	if (*from + (loff_t)n > max && *from >= max)
		goto end;
	ret = file_copy(out.file, &out.file->pos, in.file, from, clamp_count((size_t)min_t(loff_t, n, max - *from)));
end:
	if (out.file)
		fdput(out);
	fdput_pos(in);
	return ret;
}

long sys_sendfile(int out, int in, s32 __user *offset, size_t n)
{
	u32 off;
	if (!offset)
		return send_file(out, in, NULL, n, INT64_MAX);
	if (get_user_u32(&off, (const u32 __user *)offset))
		return -EFAULT;
	loff_t pos = (s32)off;
	long ret = send_file(out, in, &pos, n, INT32_MAX);
	return put_user_u32((u32)pos, (u32 __user *)offset) ? -EFAULT : ret;
}

long sys_sendfile64(int out, int in, s64 __user *offset, size_t n)
{
	loff_t pos;
	if (!offset)
		return send_file(out, in, NULL, n, INT64_MAX);
	if (copy_from_user(&pos, offset, sizeof(pos)))
		return -EFAULT;
	long ret = send_file(out, in, &pos, n, INT64_MAX);
	return copy_to_user(offset, &pos, sizeof(pos)) ? -EFAULT : ret;
}
