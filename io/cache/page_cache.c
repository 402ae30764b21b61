/* The page cache proper: finding pages of a mapping, putting them in and taking them out. Locks and contexts: page_cache.h. */
#include "io/cache/page_cache.h"
#include "io/cache/replacement.h"
#include "io/cache/writeback.h"
#include "io/contract/block_device.h"
#include "io/contract/filesystem.h"
#include "kernel/debug/printk.h"
#include "kernel/debug/trace.h"
#include "kernel/init.h"
#include "mm/alloc.h"

struct cache_events cache_events;
static atomic_t nr_pages, nr_bdev_pages, nr_shmem;

#if defined(CONFIG_DEBUG) || defined(HOST_TEST)
bool page_cache_broken;
#endif

u32 nr_cached_pages(void) { return (u32)(atomic_read(&nr_pages) - atomic_read(&nr_bdev_pages)); }
u32 nr_shmem_pages(void) { return (u32)atomic_read(&nr_shmem); }
u32 nr_buffer_pages(void) { return (u32)atomic_read(&nr_bdev_pages); }

bool mapping_is_bdev(const struct mapping *m) { return m->bdev && m->bdev->mapping == m; }

void mapping_init(struct mapping *m, struct inode *host, const struct mapping_ops *ops)
{
	memset(m, 0, sizeof(*m));
	spin_lock_init(&m->lock, "mapping", RANK_MAPPING);
	INIT_LIST_HEAD(&m->i_mmap);
	m->ops = ops;
	m->host = host;
	m->gfp = GFP_USER;
}

/* ---- finding ---- */

struct page *find_get_page(struct mapping *m, pgoff_t index)
{
	struct page *p = page_cache_lookup(m, index);

	return p ? get_page(p) : NULL;
}

struct page *find_lock_page(struct mapping *m, pgoff_t index)
{
	struct page *p;

	while ((p = find_get_page(m, index))) {
		lock_page(p);
		if (likely(p->mapping == m))
			return p;
		unlock_page(p); /* taken out while we slept */
		put_page(p);
	}
	return NULL;
}

struct page *find_or_create_page(struct mapping *m, pgoff_t index, u32 gfp)
{
	for (;;) {
		struct page *p = find_lock_page(m, index);
		int error;

		if (p)
			return p;
		p = page_cache_alloc(gfp, index, 0);
		if (!p)
			return NULL;
		error = page_cache_add(p, m, index, gfp);
		if (!error)
			return p;
		unlock_page(p);
		put_page(p);
		if (error != -EEXIST)
			return NULL;
	}
}

u32 find_get_pages_tag(struct mapping *m, pgoff_t *start, pgoff_t end, enum radix_tag tag, struct page **pages, u32 max_pages)
{
	u32 n, keep = 0;

	if (page_cache_broken)
		return 0;
	spin_lock_bh(&m->lock);
	n = radix_tree_gang_lookup_tag(&m->pages, *start, (void **)pages, NULL, max_pages, tag);
	while (keep < n && pages[keep]->index <= end)
		get_page(pages[keep++]);
	spin_unlock_bh(&m->lock);
	if (keep)
		*start = pages[keep - 1]->index + 1;
	return keep;
}

u32 next_dirty_pages(struct mapping *m, const struct writeback_control *wbc, pgoff_t *next, struct page **pages, u32 max_pages)
{
	if (wbc->nr_to_write <= 0 || *next > wbc->last)
		return 0;
	return find_get_pages_tag(m, next, wbc->last, RADIX_TAG_DIRTY, pages, max_pages);
}

/* ---- adding and removing ---- */

struct page *page_cache_alloc(u32 gfp, pgoff_t index, u32 id)
{
	struct page *p = alloc_page(gfp | GFP_USER_PAGE);

	TRACE(TRACE_CACHE, "index=%u gfp=%#x", id, index, gfp);
	if (p)
		p->flags = PG_locked;
	return p;
}

static int tree_insert(struct mapping *m, pgoff_t index, struct page *page)
{
	int error;

	spin_lock_bh(&m->lock);
	error = radix_tree_insert(&m->pages, index, page);
	if (!error) {
		page->mapping = m;
		page->index = index;
		m->nrpages++;
	}
	spin_unlock_bh(&m->lock);
	return error;
}

int page_cache_add(struct page *page, struct mapping *m, pgoff_t index, u32 gfp)
{
	int error;

	ASSERT(page_test(page, PG_locked) && !page->mapping);
	if (page_cache_broken)
		return -EIO;
	error = tree_insert(m, index, page);
	/* Tree nodes are allocated without sleeping: get memory back by allocating a page, then try again. */
	for (u32 tries = 0; error == -ENOMEM && (gfp & GFP_WAIT) && tries < (gfp & GFP_NOFAIL ? 1000 : 4); tries++) {
		struct page *spare = alloc_page(gfp);

		if (!spare)
			break;
		put_page(spare);
		error = tree_insert(m, index, page);
	}
	if (error)
		return error;
	get_page(page);
	atomic_inc(&nr_pages);
	if (mapping_is_bdev(m))
		atomic_inc(&nr_bdev_pages);
	/* Pages that cannot be written anywhere stay until their owner drops them: no use in looking at them. */
	if (mapping_can_write(m))
		replacement_added(page);
	else
		atomic_inc(&nr_shmem);
	return 0;
}

/* m->lock held. */
static void tree_remove(struct mapping *m, struct page *page)
{
	void *old = radix_tree_delete(&m->pages, page->index);

	BUG_ON(old != page);
	page->mapping = NULL;
	m->nrpages--;
}

static void page_left_cache(struct mapping *m, struct page *page)
{
	atomic_dec(&nr_pages);
	if (mapping_is_bdev(m))
		atomic_dec(&nr_bdev_pages);
	if (page_test(page, PG_lru))
		replacement_removed(page);
	else if (!mapping_can_write(m))
		atomic_dec(&nr_shmem);
}

void page_cache_remove(struct page *page)
{
	struct mapping *m = page->mapping;

	ASSERT(page_test(page, PG_locked) && !page_test(page, PG_dirty | PG_writeback));
	spin_lock_bh(&m->lock);
	tree_remove(m, page);
	spin_unlock_bh(&m->lock);
	page_left_cache(m, page);
	put_page(page);
}

bool page_cache_remove_unused(struct page *page)
{
	struct mapping *m = page->mapping;

	ASSERT(page_test(page, PG_locked) && !page_test(page, PG_writeback));
	spin_lock_bh(&m->lock);
	/* Two references: the tree's and ours. The count is frozen at 0 so that nobody gets a new one (see page_cache.h). */
	if (page_test(page, PG_dirty) || !__sync_bool_compare_and_swap(&page->refs.v, 2, 0)) {
		spin_unlock_bh(&m->lock);
		return false;
	}
	tree_remove(m, page);
	spin_unlock_bh(&m->lock);
	page_left_cache(m, page);
	atomic_set(&page->refs, 1);
	return true;
}

int page_cache_init(void)
{
	page_state_init();
#ifdef CONFIG_DEBUG
	const char *broken = cmdline_get("break");

	if (broken && !strcmp(broken, "pagecache")) {
		page_cache_broken = true;
		pr_warn("page cache: broken on purpose (break=pagecache)\n");
	}
#endif
	reclaim_init();
	return direct_io_init();
}
