/*
 * The default replacement policy, two queues and a memory of what left (Johnson and Shasha, "2Q", VLDB 1994; the lists are those of Linux).
 * A page starts at the head of the inactive list; used a second time it moves to the active one. Victims come from the inactive tail, so
 * one pass over a large file washes through the inactive list and leaves the active pages alone. When the inactive list is short, active
 * pages that were not used since are demoted.
 *
 *   new --> inactive (--first use--> referenced) --second use--> active --tail, not referenced--> inactive
 *              | tail                                              | tail, referenced: once more round
 *              v
 *            victim --> ghost --comes back before as many others left as are active--> active
 *
 * A ghost is the key of a page that was thrown out, with the number of that eviction. The distance tells how much longer the inactive list
 * would have had to be to keep the page: if that is less than what the active list holds, the page deserves a place there more than the
 * active list's last one. Interface: replacement.h.
 */
#include "io/cache/replacement.h"

static LIST_HEAD(active);
static LIST_HEAD(inactive);
static u32 nr_active, nr_inactive;
static struct replacement_events events;

/*
 * Ghosts, each in the one place that its key's low bits name: the key's upper half, and when it left in 16 bits, in units of 1 << grain
 * evictions, so that the count goes round only after twice as many as the table remembers. 0: none.
 */
static u32 *ghosts, ghost_mask, grain;
static u32 evictions;

/* ---- ghosts ---- */

void policy_2q_set_ghosts(u32 *table, u32 nr)
{
	ghosts = table;
	ghost_mask = nr - 1;
	for (grain = 0; (0x8000u << grain) < nr;)
		grain++;
}

static inline u32 *ghost_place(u32 key) { return &ghosts[key & ghost_mask]; }

static void evicted_2q(u32 key)
{
	evictions++;
	if (ghosts)
		*ghost_place(key) = (key & 0xffff0000u) | ((evictions >> grain) & 0xffff);
}

/* A page comes back. true: it should not have gone. */
static bool was_thrown_out_too_early(u32 key)
{
	u32 *g = ghosts ? ghost_place(key) : NULL, distance;

	if (!g || !*g || (*g ^ key) >> 16)
		return false;
	distance = (((evictions >> grain) - *g) & 0xffff) << grain;
	*g = 0;
	events.refaults++;
	if (distance > nr_active)
		return false;
	events.refaults_activated++;
	return true;
}

/* ---- lists ---- */

static void insert(struct page *p, bool to_active)
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

static void take(struct page *p)
{
	list_del(&p->lru);
	if (page_test(p, PG_active))
		nr_active--;
	else
		nr_inactive--;
	page_clear(p, PG_lru);
}

static void added_2q(struct page *p, u32 key)
{
	insert(p, key && was_thrown_out_too_early(key));
}

static void removed_2q(struct page *p)
{
	if (page_test(p, PG_lru))
		take(p);
	page_clear(p, PG_active | PG_referenced);
}

static void accessed_2q(struct page *p)
{
	if (page_test(p, PG_lru) && !page_test(p, PG_active)) {
		take(p);
		page_clear(p, PG_referenced);
		insert(p, true);
		events.activated++;
	}
}

/* Keep the inactive list at no less than half the length of the active one. */
static void refill_inactive(u32 want)
{
	for (u32 looked = nr_active; looked && want && nr_inactive < nr_active / 2 + want; looked--) {
		struct page *p = list_last_entry(&active, struct page, lru);

		if (page_test_clear(p, PG_referenced)) {
			list_move(&p->lru, &active);
			continue;
		}
		take(p);
		insert(p, false);
		events.deactivated++;
	}
}

static u32 isolate_2q(struct page **out, u32 max_pages)
{
	u32 n = 0;

	if (nr_inactive < nr_active / 2 || nr_inactive < max_pages)
		refill_inactive(max_pages);
	while (n < max_pages && !list_empty(&inactive)) {
		struct page *p = list_last_entry(&inactive, struct page, lru);

		take(p);
		out[n++] = get_page(p);
	}
	return n;
}

static void putback_2q(struct page *p, enum page_verdict why)
{
	insert(p, why == PAGE_USED);
}

static void forget_use_2q(void)
{
	while (!list_empty(&active)) {
		struct page *p = list_last_entry(&active, struct page, lru);

		take(p);
		page_clear(p, PG_referenced);
		insert(p, false);
	}
}

static void hand_over_2q(struct list_head *to)
{
	struct list_head *lists[] = { &inactive, &active };

	for (u32 i = 0; i < ARRAY_SIZE(lists); i++)
		while (!list_empty(lists[i])) {
			struct page *p = list_last_entry(lists[i], struct page, lru);

			take(p);
			page_clear(p, PG_active | PG_referenced);
			list_add_tail(&p->lru, to);
		}
}

static void counts_2q(u32 *a, u32 *i)
{
	*a = nr_active;
	*i = nr_inactive;
}

const struct replacement_policy policy_2q = {
	.name = "2q",
	.events = &events,
	.added = added_2q,
	.mark = PG_referenced,
	.accessed = accessed_2q,
	.removed = removed_2q,
	.isolate = isolate_2q,
	.putback = putback_2q,
	.evicted = evicted_2q,
	.forget_use = forget_use_2q,
	.hand_over = hand_over_2q,
	.counts = counts_2q,
};
