/*
 * Giving pages back: the shrinker that the page allocator calls when memory is short, and drop_caches.
 * The policy (replacement.h) names candidates; here it is decided whether one can go: clean and unused pages at once; mapped ones after
 * they were unmapped; dirty ones are sent to their device, where the context allows it, and go one round later.
 */
#include "io/cache/page_cache.h"
#include "io/cache/replacement.h"
#include "io/cache/writeback.h"
#include "io/contract/block_device.h"
#include "io/contract/buffer_head.h"
#include "io/contract/proc_file.h"
#include "kernel/sched/task.h"
#include "mm/alloc.h"
#include "mm/mm.h"

#define BATCH 32u

/* What became of a candidate. */
enum outcome { FREED, KEPT, USED, WRITING };

struct scan {
	u32 gfp;
	bool clean_only; /* drop_caches: no writing, no unmapping */
	u32 writing;     /* pages seen under write-back */
};

/*
 * Page locked: take it out of all page tables. A page that was used through them since it was last looked at gets another round; one that a
 * process has locked (mlock) stays.
 */
static enum outcome unmap_page(struct page *p)
{
	struct mapping *m = p->mapping;

	spin_lock_bh(&m->lock);
	bool used = mm_page_referenced(&m->i_mmap, p) || page_test(p, PG_referenced) || mm_page_is_mlocked(&m->i_mmap, p);
	page_clear(p, PG_referenced);
	if (!used)
		mm_unmap_file_range(&m->i_mmap, p->index, p->index, false);
	spin_unlock_bh(&m->lock);
	if (used)
		return USED;
	return atomic_read(&p->mapcount) ? KEPT : FREED;
}

/* Page locked and dirty: start writing it. Unlocks. */
static enum outcome write_out(struct page *p)
{
	struct writeback_control wbc = { .nr_to_write = 1, .for_reclaim = true, .first = p->index, .last = p->index };
	struct mapping *m = p->mapping;

	if (!m->ops->write_page || !clear_page_dirty_for_io(p)) {
		unlock_page(p);
		return KEPT;
	}
	page_set(p, PG_reclaim);
	if (m->ops->write_page(p, &wbc) < 0)
		return KEPT;
	return WRITING;
}

/* Page locked; unlocks it. */
static enum outcome try_page(struct page *p, struct scan *s)
{
	struct mapping *m = p->mapping;
	enum outcome result = KEPT;

	if (!m) /* taken out while it was on our list: the caller's reference is the last */
		result = FREED;
	else if (page_test(p, PG_writeback))
		result = WRITING;
	else if (atomic_read(&p->mapcount) && (s->clean_only || (result = unmap_page(p)) != FREED))
		result = result == USED ? USED : KEPT;
	else if (page_test(p, PG_dirty)) {
		if (!s->clean_only && (s->gfp & GFP_FS))
			return write_out(p);
		result = KEPT;
	} else if (page_test(p, PG_private) && !(m->ops->release_page ? m->ops->release_page(p, s->gfp) : buffers_release(p))) {
		result = KEPT;
	} else {
		u32 key = replacement_key(p);

		result = page_cache_remove_unused(p) ? FREED : KEPT;
		if (result == FREED && !s->clean_only)
			replacement_evicted(key);
	}
	unlock_page(p);
	return result;
}

/* Look at a batch; returns how many pages came free. */
static u32 scan_batch(struct page **pages, u32 n, struct scan *s)
{
	u32 freed = 0;

	for (u32 i = 0; i < n; i++) {
		struct page *p = pages[i];
		enum outcome result = trylock_page(p) ? try_page(p, s) : KEPT;

		if (result == FREED) {
			freed++;
		} else {
			replacement_putback(p, result == USED ? PAGE_USED : PAGE_BUSY);
			if (result == WRITING)
				s->writing++;
		}
		put_page(p);
	}
	if (s->clean_only) {
		cache_events.dropped += freed;
	} else {
		cache_events.scanned += n;
		cache_events.reclaimed += freed;
	}
	return freed;
}

static u32 scan_pages(struct scan *s, u32 nr, u32 budget)
{
	struct page *pages[BATCH];
	struct blk_plug plug;
	u32 freed = 0;

	blk_start_plug(&plug);
	while (freed < nr && budget) {
		u32 n = replacement_isolate(pages, min(budget, BATCH));

		if (!n)
			break;
		budget -= n;
		freed += scan_batch(pages, n, s);
	}
	blk_finish_plug(&plug);
	return freed;
}

static u32 shrink_page_cache(struct shrinker *sh, u32 nr, u32 gfp)
{
	struct scan s = { .gfp = gfp };
	u32 inactive, active, freed;

	replacement_counts(&active, &inactive);

	/* First a gentle look, then everything twice: a page whose reference was cleared goes the second time. */
	freed = scan_pages(&s, nr, inactive / 4 + 4 * nr + BATCH);
	if (freed < nr)
		freed += scan_pages(&s, nr - freed, 2 * (inactive + active) + BATCH);
	if (freed < nr && nr_dirty_pages())
		wakeup_flusher();
	if (!freed && s.writing && (gfp & GFP_WAIT)) {
		/* Nothing else helped: the device has to finish first. The wait is bounded, since the caller may itself hold pages back. */
		writeback_congestion_wait();
		freed = scan_pages(&s, nr, inactive + BATCH);
	}
	return freed;
}

u32 page_cache_drop_clean(void)
{
	struct scan s = { .gfp = GFP_KERNEL, .clean_only = true };
	u32 active, inactive;

	/* What stays is put back in front, so a scan over as many as there are sees each page once. */
	replacement_forget_use();
	replacement_counts(&active, &inactive);
	return scan_pages(&s, ~0u, active + inactive);
}

struct shrinker page_cache_shrinker = { .name = "page cache", .scan = shrink_page_cache };

void reclaim_init(void)
{
	register_shrinker(&page_cache_shrinker);
}
