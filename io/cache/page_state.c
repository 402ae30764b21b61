/*
 * The states of a cached page: locked, dirty, under write-back, read or failed; sleeping until one ends; and the errors of write-back that
 * stay until somebody was told.
 *
 *   new (locked, not uptodate) --read ok--> uptodate, unlocked --write--> dirty --write_page--> under write-back --end--> clean
 *   new --read failed--> PG_error, not uptodate, unlocked: the next reader tries this page alone once more.
 */
#include "io/cache/page_cache.h"
#include "io/cache/replacement.h"
#include "io/cache/writeback.h"
#include "io/contract/buffer_head.h"
#include "io/contract/filesystem.h"
#include "kernel/debug/trace.h"
#include "kernel/lib/hash.h"
#include "kernel/sched/task.h"
#include "mm/mm.h"

atomic_t nr_dirty_now, nr_writeback_now;

u32 nr_dirty_pages(void) { return (u32)atomic_read(&nr_dirty_now); }
u32 nr_writeback_pages(void) { return (u32)atomic_read(&nr_writeback_now); }

/* ---- sleeping on a bit of a page or a buffer: hashed wait queues, the key tells the words of one queue apart ---- */

#define WAIT_BITS 6
static struct wait_queue_head bit_waitqs[1 << WAIT_BITS];

struct bit_waiter {
	struct wait_queue_entry entry;
	u32 key;
};

static inline u32 bit_key(const volatile u32 *word) { return (u32)(uintptr_t)word; }
static inline struct wait_queue_head *bit_waitq(const volatile u32 *word) { return &bit_waitqs[hash_32(bit_key(word) >> 4, WAIT_BITS)]; }

static bool bit_wake(struct wait_queue_entry *e, u32 mode, u32 key)
{
	return container_of(e, struct bit_waiter, entry)->key == key && autoremove_wake_function(e, mode, key);
}

void wait_on_bits(volatile u32 *word, u32 mask, u32 waiters)
{
	struct wait_queue_head *wq = bit_waitq(word);
	struct bit_waiter w = { .entry = wait_entry_for_current(), .key = bit_key(word) };

	might_sleep();
	w.entry.func = bit_wake;
	for (;;) {
		prepare_to_wait(wq, &w.entry, TASK_UNINTERRUPTIBLE);
		/* The flag goes up before the test: whoever clears the bits after the test sees it and wakes. */
		atomic_or(word, waiters);
		if (!(*word & mask))
			break;
		schedule();
	}
	finish_wait(wq, &w.entry);
}

void wake_bit_waiters(volatile u32 *word)
{
	wake_up_key(bit_waitq(word), TASK_NORMAL, 0, bit_key(word));
}

void lock_bit(volatile u32 *word, u32 mask, u32 waiters)
{
	while (unlikely(atomic_test_and_set(word, mask)))
		wait_on_bits(word, mask, waiters);
}

void wait_on_page_bits(struct page *p, u32 mask)
{
	wait_on_bits(&p->flags, mask, PG_waiters);
}

void lock_page(struct page *p)
{
	might_sleep();
	lock_bit(&p->flags, PG_locked, PG_waiters);
}

bool trylock_page(struct page *p)
{
	return !page_test_set(p, PG_locked);
}

void unlock_page(struct page *p)
{
	ASSERT(page_test(p, PG_locked));
	page_clear(p, PG_locked); /* a locked instruction: what is read below is read afterwards */
	if (unlikely(page_test(p, PG_waiters)) && page_test_clear(p, PG_waiters))
		wake_bit_waiters(&p->flags);
}

void wait_on_page_locked(struct page *p)
{
	if (page_test(p, PG_locked))
		wait_on_page_bits(p, PG_locked);
}

void wait_on_page_writeback(struct page *p)
{
	if (page_test(p, PG_writeback))
		wait_on_page_bits(p, PG_writeback);
}

/* ---- states ---- */

bool mapping_can_write(const struct mapping *m) { return m->ops && (m->ops->write_page || m->ops->write_pages); }

int page_error(const struct page *p) { return p->flags & PG_uptodate ? 0 : -EIO; }

void page_end_read(struct page *p, int error)
{
	if (likely(!error))
		page_set(p, PG_uptodate);
	else
		page_set(p, PG_error);
	TRACE(TRACE_CACHE, "index=%u error=%d", 0, p->index, error);
	unlock_page(p);
}

void mark_page_accessed(struct page *p)
{
	if ((p->flags & (PG_referenced | PG_active)) != (PG_referenced | PG_active) && page_test(p, PG_lru))
		replacement_accessed(p);
}

bool set_page_dirty(struct page *p)
{
	struct mapping *m = p->mapping;

	if (m && m->ops && m->ops->set_page_dirty)
		return m->ops->set_page_dirty(p);
	return page_set_dirty(p);
}

bool page_set_dirty(struct page *p)
{
	struct mapping *m = p->mapping;

	if (page_test(p, PG_dirty) || page_test_set(p, PG_dirty))
		return false;
	if (!m || !mapping_can_write(m))
		return true;
	spin_lock_bh(&m->lock);
	if (likely(p->mapping == m)) {
		radix_tree_tag_set(&m->pages, p->index, RADIX_TAG_DIRTY);
		atomic_inc(&nr_dirty_now);
		cache_events.dirtied++;
	}
	spin_unlock_bh(&m->lock);
	current->io.write_bytes += PAGE_SIZE;
	if (m->host)
		mark_inode_dirty_flags(m->host, I_DIRTY_PAGES);
	return true;
}

void cancel_dirty_page(struct page *p)
{
	struct mapping *m = p->mapping;

	if (!page_test_clear(p, PG_dirty) || !m || !mapping_can_write(m))
		return;
	spin_lock_bh(&m->lock);
	radix_tree_tag_clear(&m->pages, p->index, RADIX_TAG_DIRTY);
	spin_unlock_bh(&m->lock);
	atomic_dec(&nr_dirty_now);
	current->io.cancelled_write_bytes += PAGE_SIZE;
}

/* Write-protect what maps the page, so that the next store comes through page_mkwrite and makes it dirty again. */
static void clean_page_tables(struct page *p)
{
	struct mapping *m = p->mapping;

	spin_lock_bh(&m->lock);
	(void)mm_clean_page(&m->i_mmap, p);
	spin_unlock_bh(&m->lock);
}

bool clear_page_dirty_for_io(struct page *p)
{
	ASSERT(page_test(p, PG_locked));
	if (!page_test(p, PG_dirty))
		return false;
	if (atomic_read(&p->mapcount))
		clean_page_tables(p);
	if (!page_test_clear(p, PG_dirty))
		return false;
	/* The tag stays until page_start_writeback or page_write_skipped, so that others who look for work still find the page. */
	atomic_dec(&nr_dirty_now);
	return true;
}

void page_write_skipped(struct page *p)
{
	struct mapping *m = p->mapping;

	spin_lock_bh(&m->lock);
	if (!page_test(p, PG_dirty))
		radix_tree_tag_clear(&m->pages, p->index, RADIX_TAG_DIRTY);
	spin_unlock_bh(&m->lock);
}

void page_start_writeback(struct page *p)
{
	struct mapping *m = p->mapping;

	ASSERT(page_test(p, PG_locked) && !page_test(p, PG_writeback));
	spin_lock_bh(&m->lock);
	page_set(p, PG_writeback);
	radix_tree_tag_set(&m->pages, p->index, RADIX_TAG_WRITEBACK);
	if (!page_test(p, PG_dirty))
		radix_tree_tag_clear(&m->pages, p->index, RADIX_TAG_DIRTY);
	spin_unlock_bh(&m->lock);
	atomic_inc(&nr_writeback_now);
	cache_events.pages_out++;
}

void page_end_writeback(struct page *p, int error)
{
	struct mapping *m = p->mapping; /* stays: nobody takes a page out during write-back */

	if (unlikely(error)) {
		page_set(p, PG_error);
		wb_err_set(m, error);
	}
	TRACE(TRACE_CACHE, "index=%u error=%d", 0, p->index, error);
	get_page(p); /* once the flag is down the page may be freed */
	spin_lock_bh(&m->lock);
	radix_tree_tag_clear(&m->pages, p->index, RADIX_TAG_WRITEBACK);
	page_clear(p, PG_writeback);
	spin_unlock_bh(&m->lock);
	atomic_dec(&nr_writeback_now);
	if (unlikely(page_test(p, PG_waiters)) && page_test_clear(p, PG_waiters))
		wake_bit_waiters(&p->flags);
	writeback_page_done();
	put_page(p);
}

/* No lock: nodes come and go in process context only (see page_cache.h), and a tag may change right afterwards anyway. */
bool mapping_tagged(struct mapping *m, enum radix_tag tag) { return radix_tree_tagged(&m->pages, tag); }

bool mapping_has_dirty(struct mapping *m)
{
	return m->nrpages && (mapping_tagged(m, RADIX_TAG_DIRTY) || mapping_tagged(m, RADIX_TAG_WRITEBACK));
}

/* ---- errors of write-back: errno in the low 12 bits, "somebody was told" above, a count of errors in the rest ---- */

#define WB_ERR_SEEN (MAX_ERRNO + 1u)
#define WB_ERR_COUNT (WB_ERR_SEEN << 1)

void wb_err_set(struct mapping *m, int error)
{
	u32 old, new;

	do {
		old = READ_ONCE(m->wb_err);
		new = ((old & ~(MAX_ERRNO | WB_ERR_SEEN)) + WB_ERR_COUNT) | (u32)-error;
	} while (!__sync_bool_compare_and_swap(&m->wb_err, old, new));
}

u32 wb_err_sample(struct mapping *m)
{
	u32 now = READ_ONCE(m->wb_err);

	/* An error nobody was told of yet is news for a file opened later, too. */
	return now & WB_ERR_SEEN || !(now & MAX_ERRNO) ? now : 0;
}

int wb_err_check_and_advance(struct mapping *m, u32 *seen)
{
	u32 now = READ_ONCE(m->wb_err);

	if (likely(now == *seen))
		return 0;
	__sync_bool_compare_and_swap(&m->wb_err, now, now | WB_ERR_SEEN);
	*seen = now | WB_ERR_SEEN;
	return -(int)(now & MAX_ERRNO);
}

void page_state_init(void)
{
	for (u32 n = 0; n < ARRAY_SIZE(bit_waitqs); n++)
		wait_queue_init(&bit_waitqs[n]);
}
