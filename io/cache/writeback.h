/*
 * Write-back: which inodes are dirty, who writes them and when. Each super block has a list of its dirty inodes, oldest first; the
 * kernel thread "flusher" writes what is older than dirty_expire_centisecs, and everything once more than dirty_background_ratio of the
 * usable memory is dirty. A writer that finds more than dirty_ratio dirty waits in balance_dirty_pages.
 *
 * Locks: wb_lock (spinlock, RANK_FLUSHER) guards the lists and dirtied_when_ns. inode->state changes by atomic bit operations.
 * An inode under I_SYNC is being written and must not be freed. All functions: process context; may sleep unless said.
 */
#ifndef IO_CACHE_WRITEBACK_H
#define IO_CACHE_WRITEBACK_H

#include "io/contract/filesystem.h"

/* ---- for the VFS ---- */
/*
 * mark_inode_dirty and mark_inode_dirty_flags (io/contract/filesystem.h) live in writeback.c; they do not sleep. Inodes of a super block
 * with SB_NOWRITEBACK only get their state bits.
 */
/* Write one inode: its pages, then itself. sync: wait for the data. 0 or the first error. The caller keeps the inode alive. */
int __must_check write_inode_now(struct inode *inode, bool sync);
/* Write the inode itself (no pages) if it is dirty (datasync: in a way that matters for finding its data) and wait. */
int __must_check sync_inode_metadata(struct inode *inode, bool datasync);
/* Write all dirty inodes of sb. wait: return only when the data is on the device (not: out of its cache). 0 or the first error. */
int writeback_sb(struct super_block *sb, bool wait);
/* The inode is about to be freed (I_FREEING is set): off the lists, wait until nobody writes it, forget its metadata buffers. */
void writeback_forget_inode(struct inode *inode);
/* The super block is going away: the flusher stays away from it from now on and has left it when this returns. */
void writeback_forget_sb(struct super_block *sb);
/* Ask the flusher to write everything that is dirty now. Does not wait. */
void wakeup_flusher(void);

/* ---- for the cache itself ---- */
/* After dirtying pages: wait while too much memory is dirty. No page locked. */
void balance_dirty_pages_slow(void);
extern u32 dirty_check_limit; /* up to so many pages dirty and under way nothing has to be done */
bool dirty_above_background(void);
u32 dirty_background_limit(void), dirty_hard_limit(void); /* pages */
void writeback_page_done(void); /* a page was written; any context */
void writeback_congestion_wait(void); /* a moment, for pages under way to arrive; at most 100 ms */

/* Knobs with Linux's names and units (files in /proc/sys/vm). ratio and bytes exclude each other: the other one is 0. */
extern u32 dirty_ratio, dirty_bytes, dirty_background_ratio, dirty_background_bytes; /* percent of usable memory; bytes */
extern u32 dirty_expire_centisecs, dirty_writeback_centisecs;

/* flusher <-> dirty_limits.c */
void dirty_limits_update(void);
void writeback_knobs_changed(void); /* the flusher looks at the clock again */
int vm_knobs_init(void);
int writeback_init(void);

#endif
