/* See sd_index.h. */
#include "drivers/block/sd_index.h"
#include "kernel/lib/err.h"
#include "kernel/sync/atomic.h"

static volatile u32 used;

int sd_index_get(void)
{
	for (u32 i = 0; i < SD_MAX_DISKS; i++)
		if (!atomic_test_and_set(&used, BIT(i)))
			return (int)i;
	return -ENOSPC;
}

void sd_index_put(u32 index)
{
	atomic_and(&used, ~BIT(index));
}
