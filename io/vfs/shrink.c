/*
 * How much of the names and inodes that nobody uses goes when memory is short: as large a share of them as is wanted of the cached pages,
 * times vfs_cache_pressure percent (/proc/sys/vm, Linux's name: 100 by default, 0 keeps them all, more than 100 gives them up sooner).
 */
#include "io/cache/cache_stats.h"
#include "io/contract/proc_file.h"
#include "io/vfs/internal.h"
#include "kernel/lib/div64.h"
#include "kernel/lib/string.h"

static u32 pressure = 100;

u32 vfs_shrink_share(u32 unused, u32 nr, u32 *rest)
{
	u32 pages = nr_cached_pages() + nr_buffer_pages() + 1;
	u64 share;

	if (nr == INT32_MAX) /* drop_caches: all of them */
		return unused;
	share = div_u64((u64)unused * nr * min(pressure, 10000u), 100) + *rest;
	if (share >> 32 || share >= (u64)unused * pages) {
		*rest = 0;
		return unused;
	}
	*rest = (u32)share % pages;
	return (u32)share / pages;
}

static int show(struct seq_buf *s, void *arg)
{
	seq_printf(s, "%u\n", pressure);
	return 0;
}

static ssize_t write(void *arg, const char *text, size_t len)
{
	u32 v;

	if (kstrtou32(text, 10, &v) || v > INT32_MAX)
		return -EINVAL;
	pressure = v;
	return (ssize_t)len;
}

int vfs_shrink_init(void)
{
	return proc_create("sys/vm/vfs_cache_pressure", 0644, show, write, NULL);
}
