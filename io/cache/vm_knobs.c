/*
 * The knobs of write-back and memory under /proc/sys/vm, with Linux's names, units and ranges (Documentation/admin-guide/sysctl/vm.rst); what is
 * out of range is EINVAL and changes nothing. page_replacement is in replacement.c, vfs_cache_pressure in io/vfs/shrink.c.
 */
#include "io/cache/page_cache.h"
#include "io/cache/writeback.h"
#include "io/contract/proc_file.h"
#include "kernel/lib/string.h"
#include "mm/alloc.h"

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

static int min_free_show(struct seq_buf *s, void *arg)
{
	u32 min_pages, low, high;

	page_watermarks(&min_pages, &low, &high);
	seq_printf(s, "%u\n", min_pages << (PAGE_SHIFT - 10));
	return 0;
}

static ssize_t min_free_write(void *arg, const char *text, size_t len)
{
	u32 kib;

	if (kstrtou32(text, 10, &kib) || page_set_min_free(kib >> (PAGE_SHIFT - 10)))
		return -EINVAL;
	return (ssize_t)len;
}

int vm_knobs_init(void)
{
	int error;

	for (u32 i = 0; i < ARRAY_SIZE(knobs); i++) {
		error = proc_create(knobs[i].path, 0644, knob_show, knob_write, (void *)&knobs[i]);

		if (error)
			return error;
	}
	error = proc_create("sys/vm/min_free_kbytes", 0644, min_free_show, min_free_write, NULL);
	return error ? error : proc_create("sys/vm/drop_caches", 0200, NULL, drop_write, NULL);
}
