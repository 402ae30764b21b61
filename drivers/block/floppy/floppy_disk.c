/*
 * The floppy drives as disks: the controller at its ISA place, the drives that the firmware's set-up names in the CMOS, /dev/fd0 and fd1
 * (major 2), what opening means, Linux's floppy ioctls, and the driver's files below /sys/devices/platform/floppy.0.
 * At boot no medium is touched and no motor started: a machine without floppy drives pays one read of the CMOS.
 */
#include "drivers/drivers.h"
#include "drivers/block/floppy/floppy.h"
#include "io/contract/resource.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/cmos.h"
#include "kernel/hal/isa_dma.h"
#include "kernel/hal/uaccess.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "kernel/uapi/blkdev.h"
#include "kernel/uapi/fd.h"
#include "mm/alloc.h"

#define FLOPPY_MAJOR 2u
#define MAX_HW_SECTORS 72u /* two cylinders */
#define CAPACITY_1440K 2880u
#define CAPACITY_720K 1440u

static struct fdc controller;

/* ---- files in sysfs ---- */

#define COUNT(n) { .name = #n, .mode = 0444, .show = show_count, .arg = &controller.counts.n }
static int show_count(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	seq_printf(s, "%u\n", *(const u32 *)a->arg);
	return 0;
}

/* A digit for each drive: does its motor turn? */
static int show_motor(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	seq_printf(s, "%u %u\n", fdc_motor_is_on(&controller.drives[0]), fdc_motor_is_on(&controller.drives[1]));
	return 0;
}

static const struct kobj_attribute controller_attrs[] = {
	{ .name = "motor", .mode = 0444, .show = show_motor },
	COUNT(commands), COUNT(interrupts), COUNT(stray_interrupts), COUNT(lost_interrupts), COUNT(seeks), COUNT(track_reads), COUNT(track_hits),
	COUNT(writes), COUNT(retries), COUNT(resets), COUNT(media_changes),
};

/* ---- block_ops ---- */

static int floppy_check_media(struct gendisk *disk)
{
	return floppy_look(disk->private);
}

static void floppy_getgeo(struct gendisk *disk, struct hd_geometry *g)
{
	const struct floppy_drive *d = disk->private;

	g->heads = FLOPPY_HEADS;
	g->sectors = d->format->sectors;
	g->cylinders = d->format->cylinders;
}

static int get_parameters(const struct floppy_drive *d, unsigned long arg)
{
	const struct floppy_format *fmt = d->format;
	struct floppy_struct p = {
		.size = fmt->cylinders * FLOPPY_HEADS * fmt->sectors,
		.sect = fmt->sectors,
		.head = FLOPPY_HEADS,
		.track = fmt->cylinders,
		.gap = fmt->gap,
		.rate = fmt->rate,
		.spec1 = SPECIFY_SRT_HUT,
		.fmt_gap = fmt->format_gap,
	};

	return copy_to_user((void __user *)arg, &p, sizeof(p)) ? -EFAULT : 0;
}

static int floppy_ioctl(struct block_device *b, u32 cmd, unsigned long arg)
{
	struct floppy_drive *d = b->disk->private;
	char type[FLOPPY_TYPE_NAME_BYTES] = "";
	int error;

	switch (cmd) {
	case FDGETPRM:
		return get_parameters(d, arg);
	case FDGETDRVTYP:
		strscpy(type, d->type == FLOPPY_TYPE_720K ? "H720" : d->type == FLOPPY_TYPE_1440K ? "H1440" : "E2880", sizeof(type));
		return copy_to_user((void __user *)arg, type, sizeof(type)) ? -EFAULT : 0;
	case FDFLUSH:
		error = sync_blockdev(b);
		invalidate_bdev(b);
		return error;
	}
	return -ENOTTY;
}

static const struct block_ops floppy_ops = {
	.name = "fd",
	.queue_rq = floppy_queue_rq,
	.timeout = floppy_timeout,
	.ioctl = floppy_ioctl,
	.check_media = floppy_check_media,
	.getgeo = floppy_getgeo,
};

/* ---- drives ---- */

static void detach_drive(struct floppy_drive *d)
{
	if (!d->disk)
		return;
	del_gendisk(d->disk);
	blk_queue_destroy(d->queue);
	put_disk(d->disk);
	d->disk = NULL;
}

static int attach_drive(struct fdc *f, u32 unit, u8 type, struct device *parent)
{
	static const struct queue_limits limits = { .max_hw_sectors = MAX_HW_SECTORS, .max_segments = FLOPPY_MAX_SEGMENTS, .rotational = true };
	struct floppy_drive *d = &f->drives[unit];
	struct gendisk *disk = disk_alloc();
	int error;

	d->type = type;
	if (!disk)
		return -ENOMEM;
	d->queue = blk_queue_create(&floppy_ops, &limits, 1, 1, 0, d);
	if (IS_ERR(d->queue)) {
		put_disk(disk);
		return (int)PTR_ERR(d->queue);
	}
	ksnprintf(disk->name, sizeof(disk->name), "fd%u", unit);
	disk->major = FLOPPY_MAJOR;
	disk->first_minor = unit;
	disk->minors = 1;
	disk->capacity = type == FLOPPY_TYPE_720K ? CAPACITY_720K : CAPACITY_1440K; /* until a medium says otherwise */
	disk->removable = disk->no_partitions = true;
	disk->ops = &floppy_ops;
	disk->queue = d->queue;
	disk->private = d;
	disk->parent = parent;
	d->disk = disk;
	error = add_disk(disk);
	if (!error)
		return 0;
	d->disk = NULL;
	blk_queue_destroy(d->queue);
	put_disk(disk);
	return error;
}

/* ---- the controller ---- */

static u8 type_of(u32 unit)
{
	u8 types = cmos_read(CMOS_FLOPPY_TYPES);

	return unit ? types & 15 : types >> 4;
}

static bool type_known(u8 type) { return type >= FLOPPY_TYPE_720K && type <= FLOPPY_TYPE_2880K; }

static void controller_down(struct platform_device *p, struct fdc *f)
{
	for (u32 i = 0; i < FLOPPY_DRIVES; i++)
		detach_drive(&f->drives[i]);
	if (f->thread)
		kthread_stop(f->thread);
	f->thread = NULL;
	free_irq((u32)p->irq, f);
	isa_dma_free(FDC_DMA);
	buffer_pool_destroy(&f->pool);
	dma_free(f->memory, FLOPPY_BUFFER_BYTES);
	release_region(f->base + FDC_DIR, 1);
}

static int take_buffer(struct fdc *f)
{
	int error;

	f->memory = dma_alloc_below(FLOPPY_BUFFER_BYTES, ISA_DMA_LIMIT, &f->memory_bus);
	if (!f->memory)
		return -ENOMEM;
	error = buffer_pool_init(&f->pool, "floppy track", "single", 1, FLOPPY_BUFFER_BYTES, f->memory);
	if (error)
		dma_free(f->memory, FLOPPY_BUFFER_BYTES);
	else
		f->track = f->pool.buffers;
	return error;
}

/* Channel, port, buffer, line: 0, or -errno and nothing is taken. */
static int take_resources(struct platform_device *p, struct fdc *f)
{
	int error = isa_dma_request(FDC_DMA, "floppy");

	if (error)
		return error;
	error = -EBUSY;
	if (!request_region(f->base + FDC_DIR, 1, "floppy"))
		goto no_port;
	error = take_buffer(f);
	if (error)
		goto no_buffer;
	error = request_irq((u32)p->irq, fdc_irq, 0, "floppy", f);
	if (!error)
		return 0;
	buffer_pool_destroy(&f->pool);
	dma_free(f->memory, FLOPPY_BUFFER_BYTES);
no_buffer:
	release_region(f->base + FDC_DIR, 1);
no_port:
	isa_dma_free(FDC_DMA);
	return error;
}

static void init_state(struct platform_device *p, struct fdc *f)
{
	memset(f, 0, sizeof(*f));
	f->base = p->port;
	spin_lock_init(&f->lock, "floppy", RANK_DRIVER);
	wait_queue_init(&f->irq_wait);
	wait_queue_init(&f->work_wait);
	for (u32 i = 0; i < FLOPPY_DRIVES; i++) {
		f->drives[i].fdc = f;
		f->drives[i].unit = (u8)i;
		completion_init(&f->drives[i].looked);
	}
}

static int start_controller(struct platform_device *p, struct fdc *f)
{
	struct task *t;
	int version, error = fdc_reset(f);

	if (error)
		return -ENODEV;
	version = fdc_version(f);
	if (version < 0)
		return -ENODEV;
	pr_info("floppy: %s at port %#x\n", version == FDC_VERSION_ENHANCED ? "82077" : "older controller", p->port);
	t = kthread_run(floppy_thread_fn, f, "floppy");
	if (IS_ERR(t))
		return (int)PTR_ERR(t);
	f->thread = t;
	return sysfs_add_files(&p->dev.kobj, controller_attrs, ARRAY_SIZE(controller_attrs));
}

static int floppy_probe(struct platform_device *p)
{
	struct fdc *f = &controller;
	int error;

	if (!type_known(type_of(0)) && !type_known(type_of(1)))
		return -ENODEV;
	init_state(p, f);
	error = take_resources(p, f);
	if (error)
		return error;
	error = start_controller(p, f);
	for (u32 i = 0; i < FLOPPY_DRIVES && !error; i++)
		if (type_known(type_of(i)))
			error = attach_drive(f, i, type_of(i), &p->dev);
	if (error)
		controller_down(p, f);
	return error;
}

static void floppy_remove(struct platform_device *p)
{
	for (u32 i = 0; i < ARRAY_SIZE(controller_attrs); i++)
		sysfs_remove_file(&p->dev.kobj, controller_attrs[i].name);
	controller_down(p, &controller);
}

struct platform_driver floppy_driver = { .name = "floppy", .probe = floppy_probe, .remove = floppy_remove };
