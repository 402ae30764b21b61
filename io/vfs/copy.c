/*
 * Copying from file to file inside the kernel: sendfile(2), copy_file_range(2). The pages of a cached file are lent: to a pipe as references,
 * to everything else as the source of a write; what is not cached goes through a buffer of the kernel.
 */
#include "io/vfs/internal.h"
#include "io/vfs/notify.h"
#include "io/vfs/pipe.h"
#include "io/vfs/rw.h"
#include "mm/alloc.h"

#define COPY_BUFFER (4 * PAGE_SIZE)
#define LENT_AT_ONCE 16

bool is_cached_file(const struct file *f)
{
	return f->ops->read_iter == generic_file_read_iter && f->inode->mapping && S_ISREG(f->inode->mode) && !(f->flags & O_DIRECT);
}

/* The page at pos, with a reference: which part of it, at most n bytes. NULL: the end of the file. */
static struct page *cached_piece(struct file *f, loff_t pos, size_t n, u32 *offset, u32 *len)
{
	loff_t size = inode_size(f->inode);

	if (pos >= size)
		return NULL;
	*offset = (u32)pos & (PAGE_SIZE - 1);
	*len = min_t(u32, n, PAGE_SIZE - *offset);
	if ((u64)(size - pos) < *len)
		*len = (u32)(size - pos);
	return read_mapping_page(f->inode->mapping, (pgoff_t)(pos >> PAGE_SHIFT), f);
}

ssize_t cached_to_pipe(struct file *in, loff_t *pos, struct pipe *p, size_t n)
{
	size_t done = 0;
	int err = 0;

	while (done < n && !pipe_full(p)) {
		u32 offset, len;
		struct page *page = cached_piece(in, *pos, n - done, &offset, &len);
		if (IS_ERR_OR_NULL(page)) {
			err = page ? (int)PTR_ERR(page) : 0;
			break;
		}
		err = pipe_add_slot(p, page, offset, len);
		if (err) {
			put_page(page);
			break;
		}
		done += len;
		*pos += len;
	}
	if (done)
		pipe_slots_added(p);
	touch_atime(in);
	notify_file(in, IN_ACCESS);
	return done ? (ssize_t)done : err;
}

/* Pages of a cached file into a pipe, as often as it has room. */
static ssize_t lend_to_pipe(struct file *out, struct file *in, loff_t *pos, size_t n)
{
	struct pipe *p = file_pipe(out);
	bool nonblock = out->flags & O_NONBLOCK;
	size_t done = 0;
	ssize_t got = 0;

	while (done < n) {
		got = pipe_wait_room(p, nonblock);
		if (got)
			break;
		got = cached_to_pipe(in, pos, p, n - done);
		if (got == -EPIPE || (got == -EAGAIN && !nonblock)) /* others were faster: look again */
			continue;
		if (got <= 0)
			break;
		done += (size_t)got;
		if (signal_pending_current())
			break;
		cond_resched();
	}
	return done ? (ssize_t)done : got;
}

/* The next pages of a cached file at pos, with references, at most n bytes of them. How many; 0: the end of the file; -errno. */
static int cached_pages(struct file *f, loff_t pos, size_t n, struct bio_vec *v)
{
	int nr = 0;

	while (n && nr < LENT_AT_ONCE) {
		struct page *page = cached_piece(f, pos, n, &v[nr].offset, &v[nr].len);
		if (IS_ERR_OR_NULL(page))
			return nr || !page ? nr : (int)PTR_ERR(page);
		v[nr].page = page;
		pos += v[nr].len;
		n -= v[nr].len;
		nr++;
	}
	return nr;
}

/* Pages of a cached file as the source of a write. Bytes written; *total: how many were offered. 0: the end of the file; -errno. */
static ssize_t lend_some(struct file *out, loff_t *out_pos, struct file *in, loff_t pos, size_t n, u32 *total)
{
	struct bio_vec v[LENT_AT_ONCE];
	struct iov_iter iter;
	int nr = cached_pages(in, pos, n, v);

	*total = 0;
	if (nr <= 0)
		return nr;
	for (int i = 0; i < nr; i++)
		*total += v[i].len;
	iov_iter_init(&iter, ITER_BVEC, false, v, (u32)nr, *total);
	ssize_t sent = file_write_iter(out, &iter, out_pos, 0);
	for (int i = 0; i < nr; i++)
		put_page(v[i].page);
	return sent;
}

/* All of a cached file's part, a few pages a write. */
static ssize_t lend_pages(struct file *out, loff_t *out_pos, struct file *in, loff_t *pos, size_t n)
{
	ssize_t done = 0;
	u32 total;

	while (n) {
		ssize_t sent = lend_some(out, out_pos, in, *pos, n, &total);
		if (sent < 0)
			return done ? done : sent;
		done += sent;
		*pos += sent;
		n -= (size_t)sent;
		if (!sent || (u32)sent < total || signal_pending_current())
			break;
		cond_resched();
	}
	touch_atime(in);
	notify_file(in, IN_ACCESS);
	return done;
}

static ssize_t through_buffer(struct file *out, loff_t *out_pos, struct file *in, loff_t *in_pos, size_t n)
{
	u8 *buf = kmalloc(COPY_BUFFER, GFP_KERNEL);
	ssize_t done = 0, got = 0;

	if (!buf)
		return -ENOMEM;
	while (n) {
		loff_t start = *in_pos;
		got = kernel_read(in, buf, min_t(size_t, n, COPY_BUFFER), in_pos);
		if (got <= 0)
			break;
		ssize_t put = 0;
		while (put < got) {
			ssize_t w = kernel_write(out, buf + put, (size_t)(got - put), out_pos);
			if (w <= 0) {
				if (in->mode & FMODE_LSEEK) /* what was read and not written is read again */
					*in_pos = start + put;
				kfree(buf);
				return done + put ? done + put : w;
			}
			put += w;
		}
		done += put;
		n -= (size_t)put;
		if (signal_pending_current())
			break;
		cond_resched();
	}
	kfree(buf);
	return done ? done : got;
}

ssize_t file_copy(struct file *out, loff_t *out_pos, struct file *in, loff_t *in_pos, size_t n)
{
	if (!is_cached_file(in))
		return through_buffer(out, out_pos, in, in_pos, n);
	return file_pipe(out) ? lend_to_pipe(out, in, in_pos, n) : lend_pages(out, out_pos, in, in_pos, n);
}
