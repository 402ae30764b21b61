/* Counters of the page cache, in pages, for /proc/meminfo and /proc/vmstat. Any context, no locks. */
#ifndef IO_CACHE_CACHE_STATS_H
#define IO_CACHE_CACHE_STATS_H

#include "kernel/lib/types.h"

u32 nr_cached_pages(void);    /* of files; without the block devices' own (Cached) */
u32 nr_buffer_pages(void);    /* of block devices (Buffers) */
u32 nr_shmem_pages(void);     /* of files that live in memory alone; part of the cached ones */
u32 nr_dirty_pages(void);
u32 nr_writeback_pages(void);

/* Events since boot. */
struct cache_events {
	u32 hits, misses;         /* pages looked up by read paths */
	u32 readahead;            /* pages read in the windows of read-ahead */
	u32 pages_in, pages_out;  /* pages submitted for reading, for writing */
	u32 dirtied;              /* pages that became dirty */
	u32 writes_combined;      /* writes into a page that waited to be written anyway */
	u32 write_bios;           /* transfers that took the written pages to their device */
	u32 scanned, reclaimed;   /* by the shrinker */
	u32 dropped;              /* by drop_caches */
};
extern struct cache_events cache_events;

#endif
