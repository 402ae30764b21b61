/*
 * Changing pages of block-backed mappings: write_begin and write_end for write(2), page_mkwrite for mappings, and the end of the file when
 * it moves. A block that is only partly overwritten is read first; a new one is zeroed around what is written.
 */
#include "io/cache/buffer_io.h"
#include "io/cache/page_cache.h"
#include "io/cache/writeback.h"
#include "io/contract/block_device.h"
#include "io/contract/filesystem.h"
#include "mm/alloc.h"
#include "mm/mm.h"

static void zero_part(struct buffer_head *b, u32 from, u32 to)
{
	if (from < to)
		memset(b->data + from, 0, to - from);
}

/* The write into [from, to) failed or came short: what new blocks hold there must not be what was on the disk before. */
static void zero_new_buffers(struct page *page, u32 from, u32 to)
{
	struct buffer_head *head = page_buffers(page), *b = head;
	u32 start = 0;

	do {
		u32 end = start + b->size;

		if ((b->state & BH_New) && end > from && start < to) {
			if (!page_test(page, PG_uptodate)) {
				zero_part(b, from > start ? from - start : 0, min(to, end) - start);
				bh_set(b, BH_Uptodate);
			}
			bh_clear(b, BH_New);
			mark_buffer_dirty(b);
		}
		start = end;
	} while ((b = b->next) != head);
}

/* Find or make the block behind b; [from, to) of it will be overwritten. */
static int map_for_write(struct mapping *m, struct page *page, struct buffer_head *b, u32 block, u32 from, u32 to, get_block_t get_block)
{
	u32 size = b->size;
	int error = get_block(m->host, block, b, true);

	b->size = size;
	b->bdev = m->bdev;
	if (error || !(b->state & BH_New))
		return error;
	clean_bdev_alias(b->bdev, b->blocknr);
	if (page_test(page, PG_uptodate)) {
		bh_clear(b, BH_New);
		bh_set(b, BH_Uptodate);
		mark_buffer_dirty(b);
		return 0;
	}
	zero_part(b, 0, from);
	zero_part(b, to, size);
	return 0;
}

/* Make [from, to) of a locked page ready to be overwritten. Reads at most the first and the last block. */
static int prepare_page(struct mapping *m, struct page *page, u32 from, u32 to, get_block_t get_block)
{
	u32 bits = m->host->blkbits, size = 1u << bits, block = page->index << (PAGE_SHIFT - bits), start = 0, nr_read = 0;
	struct buffer_head *head, *b, *reading[2];
	int error = 0;

	if (!page_test(page, PG_private) && !buffers_try_attach(page, size))
		return -ENOMEM;
	b = head = page_buffers(page);
	do {
		u32 end = start + size, f = from > start ? from - start : 0, t = min(to, end) - start;

		if (end <= from || start >= to)
			continue;
		if (!(b->state & BH_Mapped)) {
			error = map_for_write(m, page, b, block, f, t, get_block);
			if (error)
				break;
		}
		if (page_test(page, PG_uptodate)) {
			bh_set(b, BH_Uptodate);
			continue;
		}
		if (!(b->state & (BH_Uptodate | BH_New)) && (f || t < size)) {
			lock_buffer(b);
			if (b->state & BH_Uptodate)
				unlock_buffer(b);
			else
				buffer_read_start(reading[nr_read++] = b);
		}
	} while (block++, start += size, (b = b->next) != head);
	for (u32 i = 0; i < nr_read; i++) {
		if (reading[i]->state & BH_Lock)
			wait_on_bits(&reading[i]->state, BH_Lock, BH_Waiters);
		if (!(reading[i]->state & BH_Uptodate) && !error)
			error = -EIO;
	}
	if (error)
		zero_new_buffers(page, from, to);
	return error;
}

/* [from, to) was overwritten: its buffers are good and dirty. */
static void commit_page(struct page *page, u32 from, u32 to)
{
	struct buffer_head *head = page_buffers(page), *b = head;
	bool all_good = true;
	u32 start = 0;

	do {
		u32 end = start + b->size;

		if (end > from && start < to) {
			if ((b->state & (BH_Uptodate | BH_New)) != BH_Uptodate) {
				bh_set(b, BH_Uptodate);
				bh_clear(b, BH_New);
			}
			mark_buffer_dirty(b);
		} else if (!(b->state & BH_Uptodate)) {
			all_good = false;
		}
		start = end;
	} while ((b = b->next) != head);
	if (all_good && !page_test(page, PG_uptodate))
		page_set(page, PG_uptodate);
}

/* The buffer that holds all of [from, from + len) of the page, if it has all the bits of `state` and none of `without`; else NULL. */
static __always_inline struct buffer_head *one_buffer(struct page *page, u32 from, u32 len, u32 state, u32 without)
{
	struct buffer_head *b;
	u32 at = 0;

	if (unlikely(!page_test(page, PG_private)))
		return NULL;
	for (b = page_buffers(page); at + b->size <= from; b = b->next)
		at += b->size;
	return from + len <= at + b->size && (b->state & (state | without)) == state ? b : NULL;
}

int block_write_begin(struct mapping *m, loff_t pos, u32 len, struct page **out, get_block_t get_block)
{
	u32 from = (u32)pos & (PAGE_SIZE - 1);
	struct page *page = page_cache_trylock(m, (pgoff_t)(pos >> PAGE_SHIFT));
	int error;

	if (likely(page && one_buffer(page, from, len, BH_Mapped | BH_Uptodate, 0))) {
		*out = page; /* within a block that is known and here */
		return 0;
	}
	if (!page)
		page = find_or_create_page(m, (pgoff_t)(pos >> PAGE_SHIFT), m->gfp);
	if (unlikely(!page))
		return page_cache_broken ? -EIO : -ENOMEM;
	error = prepare_page(m, page, from, from + len, get_block);
	if (unlikely(error)) {
		unlock_page(page);
		put_page(page);
		return error;
	}
	*out = page;
	return 0;
}

int block_write_end(struct file *f, struct mapping *m, loff_t pos, u32 len, u32 copied, struct page *page)
{
	u32 from = (u32)pos & (PAGE_SIZE - 1);
	struct inode *host = m->host;
	struct buffer_head *b;

	if (likely(copied == len && (b = one_buffer(page, from, len, BH_Uptodate, BH_New)))) {
		if (!(b->state & BH_Dirty))
			mark_buffer_dirty(b);
		else
			cache_events.writes_combined++;
		goto moved;
	}
	cache_events.writes_combined += page_test(page, PG_dirty);
	if (unlikely(copied < len)) {
		/* A block that was to be overwritten whole was not read: the part that did come is worth nothing without the rest. */
		if (!page_test(page, PG_uptodate))
			copied = 0;
		zero_new_buffers(page, from + copied, from + len);
	}
	if (likely(copied))
		commit_page(page, from, from + copied);
moved:
	if (copied && pos + copied > host->size) { /* the inode lock is held: nobody else moves it */
		inode_set_size(host, pos + copied);
		mark_inode_dirty_flags(host, I_DIRTY_SYNC | I_DIRTY_DATASYNC);
	}
	unlock_page(page);
	put_page(page);
	return (int)copied;
}

int block_truncate_page(struct mapping *m, loff_t from, get_block_t get_block)
{
	u32 bits = m->host->blkbits, in_block = (u32)from & ((1u << bits) - 1), offset = (u32)from & (PAGE_SIZE - 1);
	struct buffer_head *b;
	struct page *page;
	int error = 0;

	if (!in_block)
		return 0;
	page = find_or_create_page(m, (pgoff_t)(from >> PAGE_SHIFT), m->gfp & ~GFP_FS);
	if (!page)
		return -ENOMEM;
	wait_on_page_writeback(page);
	if (!page_test(page, PG_private) && !buffers_try_attach(page, 1u << bits)) {
		error = -ENOMEM;
		goto out;
	}
	b = page_buffers(page);
	for (u32 i = offset >> bits; i; i--)
		b = b->next;
	if (!(b->state & BH_Mapped)) {
		error = get_block(m->host, (u32)(from >> bits), b, false);
		b->size = 1u << bits;
		b->bdev = m->bdev;
		if (error || !(b->state & BH_Mapped))
			goto out; /* a hole is zero anyway */
	}
	if (!(b->state & BH_Uptodate)) {
		if (page_test(page, PG_uptodate))
			bh_set(b, BH_Uptodate);
		else
			error = buffer_read(b);
		if (error)
			goto out;
	}
	memset(b->data + in_block, 0, b->size - in_block);
	mark_buffer_dirty(b);
out:
	unlock_page(page);
	put_page(page);
	return error;
}

u32 block_page_mkwrite(struct vm_fault *vf, get_block_t get_block)
{
	struct file *f = vf->area->file;
	struct mapping *m = f->inode->mapping;
	struct page *page = vf->page;
	loff_t left;
	u32 n;
	int error;

	if (nr_unwritten_above(dirty_check_limit))
		balance_dirty_pages_slow();
	(void)file_update_time(f);
	lock_page(page);
	left = inode_size(m->host) - ((loff_t)vf->pgoff << PAGE_SHIFT);
	if (page->mapping != m || left <= 0) {
		unlock_page(page);
		return page->mapping == m ? VM_FAULT_SIGBUS : VM_FAULT_NOPAGE;
	}
	n = left < (loff_t)PAGE_SIZE ? (u32)left : PAGE_SIZE;
	error = prepare_page(m, page, 0, n, get_block);
	if (error) {
		unlock_page(page);
		return error == -ENOMEM ? VM_FAULT_OOM : VM_FAULT_SIGBUS;
	}
	commit_page(page, 0, n);
	return VM_FAULT_LOCKED;
}
