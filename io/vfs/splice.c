/*
 * splice(2) and its relatives: data moves between files as page references in a pipe, and is copied only where one side cannot take a
 * reference. Into a pipe: pages of a cached file are lent, others are read into fresh pages. Out of a pipe: the slots' pages are given to the
 * target's write_iter as a vector of pages; a file in the cache copies them, a socket may keep references. Pipe to pipe nothing is copied.
 */
#include "io/vfs/splice.h"
#include "io/vfs/files.h"
#include "io/vfs/internal.h"
#include "io/vfs/notify.h"
#include "io/vfs/pipe.h"
#include "io/vfs/rw.h"
#include "kernel/sched/signal.h"
#include "mm/alloc.h"
#include "mm/mm.h"

#define SPLICE_F_NONBLOCK 2u
#define SPLICE_F_ALL 15u
#define BATCH PIPE_DEFAULT_SLOTS

/* ---- a file into a pipe ---- */

/* Read one page or less at *pos into a fresh page. The slot is reserved first: what a stream gave could not be given back. Bytes, 0 at the end. */
static ssize_t read_page_to_pipe(struct file *in, loff_t *pos, struct pipe *p, size_t n, bool nonblock, u32 iocb_flags)
{
	u32 len = min_t(u32, n, PAGE_SIZE);
	int err = pipe_reserve(p, nonblock);
	struct iov_iter iter;
	loff_t at = *pos;

	if (err)
		return err;
	struct bio_vec v = { alloc_page(GFP_USER), len, 0 };
	iov_iter_init(&iter, ITER_BVEC, true, &v, 1, len);
	ssize_t got = v.page ? file_read_iter(in, &iter, &at, iocb_flags) : -ENOMEM;
	if (got > 0) {
		err = pipe_fill_reserved(p, v.page, 0, (u32)got);
		if (!err) {
			pipe_slots_added(p);
			*pos = at;
			return got;
		}
		got = err;
	} else {
		pipe_unreserve(p);
	}
	if (v.page)
		put_page(v.page);
	return got;
}

/* Pages of a cached file, as many as there is room for. */
static ssize_t lend_once(struct file *in, loff_t *pos, struct pipe *p, size_t n, bool nonblock)
{
	for (;;) {
		ssize_t got = pipe_wait_room(p, nonblock);
		if (got)
			return got;
		got = cached_to_pipe(in, pos, p, n);
		if (got != -EPIPE && (got != -EAGAIN || nonblock)) /* else others were faster: look again */
			return got;
	}
}

/* As much as the pipe takes without waiting a second time. nonblock: for the pipe; asked: by the flag of the call. */
static ssize_t file_to_pipe(struct file *in, loff_t *pos, struct pipe *p, size_t n, bool nonblock, bool asked)
{
	ssize_t done = 0, got;

	if (is_cached_file(in))
		return lend_once(in, pos, p, n, nonblock);
	do {
		got = read_page_to_pipe(in, pos, p, n - (size_t)done, nonblock || done, asked ? IOCB_SPLICE_NONBLOCK : 0);
		if (got <= 0)
			break;
		done += got;
		if (!(in->mode & FMODE_LSEEK)) /* what a stream has now, not what it will have */
			break;
		cond_resched();
	} while ((size_t)done < n && !pipe_full(p));
	return done ? done : got;
}

/* ---- a pipe into a file ---- */

static ssize_t pipe_to_file(struct pipe *p, struct file *out, loff_t *pos, size_t n, bool nonblock)
{
	struct pipe_buffer bufs[BATCH];
	struct bio_vec vecs[BATCH];
	ssize_t done = 0, put = 0;

	while ((size_t)done < n) {
		int nr = pipe_borrow(p, bufs, BATCH, nonblock || done);
		if (nr <= 0)
			return done ? done : nr;
		u32 total = 0, used = 0;
		for (; used < (u32)nr && total < n - (size_t)done; used++) {
			u32 len = min_t(u32, bufs[used].len, n - (size_t)done - total);
			vecs[used] = (struct bio_vec){ bufs[used].page, len, bufs[used].offset };
			total += len;
		}
		struct iov_iter iter;
		iov_iter_init(&iter, ITER_BVEC, false, vecs, used, total);
		put = file_write_iter(out, &iter, pos, 0);
		pipe_return(p, bufs, (u32)nr, put > 0 ? (u32)put : 0);
		if (put <= 0)
			return done ? done : put;
		done += put;
		if ((u32)put < total)
			break;
		cond_resched();
	}
	return done;
}

/* ---- a pipe into a pipe ---- */

/* Move (or with keep: duplicate) what `from` has into `to`, without waiting a second time. */
static ssize_t pipe_to_pipe(struct pipe *from, struct pipe *to, size_t n, bool nonblock, bool keep)
{
	struct pipe_buffer bufs[BATCH];
	size_t done = 0;
	int err = pipe_wait_room(to, nonblock);

	if (err)
		return err;
	int nr = pipe_borrow(from, bufs, BATCH, nonblock);
	if (nr <= 0)
		return nr;
	for (int i = 0; i < nr && done < n && !err; i++) {
		u32 len = min_t(u32, bufs[i].len, n - done);
		err = pipe_add_slot(to, get_page(bufs[i].page), bufs[i].offset, len);
		if (err)
			put_page(bufs[i].page);
		else
			done += len;
	}
	if (done)
		pipe_slots_added(to);
	pipe_return(from, bufs, (u32)nr, keep ? 0 : (u32)done);
	return done ? (ssize_t)done : err;
}

/* ---- splice ---- */

/* The position to use for n bytes: the caller's, or the file's own. */
static int get_position(struct file *f, const s64 __user *user, size_t n, loff_t *pos)
{
	if (!user)
		*pos = f->pos;
	else if (!(f->mode & FMODE_LSEEK))
		return -EINVAL;
	else if (copy_from_user(pos, user, sizeof(*pos)))
		return -EFAULT;
	return sane_range(*pos, n) ? 0 : -EINVAL;
}

static int put_position(struct file *f, s64 __user *user, loff_t pos)
{
	if (user)
		return copy_to_user(user, &pos, sizeof(pos)) ? -EFAULT : 0;
	if (f->mode & FMODE_LSEEK)
		f->pos = pos;
	return 0;
}

static long do_splice(struct file *in, s64 __user *off_in, struct file *out, s64 __user *off_out, size_t n, bool nonblock)
{
	struct pipe *from = file_pipe(in), *to = file_pipe(out);
	loff_t pos;
	long done;
	int err;

	if (!(in->mode & FMODE_READ) || !(out->mode & FMODE_WRITE))
		return -EBADF;
	if ((from && off_in) || (to && off_out))
		return -ESPIPE;
	if (from && to)
		return from == to ? -EINVAL
				  : pipe_to_pipe(from, to, n, nonblock || ((in->flags | out->flags) & O_NONBLOCK), false);
	if (from) {
		if ((out->flags & O_APPEND) || !out->ops->write_iter || (out->ops->no_splice & FMODE_WRITE))
			return -EINVAL;
		err = get_position(out, off_out, n, &pos);
		if (err)
			return err;
		done = pipe_to_file(from, out, &pos, n, nonblock || (in->flags & O_NONBLOCK));
		err = put_position(out, off_out, pos);
	} else if (to) {
		if (!in->ops->read_iter || (in->ops->no_splice & FMODE_READ))
			return -EINVAL;
		err = get_position(in, off_in, n, &pos);
		if (err)
			return err;
		done = file_to_pipe(in, &pos, to, n, nonblock || (out->flags & O_NONBLOCK), nonblock);
		err = put_position(in, off_in, pos);
	} else {
		return -EINVAL;
	}
	return err ? err : done;
}

long sys_splice(int in_fd, s64 __user *off_in, int out_fd, s64 __user *off_out, size_t n, u32 flags)
{
	if (!n)
		return 0;
	if (flags & ~SPLICE_F_ALL)
		return -EINVAL;
	struct fd in = fdget(in_fd), out = { 0 };
	long ret = -EBADF;
	if (in.file)
		out = fdget(out_fd);
	if (out.file)
		ret = do_splice(in.file, off_in, out.file, off_out, min_t(size_t, n, MAX_RW_COUNT), flags & SPLICE_F_NONBLOCK);
	fdput(out);
	fdput(in);
	return ret;
}

long sys_tee(int in_fd, int out_fd, size_t n, u32 flags)
{
	if (flags & ~SPLICE_F_ALL)
		return -EINVAL;
	if (!n)
		return 0;
	struct fd in = fdget(in_fd), out = { 0 };
	long ret = -EBADF;
	if (in.file)
		out = fdget(out_fd);
	if (out.file && (in.file->mode & FMODE_READ) && (out.file->mode & FMODE_WRITE)) {
		struct pipe *from = file_pipe(in.file), *to = file_pipe(out.file);
		bool nonblock = (flags & SPLICE_F_NONBLOCK) || ((in.file->flags | out.file->flags) & O_NONBLOCK);
		ret = !from || !to || from == to ? -EINVAL : pipe_to_pipe(from, to, min_t(size_t, n, MAX_RW_COUNT), nonblock, true);
	}
	fdput(out);
	fdput(in);
	return ret;
}

/* ---- vmsplice ---- */

/* The pages of one piece of user memory, by reference. Bytes, or an error when there were none. */
static ssize_t user_to_pipe(struct pipe *p, u32 addr, u32 len, bool nonblock)
{
	ssize_t done = 0;
	int err = 0;

	while (len && !err) {
		u32 offset = addr & ~PAGE_MASK, piece = min(len, PAGE_SIZE - offset);
		struct page *page;
		err = pipe_wait_room(p, nonblock);
		if (!err)
			err = get_user_page(addr, false, &page);
		if (err)
			break;
		err = pipe_add_slot(p, page, offset, piece);
		if (err)
			put_page(page);
		if (err == -EAGAIN && !nonblock) {
			err = 0;
			continue;
		}
		if (!err) {
			pipe_slots_added(p);
			done += (ssize_t)piece;
			addr += piece;
			len -= piece;
		}
	}
	return done ? done : err;
}

static ssize_t vector_to_pipe(struct pipe *p, const struct iovec_k *vec, u32 nr, bool nonblock)
{
	ssize_t done = 0;

	for (u32 i = 0; i < nr; i++) {
		if (!vec[i].len)
			continue;
		ssize_t n = user_to_pipe(p, (u32)vec[i].base, vec[i].len, nonblock);
		if (n <= 0)
			return done ? done : n;
		done += n;
		if ((u32)n < vec[i].len)
			break;
	}
	return done;
}

long sys_vmsplice(int fd, const struct iovec_k __user *user, u32 nr, u32 flags)
{
	struct iovec_k fast[UIO_FASTIOV], *vec = fast;
	struct fd f = fdget(fd);
	struct pipe *p = f.file ? file_pipe(f.file) : NULL;
	long ret = flags & ~SPLICE_F_ALL ? -EINVAL : !p ? -EBADF : 0;

	if (!ret)
		ret = import_iovec(user, nr, fast, &vec);
	if (ret > 0 && (f.file->mode & FMODE_WRITE)) {
		ret = vector_to_pipe(p, vec, nr, (flags & SPLICE_F_NONBLOCK) || (f.file->flags & O_NONBLOCK));
	} else if (ret > 0) {
		struct iov_iter iter;
		loff_t pos = 0;
		iov_iter_init(&iter, ITER_IOVEC, true, vec, nr, (u32)ret);
		ret = file_read_iter(f.file, &iter, &pos, flags & SPLICE_F_NONBLOCK ? IOCB_NOWAIT : 0);
	}
	if (vec != fast)
		kfree(vec);
	fdput(f);
	return ret;
}

/* ---- copy_file_range ---- */

static int check_copy(const struct file *in, const struct file *out, loff_t pos_in, loff_t pos_out, size_t *n)
{
	if (S_ISDIR(in->inode->mode) || S_ISDIR(out->inode->mode))
		return -EISDIR;
	if (!S_ISREG(in->inode->mode) || !S_ISREG(out->inode->mode))
		return -EINVAL;
	if (!(in->mode & FMODE_READ) || !(out->mode & FMODE_WRITE) || (out->flags & O_APPEND))
		return -EBADF;
	if ((u64)pos_in + *n < (u64)pos_in || (u64)pos_out + *n < (u64)pos_out)
		return -EOVERFLOW;
	loff_t size = inode_size(in->inode);
	*n = pos_in >= size ? 0 : (size_t)min_t(u64, *n, (u64)(size - pos_in));
	if (in->inode == out->inode && (u64)pos_in < (u64)pos_out + *n && (u64)pos_out < (u64)pos_in + *n)
		return -EINVAL;
	return 0;
}

long sys_copy_file_range(int in_fd, s64 __user *off_in, int out_fd, s64 __user *off_out, size_t n, u32 flags)
{
	struct fd in = fdget(in_fd), out = { 0 };
	loff_t pos_in, pos_out;
	long ret = -EBADF;

	if (in.file)
		out = fdget(out_fd);
	if (out.file) {
		ret = flags ? -EINVAL : get_position(in.file, off_in, 0, &pos_in);
		if (!ret)
			ret = get_position(out.file, off_out, 0, &pos_out);
		n = min_t(size_t, n, MAX_RW_COUNT);
		if (!ret)
			ret = check_copy(in.file, out.file, pos_in, pos_out, &n);
		if (!ret && n)
			ret = file_copy(out.file, &pos_out, in.file, &pos_in, n);
	}
	if (ret > 0) {
		int err = put_position(in.file, off_in, pos_in);
		if (!err)
			err = put_position(out.file, off_out, pos_out);
		ret = err ? err : ret;
	}
	fdput(out);
	fdput(in);
	return ret;
}
