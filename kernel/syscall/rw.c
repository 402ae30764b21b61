/*
 * read, write and their relatives. They find the open file, clamp the length and hand on to file_read and file_write (io/vfs/file.c). A
 * position that others may move at the same time is held by its lock from start to end; one's own is moved in place.
 */
#include "io/vfs/rw.h"
#include "io/vfs/files.h"
#include "io/vfs/pipe.h"
#include "kernel/syscall/fs.h"
#include "mm/alloc.h"

static inline size_t clamp_count(size_t n) { return n > MAX_RW_COUNT ? MAX_RW_COUNT : n; }
static inline loff_t offset_of(u32 lo, u32 hi)
{
	union { struct { u32 lo, hi; } half; loff_t whole; } u = { .half = { lo, hi } };
	return u.whole;
}

long sys_read(int fd, void __user *buf, size_t n)
{
	struct fd f = fdget_pos(fd);
	if (unlikely(!f.file))
		return -EBADF;
	long ret = file_read(f.file, buf, clamp_count(n), &f.file->pos);
	fdput_pos(f);
	return ret;
}

long sys_write(int fd, const void __user *buf, size_t n)
{
	struct fd f = fdget_pos(fd);
	if (unlikely(!f.file))
		return -EBADF;
	long ret = file_write(f.file, buf, clamp_count(n), &f.file->pos);
	fdput_pos(f);
	return ret;
}

long sys_pread64(int fd, void __user *buf, size_t n, u32 lo, u32 hi)
{
	loff_t pos = offset_of(lo, hi);
	struct fd f = fdget(fd);
	if (unlikely(!f.file))
		return -EBADF;
	long ret = unlikely(!sane_range(pos, n)) ? -EINVAL : likely(f.file->mode & FMODE_LSEEK) ? file_read(f.file, buf, clamp_count(n), &pos) : -ESPIPE;
	fdput(f);
	return ret;
}

long sys_pwrite64(int fd, const void __user *buf, size_t n, u32 lo, u32 hi)
{
	loff_t pos = offset_of(lo, hi);
	struct fd f = fdget(fd);
	if (unlikely(!f.file))
		return -EBADF;
	long ret = unlikely(!sane_range(pos, n)) ? -EINVAL : likely(f.file->mode & FMODE_LSEEK) ? file_write(f.file, buf, clamp_count(n), &pos) : -ESPIPE;
	fdput(f);
	return ret;
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
