/*
 * /sys/devices/system/cpu: which processors there are, for programs that count them there (C libraries, top, mpstat). One runs, cpu0; it has a
 * folder, and nothing in it, as it cannot be switched off.
 */
#include "io/contract/device.h"
#include "kernel/hal/percpu.h"
#include "kernel/init.h"
#include "kernel/lib/seq_buf.h"

static int all_show(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	seq_puts(s, "0\n");
	return 0;
}

static int none_show(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	seq_putc(s, '\n');
	return 0;
}

static int max_show(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	seq_printf(s, "%u\n", MAX_CPUS - 1);
	return 0;
}

static const struct kobj_attribute files[] = {
	{ .name = "online", .mode = 0444, .show = all_show },
	{ .name = "offline", .mode = 0444, .show = none_show },
	{ .name = "possible", .mode = 0444, .show = all_show },
	{ .name = "present", .mode = 0444, .show = all_show },
	{ .name = "kernel_max", .mode = 0444, .show = max_show },
};

/* Kept for good. */
int cpus_init(void)
{
	struct kobject *devices = kobject_create("devices", NULL), *system, *cpu;

	system = devices ? kobject_create("system", devices) : NULL;
	cpu = system ? kobject_create("cpu", system) : NULL;
	if (!cpu || !kobject_create("cpu0", cpu))
		return -ENOMEM;
	return sysfs_add_files(cpu, files, ARRAY_SIZE(files));
}
