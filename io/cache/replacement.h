/*
 * Which page goes first. Two sides of one small contract:
 *   a policy (policy_2q.c, policy_lru.c, policy_clock.c) keeps the pages in an order. It is pure: no locks, no allocation, no knowledge of
 *   files; the host tests run the same files over traces of page uses.
 *   the cache (replacement.c) tells the one in use what happens to pages, under one lock, and lets another take over at run time when its
 *   name is written to /proc/sys/vm/page_replacement.
 * The shrinker (reclaim.c) takes candidates in order and puts back those that could not be freed.
 */
#ifndef IO_CACHE_REPLACEMENT_H
#define IO_CACHE_REPLACEMENT_H

#include "mm/page.h"

enum page_verdict {
	PAGE_BUSY, /* locked, dirty or in use: look at it again one round later */
	PAGE_USED, /* it was used since: keep it longer */
};

/* What a policy did, since boot. */
struct replacement_events {
	u32 activated, deactivated; /* pages that moved between its lists */
	u32 refaults;               /* pages that came back soon after they were thrown out */
	u32 refaults_activated;     /* those of them that were kept longer for it */
};

/*
 * A policy owns page->lru, PG_lru (on a list of the policy), PG_active and PG_referenced. Calls come one at a time and do not sleep.
 * key: a number that is the same whenever the same page of the same file is meant, for policies that remember pages that are gone; 0:
 * certainly none that is remembered.
 */
struct replacement_policy {
	const char *name;
	struct replacement_events *events;
	void (*added)(struct page *p, u32 key); /* new in the cache */
	u32 mark;                               /* the flag that a use sets, PG_referenced or none: costs neither call nor lock */
	void (*accessed)(struct page *p);       /* used, and the mark was set before. Not told once PG_active is set, too. Optional */
	void (*removed)(struct page *p);        /* leaves the cache; may be off the lists just now */
	/* Take up to max pages that should go next off the lists, with a reference each; returns how many. */
	u32 (*isolate)(struct page **out, u32 max);
	void (*putback)(struct page *p, enum page_verdict why);
	void (*evicted)(u32 key);               /* an isolated page was thrown out. Optional */
	void (*forget_use)(void);               /* all pages count as unused from now on: before drop_caches looks at each of them once */
	void (*hand_over)(struct list_head *to); /* give all pages up, coldest first, flags cleared: another policy takes over */
	void (*counts)(u32 *active, u32 *inactive);
};

extern const struct replacement_policy policy_2q, policy_lru, policy_clock;

/* The page was used: set its mark. true: the policy wants to be told. */
static inline bool replacement_mark(const struct replacement_policy *policy, struct page *p)
{
	if (!(p->flags & policy->mark) && policy->mark) {
		page_set(p, policy->mark);
		return false;
	}
	return policy->accessed;
}

/* Zeroed memory in which 2q remembers pages that are gone; without it, it remembers none. nr: a power of two, about as many as pages. */
void policy_2q_set_ghosts(u32 *table, u32 nr);

/* ---- the cache's side; process context, none of these sleeps but the first. Lock: lru_lock, RANK_MAPPING, never nested with a mapping's ---- */

int replacement_init(void);
void replacement_added(struct page *p);
void replacement_accessed(struct page *p);
void replacement_removed(struct page *p);
u32 replacement_isolate(struct page **out, u32 max);
/* Keeps the caller's reference. */
void replacement_putback(struct page *p, enum page_verdict why);
u32 replacement_key(const struct page *p); /* for replacement_evicted, while the page still is in its mapping */
void replacement_evicted(u32 key);
void replacement_forget_use(void);
void replacement_counts(u32 *active, u32 *inactive);
struct replacement_events replacement_events(void); /* of all policies */
int replacement_use(const char *name); /* -EINVAL: there is no such policy */

#endif
