/*
 * The contract between the page cache and the policy that says which page goes first. The cache tells what happens to pages; the
 * shrinker takes candidates in order and puts those back that could not be freed. A policy owns page->lru, PG_lru, PG_active and
 * PG_referenced of pages on its lists, and brings its own lock (lru_lock, RANK_MAPPING, never nested with a mapping's).
 * All calls: process context, do not sleep.
 */
#ifndef IO_CACHE_REPLACEMENT_H
#define IO_CACHE_REPLACEMENT_H

#include "mm/page.h"

enum page_verdict {
	PAGE_BUSY, /* locked, dirty or in use: look at it again one round later */
	PAGE_USED, /* it was used since: keep it longer */
};

struct replacement_policy {
	const char *name;
	void (*added)(struct page *p);    /* new in the cache */
	void (*accessed)(struct page *p); /* used once more; called when PG_referenced and PG_active are not both set */
	void (*removed)(struct page *p);  /* leaves the cache; PG_lru is set */
	/* Take up to max pages that should go next off the lists, with a reference each; returns how many. */
	u32 (*isolate)(struct page **out, u32 max);
	void (*putback)(struct page *p, enum page_verdict why); /* keeps the caller's reference alone */
	void (*forget_use)(void); /* all pages count as unused from now on: before drop_caches looks at each of them once */
	void (*counts)(u32 *active, u32 *inactive);
};

extern const struct replacement_policy two_lists_policy;
extern const struct replacement_policy *page_replacement; /* the one in use */

#endif
