/*
 * Block devices as files. Each has an inode on a pseudo file system; its pages are the device's one cache, shared by readers of /dev/sda
 * and by the file system mounted on it. Opening an S_IFBLK inode anywhere leads to that inode.
 * A holder (mounted file system, O_EXCL opener) keeps others from becoming holder; openers are counted under disk->open_lock.
 */
#include "io/block/bdev.h"
#include "io/block/queue.h"
#include "io/contract/buffer_head.h"
#include "io/contract/device.h"
#include "io/contract/proc_file.h"
#include "kernel/init.h"
#include "kernel/debug/bug.h"
#include "kernel/hal/uaccess.h"
#include "kernel/uapi/blkdev.h"
#include "mm/alloc.h"

static struct super_block *bdev_sb;

/* ---- the cache of a device: its block n is block n ---- */

static int bdev_get_block(struct inode *inode, u32 iblock, struct buffer_head *b, bool create)
{
	struct block_device *bdev = inode->bdev;
	u32 sectors = bdev->block_size >> SECTOR_SHIFT;
	u64 first = (u64)iblock * sectors;
	u32 size = max(b->size & ~(bdev->block_size - 1), bdev->block_size);

	if (unlikely(first + (size >> SECTOR_SHIFT) > bdev->nr_sectors)) {
		if (first + sectors > bdev->nr_sectors)
			return create ? -EIO : 0; /* past the end: a hole that reads as zeros */
		size = (u32)(bdev->nr_sectors - first) << SECTOR_SHIFT & ~(bdev->block_size - 1); /* less than was asked for */
	}
	b->blocknr = iblock;
	b->bdev = bdev;
	b->size = size;
	bh_set(b, BH_Mapped);
	return 0;
}

static int bdev_read_page(struct file *f, struct page *page)
{
	return block_read_page(page, bdev_get_block, 0);
}

static void bdev_read_pages(struct mapping *m, struct page **pages, u32 nr, u32 id)
{
	block_read_pages(m, pages, nr, bdev_get_block, id);
}

static int bdev_write_page(struct page *page, struct writeback_control *wbc)
{
	return block_write_page(page, bdev_get_block, wbc);
}

static int bdev_write_pages(struct mapping *m, struct writeback_control *wbc)
{
	return block_write_pages(m, wbc, bdev_get_block);
}

static int bdev_write_begin(struct file *f, struct mapping *m, loff_t pos, u32 len, struct page **page, void **fsdata)
{
	return block_write_begin(m, pos, len, page, bdev_get_block);
}

static int bdev_write_end(struct file *f, struct mapping *m, loff_t pos, u32 len, u32 copied, struct page *page, void *fsdata)
{
	return block_write_end(f, m, pos, len, copied, page);
}

static ssize_t bdev_direct_io(struct kiocb *k, struct iov_iter *iter)
{
	return block_direct_io(k, iter, bdev_get_block);
}

static const struct mapping_ops bdev_mapping_ops = {
	.read_page = bdev_read_page,
	.read_pages = bdev_read_pages,
	.write_page = bdev_write_page,
	.write_pages = bdev_write_pages,
	.write_begin = bdev_write_begin,
	.write_end = bdev_write_end,
	.invalidate_page = block_invalidate_page,
	.release_page = block_release_page,
	.direct_io = bdev_direct_io,
	.set_page_dirty = block_set_page_dirty,
};

/* The largest block size up to a page that divides the device: then no block straddles its end. */
static u32 natural_block_size(const struct block_device *b)
{
	u32 size = PAGE_SIZE;

	while (size > b->disk->queue->limits.logical_block_size && (b->nr_sectors & ((size >> SECTOR_SHIFT) - 1)))
		size >>= 1;
	return size;
}

static void set_block_bits(struct block_device *b, u32 size)
{
	b->block_size = size;
	b->inode->blkbits = (u32)__builtin_ctz(size);
}

int bdev_open_mapping(struct block_device *b)
{
	struct inode *inode = new_inode(bdev_sb);

	if (!inode)
		return -ENOMEM;
	inode->ino = b->dev;
	inode->mode = S_IFBLK | 0600;
	inode->rdev = b->dev;
	inode->bdev = b;
	inode->fops = &blkdev_fops;
	inode->size = (loff_t)(b->nr_sectors << SECTOR_SHIFT);
	inode->data.ops = &bdev_mapping_ops;
	inode->data.bdev = b;
	inode->data.gfp = GFP_NOFS | GFP_USER_PAGE;
	inode->mapping = &inode->data;
	b->inode = inode;
	b->mapping = inode->mapping;
	set_block_bits(b, natural_block_size(b));
	return 0;
}

void bdev_free_mapping(struct block_device *b)
{
	truncate_pages(b->mapping, 0);
	iput(b->inode);
	b->inode = NULL;
}

/* ---- opening ---- */

static int claim(struct block_device *b, void *holder)
{
	struct gendisk *d = b->disk;

	if (b->holder && b->holder != holder)
		return -EBUSY;
	/* A whole disk and its partitions exclude each other. */
	for (u32 i = 0; i < ARRAY_SIZE(d->part); i++)
		if (d->part[i] && d->part[i] != b && d->part[i]->holder && (!b->partno || !i))
			return -EBUSY;
	b->holder = holder;
	return 0;
}

/* The caller holds d: a partition may have gone meanwhile (BLKRRPART). The device is in *out. */
static int bdev_open(struct gendisk *d, u32 partno, u32 fmode, void *holder, struct block_device **out)
{
	struct block_device *b;
	int error = 0;

	mutex_lock(&d->open_lock);
	b = d->part[partno];
	if (dev_enter(&d->gate)) {
		mutex_unlock(&d->open_lock);
		return -ENODEV;
	}
	if (!b)
		error = -ENXIO;
	else if (partno && d->rescanning)
		error = -EBUSY;
	else if ((fmode & FMODE_WRITE) && (d->read_only || b->read_only))
		error = -EROFS;
	else if (holder)
		error = claim(b, holder);
	if (!error && d->ops->open && (error = d->ops->open(d, fmode)) && holder)
		b->holder = NULL;
	if (!error) {
		b->openers++;
		atomic_inc(&d->refs);
		*out = b;
	}
	dev_leave(&d->gate);
	mutex_unlock(&d->open_lock);
	return error;
}

/* Another medium lies in the drive: nothing known of the old one holds. The inode's lock is held. */
static void new_medium(struct block_device *b)
{
	truncate_pages(b->mapping, 0);
	b->nr_sectors = b->disk->capacity;
	b->inode->size = (loff_t)(b->nr_sectors << SECTOR_SHIFT);
	set_block_bits(b, natural_block_size(b));
}

/*
 * Before a disk with changing media is opened. The inode's lock keeps writers out, and a second opener until the first has thrown the old pages
 * away. Under a mounted file system the old medium is waited for: the driver fails all transfers until it lets go.
 */
static int check_media(struct gendisk *d)
{
	struct block_device *whole = d->part[0];
	int changed = 0;

	if (likely(!d->ops->check_media) || dev_enter(&d->gate))
		return 0;
	mutex_lock(&whole->inode->lock);
	if (!whole->holder)
		changed = d->ops->check_media(d);
	if (changed > 0)
		new_medium(whole);
	mutex_unlock(&whole->inode->lock);
	dev_leave(&d->gate);
	return min(changed, 0);
}

struct block_device *blkdev_get(kdev_t dev, u32 fmode, void *holder)
{
	struct block_device *b = NULL;
	u32 partno;
	struct gendisk *d = disk_find(dev, &partno);
	int error;

	if (!d)
		return ERR_PTR(-ENXIO);
	error = check_media(d);
	if (!error)
		error = bdev_open(d, partno, fmode, holder, &b);
	put_disk(d);
	return error ? ERR_PTR(error) : b;
}

void blkdev_put(struct block_device *b, void *holder)
{
	struct gendisk *d = b->disk;

	/* Before open_lock: writing out may wait for long. Errors stay recorded in the mapping. */
	if (b->openers == 1 && !disk_dead(d) && sync_blockdev(b) < 0)
		invalidate_bdev(b);
	mutex_lock(&d->open_lock);
	if (holder && b->holder == holder)
		b->holder = NULL;
	b->openers--;
	if (!dev_enter(&d->gate)) {
		if (d->ops->release)
			d->ops->release(d);
		dev_leave(&d->gate);
	}
	mutex_unlock(&d->open_lock);
	put_disk(d);
}

int sync_blockdev(struct block_device *b)
{
	return filemap_write_and_wait(b->mapping, 0, b->inode->size ? b->inode->size - 1 : 0);
}

void invalidate_bdev(struct block_device *b)
{
	invalidate_clean_pages(b->mapping, 0, ~0u);
}

int blkdev_set_block_size(struct block_device *b, u32 size)
{
	if (size < b->disk->queue->limits.logical_block_size || size > PAGE_SIZE || (size & (size - 1)))
		return -EINVAL;
	if (size == b->block_size)
		return 0;
	/* Buffers of the old size must go. */
	int error = sync_blockdev(b);

	if (error)
		return error;
	truncate_pages(b->mapping, 0);
	set_block_bits(b, size);
	return 0;
}

u32 blkdev_logical_block_size(struct block_device *b)
{
	return b->disk->queue->limits.logical_block_size;
}

u32 blkdev_max_bytes(struct block_device *b)
{
	u32 sectors = b->disk->queue->max_sectors;

	return sectors && sectors < 1u << 20 ? sectors << SECTOR_SHIFT : 1u << 29;
}

/* ---- file operations ---- */

static int blkdev_open(struct inode *inode, struct file *f)
{
	void *holder = f->flags & O_EXCL ? f : NULL;
	struct block_device *b = blkdev_get(inode->rdev, f->mode, holder);

	if (IS_ERR(b))
		return (int)PTR_ERR(b);
	f->private = b;
	f->inode = b->inode;
	file_ra_init(&f->ra, b->mapping);
	f->wb_err_seen = wb_err_sample(b->mapping);
	return 0;
}

static void blkdev_release(struct file *f)
{
	blkdev_put(f->private, f->flags & O_EXCL ? f : NULL);
}

static ssize_t blkdev_read_iter(struct kiocb *k, struct iov_iter *to)
{
	if (disk_dead(((struct block_device *)k->file->private)->disk))
		return -ENODEV;
	return generic_file_read_iter(k, to);
}

static ssize_t blkdev_write_iter(struct kiocb *k, struct iov_iter *from)
{
	struct inode *inode = k->file->inode;

	if (disk_dead(inode->bdev->disk))
		return -ENODEV;
	if (k->pos >= inode->size)
		return iov_iter_count(from) ? -ENOSPC : 0;
	iov_iter_truncate(from, (u32)min_t(u64, (u64)(inode->size - k->pos), ~0u));
	return generic_file_write_iter(k, from);
}

static int blkdev_fsync(struct file *f, loff_t start, loff_t end, bool datasync)
{
	struct block_device *b = f->private;
	int error = filemap_write_and_wait(b->mapping, start, end), told = wb_err_check_and_advance(b->mapping, &f->wb_err_seen), flushed;

	if (disk_dead(b->disk))
		return -ENODEV;
	flushed = blkdev_issue_flush(b);
	return told ? told : error ? error : flushed;
}

static loff_t blkdev_llseek(struct file *f, loff_t off, int whence)
{
	return fixed_size_llseek(f, off, whence, f->inode->size);
}

static long put_u32(u32 v, unsigned long arg)
{
	return put_user_u32(v, (u32 __user *)arg);
}

static long put_geometry(struct block_device *b, unsigned long arg)
{
	struct hd_geometry g = { .heads = 255, .sectors = 63, .start = (unsigned long)b->start };

	g.cylinders = (u16)min_t(u64, b->disk->capacity >> 14, 65535); /* 255 * 63 is about 2^14 */
	if (b->disk->ops->getgeo)
		b->disk->ops->getgeo(b->disk, &g);
	return copy_to_user((void __user *)arg, &g, sizeof(g)) ? -EFAULT : 0;
}

static long reread_partitions(struct block_device *b)
{
	struct gendisk *d = b->disk;
	bool busy;
	int error;

	if (b->partno)
		return -EINVAL;
	mutex_lock(&d->open_lock);
	busy = d->rescanning;
	for (u32 i = 1; i < ARRAY_SIZE(d->part); i++)
		busy |= d->part[i] && d->part[i]->openers;
	if (!busy)
		d->rescanning = true;
	mutex_unlock(&d->open_lock);
	if (busy)
		return -EBUSY;
	for (u32 i = 1; i < ARRAY_SIZE(d->part); i++)
		if (d->part[i])
			bdev_del(d->part[i]);
	invalidate_bdev(b);
	error = rescan_partitions(d);
	mutex_lock(&d->open_lock);
	d->rescanning = false;
	mutex_unlock(&d->open_lock);
	return error;
}

static long set_read_only(struct block_device *b, unsigned long arg)
{
	u32 v;

	if (get_user_u32(&v, (u32 __user *)arg))
		return -EFAULT;
	b->read_only = v != 0;
	return 0;
}

static long set_soft_size(struct block_device *b, unsigned long arg)
{
	u32 v;

	if (get_user_u32(&v, (u32 __user *)arg))
		return -EFAULT;
	return b->holder ? -EBUSY : blkdev_set_block_size(b, v);
}

static long discard_range(struct file *f, struct block_device *b, unsigned long arg)
{
	u64 range[2];

	if (!b->disk->queue->limits.discard_granularity)
		return -EOPNOTSUPP; /* before anything of the cache is thrown away */
	if (b->holder && b->holder != f)
		return -EBUSY;
	if (copy_from_user(range, (void __user *)arg, sizeof(range)))
		return -EFAULT;
	if (!range[1] || (range[0] | range[1]) & (b->disk->queue->limits.logical_block_size - 1))
		return -EINVAL;
	if (range[0] > (u64)b->inode->size || range[1] > (u64)b->inode->size - range[0])
		return -EINVAL;
	truncate_pages_range(b->mapping, (loff_t)range[0], (loff_t)(range[0] + range[1] - 1));
	return blkdev_issue_discard(b, range[0] >> SECTOR_SHIFT, range[1] >> SECTOR_SHIFT);
}

static long ioctl_inside(struct file *f, struct block_device *b, u32 cmd, unsigned long arg)
{
	const struct queue_limits *l = &b->disk->queue->limits;
	u64 bytes = b->nr_sectors << SECTOR_SHIFT;

	switch (cmd) {
	case BLKGETSIZE64:
		return copy_to_user((void __user *)arg, &bytes, sizeof(bytes)) ? -EFAULT : 0;
	case BLKGETSIZE:
		return b->nr_sectors >> 32 ? -EFBIG : put_u32((u32)b->nr_sectors, arg);
	case BLKSSZGET:
	case BLKPBSZGET:
	case BLKIOMIN:
		return put_u32(l->logical_block_size, arg);
	case BLKIOOPT:
	case BLKALIGNOFF:
		return put_u32(0, arg);
	case BLKBSZGET:
		return put_u32(b->block_size, arg);
	case BLKROGET:
		return put_u32(b->read_only || b->disk->read_only, arg);
	case BLKRAGET:
	case BLKROTATIONAL:
		return put_u32(cmd == BLKRAGET ? b->disk->ra_pages << (PAGE_SHIFT - SECTOR_SHIFT) : l->rotational, arg);
	case HDIO_GETGEO:
		return put_geometry(b, arg);
	}
	if (!capable()) /* the rest changes something */
		return -EACCES;
	switch (cmd) {
	case BLKFLSBUF: {
		int error = sync_blockdev(b);

		invalidate_bdev(b);
		return error;
	}
	case BLKRRPART:
		return reread_partitions(b);
	case BLKROSET:
		return set_read_only(b, arg);
	case BLKRASET: /* sectors */
		b->disk->ra_pages = (u32)arg >> (PAGE_SHIFT - SECTOR_SHIFT);
		file_ra_init(&f->ra, b->mapping);
		return 0;
	case BLKBSZSET:
		return set_soft_size(b, arg);
	case BLKDISCARD:
		return f->mode & FMODE_WRITE ? discard_range(f, b, arg) : -EBADF;
	}
	return b->disk->ops->ioctl ? b->disk->ops->ioctl(b, cmd, arg) : -ENOTTY;
}

static long blkdev_ioctl(struct file *f, u32 cmd, unsigned long arg)
{
	struct block_device *b = f->private;
	long ret = dev_enter(&b->disk->gate);

	if (ret)
		return ret;
	ret = ioctl_inside(f, b, cmd, arg);
	dev_leave(&b->disk->gate);
	return ret;
}

const struct file_operations blkdev_fops = {
	.name = "block device",
	.open = blkdev_open,
	.release = blkdev_release,
	.read_iter = blkdev_read_iter,
	.write_iter = blkdev_write_iter,
	.llseek = blkdev_llseek,
	.ioctl = blkdev_ioctl,
	.mmap = generic_file_mmap,
	.fsync = blkdev_fsync,
};

static const struct super_operations bdev_super_ops = { 0 };

int bdev_init(void)
{
	int error = class_register(&block_class);

	if (error)
		return error;
	bdev_sb = pseudo_super("bdev", &bdev_super_ops);
	if (!bdev_sb)
		return -ENOMEM;
	error = proc_create("partitions", 0444, partitions_show, NULL, NULL);
	return error ? error : proc_create("diskstats", 0444, diskstats_show, NULL, NULL);
}
