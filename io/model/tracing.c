/*
 * /sys/kernel/tracing: tracing_on (0 or 1), trace (reading shows the records, writing anything empties the ring), and
 * events (the number of records there are). One line a record:
 *   TIME_US PID ID LAYER FUNCTION FILE:LINE ARGS
 */
#include "io/contract/device.h"
#include "kernel/init.h"
#include "kernel/debug/trace_ring.h"
#include "kernel/lib/string.h"

static int show_on(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	seq_printf(s, "%u\n", trace_enabled);
	return 0;
}

static ssize_t store_on(struct kobject *k, const struct kobj_attribute *a, const char *text, size_t len)
{
	u32 on;
	int error = kstrtou32(text, 0, &on);

	if (error || on > 1)
		return -EINVAL;
	error = trace_set_enabled(on);
	return error ? error : (ssize_t)len;
}

static int show_trace(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	char line[200];
	u32 end = trace_end();

	for (u32 n = trace_first(); n != end && !s->overflow; n++)
		if (trace_format(n, line, sizeof(line)))
			seq_puts(s, line);
	return 0;
}

static ssize_t store_trace(struct kobject *k, const struct kobj_attribute *a, const char *text, size_t len)
{
	trace_clear();
	return (ssize_t)len;
}

static const struct kobj_attribute files[] = {
	{ .name = "tracing_on", .mode = 0644, .show = show_on, .store = store_on },
	{ .name = "trace", .mode = 0644, .show = show_trace, .store = store_trace },
};

int tracing_init(void)
{
	struct kobject *kernel = kobject_create("kernel", NULL);
	struct kobject *k = kernel ? kobject_create("tracing", kernel) : NULL;
	int error = k ? 0 : -ENOMEM;

	for (u32 i = 0; i < ARRAY_SIZE(files) && !error; i++)
		error = sysfs_add_file(k, &files[i]);
	return error;
}
