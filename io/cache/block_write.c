/*
 * Writing pages of block-backed mappings: dirty buffers leave in bios as large as the disk has them in a row, over page borders.
 *   page: locked, dirty --clear_page_dirty_for_io--> buffers mapped, locked, BH_AsyncWrite --> PG_writeback, page unlocked --> bios
 *   --> the last buffer of the page ends --> page_end_writeback.
 * While a bio is being filled nothing waits for another page or buffer without sending the bio off first.
 */
#include "io/cache/buffer_io.h"
#include "io/cache/page_cache.h"
#include "io/contract/block_device.h"
#include "io/contract/filesystem.h"
#include "kernel/debug/trace.h"
#include "kernel/sched/task.h"
#include "mm/alloc.h"

struct write_run {
	struct mapping *m;
	get_block_t get_block;
	struct writeback_control *wbc;
	u32 bits;
	struct bio *bio;
	sector_t next_sector;
};

/* Buffers of [offset, offset + len) of the page are done; true: they were the last ones. */
static bool buffers_written(struct page *page, u32 offset, u32 len, int status)
{
	struct mapping *m = page->mapping;
	struct buffer_head *head = page_buffers(page), *b = head;
	bool last = true;
	u32 at = 0;

	spin_lock_bh(&m->lock);
	do {
		if (at >= offset && at < offset + len) {
			if (unlikely(status))
				bh_set(b, BH_WriteError);
			bh_clear(b, status ? BH_AsyncWrite : BH_AsyncWrite | BH_WriteError);
			unlock_buffer(b);
		}
		if (b->state & BH_AsyncWrite)
			last = false;
		at += b->size;
	} while ((b = b->next) != head);
	spin_unlock_bh(&m->lock);
	return last;
}

static void write_done(struct bio *bio)
{
	for (u32 i = 0; i < bio->nr_vecs; i++) {
		struct bio_vec *v = &bio->vecs[i];

		/* An error of another piece of the page must not get lost: each failed bio records its own. */
		if (unlikely(bio->status))
			wb_err_set(v->page->mapping, bio->status);
		if (buffers_written(v->page, v->offset, v->len, bio->status))
			page_end_writeback(v->page, 0);
	}
	bio_put(bio);
}

/*
 * From page_start_writeback until its bios are submitted a page waits for us alone: memory for them must not come from waiting for pages
 * under write-back. So they may use the reserve, and no reclaim is started (PF_MEMALLOC).
 */
static u32 memalloc_enter(void)
{
	u32 old = current->flags & PF_MEMALLOC;

	atomic_or(&current->flags, PF_MEMALLOC);
	return old;
}

static void memalloc_leave(u32 old)
{
	if (!old)
		atomic_and(&current->flags, ~PF_MEMALLOC);
}

static void run_submit(struct write_run *r)
{
	struct bio *bio = r->bio;
	u32 old;

	if (!bio)
		return;
	r->bio = NULL;
	cache_events.write_bios++;
	old = memalloc_enter();
	blk_submit(bio);
	memalloc_leave(old);
}

static void run_add(struct write_run *r, struct page *page, u32 offset, u32 len, sector_t sector)
{
	if (r->bio && (r->next_sector != sector || !bio_add_page(r->bio, page, len, offset)))
		run_submit(r);
	if (!r->bio) {
		u32 old = memalloc_enter();

		r->bio = bio_alloc(r->m->bdev, min(nr_dirty_pages() + 1, BIO_MAX_VECS), REQ_WRITE | (r->wbc->sync ? REQ_SYNC : 0), GFP_NOFS);
		memalloc_leave(old);
		r->bio->sector = sector;
		r->bio->end_io = write_done;
		r->bio->id = r->wbc->id;
		(void)bio_add_page(r->bio, page, len, offset);
	}
	r->next_sector = sector + (len >> SECTOR_SHIFT);
}

/* Bytes of the page that lie within the file. */
static u32 valid_bytes(struct inode *host, struct page *page)
{
	loff_t left = inode_size(host) - ((loff_t)page->index << PAGE_SHIFT);

	return left <= 0 ? 0 : left < (loff_t)PAGE_SIZE ? (u32)left : PAGE_SIZE;
}

/* Give every dirty buffer a place on the disk. */
static int map_dirty_buffers(struct write_run *r, struct page *page, u32 valid)
{
	struct buffer_head *head = page_buffers(page), *b = head;
	u32 block = page->index << (PAGE_SHIFT - r->bits), at = 0;
	int error = 0;

	do {
		if (!(b->state & BH_Dirty))
			continue;
		if (at >= valid) {
			bh_clear(b, BH_Dirty); /* a store behind the end of the file */
		} else if (!(b->state & BH_Mapped)) {
			int e = r->get_block(r->m->host, block, b, true);

			b->size = 1u << r->bits;
			b->bdev = r->m->bdev;
			if (!e && (b->state & BH_New)) {
				bh_clear(b, BH_New);
				clean_bdev_alias(b->bdev, b->blocknr);
			}
			if (e) {
				bh_clear(b, BH_Dirty);
				error = e;
			}
		}
	} while (block++, at += 1u << r->bits, (b = b->next) != head);
	return error;
}

static bool get_buffer_lock(struct write_run *r, struct buffer_head *b)
{
	if (likely(!atomic_test_and_set(&b->state, BH_Lock)))
		return true;
	if (!r->wbc->sync)
		return false;
	run_submit(r);
	lock_buffer(b);
	return true;
}

/* Lock the dirty buffers and mark them as being written; a bit for each. *busy: one was locked and stays dirty. */
static u32 take_dirty_buffers(struct write_run *r, struct page *page, bool *busy)
{
	struct buffer_head *head = page_buffers(page), *b = head;
	u32 taken = 0, bit = 1;

	*busy = false;
	do {
		if ((b->state & (BH_Dirty | BH_Mapped)) != (BH_Dirty | BH_Mapped))
			continue;
		if (!get_buffer_lock(r, b)) {
			*busy = true;
			continue;
		}
		if (atomic_test_and_clear(&b->state, BH_Dirty)) {
			bh_set(b, BH_AsyncWrite);
			taken |= bit;
		} else {
			unlock_buffer(b);
		}
	} while (bit <<= 1, (b = b->next) != head);
	return taken;
}

/* The page is locked and its dirty flag was cleared. Unlocks it. */
static int write_locked_page(struct write_run *r, struct page *page)
{
	u32 valid = valid_bytes(r->m->host, page), taken;
	struct buffer_head *b;
	bool busy;
	int error;

	if (unlikely(!valid)) { /* cut off: truncate is about to take it */
		block_invalidate_page(page, 0, PAGE_SIZE);
		page_write_skipped(page);
		unlock_page(page);
		return 0;
	}
	if (unlikely(!page_test(page, PG_private))) {
		run_submit(r);
		buffers_attach(page, 1u << r->bits);
		block_dirty_buffers(page);
	}
	if (unlikely(valid < PAGE_SIZE)) /* what a mapping stored behind the end does not reach the disk */
		memset((u8 *)page_address(page) + valid, 0, PAGE_SIZE - valid);
	error = map_dirty_buffers(r, page, valid);
	if (unlikely(error))
		wb_err_set(r->m, error);
	taken = take_dirty_buffers(r, page, &busy);
	if (unlikely(busy))
		(void)page_set_dirty(page);
	if (!taken) {
		page_write_skipped(page);
		unlock_page(page);
		return error;
	}
	page_start_writeback(page);
	unlock_page(page);
	b = page_buffers(page);
	for (u32 i = 0; taken >> i; i++, b = b->next)
		if (taken & BIT(i))
			run_add(r, page, i << r->bits, b->size, block_to_sector(b->blocknr, r->bits));
	return error;
}

int block_write_page(struct page *page, get_block_t get_block, struct writeback_control *wbc)
{
	struct mapping *m = page->mapping;
	struct write_run r = { .m = m, .get_block = get_block, .wbc = wbc, .bits = m->host->blkbits };
	int error = write_locked_page(&r, page);

	run_submit(&r);
	return error;
}

/* One page from the list of dirty ones, with a reference. */
static int write_candidate(struct write_run *r, struct page *page)
{
	if (!trylock_page(page)) {
		run_submit(r);
		lock_page(page);
	}
	if (page->mapping == r->m && r->wbc->sync && page_test(page, PG_writeback)) {
		run_submit(r);
		wait_on_page_writeback(page);
	}
	if (page->mapping != r->m || page_test(page, PG_writeback) || !clear_page_dirty_for_io(page)) {
		unlock_page(page);
		return 0;
	}
	r->wbc->nr_to_write--;
	return write_locked_page(r, page);
}

int block_write_pages(struct mapping *m, struct writeback_control *wbc, get_block_t get_block)
{
	struct write_run r = { .m = m, .get_block = get_block, .wbc = wbc, .bits = m->host->blkbits };
	pgoff_t next = wbc->first;
	struct page *pages[32];
	int error = 0;
	u32 n;

	while ((n = next_dirty_pages(m, wbc, &next, pages, ARRAY_SIZE(pages)))) {
		for (u32 i = 0; i < n; i++) {
			int e = write_candidate(&r, pages[i]);

			put_page(pages[i]);
			if (e && !error)
				error = e;
		}
		if (!next)
			break;
		if (n == ARRAY_SIZE(pages)) {
			run_submit(&r);
			cond_resched();
		}
	}
	run_submit(&r);
	return error;
}
