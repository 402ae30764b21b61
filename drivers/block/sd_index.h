/* Names sda, sdb ... are handed out to the disks of all controllers in the order in which they are found. Process context. */
#ifndef DRIVERS_BLOCK_SD_INDEX_H
#define DRIVERS_BLOCK_SD_INDEX_H

#include "kernel/lib/types.h"

#define SD_MAJOR 8u
#define SD_MINORS 16u  /* numbers a disk: itself and 15 partitions */
#define SD_MAX_DISKS 16u

/* The lowest free index, or -ENOSPC. */
int sd_index_get(void);
void sd_index_put(u32 index);

#endif
