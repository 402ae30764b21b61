/*
 * The buddy system (Knuth, "The Art of Computer Programming", volume 1, section 2.5): free blocks of 2^order frames, naturally aligned;
 * a block that is freed joins its buddy when that is free and of the same order. Pure: works on any array of struct page, also on the host.
 * No locking inside: mm/page_alloc.c's lock guards the pool.
 */
#ifndef MM_BUDDY_H
#define MM_BUDDY_H

#include "mm/alloc.h"

struct buddy {
	struct page *map;   /* one struct page per frame */
	u32 nr_frames;
	u32 nr_free;        /* frames in the lists below */
	u32 nonempty;       /* bit per order whose list has blocks */
	struct list_head free[MAX_ORDER + 1];
};

void buddy_init(struct buddy *b, struct page *map, u32 nr_frames);
/* Take a block; NULL: none that large. The frames' flags are 0; nothing else in struct page is touched. */
struct page *buddy_alloc(struct buddy *b, u32 order);
/* The same, but of frames below `limit` only: a search through the lists, for memory with an address limit, seldom. */
struct page *buddy_alloc_below(struct buddy *b, u32 order, u32 limit);
/* Give 2^order frames back. The flags of the first are overwritten. */
void buddy_free(struct buddy *b, struct page *p, u32 order);
/* Give a range of frames of any length and alignment. */
void buddy_add_range(struct buddy *b, u32 first, u32 end);
/* Free blocks of one order: for /proc/buddyinfo and tests. */
u32 buddy_count(const struct buddy *b, u32 order);

#endif
