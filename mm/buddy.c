/* The buddy system; interface and rules: mm/buddy.h. A free block is marked PG_buddy at its first frame, whose `private` is its order. */
#include "mm/buddy.h"

#include "kernel/debug/bug.h"

void buddy_init(struct buddy *b, struct page *map, u32 nr_frames)
{
	*b = (struct buddy){ .map = map, .nr_frames = nr_frames };
	for (u32 i = 0; i <= MAX_ORDER; i++)
		INIT_LIST_HEAD(&b->free[i]);
}

static void put_block(struct buddy *b, struct page *p, u32 order)
{
	p->flags = PG_buddy;
	p->private = order;
	list_add(&p->lru, &b->free[order]);
	b->nonempty |= BIT(order);
}

static void take_block(struct buddy *b, struct page *p, u32 order)
{
	list_unlink(&p->lru);
	p->flags = 0;
	if (list_empty(&b->free[order]))
		b->nonempty &= ~BIT(order);
}

/* Take the first 2^order frames of the free block p of order `have`; the rest goes back into the lists. */
static struct page *cut_block(struct buddy *b, struct page *p, u32 have, u32 order)
{
	take_block(b, p, have);
	while (have > order) {
		have--;
		put_block(b, p + (1u << have), have);
	}
	b->nr_free -= 1u << order;
	return p;
}

struct page *buddy_alloc(struct buddy *b, u32 order)
{
	u32 fit = b->nonempty >> order << order;

	if (!fit)
		return NULL;
	u32 have = (u32)__builtin_ctz(fit);
	return cut_block(b, list_first_entry(&b->free[have], struct page, lru), have, order);
}

struct page *buddy_alloc_below(struct buddy *b, u32 order, u32 limit)
{
	struct page *p;

	for (u32 have = order; have <= MAX_ORDER; have++)
		list_for_each_entry(p, &b->free[have], lru)
			if ((u32)(p - b->map) + (1u << order) <= limit)
				return cut_block(b, p, have, order);
	return NULL;
}

void buddy_free(struct buddy *b, struct page *p, u32 order)
{
	u32 frame = (u32)(p - b->map);

	ASSERT(!(frame & ((1u << order) - 1)) && frame + (1u << order) <= b->nr_frames);
	b->nr_free += 1u << order;
	while (order < MAX_ORDER) {
		u32 other = frame ^ (1u << order);
		struct page *q = b->map + other;

		if (other + (1u << order) > b->nr_frames || !page_test(q, PG_buddy) || q->private != order)
			break;
		take_block(b, q, order);
		frame &= ~(1u << order);
		order++;
	}
	put_block(b, b->map + frame, order);
}

void buddy_add_range(struct buddy *b, u32 first, u32 end)
{
	while (first < end) {
		u32 order = first ? (u32)__builtin_ctz(first) : MAX_ORDER;

		order = min_t(u32, order, MAX_ORDER);
		while (first + (1u << order) > end)
			order--;
		buddy_free(b, b->map + first, order);
		first += 1u << order;
	}
}

u32 buddy_count(const struct buddy *b, u32 order)
{
	u32 n = 0;
	struct list_head *e;

	list_for_each(e, &b->free[order])
		n++;
	return n;
}
