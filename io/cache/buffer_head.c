/*
 * Buffer heads: the blocks of a cached page, one by one. A file system's metadata lives in the pages of its block device's mapping and is
 * reached by getblk and bread; data pages of files carry buffers when they are written, to remember which block is behind which part.
 *
 * Rules
 *   The buffers of a page form a ring that starts at page->private; PG_private says it is there, and it holds one page reference.
 *   The ring is made and freed with the page locked; it is not freed while a buffer of it is in use (refs) or dirty.
 *   BH_Lock is held while a buffer is read or written; BH_Dirty is cleared when the write is submitted. Dirty buffers imply a dirty page.
 *   A buffer becomes BH_Uptodate only when its read succeeded; a failed write sets BH_WriteError and the error of the mapping (wb_err_set).
 */
#include "io/cache/page_cache.h"
#include "io/cache/buffer_io.h"
#include "io/contract/block_device.h"
#include "io/contract/filesystem.h"
#include "kernel/debug/printk.h"
#include "kernel/debug/trace.h"
#include "kernel/sched/task.h"
#include "mm/alloc.h"

static struct kmem_cache *bh_cache;

/* ---- the ring of a page ---- */

static struct buffer_head *bh_alloc(u32 gfp)
{
	struct buffer_head *b = kmem_cache_alloc(bh_cache, gfp);

	if (b) {
		memset(b, 0, sizeof(*b));
		INIT_LIST_HEAD(&b->assoc);
	}
	return b;
}

static void bh_free_ring(struct buffer_head *head)
{
	struct buffer_head *b = head, *next;

	do {
		next = b->next;
		kmem_cache_free(bh_cache, b);
		b = next;
	} while (b && b != head);
}

/* A ring for the page, last block first in memory order of allocation. NULL: no memory. */
static struct buffer_head *bh_make_ring(struct page *page, u32 size, u32 gfp)
{
	struct buffer_head *head = NULL, *tail = NULL;

	for (u32 offset = PAGE_SIZE; offset; offset -= size) {
		struct buffer_head *b = bh_alloc(gfp);

		if (!b) {
			if (head)
				bh_free_ring(head);
			return NULL;
		}
		b->page = page;
		b->data = (u8 *)page_address(page) + offset - size;
		b->size = size;
		b->next = head;
		head = b;
		if (!tail)
			tail = b;
	}
	tail->next = head;
	return head;
}

bool buffers_try_attach(struct page *page, u32 size)
{
	struct buffer_head *head = bh_make_ring(page, size, GFP_NOFS | GFP_NOFAIL), *b = head;
	u32 state = 0;

	ASSERT(page_test(page, PG_locked) && !page_test(page, PG_private));
	if (!head)
		return false;
	if (page_test(page, PG_uptodate))
		state |= BH_Uptodate;
	if (page_test(page, PG_dirty))
		state |= BH_Dirty;
	do
		b->state = state;
	while ((b = b->next) != head);
	page->private = (uintptr_t)head;
	get_page(page);
	page_set(page, PG_private);
	return true;
}

void buffers_attach(struct page *page, u32 size)
{
	/* Write-back must go on: memory comes free when other pages have been written. */
	while (!buffers_try_attach(page, size))
		sleep_ms(10);
}

static void leave_assoc(struct buffer_head *b)
{
	struct mapping *m = b->assoc_mapping;

	if (!m)
		return;
	spin_lock_bh(&m->lock);
	if (b->assoc_mapping == m) {
		list_del_init(&b->assoc);
		b->assoc_mapping = NULL;
	}
	spin_unlock_bh(&m->lock);
}

bool buffers_release(struct page *page)
{
	struct buffer_head *head, *b;

	ASSERT(page_test(page, PG_locked));
	if (!page_test(page, PG_private))
		return true;
	b = head = page_buffers(page);
	do {
		if (atomic_read(&b->refs) || (b->state & (BH_Dirty | BH_Lock)))
			return false;
	} while ((b = b->next) != head);
	do
		leave_assoc(b);
	while ((b = b->next) != head);
	page_clear(page, PG_private);
	page->private = 0;
	put_page(page); /* the caller has one more */
	bh_free_ring(head);
	return true;
}

bool block_release_page(struct page *page, u32 gfp)
{
	return !page_test(page, PG_writeback) && buffers_release(page);
}

/* ---- finding a block of a device ---- */

static inline struct buffer_head *nth_buffer(struct page *page, u32 n)
{
	struct buffer_head *b = page_buffers(page);

	while (n--)
		b = b->next;
	return b;
}

/* The buffers of a device's own page are where they are: block numbers follow from the index. Page locked. */
void bdev_map_buffers(struct page *page, struct block_device *bdev, u32 size)
{
	u32 bits = (u32)__builtin_ctz(size), block = page->index << (PAGE_SHIFT - bits);
	sector_t end = bdev->nr_sectors >> (bits - SECTOR_SHIFT);
	struct buffer_head *head = page_buffers(page), *b = head;

	do {
		b->bdev = bdev;
		b->blocknr = block;
		if (block < end)
			bh_set(b, BH_Mapped);
		block++;
	} while ((b = b->next) != head);
}

/*
 * The page of a block, locked, with buffers of that size; NULL: in use with another block size, or no memory for half a minute: where a
 * file system has changed one block and cannot read the next, the disk would be left inconsistent.
 */
static struct page *grow_buffers(struct block_device *bdev, pgoff_t index, u32 size)
{
	struct mapping *m = bdev->mapping;
	struct page *page = find_or_create_page(m, index, (m->gfp & ~GFP_FS) | GFP_NOFAIL);

	if (!page)
		return NULL;
	if (page_test(page, PG_private) && page_buffers(page)->size != size) {
		wait_on_page_writeback(page);
		if (!buffers_release(page))
			goto fail;
	}
	if (!page_test(page, PG_private)) {
		wait_on_page_writeback(page);
		if (!buffers_try_attach(page, size))
			goto fail;
		bdev_map_buffers(page, bdev, size);
	}
	return page;
fail:
	unlock_page(page);
	put_page(page);
	return NULL;
}

struct buffer_head *getblk(struct block_device *bdev, u32 block, u32 size)
{
	u32 bits = (u32)__builtin_ctz(size), n = block & ((1u << (PAGE_SHIFT - bits)) - 1);
	pgoff_t index = block >> (PAGE_SHIFT - bits);
	struct page *page = page_cache_lookup(bdev->mapping, index);
	struct buffer_head *b;

	ASSERT(size >= SECTOR_SIZE && size <= PAGE_SIZE && !(size & (size - 1)));
	if (likely(page && page_test(page, PG_private) && page_buffers(page)->size == size)) {
		b = get_bh(nth_buffer(page, n));
		mark_page_accessed(page);
		return b;
	}
	page = grow_buffers(bdev, index, size);
	if (!page)
		return NULL;
	b = get_bh(nth_buffer(page, n));
	unlock_page(page);
	put_page(page);
	return b;
}

struct buffer_head *bread(struct block_device *bdev, u32 block, u32 size)
{
	struct buffer_head *b = getblk(bdev, block, size);

	if (likely(b && (b->state & BH_Uptodate)))
		return b;
	if (b && buffer_read(b) == 0)
		return b;
	brelse(b);
	return NULL;
}

struct buffer_head *sb_getblk(struct super_block *sb, u32 block) { return getblk(sb->bdev, block, sb->blocksize); }
struct buffer_head *sb_bread(struct super_block *sb, u32 block) { return bread(sb->bdev, block, sb->blocksize); }

void brelse(struct buffer_head *b)
{
	struct page *page;

	if (!b)
		return;
	page = b->page;
	ASSERT(atomic_read(&b->refs) > 0);
	if (likely(page->mapping)) {
		atomic_dec(&b->refs);
		return;
	}
	/* The page was taken out of the cache while this buffer was in use: the last user frees the ring, and with it the page. */
	get_page(page);
	atomic_dec(&b->refs);
	if (trylock_page(page)) {
		if (!page->mapping)
			(void)buffers_release(page);
		unlock_page(page);
	}
	put_page(page);
}

void lock_buffer(struct buffer_head *b)
{
	lock_bit(&b->state, BH_Lock, BH_Waiters);
}

void unlock_buffer(struct buffer_head *b)
{
	ASSERT(b->state & BH_Lock);
	bh_clear(b, BH_Lock);
	if (unlikely(b->state & BH_Waiters) && atomic_test_and_clear(&b->state, BH_Waiters))
		wake_bit_waiters(&b->state);
}

/* ---- dirty buffers ---- */

void mark_buffer_dirty(struct buffer_head *b)
{
	if ((b->state & BH_Dirty) || atomic_test_and_set(&b->state, BH_Dirty))
		return;
	if (likely(b->page->mapping))
		(void)page_set_dirty(b->page);
}

void mark_buffer_dirty_inode(struct buffer_head *b, struct mapping *m)
{
	mark_buffer_dirty(b);
	if (b->assoc_mapping == m)
		return;
	leave_assoc(b);
	spin_lock_bh(&m->lock);
	b->assoc_mapping = m;
	list_add_tail(&b->assoc, &m->host->assoc_buffers);
	spin_unlock_bh(&m->lock);
}

void block_dirty_buffers(struct page *page)
{
	struct buffer_head *head = page_buffers(page), *b = head;

	do
		bh_set(b, BH_Dirty);
	while ((b = b->next) != head);
}

bool block_set_page_dirty(struct page *page)
{
	if (page_test(page, PG_private))
		block_dirty_buffers(page);
	return page_set_dirty(page);
}

int sync_dirty_buffer(struct buffer_head *b)
{
	if (!(b->state & (BH_Dirty | BH_Lock)))
		return b->state & BH_WriteError ? -EIO : 0;
	buffer_write_start(b);
	return buffer_write_wait(b);
}

/* Take up to max dirty metadata buffers of the inode off its list, with references. */
static u32 take_assoc(struct mapping *m, struct buffer_head **out, u32 max_buffers)
{
	struct list_head *list = &m->host->assoc_buffers;
	u32 n = 0;

	spin_lock_bh(&m->lock);
	while (n < max_buffers && !list_empty(list)) {
		struct buffer_head *b = list_first_entry(list, struct buffer_head, assoc);

		list_del_init(&b->assoc);
		b->assoc_mapping = NULL;
		out[n++] = get_bh(b);
	}
	spin_unlock_bh(&m->lock);
	return n;
}

int sync_mapping_buffers(struct mapping *m)
{
	struct buffer_head *batch[16];
	struct blk_plug plug;
	int error = 0;
	u32 n;

	if (!m->host || list_empty(&m->host->assoc_buffers))
		return 0;
	while ((n = take_assoc(m, batch, ARRAY_SIZE(batch)))) {
		blk_start_plug(&plug);
		for (u32 i = 0; i < n; i++)
			buffer_write_start(batch[i]);
		blk_finish_plug(&plug);
		for (u32 i = 0; i < n; i++) {
			int e = buffer_write_wait(batch[i]);

			if (e && !error)
				error = e;
			brelse(batch[i]);
		}
	}
	return error;
}

void buffers_forget_assoc(struct mapping *m)
{
	struct buffer_head *b[8];
	u32 n;

	if (!m->host || list_empty(&m->host->assoc_buffers))
		return;
	while ((n = take_assoc(m, b, ARRAY_SIZE(b))))
		for (u32 i = 0; i < n; i++)
			brelse(b[i]);
}

void buffers_prune_assoc(struct mapping *m)
{
	struct buffer_head *b, *next;

	if (!m->host || list_empty(&m->host->assoc_buffers))
		return;
	spin_lock_bh(&m->lock);
	list_for_each_entry_safe(b, next, &m->host->assoc_buffers, assoc) {
		if (b->state & (BH_Dirty | BH_Lock | BH_WriteError))
			continue;
		list_del_init(&b->assoc);
		b->assoc_mapping = NULL;
	}
	spin_unlock_bh(&m->lock);
}

void bforget(struct buffer_head *b)
{
	if (!b)
		return;
	bh_clear(b, BH_Dirty);
	leave_assoc(b);
	brelse(b);
}

void clean_bdev_alias(struct block_device *bdev, u32 block)
{
	u32 size = bdev->block_size, bits = (u32)__builtin_ctz(size);
	struct page *page = page_cache_lookup(bdev->mapping, block >> (PAGE_SHIFT - bits));
	struct buffer_head *b;

	if (likely(!page) || !page_test(page, PG_private) || page_buffers(page)->size != size)
		return;
	b = get_bh(nth_buffer(page, block & ((1u << (PAGE_SHIFT - bits)) - 1)));
	/* Old metadata under way to the disk must arrive before the new data is written there. */
	if (b->state & (BH_Dirty | BH_Lock)) {
		lock_buffer(b);
		bh_clear(b, BH_Dirty);
		unlock_buffer(b);
	}
	/* What the device's own pages remember of the block is old from now on. */
	bh_clear(b, BH_Uptodate);
	brelse(b);
}

void block_invalidate_page(struct page *page, u32 offset, u32 len)
{
	struct buffer_head *head, *b;
	u32 at = 0;

	if (!page_test(page, PG_private))
		return;
	b = head = page_buffers(page);
	do {
		u32 next = at + b->size;

		/* Only blocks that go whole. */
		if (at >= offset && next <= offset + len) {
			lock_buffer(b);
			bh_clear(b, BH_Dirty | BH_Mapped | BH_New | BH_Uptodate);
			unlock_buffer(b);
		}
		at = next;
	} while ((b = b->next) != head);
	if (!offset && len == PAGE_SIZE)
		(void)buffers_release(page);
}

int buffer_init(void)
{
	bh_cache = kmem_cache_create("buffer_head", sizeof(struct buffer_head), 0, NULL);
	kmem_cache_mark_reclaimable(bh_cache);
	return bh_cache ? 0 : -ENOMEM;
}
