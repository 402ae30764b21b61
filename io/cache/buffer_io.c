/* Reading and writing single buffers: metadata, and the blocks of a page that are not all contiguous. */
#include "io/cache/buffer_io.h"
#include "io/cache/page_cache.h"
#include "io/contract/block_device.h"
#include "io/contract/filesystem.h"
#include "kernel/debug/printk.h"
#include "kernel/debug/trace.h"
#include "mm/alloc.h"

static void buffer_read_done(struct bio *bio)
{
	struct buffer_head *b = bio->private;

	if (likely(!bio->status))
		bh_set(b, BH_Uptodate);
	bio_put(bio);
	unlock_buffer(b);
	atomic_dec(&b->refs);
}

static void buffer_write_done(struct bio *bio)
{
	struct buffer_head *b = bio->private;

	if (unlikely(bio->status)) {
		bh_set(b, BH_WriteError);
		if (b->page->mapping)
			wb_err_set(b->page->mapping, bio->status);
	} else {
		bh_clear(b, BH_WriteError);
	}
	bio_put(bio);
	unlock_buffer(b);
	atomic_dec(&b->refs);
}

/* Locked buffer. A reference goes with it, so that its ring stays until the end; the page's own reference keeps the page. */
static void submit_buffer(struct buffer_head *b, u32 flags, void (*done)(struct bio *))
{
	struct bio *bio = bio_alloc(b->bdev, 1, flags, GFP_NOFS);

	get_bh(b);
	bio->sector = block_to_sector(b->blocknr, (u32)__builtin_ctz(b->size));
	bio->end_io = done;
	bio->private = b;
	(void)bio_add_page(bio, b->page, b->size, (u32)(b->data - (u8 *)page_address(b->page)));
	TRACE(TRACE_CACHE, "block=%u write=%u", bio->id, b->blocknr, REQ_OP(flags) == REQ_WRITE);
	blk_submit(bio);
}

void buffer_read_start(struct buffer_head *b)
{
	cache_events.pages_in++;
	submit_buffer(b, REQ_READ | REQ_SYNC | REQ_META, buffer_read_done);
}

int buffer_read(struct buffer_head *b)
{
	lock_buffer(b);
	if (b->state & BH_Uptodate) {
		unlock_buffer(b);
		return 0;
	}
	if (!(b->state & BH_Mapped)) {
		unlock_buffer(b);
		return -EIO; /* beyond the end of the device */
	}
	buffer_read_start(b);
	if (b->state & BH_Lock)
		wait_on_bits(&b->state, BH_Lock, BH_Waiters);
	return b->state & BH_Uptodate ? 0 : -EIO;
}

void buffer_write_start(struct buffer_head *b)
{
	lock_buffer(b);
	if (!(b->state & BH_Mapped) || !atomic_test_and_clear(&b->state, BH_Dirty)) {
		unlock_buffer(b);
		return;
	}
	submit_buffer(b, REQ_WRITE | REQ_SYNC | REQ_META, buffer_write_done);
}

int buffer_write_wait(struct buffer_head *b)
{
	if (b->state & BH_Lock)
		wait_on_bits(&b->state, BH_Lock, BH_Waiters);
	return b->state & BH_WriteError ? -EIO : 0;
}
