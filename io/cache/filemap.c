/*
 * Reading a file through the page cache, and making its data durable. The walk of a read, each step a function:
 *   1 read()                generic_file_read_iter, page_cache_read
 *   2 look it up            page_cache_lookup; a hit is copied out at once (step 6), a miss goes on in page_cache_fill
 *   3 allocate a page       page_cache_alloc, page_cache_add; by read-ahead as many as its window has
 *   4 start the disk        submit_pages_read -> mapping_ops.read_pages -> blk_submit
 *   5 wait                  page_cache_wait
 *   6 return                copy_page_to_iter
 * Each has a tracepoint. Whoever misses a page that is already on its way only waits: many readers of one missing page cause one read.
 * A page whose read failed is read once more, alone, by whoever needs it: only that one's failure is an error, so a bad sector costs its
 * own page.
 */
#include "io/cache/page_cache.h"
#include "io/cache/writeback.h"
#include "io/contract/block_device.h"
#include "io/contract/buffer_head.h"
#include "io/contract/filesystem.h"
#include "kernel/debug/trace.h"
#include "kernel/hal/uaccess.h"
#include "kernel/sched/task.h"
#include "mm/alloc.h"

/* Locked pages that are consecutive: hand them to their owner. Keeps the caller's references. */
void submit_pages_read(struct mapping *m, struct file *f, struct page **pages, u32 nr, u32 id)
{
	TRACE(TRACE_CACHE, "index=%u pages=%u", id, pages[0]->index, nr);
	cache_events.pages_in += nr;
	if (m->ops->read_pages) {
		m->ops->read_pages(m, pages, nr, id);
		return;
	}
	for (u32 i = 0; i < nr; i++)
		(void)m->ops->read_page(f, pages[i]); /* the outcome is in the page's flags */
}

/* Nobody has the page: put a new one in and start reading it. Returns it, perhaps still being read; NULL: somebody else was faster; ERR_PTR. */
static struct page *page_cache_add_and_read(struct mapping *m, struct file *f, pgoff_t index, u32 id)
{
	struct page *page;
	int error;

	page = page_cache_alloc(m->gfp, index, id);
	if (!page)
		return ERR_PTR(-ENOMEM);
	error = page_cache_add(page, m, index, m->gfp);
	if (error) {
		unlock_page(page);
		put_page(page);
		return error == -EEXIST ? NULL : ERR_PTR(error);
	}
	submit_pages_read(m, f, &page, 1, id);
	return page;
}

/* The page is not up to date and nobody is reading it: the read failed, or only some of its blocks were written so far. Read it, alone. */
static int page_cache_read_alone(struct mapping *m, struct file *f, struct page *page, u32 id)
{
	lock_page(page);
	if (page->mapping != m) {
		unlock_page(page);
		return -EAGAIN;
	}
	if (page_test(page, PG_uptodate)) {
		unlock_page(page);
		return 0;
	}
	page_clear(page, PG_error);
	submit_pages_read(m, f, &page, 1, id);
	wait_on_page_locked(page);
	if (page_test(page, PG_uptodate))
		return 0;
	return page->mapping == m ? -EIO : -EAGAIN;
}

/* Wait until the page is up to date. -EAGAIN: it was taken out of the mapping meanwhile. */
static int page_cache_wait(struct mapping *m, struct file *f, struct page *page, u32 id)
{
	if (page_test(page, PG_locked))
		TRACE(TRACE_CACHE, "index=%u", id, page->index, 0);
	wait_on_page_locked(page);
	if (page_test(page, PG_uptodate))
		return 0;
	return page_cache_read_alone(m, f, page, id);
}

struct page *page_cache_fill(struct mapping *m, struct file *f, pgoff_t index, u32 nr_wanted, u32 id, bool nowait)
{
	for (;;) {
		struct page *page = find_get_page(m, index);
		int error;

		if (!page) {
			if (nowait)
				return ERR_PTR(-EAGAIN);
			TRACE(TRACE_CACHE, "miss ino=%u index=%u", id, m->host->ino, index);
			if (f)
				page_cache_sync_readahead(m, &f->ra, index, nr_wanted, id);
			page = find_get_page(m, index);
			if (!page)
				page = page_cache_add_and_read(m, f, index, id);
			if (!page)
				continue;
			if (IS_ERR(page))
				return page;
		} else if (f && page_test(page, PG_readahead)) {
			page_cache_async_readahead(m, &f->ra, page, nr_wanted, id);
		}
		if (page_test(page, PG_uptodate))
			return page;
		error = nowait ? -EAGAIN : page_cache_wait(m, f, page, id);
		if (!error)
			return page;
		put_page(page);
		if (error != -EAGAIN || nowait)
			return ERR_PTR(error);
	}
}

struct page *read_mapping_page(struct mapping *m, pgoff_t index, struct file *f)
{
	struct page *page = page_cache_lookup(m, index);

	count_lookup(page);
	if (likely(page && (page->flags & (PG_uptodate | PG_readahead)) == PG_uptodate))
		get_page(page);
	else
		page = page_cache_fill(m, f, index, 1, 0, false);
	if (!IS_ERR(page))
		page_touched(page);
	return page;
}

/* Bytes from pos to the end of the file, at most n. */
static inline u32 bytes_to_eof(struct inode *host, loff_t pos, u32 n)
{
	loff_t left = inode_size(host) - pos;

	return left <= 0 ? 0 : left < n ? (u32)left : n;
}

/* Copy from cached pages until the iterator is full or the file ends. Bytes done, or an error if nothing was. */
static ssize_t page_cache_read(struct kiocb *k, struct iov_iter *to)
{
	struct file *f = k->file;
	struct mapping *m = f->inode->mapping;
	pgoff_t index = (pgoff_t)(k->pos >> PAGE_SHIFT);
	u32 offset = (u32)k->pos & (PAGE_SIZE - 1), left = bytes_to_eof(m->host, k->pos, to->count), done = 0;
	ssize_t error = 0;

	TRACE(TRACE_CACHE, "index=%u bytes=%u", k->id, index, left);
	while (left) {
		struct page *page = page_cache_lookup(m, index);
		u32 n = min(PAGE_SIZE - offset, left), copied;

		if (likely(page && (page->flags & (PG_uptodate | PG_readahead)) == PG_uptodate)) {
			get_page(page);
			cache_events.hits++;
			TRACE(TRACE_CACHE, "hit ino=%u index=%u", k->id, m->host->ino, index);
		} else {
			count_lookup(page);
			page = page_cache_fill(m, f, index, (offset + left + PAGE_SIZE - 1) >> PAGE_SHIFT, k->id, k->flags & IOCB_NOWAIT);
			if (IS_ERR(page)) {
				error = PTR_ERR(page);
				break;
			}
			/* We may have slept: the file may be shorter now. */
			left = bytes_to_eof(m->host, k->pos + done, left);
			n = min(n, left);
		}
		copied = copy_page_to_iter(page, offset, n, to);
		/* The same page read bit by bit counts as one use. */
		if (index != f->ra.prev_index || !offset)
			page_touched(page);
		put_page(page);
		f->ra.prev_index = index;
		done += copied;
		left -= copied;
		offset += copied;
		if (unlikely(copied != n)) {
			error = -EFAULT;
			break;
		}
		index += offset >> PAGE_SHIFT;
		offset &= PAGE_SIZE - 1;
	}
	k->pos += done;
	return done ? (ssize_t)done : error;
}

/* Is the byte at pos within the file? One of a file that crosses 4 GiB just now may be denied: the caller then looks again. */
static inline bool below_size(const struct inode *host, u32 pos)
{
	const u32 *size = (const u32 *)&host->size;

	return likely(pos < size[0]) || size[1];
}

/* Any read: through the cache, around it, of nothing. */
static noinline ssize_t file_read_any(struct kiocb *k, struct iov_iter *to)
{
	struct file *f = k->file; /* k is gone when the request is queued */
	ssize_t done = 0, more;

	if (!to->count)
		return 0;
	if (unlikely(k->flags & IOCB_DIRECT)) {
		done = file_direct_read(k, to);
		if (done < 0 || !to->count || k->pos >= inode_size(f->inode->mapping->host)) {
			if (done >= 0 || done == -EIOCBQUEUED)
				touch_atime(f);
			return done;
		}
	}
	more = page_cache_read(k, to);
	touch_atime(f);
	return more < 0 && done ? done : done + more;
}

/*
 * The commonest read is done here: within one page that is there, below 4 GiB, into one user buffer. Every instruction of it counts, so
 * little is kept in variables over the two calls: what k and to hold is read again.
 */
ssize_t generic_file_read_iter(struct kiocb *k, struct iov_iter *to)
{
	if (unlikely(to->type != ITER_UBUF || ((u64)k->pos >> 32) || (k->flags & IOCB_DIRECT) || trace_enabled))
		return file_read_any(k, to);
	struct page *page = page_cache_lookup(k->file->inode->mapping, (u32)k->pos >> PAGE_SHIFT);
	if (unlikely(!page || (page->flags & (PG_uptodate | PG_readahead)) != PG_uptodate))
		return file_read_any(k, to);
	u32 pos = (u32)k->pos, last = pos + to->count - 1; /* the last byte wanted */
	if (unlikely((pos ^ last) >= PAGE_SIZE || !to->count || !below_size(page->mapping->host, last)))
		return file_read_any(k, to);
	get_page(page);
	u32 left = copy_to_user((u8 *)to->ubuf + to->seg_offset, (u8 *)page_address(page) + (pos & (PAGE_SIZE - 1)), to->count);
	/* The same page read bit by bit counts as one use. */
	struct file *f = k->file;
	if (page->index != f->ra.prev_index || !((u32)k->pos & (PAGE_SIZE - 1))) {
		f->ra.prev_index = page->index;
		page_touched(page);
	}
	put_page(page);
	cache_events.hits++;
	u32 done = to->count - left;
	to->count = left;
	to->seg_offset += done;
	k->pos += done;
	touch_atime(f);
	return likely(done) ? (ssize_t)done : -EFAULT;
}

/* ---- making data durable ---- */

/* Write dirty pages one by one, for owners without write_pages. */
static int write_pages_singly(struct mapping *m, struct writeback_control *wbc)
{
	struct page *pages[16];
	pgoff_t next = wbc->first;
	int error = 0;
	u32 n;

	while ((n = next_dirty_pages(m, wbc, &next, pages, ARRAY_SIZE(pages)))) {
		for (u32 i = 0; i < n; i++) {
			struct page *p = pages[i];
			int e = 0;

			lock_page(p);
			if (p->mapping == m && wbc->sync)
				wait_on_page_writeback(p);
			if (p->mapping == m && !page_test(p, PG_writeback) && clear_page_dirty_for_io(p)) {
				e = m->ops->write_page(p, wbc);
				wbc->nr_to_write--;
			} else {
				unlock_page(p);
			}
			put_page(p);
			if (e && !error)
				error = e;
		}
		cond_resched();
	}
	return error;
}

int write_mapping(struct mapping *m, struct writeback_control *wbc)
{
	struct blk_plug plug;
	int error;

	if (!m->nrpages || !mapping_can_write(m))
		return 0;
	/* What is appended behind our back does not keep us here for ever. */
	if (m->host) {
		loff_t size = inode_size(m->host);

		wbc->last = min(wbc->last, size > 0 ? (pgoff_t)((size - 1) >> PAGE_SHIFT) : 0);
	}
	blk_start_plug(&plug);
	error = m->ops->write_pages ? m->ops->write_pages(m, wbc) : write_pages_singly(m, wbc);
	blk_finish_plug(&plug);
	return error;
}

static inline pgoff_t index_of(loff_t pos)
{
	u64 index = (u64)pos >> PAGE_SHIFT;

	return index > ~0u ? ~0u : (pgoff_t)index;
}

/* The error recorded in the mapping since `before`, or 0; nobody is taken as told. */
static int error_since(struct mapping *m, u32 before)
{
	u32 now = READ_ONCE(m->wb_err);

	return (before ^ now) & ~(MAX_ERRNO + 1u) ? -(int)(now & MAX_ERRNO) : 0;
}

int filemap_wait(struct mapping *m, loff_t start, loff_t end_inclusive)
{
	pgoff_t next = index_of(start), last = index_of(end_inclusive);
	u32 before = READ_ONCE(m->wb_err), n;
	struct page *pages[16];

	if (!m->nrpages)
		return 0;
	while (next <= last && (n = find_get_pages_tag(m, &next, last, RADIX_TAG_WRITEBACK, pages, ARRAY_SIZE(pages)))) {
		for (u32 i = 0; i < n; i++) {
			wait_on_page_writeback(pages[i]);
			put_page(pages[i]);
		}
		cond_resched();
		if (!next) /* the last index of all was reached */
			break;
	}
	return error_since(m, before);
}

int filemap_write_and_wait(struct mapping *m, loff_t start, loff_t end_inclusive)
{
	struct writeback_control wbc = { .nr_to_write = INT32_MAX, .sync = true, .first = index_of(start), .last = index_of(end_inclusive) };
	u32 before = READ_ONCE(m->wb_err);
	int error, e;

	if (!mapping_has_dirty(m))
		return 0;
	error = write_mapping(m, &wbc);
	(void)filemap_wait(m, start, end_inclusive);
	e = error_since(m, before);
	return error ? error : e;
}

int generic_file_fsync(struct file *f, loff_t start, loff_t end, bool datasync)
{
	struct inode *inode = f->inode->mapping->host;
	struct mapping *m = inode->mapping;
	int error = filemap_write_and_wait(m, start, end), e;

	e = sync_mapping_buffers(m);
	if (!error)
		error = e;
	e = sync_inode_metadata(inode, datasync);
	if (!error)
		error = e;
	/* Also an error that the flusher met earlier: each open file is told once. */
	e = wb_err_check_and_advance(m, &f->wb_err_seen);
	if (e)
		error = e;
	if (m->bdev) {
		e = blkdev_issue_flush(m->bdev);
		if (!error)
			error = e;
	}
	return error;
}
