/*
 * Taking pages out of a mapping: because the file became shorter, because somebody wants the device's contents read again, or because
 * direct I/O writes below them. A page leaves with its lock held, after write-back, and with no table entry that maps it.
 */
#include "io/cache/page_cache.h"
#include "io/contract/block_device.h"
#include "io/contract/buffer_head.h"
#include "io/contract/filesystem.h"
#include "kernel/sched/task.h"
#include "mm/alloc.h"
#include "mm/mm.h"

#define BATCH 16u

static void unmap_range(struct mapping *m, pgoff_t first, pgoff_t last, bool even_cow)
{
	if (list_empty(&m->i_mmap))
		return;
	spin_lock_bh(&m->lock);
	mm_unmap_file_range(&m->i_mmap, first, last, even_cow);
	spin_unlock_bh(&m->lock);
}

/* Up to BATCH pages of [first, last] with references, in order. */
static u32 collect_pages(struct mapping *m, pgoff_t first, pgoff_t last, struct page **pages)
{
	u32 n, keep = 0;

	spin_lock_bh(&m->lock);
	n = radix_tree_gang_lookup(&m->pages, first, (void **)pages, NULL, BATCH);
	while (keep < n && pages[keep]->index <= last)
		get_page(pages[keep++]);
	spin_unlock_bh(&m->lock);
	return keep;
}

static void invalidate_buffers(struct page *page, u32 offset, u32 len)
{
	struct mapping *m = page->mapping;

	if (m->ops->invalidate_page)
		m->ops->invalidate_page(page, offset, len);
	else if (page_test(page, PG_private))
		block_invalidate_page(page, offset, len);
}

/* The whole page goes, whatever is in it. Page locked, not under write-back. */
static void truncate_whole_page(struct page *page)
{
	if (atomic_read(&page->mapcount))
		unmap_range(page->mapping, page->index, page->index, true);
	invalidate_buffers(page, 0, PAGE_SIZE);
	cancel_dirty_page(page);
	page_cache_remove(page);
}

static void truncate_one(struct mapping *m, struct page *page)
{
	lock_page(page);
	if (page->mapping == m) {
		wait_on_page_writeback(page);
		truncate_whole_page(page);
	}
	unlock_page(page);
	put_page(page);
}

/* Zero bytes [offset, offset + len) of one page that stays. */
static void truncate_part(struct mapping *m, pgoff_t index, u32 offset, u32 len)
{
	struct page *page = find_lock_page(m, index);

	if (!page)
		return;
	wait_on_page_writeback(page);
	memset((u8 *)page_address(page) + offset, 0, len);
	invalidate_buffers(page, offset, len);
	unlock_page(page);
	put_page(page);
}

static void truncate_whole_range(struct mapping *m, pgoff_t first, pgoff_t last)
{
	struct page *pages[BATCH];
	u32 n;

	while ((n = collect_pages(m, first, last, pages))) {
		pgoff_t next = pages[n - 1]->index + 1;

		for (u32 i = 0; i < n; i++)
			truncate_one(m, pages[i]);
		cond_resched();
		if (!next || next > last)
			break;
		first = next;
	}
}

void truncate_pages_range(struct mapping *m, loff_t start, loff_t end)
{
	u32 head = (u32)start & (PAGE_SIZE - 1), tail = (u32)(end + 1) & (PAGE_SIZE - 1);
	u64 first = (u64)(start + PAGE_SIZE - 1) >> PAGE_SHIFT; /* first page that goes whole */
	u64 beyond = end == INT64_MAX ? (u64)1 << 32 : (u64)(end + 1) >> PAGE_SHIFT; /* and the one behind the last */

	if (end == INT64_MAX)
		tail = 0;
	if (beyond > (u64)1 << 32)
		beyond = (u64)1 << 32;
	if (!m->nrpages && list_empty(&m->i_mmap))
		return;
	if (first > beyond) { /* within one page */
		truncate_part(m, (pgoff_t)(start >> PAGE_SHIFT), head, tail - head);
		return;
	}
	if (first < beyond) {
		pgoff_t last = (pgoff_t)(beyond - 1);

		unmap_range(m, (pgoff_t)first, last, true);
		truncate_whole_range(m, (pgoff_t)first, last);
		/* A private copy may have been made of a page between the two. */
		unmap_range(m, (pgoff_t)first, last, true);
	}
	if (head)
		truncate_part(m, (pgoff_t)(start >> PAGE_SHIFT), head, PAGE_SIZE - head);
	if (tail)
		truncate_part(m, (pgoff_t)(end >> PAGE_SHIFT), 0, tail);
}

void truncate_pages(struct mapping *m, loff_t new_size)
{
	direct_io_wait(m);
	truncate_pages_range(m, new_size, INT64_MAX);
}

/* ---- clean pages only ---- */

/* Page locked: drop it if it is clean and nobody uses it. */
static bool drop_if_unused(struct mapping *m, struct page *page, u32 gfp)
{
	if (page->mapping != m || page_test(page, PG_dirty | PG_writeback) || atomic_read(&page->mapcount))
		return false;
	if (page_test(page, PG_private) && !(m->ops->release_page ? m->ops->release_page(page, gfp) : buffers_release(page)))
		return false;
	return page_cache_remove_unused(page);
}

u32 invalidate_clean_pages(struct mapping *m, pgoff_t first, pgoff_t last)
{
	struct page *pages[BATCH];
	u32 n, dropped = 0;

	if (!m->ops || !mapping_can_write(m)) /* what lives in memory only would be lost */
		return 0;
	while (m->nrpages && first <= last && (n = collect_pages(m, first, last, pages))) {
		first = pages[n - 1]->index + 1;
		for (u32 i = 0; i < n; i++) {
			if (trylock_page(pages[i])) {
				dropped += drop_if_unused(m, pages[i], GFP_KERNEL);
				unlock_page(pages[i]);
			}
			put_page(pages[i]);
		}
		cond_resched();
		if (!first)
			break;
	}
	return dropped;
}

/* Direct I/O is to write below one page. 0 or -EBUSY. */
static int drop_for_direct(struct mapping *m, struct page *page)
{
	int error = 0;

	lock_page(page);
	if (page->mapping == m) {
		wait_on_page_writeback(page);
		if (atomic_read(&page->mapcount))
			unmap_range(m, page->index, page->index, false);
		/* Dirty again, or somebody holds on to it. */
		if (!drop_if_unused(m, page, GFP_KERNEL))
			error = -EBUSY;
	}
	unlock_page(page);
	put_page(page);
	return error;
}

int invalidate_pages_for_direct(struct mapping *m, pgoff_t first, pgoff_t last)
{
	struct page *pages[BATCH];
	int error = 0;
	u32 n;

	while (m->nrpages && first <= last && (n = collect_pages(m, first, last, pages))) {
		first = pages[n - 1]->index + 1;
		for (u32 i = 0; i < n; i++) {
			int e = drop_for_direct(m, pages[i]);

			if (e)
				error = e;
		}
		if (!first)
			break;
	}
	return error;
}
