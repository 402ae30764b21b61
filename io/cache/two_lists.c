/*
 * The default replacement policy: an inactive and an active list. A page starts at the head of the inactive list; used a second time it
 * moves to the active one. Victims come from the inactive tail, so one pass over a large file washes through the inactive list and
 * leaves the active pages alone. When the inactive list is short, active pages that were not used since are demoted.
 *
 *   new --> inactive (--first use--> referenced) --second use--> active --tail, not referenced--> inactive
 *              | tail                                              | tail, referenced: once more round
 *              v
 *            victim
 */
#include "io/cache/cache_stats.h"
#include "io/cache/page_cache.h"
#include "io/cache/replacement.h"

static DEFINE_SPINLOCK(lru_lock, RANK_MAPPING);
static LIST_HEAD(active);
static LIST_HEAD(inactive);
static u32 nr_active, nr_inactive; /* lru_lock */

static void insert_locked(struct page *p, bool to_active)
{
	if (to_active) {
		page_set(p, PG_lru | PG_active);
		list_add(&p->lru, &active);
		nr_active++;
	} else {
		page_set(p, PG_lru);
		page_clear(p, PG_active);
		list_add(&p->lru, &inactive);
		nr_inactive++;
	}
}

static void take_locked(struct page *p)
{
	list_del(&p->lru);
	if (page_test(p, PG_active))
		nr_active--;
	else
		nr_inactive--;
	page_clear(p, PG_lru);
}

static void two_lists_added(struct page *p)
{
	spin_lock(&lru_lock);
	insert_locked(p, false);
	spin_unlock(&lru_lock);
}

static void two_lists_removed(struct page *p)
{
	spin_lock(&lru_lock);
	if (page_test(p, PG_lru))
		take_locked(p);
	page_clear(p, PG_active | PG_referenced);
	spin_unlock(&lru_lock);
}

static void two_lists_accessed(struct page *p)
{
	if (!page_test(p, PG_referenced)) {
		page_set(p, PG_referenced);
		return;
	}
	spin_lock(&lru_lock);
	if (page_test(p, PG_lru) && !page_test(p, PG_active)) {
		take_locked(p);
		page_clear(p, PG_referenced);
		insert_locked(p, true);
		cache_events.activated++;
	}
	spin_unlock(&lru_lock);
}

/* Keep the inactive list at no less than half the length of the active one. lru_lock held. */
static void refill_inactive(u32 want)
{
	for (u32 looked = nr_active; looked && want && nr_inactive < nr_active / 2 + want; looked--) {
		struct page *p = list_last_entry(&active, struct page, lru);

		if (page_test_clear(p, PG_referenced)) {
			list_move(&p->lru, &active);
			continue;
		}
		take_locked(p);
		insert_locked(p, false);
		cache_events.deactivated++;
	}
}

static u32 two_lists_isolate(struct page **out, u32 max_pages)
{
	u32 n = 0;

	spin_lock(&lru_lock);
	if (nr_inactive < nr_active / 2 || nr_inactive < max_pages)
		refill_inactive(max_pages);
	while (n < max_pages && !list_empty(&inactive)) {
		struct page *p = list_last_entry(&inactive, struct page, lru);

		take_locked(p);
		out[n++] = get_page(p);
	}
	spin_unlock(&lru_lock);
	return n;
}

static void two_lists_putback(struct page *p, enum page_verdict why)
{
	spin_lock(&lru_lock);
	if (p->mapping)
		insert_locked(p, why == PAGE_USED);
	spin_unlock(&lru_lock);
}

static void two_lists_forget_use(void)
{
	spin_lock(&lru_lock);
	while (!list_empty(&active)) {
		struct page *p = list_last_entry(&active, struct page, lru);

		take_locked(p);
		page_clear(p, PG_referenced);
		insert_locked(p, false);
	}
	spin_unlock(&lru_lock);
}

static void two_lists_counts(u32 *a, u32 *i)
{
	*a = nr_active;
	*i = nr_inactive;
}

const struct replacement_policy two_lists_policy = {
	.name = "2q",
	.added = two_lists_added,
	.accessed = two_lists_accessed,
	.removed = two_lists_removed,
	.isolate = two_lists_isolate,
	.putback = two_lists_putback,
	.forget_use = two_lists_forget_use,
	.counts = two_lists_counts,
};
