/* Inside mm: what the page allocator does when memory is short. */
#ifndef MM_RECLAIM_H
#define MM_RECLAIM_H

#include "mm/alloc.h"

/* May this task sleep and run shrinkers now? Not before the scheduler runs, not in atomic context, not inside reclaim. */
bool reclaim_possible(u32 gfp);
/* Run the shrinkers until about nr pages came free; returns how many did. May sleep. */
u32 reclaim_pages(u32 nr, u32 gfp);
/* Nothing came free: wait a moment for write-back, and when patience ends (`round` counts from 0) kill a process. false: give up. */
bool reclaim_wait(u32 round, u32 order, u32 gfp);

#endif
