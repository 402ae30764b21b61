/* The folder of a disk in /sys: size, ro, removable, stat, inflight, and queue/ with Linux's names and units. */
#include "io/block/queue.h"
#include "io/contract/device.h"
#include "kernel/lib/string.h"
#include "mm/alloc.h"

static struct kobject *block_folder; /* /sys/block */

static struct block_device *bdev_of(struct kobject *k)
{
	return container_of(k, struct device, kobj)->driver_data;
}

static int show_size(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	seq_printf(s, "%llu\n", bdev_of(k)->nr_sectors);
	return 0;
}

static int show_ro(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	seq_printf(s, "%u\n", bdev_of(k)->read_only || bdev_of(k)->disk->read_only);
	return 0;
}

static int show_removable(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	seq_printf(s, "%u\n", bdev_of(k)->disk->removable);
	return 0;
}

static int show_stat(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	blk_stat_line(bdev_of(k), s);
	return 0;
}

static int show_inflight(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	seq_printf(s, "%8u %8u\n", bdev_of(k)->in_flight[0], bdev_of(k)->in_flight[1]);
	return 0;
}

static int show_partition(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	seq_printf(s, "%u\n", bdev_of(k)->partno);
	return 0;
}

static int show_start(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	seq_printf(s, "%llu\n", bdev_of(k)->start);
	return 0;
}

static const struct kobj_attribute disk_files[] = {
	{ .name = "size", .mode = 0444, .show = show_size },
	{ .name = "ro", .mode = 0444, .show = show_ro },
	{ .name = "removable", .mode = 0444, .show = show_removable },
	{ .name = "stat", .mode = 0444, .show = show_stat },
	{ .name = "inflight", .mode = 0444, .show = show_inflight },
};

static const struct kobj_attribute partition_files[] = {
	{ .name = "partition", .mode = 0444, .show = show_partition },
	{ .name = "start", .mode = 0444, .show = show_start },
	{ .name = "size", .mode = 0444, .show = show_size },
	{ .name = "ro", .mode = 0444, .show = show_ro },
	{ .name = "stat", .mode = 0444, .show = show_stat },
	{ .name = "inflight", .mode = 0444, .show = show_inflight },
};

/* queue/ is a kobject below the disk's. */
static struct request_queue *queue_of(struct kobject *k)
{
	return bdev_of(k->parent)->disk->queue;
}

static int show_scheduler(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	seq_printf(s, "[%s]\n", queue_of(k)->elevator.type->name);
	return 0;
}

enum { Q_NR_REQUESTS, Q_LBS, Q_MAX_KB, Q_MAX_HW_KB, Q_ROTATIONAL, Q_SEGMENTS };

static int show_number(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	const struct request_queue *q = queue_of(k);
	u32 v = 0;

	switch ((u32)(uintptr_t)a->arg) {
	case Q_NR_REQUESTS: v = q->nr_requests; break;
	case Q_LBS: v = q->limits.logical_block_size; break;
	case Q_MAX_KB:
	case Q_MAX_HW_KB: v = q->limits.max_hw_sectors / 2; break;
	case Q_ROTATIONAL: v = q->limits.rotational; break;
	case Q_SEGMENTS: v = q->limits.max_segments; break;
	}
	seq_printf(s, "%u\n", v);
	return 0;
}

static int show_write_cache(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	seq_puts(s, queue_of(k)->limits.write_cache ? "write back\n" : "write through\n");
	return 0;
}

static const struct kobj_attribute queue_files[] = {
	{ .name = "scheduler", .mode = 0444, .show = show_scheduler },
	{ .name = "nr_requests", .mode = 0444, .show = show_number, .arg = (void *)Q_NR_REQUESTS },
	{ .name = "logical_block_size", .mode = 0444, .show = show_number, .arg = (void *)Q_LBS },
	{ .name = "max_sectors_kb", .mode = 0444, .show = show_number, .arg = (void *)Q_MAX_KB },
	{ .name = "max_hw_sectors_kb", .mode = 0444, .show = show_number, .arg = (void *)Q_MAX_HW_KB },
	{ .name = "max_segments", .mode = 0444, .show = show_number, .arg = (void *)Q_SEGMENTS },
	{ .name = "rotational", .mode = 0444, .show = show_number, .arg = (void *)Q_ROTATIONAL },
	{ .name = "write_cache", .mode = 0444, .show = show_write_cache },
};

static int add_files(struct kobject *k, const struct kobj_attribute *files, u32 nr)
{
	int error = 0;

	for (u32 i = 0; i < nr && !error; i++)
		error = sysfs_add_file(k, &files[i]);
	return error;
}

int blk_sysfs_add_partition(struct block_device *b)
{
	return add_files(&b->device->kobj, partition_files, ARRAY_SIZE(partition_files));
}

int blk_sysfs_add(struct gendisk *d)
{
	struct kobject *disk = &d->part[0]->device->kobj;
	int error = add_files(disk, disk_files, ARRAY_SIZE(disk_files));

	if (!block_folder)
		block_folder = kobject_create("block", NULL);
	if (!block_folder)
		return -ENOMEM;
	if (error || (error = sysfs_add_link(block_folder, d->name, disk)))
		return error;
	d->queue_folder = kobject_create("queue", disk);
	return d->queue_folder ? add_files(d->queue_folder, queue_files, ARRAY_SIZE(queue_files)) : -ENOMEM;
}

void blk_sysfs_del(struct gendisk *d)
{
	sysfs_remove_link(block_folder, d->name);
	if (d->queue_folder) {
		kobject_del(d->queue_folder);
		kobject_put(d->queue_folder);
		d->queue_folder = NULL;
	}
}
