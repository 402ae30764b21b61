/*
 * Writing a file: into the page cache (the flusher or fsync takes it to the device), or past it with O_DIRECT.
 * For each page: write_begin of the owner gives it locked, with blocks behind it; copy without faulting; write_end marks it dirty and moves
 * the end of the file. A short copy is accepted as far as it came; then the source is faulted in and the rest tried again.
 */
#include "io/cache/page_cache.h"
#include "io/cache/writeback.h"
#include "io/contract/block_device.h"
#include "io/contract/filesystem.h"
#include "kernel/debug/trace.h"
#include "kernel/hal/uaccess.h"
#include "kernel/sched/signal.h"
#include "mm/alloc.h"

#define MAX_NON_LFS 0x7fffffff /* a file opened without O_LARGEFILE ends here */

/* How far this file may be written to: 0 or -EFBIG; cuts the iterator. */
static int limit_write(struct kiocb *k, struct iov_iter *from)
{
	struct inode *host = k->file->inode->mapping->host;
	u64 pos = (u64)k->pos, limit = rlimit(RLIMIT_FSIZE), max_bytes = host->sb->max_bytes ? host->sb->max_bytes : (u64)INT64_MAX;

	/* Below 2 GiB only unusual limits count. */
	if (likely(!((pos | (pos + from->count)) >> 31) && (limit >> 31) && (max_bytes >> 31)))
		return 0;
	if (!(k->file->flags & O_LARGEFILE))
		max_bytes = min_t(u64, max_bytes, MAX_NON_LFS);
	if (unlikely(pos >= limit)) {
		(void)send_signal(current, SIGXFSZ, NULL);
		return -EFBIG;
	}
	if (unlikely(pos >= max_bytes))
		return -EFBIG;
	limit = min(limit, max_bytes) - pos;
	if (unlikely(from->count > limit))
		iov_iter_truncate(from, (u32)limit);
	return 0;
}

/* Position and length by the rules; inode lock held. 0 with from->count > 0, or what write returns. */
static int check_write(struct kiocb *k, struct iov_iter *from)
{
	struct inode *host = k->file->inode->mapping->host;
	loff_t size;

	if (unlikely(S_ISBLK(host->mode))) {
		size = inode_size(host);
		if (host->mapping->bdev && host->mapping->bdev->read_only)
			return -EPERM;
		if (k->pos < 0)
			return -EINVAL;
		if (k->pos >= size)
			return -ENOSPC;
		if (from->count > size - k->pos)
			iov_iter_truncate(from, (u32)(size - k->pos));
		return 0;
	}
	if (k->flags & IOCB_APPEND)
		k->pos = inode_size(host);
	if (k->pos < 0)
		return -EINVAL;
	return limit_write(k, from);
}

/*
 * One piece within one page. Bytes taken, or an error. The copy is tried at once, since the source is nearly always there; when it comes
 * short (a fault with a page locked is not served, it could need that very page), the caller touches the source and tries again.
 */
static __always_inline int write_to_page(struct kiocb *k, struct mapping *m, struct iov_iter *from, u32 n)
{
	struct file *f = k->file;
	u32 offset = (u32)k->pos & (PAGE_SIZE - 1), copied;
	pgoff_t index = (pgoff_t)(k->pos >> PAGE_SHIFT);
	struct page *page;
	void *fsdata;
	int error = m->ops->write_begin(f, m, k->pos, n, &page, &fsdata);

	if (unlikely(error))
		return error;
	copied = copy_page_from_iter_atomic(page, offset, n, from);
	if (index != f->ra.prev_index || !offset) {
		page_touched(page);
		f->ra.prev_index = index;
	}
	return m->ops->write_end(f, m, k->pos, n, copied, page, fsdata);
}

/* Copy into the cache; inode lock held. Bytes done, or an error if nothing was. */
static ssize_t page_cache_write(struct kiocb *k, struct iov_iter *from)
{
	struct mapping *m = k->file->inode->mapping;
	u32 done = 0, reachable = PAGE_SIZE; /* so much of the source is there, as far as we know */

	TRACE(TRACE_CACHE, "index=%u bytes=%u", k->id, k->pos >> PAGE_SHIFT, from->count);
	while (from->count) {
		u32 n = min(min(PAGE_SIZE - ((u32)k->pos & (PAGE_SIZE - 1)), reachable), from->count), left;
		int taken = write_to_page(k, m, from, n);

		if (unlikely(taken < 0))
			return done ? (ssize_t)done : taken;
		iov_iter_advance(from, (u32)taken);
		k->pos += taken;
		done += (u32)taken;
		if (unlikely(nr_unwritten_above(dirty_check_limit)))
			balance_dirty_pages_slow();
		left = n - (u32)taken;
		if (likely(!left))
			continue;
		u32 missing = iov_iter_fault_in_readable(from, left);
		if (missing == left)
			return done ? (ssize_t)done : -EFAULT;
		reachable = missing ? left - missing : PAGE_SIZE; /* a piece that can never be whole is not asked for again */
	}
	return (ssize_t)done;
}

/* O_DIRECT wrote what it could; the rest went through the cache and must not stay there. */
static ssize_t write_rest_through_cache(struct kiocb *k, struct iov_iter *from, ssize_t done)
{
	struct mapping *m = k->file->inode->mapping;
	loff_t start = k->pos;
	ssize_t more = page_cache_write(k, from);
	int error;

	if (more <= 0)
		return done ? done : more;
	error = filemap_write_and_wait(m, start, k->pos - 1);
	if (error) {
		k->pos = start;
		return done ? done : error;
	}
	invalidate_clean_pages(m, (pgoff_t)(start >> PAGE_SHIFT), (pgoff_t)((k->pos - 1) >> PAGE_SHIFT));
	return done + more;
}

ssize_t file_direct_write(struct kiocb *k, struct iov_iter *from)
{
	struct mapping *m = k->file->inode->mapping;
	loff_t start = k->pos, end = k->pos + from->count - 1;
	pgoff_t first = (pgoff_t)(start >> PAGE_SHIFT), last = (pgoff_t)(end >> PAGE_SHIFT);
	ssize_t done;
	int error;

	if (!m->ops->direct_io)
		return -EINVAL;
	if (k->flags & IOCB_NOWAIT && mapping_has_dirty(m))
		return -EAGAIN;
	error = filemap_write_and_wait(m, start, end);
	if (error)
		return error;
	if (invalidate_pages_for_direct(m, first, last)) {
		done = 0; /* somebody uses a page of the range: write through the cache, so that both see the same */
	} else {
		done = m->ops->direct_io(k, from);
		if (done < 0)
			return done;
		/* A fault or read-ahead may have read old data in meanwhile. */
		if (m->nrpages)
			(void)invalidate_pages_for_direct(m, first, last);
	}
	if (from->count && k->flags & IOCB_NOWAIT)
		return done ? done : -EAGAIN;
	return from->count ? write_rest_through_cache(k, from, done) : done;
}

/* Writes to this device do not stay in the cache (queue/write_policy). */
static inline bool is_write_through(const struct mapping *m)
{
	return unlikely(blk_write_through_disks) && m->bdev && m->bdev->disk->write_through;
}

/* O_SYNC, O_DSYNC, mount -o sync, a device that is written through: the write returns when the data is on the disk. */
static ssize_t write_sync(struct kiocb *k, ssize_t done)
{
	struct file *f = k->file;
	int error = 0;

	if (f->ops->fsync)
		error = f->ops->fsync(f, k->pos - done, k->pos - 1, !(k->flags & IOCB_SYNC));
	return error ? error : done;
}

/* May be written up to byte `end`, which lies below 2 GiB, without a look at any special rule. */
static __always_inline bool is_simple_target(struct inode *host, u32 end)
{
	if (likely(S_ISREG(host->mode)))
		return (u32)(rlimit(RLIMIT_FSIZE) >> 32) && host->sb->max_bytes >> 31;
	return S_ISBLK(host->mode) && end <= inode_size(host) && !host->mapping->bdev->read_only;
}

/*
 * The commonest write: a file or disk, all within one page and below 2 GiB, out of one user buffer, no special rule. 0: it is not that, or
 * this way led nowhere; then by all the rules. In 32-bit arithmetic, because every instruction of it counts. Inode lock held.
 */
static __always_inline ssize_t write_within_page(struct kiocb *k, struct iov_iter *from)
{
	struct file *f = k->file;
	struct mapping *m = f->inode->mapping;
	u32 pos = (u32)k->pos, n = from->count, offset = pos & (PAGE_SIZE - 1), copied;
	struct page *page;
	void *fsdata;
	int taken;

	if (n > PAGE_SIZE - offset || k->flags || from->type != ITER_UBUF || (u32)(k->pos >> 32) || (s32)(pos + n) < 0 ||
	    !is_simple_target(m->host, pos + n))
		return 0;
	TRACE(TRACE_CACHE, "index=%u bytes=%u", k->id, pos >> PAGE_SHIFT, n);
	if (file_update_time(f) || m->ops->write_begin(f, m, k->pos, n, &page, &fsdata))
		return 0;
	pagefault_disable();
	copied = n - copy_from_user_keep((u8 *)page_address(page) + offset, (u8 *)from->ubuf + from->seg_offset, n);
	pagefault_enable();
	if (pos >> PAGE_SHIFT != f->ra.prev_index || !offset) {
		page_touched(page);
		f->ra.prev_index = pos >> PAGE_SHIFT;
	}
	taken = m->ops->write_end(f, m, k->pos, n, copied, page, fsdata);
	if (unlikely(taken <= 0))
		return 0;
	from->count -= (u32)taken;
	from->seg_offset += (u32)taken;
	k->pos += (u32)taken;
	if (unlikely(nr_unwritten_above(dirty_check_limit)))
		balance_dirty_pages_slow();
	return taken;
}

/* By all the rules; inode lock held. */
static noinline ssize_t write_any(struct kiocb *k, struct iov_iter *from)
{
	int error = check_write(k, from);

	if (!error)
		error = file_update_time(k->file);
	if (error)
		return error;
	return k->flags & IOCB_DIRECT ? file_direct_write(k, from) : page_cache_write(k, from);
}

ssize_t generic_file_write_iter(struct kiocb *k, struct iov_iter *from)
{
	struct inode *host = k->file->inode->mapping->host;
	ssize_t done;

	if (unlikely(!from->count))
		return 0;
	if (unlikely(k->flags & IOCB_NOWAIT)) {
		if (!(k->flags & IOCB_DIRECT))
			return -EOPNOTSUPP; /* as on Linux for most: a page may have to be read first */
		if (!mutex_trylock(&host->lock))
			return -EAGAIN;
	} else {
		mutex_lock(&host->lock);
	}
	done = write_within_page(k, from);
	if (unlikely(from->count)) {
		ssize_t more = write_any(k, from);

		done = more > 0 ? done + more : done ? done : more;
	}
	mutex_unlock(&host->lock);
	if (done > 0 && unlikely((k->flags & (IOCB_DSYNC | IOCB_SYNC)) || (host->flags & S_SYNC) || is_write_through(host->mapping)))
		done = write_sync(k, done);
	return done;
}

/* ---- pages of files that live in the cache alone ---- */

int simple_write_begin(struct file *f, struct mapping *m, loff_t pos, u32 len, struct page **out, void **fsdata)
{
	struct page *page = find_or_create_page(m, (pgoff_t)(pos >> PAGE_SHIFT), m->gfp);

	if (!page)
		return -ENOMEM;
	if (!page_test(page, PG_uptodate) && len != PAGE_SIZE)
		memset(page_address(page), 0, PAGE_SIZE);
	*out = page;
	*fsdata = NULL;
	return 0;
}

int simple_write_end(struct file *f, struct mapping *m, loff_t pos, u32 len, u32 copied, struct page *page, void *fsdata)
{
	if (!page_test(page, PG_uptodate)) {
		/* A whole new page that was not filled whole: nothing of it counts. */
		if (copied < len && len == PAGE_SIZE)
			copied = 0;
		else
			page_set(page, PG_uptodate);
	}
	if (copied) {
		set_page_dirty(page);
		if (pos + copied > inode_size(m->host))
			inode_set_size(m->host, pos + copied);
	}
	unlock_page(page);
	put_page(page);
	return (int)copied;
}
