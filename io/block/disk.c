/*
 * Disks and partitions as objects: a gendisk is what a driver registers; each block_device below it (the whole disk and its partitions)
 * has an inode of its own whose mapping caches it. disks_lock guards the list of disks and the partition arrays.
 */
#include "io/block/bdev.h"
#include "io/block/queue.h"
#include "io/contract/device.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/lib/div64.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "mm/alloc.h"

LIST_HEAD(all_disks);
DEFINE_MUTEX_RANK(disks_lock, RANK_OBJECT);
static u64 last_diskseq; /* disks_lock */

static int block_uevent(struct device *dev, struct uevent_env *env)
{
	const struct block_device *b = dev->driver_data;
	int error = add_uevent_var(env, "DEVTYPE=%s", b->partno ? "partition" : "disk");

	if (!error)
		error = add_uevent_var(env, "DISKSEQ=%llu", b->disk->diskseq);
	if (!error && b->partno)
		error = add_uevent_var(env, "PARTN=%u", b->partno);
	return error;
}

struct class block_class = { .name = "block", .uevent = block_uevent, .late_add = true };

struct gendisk *disk_alloc(void)
{
	struct gendisk *d = kzalloc(sizeof(*d), GFP_KERNEL);

	if (!d)
		return NULL;
	mutex_init(&d->open_lock, "disk", RANK_OBJECT);
	dev_gate_init(&d->gate);
	INIT_LIST_HEAD(&d->node);
	mutex_lock(&disks_lock);
	d->diskseq = ++last_diskseq;
	mutex_unlock(&disks_lock);
	d->ra_pages = BLK_DEFAULT_RA_PAGES;
	atomic_set(&d->refs, 1);
	return d;
}

void put_disk(struct gendisk *d)
{
	if (!atomic_dec_and_test(&d->refs))
		return;
	for (u32 i = 0; i < ARRAY_SIZE(d->part); i++)
		if (d->part[i]) {
			bdev_free_mapping(d->part[i]);
			kfree(d->part[i]);
		}
	if (d->added) {
		if (d->ops->free_disk)
			d->ops->free_disk(d);
		blk_queue_put(d->queue);
	}
	kfree(d);
}

/* Partition names: sda1; nvme0n1p1 where the disk's name ends in a digit. */
static void name_partition(struct block_device *b)
{
	const char *disk = b->disk->name;
	size_t len = strlen(disk);

	if (!b->partno)
		strscpy(b->name, disk, sizeof(b->name));
	else
		ksnprintf(b->name, sizeof(b->name), "%s%s%u", disk, len && disk[len - 1] >= '0' && disk[len - 1] <= '9' ? "p" : "", b->partno);
}

int bdev_add(struct gendisk *d, u32 partno, sector_t start, sector_t nr)
{
	struct block_device *b;
	struct device *dev;
	int error;

	if (partno >= ARRAY_SIZE(d->part) || partno >= max(d->minors, 1u))
		return -EINVAL;
	b = kzalloc(sizeof(*b), GFP_KERNEL);
	if (!b)
		return -ENOMEM;
	b->dev = MKDEV(d->major, d->first_minor + partno);
	b->disk = d;
	b->partno = partno;
	b->start = start;
	b->nr_sectors = nr;
	b->read_only = d->read_only;
	name_partition(b);
	error = bdev_open_mapping(b);
	if (error) {
		kfree(b);
		return error;
	}
	d->part[partno] = b;
	dev = device_create(&block_class, partno ? d->part[0]->device : d->parent, b->dev, S_IFBLK | 0660, b, "%s", b->name);
	if (IS_ERR(dev)) {
		d->part[partno] = NULL;
		bdev_free_mapping(b);
		kfree(b);
		return (int)PTR_ERR(dev);
	}
	b->device = dev;
	error = partno ? blk_sysfs_add_partition(b) : 0;
	if (!error && d->announced)
		kobject_uevent(&dev->kobj, UEVENT_ADD);
	return error;
}

/* Everything is in its place: tell the disk, then its partitions. */
static void announce(struct gendisk *d)
{
	d->announced = true;
	for (u32 i = 0; i < ARRAY_SIZE(d->part); i++)
		if (d->part[i])
			kobject_uevent(&d->part[i]->device->kobj, UEVENT_ADD);
}

/* Nobody has it open. */
void bdev_del(struct block_device *b)
{
	device_destroy(&block_class, b->dev);
	mutex_lock(&disks_lock);
	b->disk->part[b->partno] = NULL;
	mutex_unlock(&disks_lock);
	bdev_free_mapping(b);
	kfree(b);
}

int add_disk(struct gendisk *d)
{
	int error;

	might_sleep();
	d->queue->disk = d;
	error = bdev_add(d, 0, 0, d->capacity);
	if (error)
		return error;
	error = blk_sysfs_add(d);
	if (error) {
		bdev_del(d->part[0]);
		return error;
	}
	blk_queue_get(d->queue);
	d->added = true;
	mutex_lock(&disks_lock);
	list_add_tail(&d->node, &all_disks);
	mutex_unlock(&disks_lock);
	error = rescan_partitions(d);
	if (error)
		pr_warn("%s: partitions are incomplete (error %d)\n", d->name, error);
	announce(d);
	return 0;
}

/* Everything that waits in the queue ends with -ENODEV; what is in flight is the driver's to end. */
static void queue_kill(struct request_queue *q)
{
	struct request *rq;
	LIST_HEAD(doomed);

	spin_lock_bh(&q->lock);
	q->dying = true;
	/* The elevator is not asked any more (nr_queued): an idling one would not give them out. */
	for (u32 i = 0; i < q->nr_requests; i++) {
		if (q->requests[i].state == RQ_QUEUED) {
			blk_hash_del(&q->requests[i]);
			list_add_tail(&q->requests[i].queue_node, &doomed);
		}
	}
	q->elevator.nr_queued = 0;
	list_splice_tail_init(&q->dispatch, &doomed);
	list_splice_tail_init(&q->flushes, &doomed);
	q->last_merge = NULL;
	while (!list_empty(&doomed)) {
		struct bio *bio;

		rq = list_first_entry(&doomed, struct request, queue_node);
		list_del(&rq->queue_node);
		blk_account_done(rq, ktime_ns());
		if (rq_op(rq) == REQ_WRITE || rq_op(rq) == REQ_DISCARD)
			blk_write_over(q, rq->flush_seq);
		bio = rq->bio;
		blk_put_request(q, rq);
		spin_unlock_bh(&q->lock);
		while (bio) {
			struct bio *next = bio->next;

			bio->next = NULL;
			bio_endio(bio, -ENODEV);
			bio = next;
		}
		spin_lock_bh(&q->lock);
	}
	wake_up_all(&q->wait);
	spin_unlock_bh(&q->lock);
}

/* Nothing is with the driver any more, and nobody is in its queue_rq. */
static bool queue_drained(struct request_queue *q)
{
	bool drained;

	spin_lock_bh(&q->lock);
	drained = q->nr_free == q->nr_requests && !q->running && list_empty(&q->kick_node);
	spin_unlock_bh(&q->lock);
	return drained;
}

void del_gendisk(struct gendisk *d)
{
	might_sleep();
	dev_gate_close(&d->gate);
	queue_kill(d->queue);
	wait_event(&d->queue->wait, queue_drained(d->queue));
	cancel_work_sync(&d->queue->timeout_work); /* the driver may just be asked about one that ended meanwhile */
	dev_gate_drain(&d->gate);
	mutex_lock(&disks_lock);
	list_del_init(&d->node);
	mutex_unlock(&disks_lock);
	blk_sysfs_del(d);
	for (u32 i = ARRAY_SIZE(d->part); i-- > 0;) {
		if (!d->part[i])
			continue;
		device_destroy(&block_class, d->part[i]->dev);
		d->part[i]->device = NULL;
		if (!d->part[i]->openers)
			truncate_pages(d->part[i]->mapping, 0);
	}
}

struct gendisk *disk_find(kdev_t dev, u32 *partno)
{
	struct gendisk *d, *found = NULL;

	mutex_lock(&disks_lock);
	list_for_each_entry(d, &all_disks, node)
		for (u32 i = 0; i < ARRAY_SIZE(d->part); i++)
			if (d->part[i] && d->part[i]->dev == dev) {
				found = d;
				*partno = i;
			}
	if (found)
		atomic_inc(&found->refs);
	mutex_unlock(&disks_lock);
	return found;
}

void blkdev_for_each(void (*fn)(struct block_device *b, void *arg), void *arg)
{
	struct gendisk *d;

	mutex_lock(&disks_lock);
	list_for_each_entry(d, &all_disks, node)
		for (u32 i = 0; i < ARRAY_SIZE(d->part); i++)
			if (d->part[i])
				fn(d->part[i], arg);
	mutex_unlock(&disks_lock);
}

/* The smallest number above dev of a device that is open; 0: none. */
static kdev_t next_open(kdev_t dev)
{
	kdev_t best = 0;
	struct gendisk *d;

	mutex_lock(&disks_lock);
	list_for_each_entry(d, &all_disks, node)
		for (u32 i = 0; i < ARRAY_SIZE(d->part); i++)
			if (d->part[i] && d->part[i]->openers && d->part[i]->dev > dev && (!best || d->part[i]->dev < best))
				best = d->part[i]->dev;
	mutex_unlock(&disks_lock);
	return best;
}

struct block_device *blkdev_get_next(kdev_t *dev)
{
	while ((*dev = next_open(*dev))) {
		struct block_device *b = blkdev_get(*dev, FMODE_READ, NULL);

		if (!IS_ERR(b))
			return b; /* the others are going away just now */
	}
	return NULL;
}

static void match_name(struct block_device *b, void *arg)
{
	void **args = arg;

	if (!strcmp(b->name, args[0]))
		*(kdev_t *)args[1] = b->dev;
}

kdev_t blkdev_number(const char *name)
{
	kdev_t dev = 0;
	void *args[] = { (void *)name, &dev };

	blkdev_for_each(match_name, args);
	return dev;
}

static void list_name(struct block_device *b, void *arg)
{
	struct seq_buf *s = arg;

	seq_printf(s, "%s%s", s->len ? " " : "", b->name);
}

void blkdev_list(char *buf, size_t size)
{
	struct seq_buf s;

	seq_init(&s, buf, size - 1);
	blkdev_for_each(list_name, &s);
	buf[min(s.len, size - 1)] = 0;
}

static void show_partition(struct block_device *b, void *arg)
{
	seq_printf(arg, "%4u  %7u %10llu %s\n", MAJOR(b->dev), MINOR(b->dev), b->nr_sectors / 2, b->name);
}

int partitions_show(struct seq_buf *s, void *arg)
{
	seq_puts(s, "major minor  #blocks  name\n\n");
	blkdev_for_each(show_partition, s);
	return 0;
}

/* The eleven fields of Documentation/admin-guide/iostats.rst, then discards and flushes. */
void blk_stat_line(struct block_device *b, struct seq_buf *s)
{
	u64 ms[4], io_ms, all = 0;

	for (u32 i = 0; i < 4; i++) {
		ms[i] = div_u64(b->ticks_ns[i], 1000000);
		all += ms[i];
	}
	io_ms = div_u64(b->io_ticks_ns, 1000000);
	seq_printf(s, "%8llu %8llu %8llu %8llu %8llu %8llu %8llu %8llu %8u %8llu %8llu %8llu %8llu %8llu %8llu %8llu %8llu\n", b->ios[0], b->merges[0],
		   b->sectors[0], ms[0], b->ios[1], b->merges[1], b->sectors[1], ms[1], b->in_flight[0] + b->in_flight[1], io_ms, all, b->ios[2],
		   b->merges[2], b->sectors[2], ms[2], b->ios[3], ms[3]);
}

static void show_diskstat(struct block_device *b, void *arg)
{
	seq_printf(arg, "%4u %7u %s ", MAJOR(b->dev), MINOR(b->dev), b->name);
	blk_stat_line(b, arg);
}

int diskstats_show(struct seq_buf *s, void *arg)
{
	blkdev_for_each(show_diskstat, s);
	return 0;
}

int blkdevs_show(struct seq_buf *s, void *arg)
{
	struct gendisk *d;
	u32 last = ~0u;

	mutex_lock(&disks_lock);
	list_for_each_entry(d, &all_disks, node) {
		if (d->major != last)
			seq_printf(s, "%3u %s\n", d->major, d->ops->name);
		last = d->major;
	}
	mutex_unlock(&disks_lock);
	return 0;
}
