/*
 * Least recently used, as the textbooks have it: one list, each use moves the page to its head, victims come from the tail. It costs a move
 * under the lock for every use, and one pass over more pages than there is memory throws out everything. Interface: replacement.h.
 */
#include "io/cache/replacement.h"

static LIST_HEAD(pages); /* most recently used first */
static u32 nr_pages;
static struct replacement_events events;

static void insert(struct page *p)
{
	page_set(p, PG_lru);
	list_add(&p->lru, &pages);
	nr_pages++;
}

static void take(struct page *p)
{
	list_del(&p->lru);
	page_clear(p, PG_lru);
	nr_pages--;
}

static void added_lru(struct page *p, u32 key)
{
	(void)key;
	insert(p);
}

static void accessed_lru(struct page *p)
{
	if (page_test(p, PG_lru))
		list_move(&p->lru, &pages);
}

static void removed_lru(struct page *p)
{
	if (page_test(p, PG_lru))
		take(p);
}

static u32 isolate_lru(struct page **out, u32 max_pages)
{
	u32 n = 0;

	while (n < max_pages && !list_empty(&pages)) {
		struct page *p = list_last_entry(&pages, struct page, lru);

		take(p);
		out[n++] = get_page(p);
	}
	return n;
}

static void putback_lru(struct page *p, enum page_verdict why)
{
	(void)why;
	insert(p);
}

static void forget_use_lru(void)
{
}

static void hand_over_lru(struct list_head *to)
{
	while (!list_empty(&pages)) {
		struct page *p = list_last_entry(&pages, struct page, lru);

		take(p);
		list_add_tail(&p->lru, to);
	}
}

static void counts_lru(u32 *active, u32 *inactive)
{
	*active = 0;
	*inactive = nr_pages;
}

const struct replacement_policy policy_lru = {
	.name = "lru",
	.events = &events,
	.added = added_lru,
	.accessed = accessed_lru,
	.removed = removed_lru,
	.isolate = isolate_lru,
	.putback = putback_lru,
	.forget_use = forget_use_lru,
	.hand_over = hand_over_lru,
	.counts = counts_lru,
};
