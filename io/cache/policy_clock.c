/*
 * The clock (second chance): pages on a circle, a use only sets the page's mark, and a hand goes round: a page with its mark loses it and
 * stays, one without goes. The circle is a list whose first page is under the hand; passing a page moves it to the end. Nearly as good as
 * lru, and a use costs one bit; but a long pass over new pages sweeps the marks away, too. Interface: replacement.h.
 */
#include "io/cache/replacement.h"

static LIST_HEAD(circle); /* the hand points at the first */
static u32 nr_pages;
static struct replacement_events events;

static void insert(struct page *p)
{
	page_set(p, PG_lru);
	list_add_tail(&p->lru, &circle);
	nr_pages++;
}

static void take(struct page *p)
{
	list_del(&p->lru);
	page_clear(p, PG_lru);
	nr_pages--;
}

static void added_clock(struct page *p, u32 key)
{
	(void)key;
	insert(p);
}

static void removed_clock(struct page *p)
{
	if (page_test(p, PG_lru))
		take(p);
	page_clear(p, PG_referenced);
}

static u32 isolate_clock(struct page **out, u32 max_pages)
{
	u32 n = 0;

	/* After one turn no mark is left: two are enough for as many pages as there are. */
	for (u32 steps = 2 * nr_pages; steps && n < max_pages && nr_pages; steps--) {
		struct page *p = list_first_entry(&circle, struct page, lru);

		if (page_test_clear(p, PG_referenced)) {
			list_move_tail(&p->lru, &circle);
			events.deactivated++;
			continue;
		}
		take(p);
		out[n++] = get_page(p);
	}
	return n;
}

static void putback_clock(struct page *p, enum page_verdict why)
{
	if (why == PAGE_USED)
		page_set(p, PG_referenced);
	insert(p);
}

static void forget_use_clock(void)
{
	struct page *p;

	list_for_each_entry(p, &circle, lru)
		page_clear(p, PG_referenced);
}

static void hand_over_clock(struct list_head *to)
{
	while (!list_empty(&circle)) {
		struct page *p = list_first_entry(&circle, struct page, lru);

		take(p);
		page_clear(p, PG_referenced);
		list_add_tail(&p->lru, to);
	}
}

static void counts_clock(u32 *active, u32 *inactive)
{
	*active = 0;
	*inactive = nr_pages;
}

const struct replacement_policy policy_clock = {
	.name = "clock",
	.events = &events,
	.added = added_clock,
	.mark = PG_referenced,
	.removed = removed_clock,
	.isolate = isolate_clock,
	.putback = putback_clock,
	.forget_use = forget_use_clock,
	.hand_over = hand_over_clock,
	.counts = counts_clock,
};
