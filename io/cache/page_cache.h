/*
 * What the files of io/cache share among themselves (io/contract/mapping.h is what others see).
 *
 * Locks and contexts
 *   mapping->lock (spinlock, taken with spin_lock_bh): the tree, its tags, nrpages and i_mmap. Completions (softirq) change tags under it;
 *   pages enter and leave the tree only in process context.
 *   PG_locked (sleeps): contents being read in, truncated or prepared; held by whoever takes a page out of its mapping.
 *   lru_lock (replacement.c): the replacement lists; process context only.
 * References of a cached page: one of the tree, one when buffers hang on it (PG_private), one for each table entry that maps it, and
 * those of users. Without users and mappings it may be taken out.
 *
 * Looking a page up takes no lock: on one CPU a process that looks up is not preempted and pages leave the tree only in process
 * context, so nothing can change between the lookup and get_page. With a second CPU page_cache_lookup is the place to change: take the
 * reference with atomic_inc_not_zero, look again, and free tree nodes only after a grace period; removal already freezes the count.
 */
#ifndef IO_CACHE_PAGE_CACHE_H
#define IO_CACHE_PAGE_CACHE_H

#include "io/cache/cache_stats.h"
#include "io/contract/mapping.h"
#include "kernel/debug/bug.h"

struct buffer_head;
struct shrinker;

/* Debug kernels: with the kernel word break=pagecache nothing is ever found in, nor enters the cache; every read of a disk must fail. */
#if defined(CONFIG_DEBUG) || defined(HOST_TEST)
extern bool page_cache_broken;
#else
#define page_cache_broken false
#endif

/* The page at index without a reference: good until the caller sleeps. Process context. */
static __always_inline struct page *page_cache_lookup(const struct mapping *m, pgoff_t index)
{
	if (unlikely(page_cache_broken))
		return NULL;
	return radix_tree_lookup(&m->pages, index);
}

/*
 * The page at index, locked, with a reference, if it is there and free; else NULL, and find_or_create_page may sleep for it. The page found
 * last is tried first: its mapping and index tell whether it is the one, whatever became of it meanwhile (a struct page always exists).
 */
static __always_inline struct page *page_cache_trylock(struct mapping *m, pgoff_t index)
{
	struct page *p = m->last_written;

	if (!p || p->mapping != m || p->index != index || page_cache_broken) {
		p = page_cache_lookup(m, index);
		if (unlikely(!p))
			return NULL;
		m->last_written = p;
	}
	return unlikely(page_test_set(p, PG_locked)) ? NULL : get_page(p);
}

/* mark_page_accessed, out of line only when there is something to note. */
static __always_inline void page_touched(struct page *p)
{
	const u32 settled = PG_referenced | PG_active | PG_lru;

	if (unlikely((p->flags & settled) != settled))
		mark_page_accessed(p);
}

/* For the statistics: somebody wants a page; here is what page_cache_lookup said. */
static inline void count_lookup(const struct page *found)
{
	if (found)
		cache_events.hits++;
	else
		cache_events.misses++;
}

/* A block device's own pages, as opposed to those of files on it. */
bool mapping_is_bdev(const struct mapping *m);

/* page_cache.c */
extern atomic_t nr_dirty_now, nr_writeback_now;
/* Dirty and on their way to the disk. */
static inline bool nr_unwritten_above(u32 limit) { return (u32)atomic_read(&nr_dirty_now) + (u32)atomic_read(&nr_writeback_now) > limit; }
/* A new page, locked, for index of a mapping, but not in one yet; NULL: no memory. id: of the I/O that wants it, for the tracepoint. */
struct page *page_cache_alloc(u32 gfp, pgoff_t index, u32 id);
/* Take a page out: locked, clean, not under writeback. The tree's reference is dropped; the caller has one. */
void page_cache_remove(struct page *page);
/* The same if nobody else uses it; true: done. */
bool page_cache_remove_unused(struct page *page);
/* The next dirty pages from *next on that wbc wants written, with references; 0: that was all of them. */
u32 next_dirty_pages(struct mapping *m, const struct writeback_control *wbc, pgoff_t *next, struct page **pages, u32 max_pages);

/* page_state.c */
void page_state_init(void);
/* Sleep until the bits of mask in *word are clear; waiters is set in *word meanwhile and whoever clears calls wake_bit_waiters. */
void wait_on_bits(volatile u32 *word, u32 mask, u32 waiters);
void lock_bit(volatile u32 *word, u32 mask, u32 waiters);
void wake_bit_waiters(volatile u32 *word);
void wait_on_page_bits(struct page *p, u32 mask);
/* The plain set_page_dirty, for owners whose own one does more: flag, tag, counters, dirty list. true: was clean. */
bool page_set_dirty(struct page *p);
/* After clear_page_dirty_for_io found nothing to write: the page no longer counts as dirty. Page locked. */
void page_write_skipped(struct page *p);
/* Forget the dirty flag without writing (truncate): keeps the counters right. */
void cancel_dirty_page(struct page *p);
int page_error(const struct page *p);
bool mapping_has_dirty(struct mapping *m); /* or pages under writeback */
bool mapping_tagged(struct mapping *m, enum radix_tag tag);
bool mapping_can_write(const struct mapping *m);

/* readahead.c: see there */
void page_cache_sync_readahead(struct mapping *m, struct file_ra *ra, pgoff_t index, u32 nr_wanted, u32 id);
void page_cache_async_readahead(struct mapping *m, struct file_ra *ra, struct page *page, u32 nr_wanted, u32 id);
void page_cache_read_around(struct mapping *m, struct file_ra *ra, pgoff_t index, u32 id);
void submit_pages_read(struct mapping *m, struct file *f, struct page **pages, u32 nr, u32 id);

/* reclaim.c */
u32 page_cache_drop_clean(void); /* all clean pages nobody uses or maps; returns dropped */
extern struct shrinker page_cache_shrinker;
void reclaim_init(void);

/* filemap.c */
/* The page at index, up to date, with a reference; reads it if needed. -EIO, -ENOMEM, -EAGAIN (nowait). f may be NULL (no read-ahead). */
struct page *page_cache_fill(struct mapping *m, struct file *f, pgoff_t index, u32 nr_wanted, u32 id, bool nowait);

/* direct_io.c, filemap_write.c */
ssize_t file_direct_read(struct kiocb *k, struct iov_iter *to);
ssize_t file_direct_write(struct kiocb *k, struct iov_iter *from);

void direct_io_wait(struct mapping *m); /* until no O_DIRECT transfer of the mapping is under way */

/* buffer_head.c */
static inline struct buffer_head *page_buffers(const struct page *p) { return (struct buffer_head *)(uintptr_t)p->private; }
bool buffers_release(struct page *page); /* page locked: free the buffers of a page unless one is in use or dirty */
void buffers_attach(struct page *page, u32 size);  /* page locked, without buffers; sleeps until there is memory */
void buffers_forget_assoc(struct mapping *inode_mapping); /* metadata buffers of an inode that goes away */
void buffers_prune_assoc(struct mapping *inode_mapping);  /* those that were written meanwhile */
int buffer_init(void);

/* direct_io.c */
int direct_io_init(void);
int page_cache_init(void);

#endif
