/* /proc/meminfo and /proc/vmstat, in Linux's names and units (Documentation/filesystems/proc.rst); what Sluice has not reads as 0 or is left out. */
#include "io/cache/cache_stats.h"
#include "io/cache/replacement.h"
#include "io/cache/writeback.h"
#include "io/contract/block_device.h"
#include "kernel/lib/seq_buf.h"
#include "kernel/process/process.h"
#include "kernel/sched/task.h"
#include "mm/alloc.h"
#include "mm/mm.h"

static u32 kib(u32 pages)
{
	return pages * (PAGE_SIZE / 1024);
}

/* What programs could get without swapping, as Linux reckons it: free pages and cache above the low mark, half of each at least given up. */
static u32 available_pages(u32 file_pages, u32 slab)
{
	u32 min_pages, low, high, free = nr_free_pages();

	page_watermarks(&min_pages, &low, &high);
	return (free > high ? free - high : 0) + file_pages - min(file_pages / 2, low) + slab - min(slab / 2, low);
}

int meminfo_show(struct seq_buf *s, void *arg)
{
	u32 active, inactive, mapped, own, slab = slab_pages(), reclaimable = slab_reclaimable_pages(), shmem = nr_shmem_pages(), vm_total, vm_used;

	replacement_counts(&active, &inactive);
	mm_count_mapped(&mapped, &own);
	vmalloc_usage(&vm_total, &vm_used);
	seq_printf(s, "MemTotal:       %8u kB\n", kib(nr_total_pages()));
	seq_printf(s, "MemFree:        %8u kB\n", kib(nr_free_pages()));
	seq_printf(s, "MemAvailable:   %8u kB\n", kib(available_pages(active + inactive, reclaimable)));
	seq_printf(s, "Buffers:        %8u kB\n", kib(nr_buffer_pages()));
	seq_printf(s, "Cached:         %8u kB\n", kib(nr_cached_pages()));
	seq_printf(s, "SwapCached:            0 kB\n");
	seq_printf(s, "Active:         %8u kB\n", kib(active + own));
	seq_printf(s, "Inactive:       %8u kB\n", kib(inactive + shmem));
	seq_printf(s, "Active(anon):   %8u kB\n", kib(own));
	seq_printf(s, "Inactive(anon): %8u kB\n", kib(shmem));
	seq_printf(s, "Active(file):   %8u kB\n", kib(active));
	seq_printf(s, "Inactive(file): %8u kB\n", kib(inactive));
	seq_printf(s, "SwapTotal:             0 kB\nSwapFree:              0 kB\n");
	seq_printf(s, "Dirty:          %8u kB\n", kib(nr_dirty_pages()));
	seq_printf(s, "Writeback:      %8u kB\n", kib(nr_writeback_pages()));
	seq_printf(s, "AnonPages:      %8u kB\n", kib(own));
	seq_printf(s, "Mapped:         %8u kB\n", kib(mapped));
	seq_printf(s, "Shmem:          %8u kB\n", kib(shmem));
	seq_printf(s, "KReclaimable:   %8u kB\n", kib(reclaimable));
	seq_printf(s, "Slab:           %8u kB\n", kib(slab));
	seq_printf(s, "SReclaimable:   %8u kB\n", kib(reclaimable));
	seq_printf(s, "SUnreclaim:     %8u kB\n", kib(slab - reclaimable));
	seq_printf(s, "KernelStack:    %8u kB\n", nr_tasks() * (KSTACK_SIZE / 1024));
	seq_printf(s, "PageTables:     %8u kB\n", kib(mm_count_page_tables()));
	seq_printf(s, "VmallocTotal:   %8u kB\n", kib(vm_total));
	seq_printf(s, "VmallocUsed:    %8u kB\n", kib(vm_used));
	return 0;
}

/* Numbers of now, in pages. */
static void show_states(struct seq_buf *s)
{
	u32 active, inactive, mapped, own;

	replacement_counts(&active, &inactive);
	mm_count_mapped(&mapped, &own);
	seq_printf(s, "nr_free_pages %u\n", nr_free_pages());
	seq_printf(s, "nr_inactive_anon %u\nnr_active_anon %u\n", nr_shmem_pages(), own);
	seq_printf(s, "nr_inactive_file %u\nnr_active_file %u\n", inactive, active);
	seq_printf(s, "nr_anon_pages %u\nnr_mapped %u\n", own, mapped);
	seq_printf(s, "nr_file_pages %u\n", nr_cached_pages() + nr_buffer_pages());
	seq_printf(s, "nr_dirty %u\nnr_writeback %u\n", nr_dirty_pages(), nr_writeback_pages());
	seq_printf(s, "nr_shmem %u\n", nr_shmem_pages());
	seq_printf(s, "nr_slab_reclaimable %u\n", slab_reclaimable_pages());
	seq_printf(s, "nr_slab_unreclaimable %u\n", slab_pages() - slab_reclaimable_pages());
	seq_printf(s, "nr_page_table_pages %u\n", mm_count_page_tables());
	seq_printf(s, "nr_dirtied %u\n" "nr_written %u\n", cache_events.dirtied, cache_events.pages_out);
	seq_printf(s, "nr_dirty_threshold %u\n", dirty_hard_limit());
	seq_printf(s, "nr_dirty_background_threshold %u\n", dirty_background_limit());
}

/* Events since boot. All reclaim is direct: the task that needs memory makes room. */
static void show_events(struct seq_buf *s)
{
	struct replacement_events e = replacement_events();
	const struct cache_events *c = &cache_events;

	seq_printf(s, "workingset_refault_file %u\nworkingset_activate_file %u\n", e.refaults, e.refaults_activated);
	seq_printf(s, "pgpgin %llu\npgpgout %llu\n", blk_sectors_read / 2, blk_sectors_written / 2);
	seq_printf(s, "pswpin 0\npswpout 0\n");
	seq_printf(s, "pgalloc_normal %u\nallocstall_normal %u\npgfree %u\n", mm_events.allocated, mm_events.stalls, mm_events.freed);
	seq_printf(s, "pgactivate %u\npgdeactivate %u\n", e.activated, e.deactivated);
	seq_printf(s, "pgfault %u\npgmajfault %u\n", mm_events.faults, mm_events.major_faults);
	seq_printf(s, "pgsteal_kswapd 0\npgsteal_direct %u\n", c->reclaimed);
	seq_printf(s, "pgscan_kswapd 0\npgscan_direct %u\n", c->scanned);
	seq_printf(s, "pgscan_anon 0\npgscan_file %u\npgsteal_anon 0\npgsteal_file %u\n", c->scanned, c->reclaimed);
	seq_printf(s, "drop_pagecache %u\n", c->dropped);
}

/* What Linux does not count: the page cache's hits and misses, and how writes were combined. */
static void show_cache(struct seq_buf *s)
{
	const struct cache_events *c = &cache_events;

	seq_printf(s, "pgcache_hit %u\npgcache_miss %u\n", c->hits, c->misses);
	seq_printf(s, "pgcache_read %u\npgcache_readahead %u\n", c->pages_in, c->readahead);
	seq_printf(s, "write_combined %u\n" "write_requests %u\n", c->writes_combined, c->write_bios);
}

int vmstat_show(struct seq_buf *s, void *arg)
{
	show_states(s);
	show_events(s);
	show_cache(s);
	return 0;
}
