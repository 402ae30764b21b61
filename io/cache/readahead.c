/*
 * Read-ahead, on demand: the state of a stream is in its open file (struct file_ra), and nothing is read that nobody's pattern asks for.
 *
 *   |<--- window: size pages --------------------->|
 *   |------------------------|=====================|
 *   ^start                   ^PG_readahead          ^ the next window starts here
 *                            |<--- async_size ---->|
 *
 * A miss at the expected place, at the start of the file or right behind the last page read begins or continues a window; its page marked
 * PG_readahead, when a reader reaches it, starts the next one while the reader still has pages to go. Windows double up to ra_pages. A miss
 * anywhere else reads what was asked for and no more. Two interleaved streams on one open file: the marker or the pages cached right before
 * the miss tell that it is a stream although the state belongs to the other.
 */
#include "io/cache/page_cache.h"
#include "io/contract/block_device.h"
#include "io/contract/file.h"
#include "io/contract/filesystem.h"
#include "kernel/debug/trace.h"
#include "mm/alloc.h"

#define BATCH 64u /* pages handed down at once */

void file_ra_init(struct file_ra *ra, struct mapping *m)
{
	ra->start = ra->size = ra->async_size = 0;
	ra->ra_pages = m->bdev ? m->bdev->disk->ra_pages : 0;
	ra->prev_index = ~0u;
	ra->mmap_miss = 0;
}

/* ---- reading a window ---- */

struct run {
	struct page *pages[BATCH];
	u32 nr;
};

/* Hand down what was collected. */
static void run_submit(struct run *r, struct mapping *m, u32 id)
{
	if (!r->nr)
		return;
	cache_events.readahead += r->nr;
	submit_pages_read(m, NULL, r->pages, r->nr, id);
	for (u32 i = 0; i < r->nr; i++)
		put_page(r->pages[i]);
	r->nr = 0;
}

/* Add a page for index to the run. false: no memory, stop. */
static bool run_add(struct run *r, struct mapping *m, pgoff_t index, bool marker, u32 id)
{
	struct page *page = page_cache_alloc(m->gfp | GFP_NOWARN, index, id);
	int error;

	if (!page)
		return false;
	if (marker)
		page_set(page, PG_readahead);
	error = page_cache_add(page, m, index, m->gfp);
	if (likely(!error)) {
		r->pages[r->nr++] = page;
		return true;
	}
	unlock_page(page);
	put_page(page);
	if (error == -EEXIST) /* it came while we slept for memory: the run ends here */
		run_submit(r, m, id);
	return error == -EEXIST;
}

/* Pages of the file at or after index, at most nr. */
static u32 clip_to_file(struct mapping *m, pgoff_t index, u32 nr)
{
	loff_t size = inode_size(m->host);
	pgoff_t last;

	if (size <= 0)
		return 0;
	last = (pgoff_t)((size - 1) >> PAGE_SHIFT);
	if (index > last)
		return 0;
	return last - index < nr ? last - index + 1 : nr;
}

/* The first cached page at or after index, ~0 if there is none; one look at the tree for a whole window. */
static pgoff_t next_cached(struct mapping *m, pgoff_t index)
{
	void *item;
	u32 at;

	return !page_cache_broken && radix_tree_gang_lookup(&m->pages, index, &item, &at, 1) ? at : ~0u;
}

/* Read nr pages from index on, but those that are there; the one at index + marker (if below nr) gets PG_readahead. Does not wait. */
static void read_window(struct mapping *m, pgoff_t index, u32 nr, u32 marker, u32 id)
{
	struct run r = { .nr = 0 };
	struct blk_plug plug;
	pgoff_t cached = next_cached(m, index);

	nr = clip_to_file(m, index, nr);
	blk_start_plug(&plug);
	for (u32 i = 0; i < nr; i++) {
		if (index + i >= cached) {
			run_submit(&r, m, id);
			i = cached - index;
			cached = next_cached(m, cached + 1);
			continue;
		}
		if (!run_add(&r, m, index + i, i == marker, id))
			break;
		if (r.nr == BATCH) {
			run_submit(&r, m, id);
			cached = next_cached(m, index + i + 1); /* we may have slept */
		}
	}
	run_submit(&r, m, id);
	blk_finish_plug(&plug);
}

/* ---- deciding on windows ---- */

/* Length of a stream's first window for a request of req pages. */
static u32 first_size(u32 req, u32 limit)
{
	u32 size = 1;

	while (size < req)
		size <<= 1;
	if (size <= limit / 32)
		return size * 4;
	return size <= limit / 4 ? size * 2 : limit;
}

static u32 next_size(u32 size, u32 limit)
{
	if (size < limit / 16)
		return size * 4;
	return size <= limit / 2 ? size * 2 : limit;
}

static void read_ra_window(struct mapping *m, struct file_ra *ra, u32 id)
{
	TRACE(TRACE_CACHE, "window start=%u size=%u", id, ra->start, ra->size);
	read_window(m, ra->start, ra->size, ra->size - ra->async_size, id);
}

static void start_stream(struct mapping *m, struct file_ra *ra, pgoff_t index, u32 req, u32 limit, u32 id)
{
	ra->start = index;
	ra->size = first_size(req, limit);
	ra->async_size = ra->size > req ? ra->size - req : ra->size;
	/* The reader takes the first page at once: if that is all of the window, add the next one to it. */
	if (ra->size == ra->async_size && ra->size < limit) {
		ra->async_size = next_size(ra->size, limit);
		ra->size = min(ra->size + ra->async_size, limit);
		ra->async_size = min(ra->async_size, ra->size / 2);
	}
	read_ra_window(m, ra, id);
}

static void continue_stream(struct mapping *m, struct file_ra *ra, pgoff_t start, u32 size, u32 limit, u32 id)
{
	ra->start = start;
	ra->size = next_size(size, limit);
	ra->async_size = ra->size;
	read_ra_window(m, ra, id);
}

/* Pages cached right before index, at most limit. */
static u32 cached_before(struct mapping *m, pgoff_t index, u32 limit)
{
	u32 n = 0;

	while (n < limit && n < index && page_cache_lookup(m, index - 1 - n))
		n++;
	return n;
}

static inline bool expected_next(const struct file_ra *ra, pgoff_t index)
{
	return ra->size && (index == ra->start + ra->size || index == ra->start + ra->size - ra->async_size);
}

/* A reader misses index and wants req pages from there on. */
void page_cache_sync_readahead(struct mapping *m, struct file_ra *ra, pgoff_t index, u32 req, u32 id)
{
	u32 limit = ra->ra_pages, before;

	if (!limit)
		return;
	if (expected_next(ra, index)) {
		continue_stream(m, ra, ra->start + ra->size > index ? index : ra->start + ra->size, ra->size, limit, id);
		return;
	}
	if (!index || index - ra->prev_index <= 1 || req > limit) {
		start_stream(m, ra, index, req, limit, id);
		return;
	}
	before = cached_before(m, index, limit);
	if (before > req) {
		/* A stream whose state was lost to another one. */
		ra->start = index;
		ra->size = min(before + req, limit);
		ra->async_size = 1;
		read_ra_window(m, ra, id);
		return;
	}
	read_window(m, index, req, ~0u, id);
}

/* A reader reached a page marked PG_readahead: start the next window. */
void page_cache_async_readahead(struct mapping *m, struct file_ra *ra, struct page *page, u32 req, u32 id)
{
	pgoff_t index = page->index, next = index + 1;
	u32 limit = ra->ra_pages;

	page_clear(page, PG_readahead);
	if (!limit)
		return;
	if (expected_next(ra, index)) {
		continue_stream(m, ra, ra->start + ra->size, ra->size, limit, id);
		return;
	}
	/* The marker of another stream: its window ends at the next hole. */
	while (next - index < limit && page_cache_lookup(m, next))
		next++;
	if (next - index >= limit)
		return;
	continue_stream(m, ra, next, next - index + req, limit, id);
}

/* A page fault misses index: read around it, since a program's next faults are near; after many misses in a row only the page itself. */
void page_cache_read_around(struct mapping *m, struct file_ra *ra, pgoff_t index, u32 id)
{
	u32 limit = ra->ra_pages, half = limit / 2;

	if (!limit)
		return;
	if (index - ra->prev_index <= 1 || expected_next(ra, index)) {
		page_cache_sync_readahead(m, ra, index, 1, id);
		return;
	}
	if (ra->mmap_miss > 100) {
		read_window(m, index, 1, ~0u, id);
		return;
	}
	ra->mmap_miss++;
	ra->start = index > half ? index - half : 0;
	ra->size = limit;
	ra->async_size = limit / 4;
	read_ra_window(m, ra, id);
}

void force_readahead(struct mapping *m, struct file *f, pgoff_t index, u32 nr, u32 id)
{
	read_window(m, index, nr, ~0u, id);
}
