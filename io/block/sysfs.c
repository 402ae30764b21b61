/* The folder of a disk in /sys: size, ro, removable, stat, inflight, and queue/ with Linux's names and units. */
#include "io/block/blktrace.h"
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
	elevator_names(queue_of(k), s);
	return 0;
}

static ssize_t store_scheduler(struct kobject *k, const struct kobj_attribute *a, const char *text, size_t len)
{
	char name[32];
	size_t n = 0;
	int error;

	while (*text == ' ' || *text == '\t')
		text++;
	while (text[n] && text[n] != '\n' && text[n] != ' ')
		n++;
	if (!n || n >= sizeof(name))
		return -EINVAL;
	memcpy(name, text, n);
	name[n] = '\0';
	error = elevator_switch(queue_of(k), name);
	return error ? error : (ssize_t)len;
}

enum { Q_NR_REQUESTS, Q_LBS, Q_PBS, Q_MAX_KB, Q_MAX_HW_KB, Q_ROTATIONAL, Q_SEGMENTS, Q_SEGMENT_SIZE, Q_NOMERGES, Q_ADD_RANDOM, Q_IOSTATS,
       Q_DISCARD, Q_DISCARD_MAX };
#define DISCARD_MOST (1u << 30) /* bytes in one command: blkdev_issue_discard cuts there */

static int show_number(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	const struct request_queue *q = queue_of(k);
	const struct queue_limits *l = &q->limits;
	u32 v = 0;

	switch ((u32)(uintptr_t)a->arg) {
	case Q_NR_REQUESTS: v = q->nr_requests; break;
	case Q_LBS: v = l->logical_block_size; break;
	case Q_PBS: v = max(l->physical_block_size, l->logical_block_size); break;
	case Q_MAX_KB: v = q->max_sectors / 2; break;
	case Q_MAX_HW_KB: v = l->max_hw_sectors / 2; break;
	case Q_ROTATIONAL: v = l->rotational; break;
	case Q_SEGMENTS: v = l->max_segments; break;
	case Q_SEGMENT_SIZE: v = l->max_segment_size; break;
	case Q_NOMERGES: v = q->nomerges; break;
	case Q_ADD_RANDOM: v = q->add_random; break;
	case Q_IOSTATS: v = q->iostats; break;
	case Q_DISCARD: v = l->discard_granularity; break;
	case Q_DISCARD_MAX: v = l->discard_granularity ? DISCARD_MOST : 0; break;
	}
	seq_printf(s, "%u\n", v);
	return 0;
}

/* At least a page, at most what the controller takes. */
static int set_max_kb(struct request_queue *q, u32 kb)
{
	u32 most = q->limits.max_hw_sectors ? q->limits.max_hw_sectors / 2 : ~0u / 2;

	if (kb < PAGE_SIZE / 1024 || kb > most)
		return -EINVAL;
	q->max_sectors = kb * 2;
	return 0;
}

static ssize_t store_number(struct kobject *k, const struct kobj_attribute *a, const char *text, size_t len)
{
	struct request_queue *q = queue_of(k);
	u32 v;
	int error = kstrtou32(text, 10, &v);

	if (error)
		return -EINVAL;
	switch ((u32)(uintptr_t)a->arg) {
	case Q_NR_REQUESTS: error = blk_set_nr_requests(q, v); break;
	case Q_MAX_KB: error = set_max_kb(q, v); break;
	case Q_ROTATIONAL: q->limits.rotational = v != 0; break;
	case Q_NOMERGES: q->nomerges = min(v, 2u); break;
	case Q_ADD_RANDOM: q->add_random = v != 0; break;
	case Q_IOSTATS: q->iostats = v != 0; break;
	}
	return error ? error : (ssize_t)len;
}

static int show_write_cache(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	seq_puts(s, queue_of(k)->write_back ? "write back\n" : "write through\n");
	return 0;
}

/* What flushes go by; the drive itself keeps its cache. */
static ssize_t store_write_cache(struct kobject *k, const struct kobj_attribute *a, const char *text, size_t len)
{
	struct request_queue *q = queue_of(k);

	if (!strncmp(text, "write back", 10) && q->limits.write_cache)
		q->write_back = true;
	else if (!strncmp(text, "write through", 13) || !strncmp(text, "none", 4))
		q->write_back = false;
	else
		return -EINVAL;
	return (ssize_t)len;
}

#define KNOB(file, id) { .name = file, .mode = 0644, .show = show_number, .store = store_number, .arg = (void *)id }
#define LIMIT(file, id) { .name = file, .mode = 0444, .show = show_number, .arg = (void *)id }
static const struct kobj_attribute queue_files[] = {
	{ .name = "scheduler", .mode = 0644, .show = show_scheduler, .store = store_scheduler },
	KNOB("nr_requests", Q_NR_REQUESTS),
	KNOB("max_sectors_kb", Q_MAX_KB),
	KNOB("rotational", Q_ROTATIONAL),
	KNOB("nomerges", Q_NOMERGES),
	KNOB("add_random", Q_ADD_RANDOM),
	KNOB("iostats", Q_IOSTATS),
	LIMIT("max_hw_sectors_kb", Q_MAX_HW_KB),
	LIMIT("logical_block_size", Q_LBS),
	LIMIT("physical_block_size", Q_PBS),
	LIMIT("hw_sector_size", Q_LBS),
	LIMIT("minimum_io_size", Q_PBS),
	LIMIT("max_segments", Q_SEGMENTS),
	LIMIT("max_segment_size", Q_SEGMENT_SIZE),
	LIMIT("discard_granularity", Q_DISCARD),
	LIMIT("discard_max_bytes", Q_DISCARD_MAX),
	{ .name = "write_cache", .mode = 0644, .show = show_write_cache, .store = store_write_cache },
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
	if (!d->queue_folder)
		return -ENOMEM;
	error = add_files(d->queue_folder, queue_files, ARRAY_SIZE(queue_files));
	if (!error)
		error = blk_cache_knobs_add(d->queue_folder);
	if (!error)
		error = io_error_sysfs_add(disk, d->queue_folder);
	if (!error)
		error = blk_trace_add(d);
	return error ? error : elevator_sysfs_add(d->queue, d->queue_folder);
}

void blk_sysfs_del(struct gendisk *d)
{
	sysfs_remove_link(block_folder, d->name);
	blk_trace_del(d);
	if (d->queue_folder) {
		elevator_sysfs_del(d->queue);
		kobject_del(d->queue_folder);
		kobject_put(d->queue_folder);
		d->queue_folder = NULL;
	}
}
