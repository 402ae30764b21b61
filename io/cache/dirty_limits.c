/*
 * How much dirty memory is too much. Above the background limit the flusher writes everything; above the hard limit whoever dirties pages
 * waits until enough was written. Limits are a share of usable memory (free and cached pages) or a number of bytes; the one that was set
 * last counts and the other reads as 0 (vm_knobs.c).
 */
#include "io/cache/page_cache.h"
#include "io/cache/writeback.h"
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

u32 dirty_hard_limit(void)
{
	return limit_pages(dirty_ratio, dirty_bytes);
}

u32 dirty_background_limit(void)
{
	u32 background = limit_pages(dirty_background_ratio, dirty_background_bytes), hard = dirty_hard_limit();

	return background < hard ? background : hard / 2;
}

bool dirty_above_background(void)
{
	return nr_dirty_pages() > dirty_background_limit();
}

void dirty_limits_update(void)
{
	/* A little below, so that the first look at the real limits comes in time. */
	dirty_check_limit = dirty_background_limit() / 2;
}

static bool below_hard_limit(void)
{
	return nr_dirty_pages() + nr_writeback_pages() <= dirty_hard_limit();
}

void balance_dirty_pages_slow(void)
{
	might_sleep();
	dirty_limits_update();
	if (dirty_above_background())
		wakeup_flusher();
	/*
	 * What is under way counts, too: else a flusher that submits faster than the disk writes would let the sum grow above the limit.
	 * The deadline is only for looking again: a device that gives up its requests brings the counters down, too.
	 */
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
