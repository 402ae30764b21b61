/*
 * How much dirty memory is too much. Above the background limit the flusher writes everything; above the hard limit whoever dirties pages
 * waits until enough was written. Limits are a share of usable memory (free and cached pages) or a number of bytes; the one that was set
 * last counts and the other reads as 0. The files have Linux's names, units and ranges.
 */
#include "io/cache/page_cache.h"
#include "io/cache/writeback.h"
#include "io/contract/proc_file.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "kernel/sched/time.h"
#include "mm/alloc.h"

u32 dirty_ratio = 20, dirty_bytes, dirty_background_ratio = 10, dirty_background_bytes;
u32 dirty_expire_centisecs = 3000, dirty_writeback_centisecs = 500;
u32 dirty_check_limit = 32;

static DEFINE_WAIT_QUEUE(throttle_wait); /* writers over the hard limit */

static u32 usable_pages(void)
{
	return nr_free_pages() + nr_cached_pages() + nr_buffer_pages();
}

/* In pages, at least a few so that writing goes on. */
static u32 limit_pages(u32 ratio, u32 bytes)
{
	u32 pages = bytes ? bytes / PAGE_SIZE : usable_pages() / 100 * ratio;

	return max(pages, 16u);
}

static u32 background_limit(void)
{
	u32 background = limit_pages(dirty_background_ratio, dirty_background_bytes), hard = limit_pages(dirty_ratio, dirty_bytes);

	return background < hard ? background : hard / 2;
}

bool dirty_above_background(void)
{
	return nr_dirty_pages() > background_limit();
}

void dirty_limits_update(void)
{
	/* A little below, so that the first look at the real limits comes in time. */
	dirty_check_limit = background_limit() / 2;
}

static bool below_hard_limit(void)
{
	return nr_dirty_pages() + nr_writeback_pages() <= limit_pages(dirty_ratio, dirty_bytes);
}

void balance_dirty_pages_slow(void)
{
	might_sleep();
	dirty_limits_update();
	if (!dirty_above_background())
		return;
	wakeup_flusher();
	/* The deadline is only for looking again: a device that gives up its requests brings the counters down, too. */
	while (!below_hard_limit()) {
		(void)wait_event_until(&throttle_wait, below_hard_limit(), deadline_ms(200));
		if (!below_hard_limit())
			wakeup_flusher();
	}
}

void writeback_page_done(void)
{
	if (unlikely(wait_queue_active(&throttle_wait)))
		wake_up_all(&throttle_wait);
}

/* Wait until a page was written, or a tenth of a second: for reclaim, which finds nothing but pages under way. */
void writeback_congestion_wait(void)
{
	u32 before = nr_writeback_pages();

	if (before)
		(void)wait_event_until(&throttle_wait, nr_writeback_pages() < before, deadline_ms(100));
}

/* ---- /proc/sys/vm ---- */

struct knob {
	const char *path;
	u32 *value, *excludes; /* setting one clears the other */
	u32 lowest, highest;
};

static const struct knob knobs[] = {
	{ "sys/vm/dirty_ratio", &dirty_ratio, &dirty_bytes, 0, 100 },
	{ "sys/vm/dirty_bytes", &dirty_bytes, &dirty_ratio, 2 * PAGE_SIZE, ~0u },
	{ "sys/vm/dirty_background_ratio", &dirty_background_ratio, &dirty_background_bytes, 0, 100 },
	{ "sys/vm/dirty_background_bytes", &dirty_background_bytes, &dirty_background_ratio, 1, ~0u },
	{ "sys/vm/dirty_expire_centisecs", &dirty_expire_centisecs, NULL, 0, INT32_MAX },
	{ "sys/vm/dirty_writeback_centisecs", &dirty_writeback_centisecs, NULL, 0, INT32_MAX },
};

static int knob_show(struct seq_buf *s, void *arg)
{
	const struct knob *k = arg;

	seq_printf(s, "%u\n", *k->value);
	return 0;
}

static ssize_t knob_write(void *arg, const char *text, size_t len)
{
	const struct knob *k = arg;
	u32 v;

	if (kstrtou32(text, 10, &v) || v < k->lowest || v > k->highest)
		return -EINVAL;
	*k->value = v;
	if (k->excludes)
		*k->excludes = 0;
	dirty_limits_update();
	writeback_knobs_changed();
	return (ssize_t)len;
}

static int drop_show(struct seq_buf *s, void *arg)
{
	seq_printf(s, "0\n");
	return 0;
}

/* 1: clean pages, 2: unused names and inodes, 3: both. */
static ssize_t drop_write(void *arg, const char *text, size_t len)
{
	u32 what;

	if (kstrtou32(text, 10, &what) || !what || what > 4)
		return -EINVAL;
	if (what & 1)
		page_cache_drop_clean();
	if (what & 2)
		run_shrinkers(&page_cache_shrinker, INT32_MAX, GFP_KERNEL);
	if (what & 1)
		page_cache_drop_clean(); /* what inodes that went held on to */
	return (ssize_t)len;
}

int dirty_limits_init(void)
{
	dirty_limits_update();
	for (u32 i = 0; i < ARRAY_SIZE(knobs); i++) {
		int error = proc_create(knobs[i].path, 0644, knob_show, knob_write, (void *)&knobs[i]);

		if (error)
			return error;
	}
	return proc_create("sys/vm/drop_caches", 0200, drop_show, drop_write, NULL);
}
