/*
 * O_DIRECT: between the user's own pages and the device, no copy and no cached page. The pages are pinned, cut into bios along the file's
 * extents, and released by the bios' ends. Coherence with the cache is the callers' part (file_direct_read here, file_direct_write in
 * filemap_write.c): dirty pages of the range are written first, and pages of a range to be written are dropped.
 *
 * A synchronous transfer waits for its last bio; with kiocb->complete a transfer returns -EIOCBQUEUED and completes from the block softirq.
 * Writes that make the file longer, fill holes or are to be on the disk when they end (O_DSYNC) always wait: the end of the file moves only
 * once the data is there. Holes below the end of the file are not filled here: the
 * transfer stops in front of one and the caller writes the rest through the cache.
 */
#include "io/cache/page_cache.h"
#include "io/cache/buffer_io.h"
#include "io/contract/block_device.h"
#include "io/contract/filesystem.h"
#include "kernel/debug/trace.h"
#include "kernel/irq/workqueue.h"
#include "kernel/sched/task.h"
#include "mm/alloc.h"

#define PIN_BATCH 16u

struct dio {
	struct kiocb *k;
	struct mapping *m;
	get_block_t get_block;
	struct iov_iter *iter;
	loff_t pos;             /* next byte */
	u32 left;               /* bytes still to be started, whole sectors */
	u32 started;            /* bytes handed down or zeroed */
	u32 limit;              /* a read past the end of the file counts so many bytes only */
	bool write;
	struct bio *bio;        /* being filled */
	u32 max_bytes;          /* of a bio: what the device takes at once */
	sector_t next_sector;
	/* from here on shared with completions */
	atomic_t pending;       /* bios under way, and one of the submitter */
	int error;
	struct task *waiter;    /* NULL: complete through k */
	struct work_struct work;
};

static struct kmem_cache *dio_cache;
static DEFINE_WAIT_QUEUE(idle_wait); /* truncate waits for transfers of a mapping */

void direct_io_wait(struct mapping *m)
{
	if (unlikely(atomic_read(&m->direct_ios)))
		wait_event(&idle_wait, !atomic_read(&m->direct_ios));
}

static void transfer_over(struct mapping *m)
{
	if (atomic_dec_and_test(&m->direct_ios) && unlikely(wait_queue_active(&idle_wait)))
		wake_up_all(&idle_wait);
}

static ssize_t dio_result(const struct dio *d)
{
	return d->error ? d->error : (ssize_t)min(d->started, d->limit);
}

static void dio_end(struct dio *d)
{
	struct kiocb *k = d->k;
	ssize_t result = dio_result(d);

	if (result > 0)
		k->pos += result;
	transfer_over(d->m);
	kmem_cache_free(dio_cache, d);
	k->complete(k, result);
}

/* Pages that a fault or read-ahead brought in while the write was under way hold old data. */
static void dio_invalidate_work(struct work_struct *w)
{
	struct dio *d = container_of(w, struct dio, work);
	loff_t end = d->k->pos + d->started - 1;

	(void)invalidate_pages_for_direct(d->m, (pgoff_t)(d->k->pos >> PAGE_SHIFT), (pgoff_t)(end >> PAGE_SHIFT));
	dio_end(d);
}

/* The last reference of an asynchronous transfer. Softirq or process context. */
static void dio_complete(struct dio *d)
{
	if (d->write && d->started && unlikely(d->m->nrpages)) {
		INIT_WORK(&d->work, dio_invalidate_work);
		schedule_work(&d->work);
	} else {
		dio_end(d);
	}
}

static void dio_drop(struct dio *d)
{
	struct task *waiter = d->waiter; /* the transfer is on the waiter's stack: not to be touched once the count is 0 */

	if (!atomic_dec_and_test(&d->pending))
		return;
	if (waiter)
		wake_up_process(waiter);
	else
		dio_complete(d);
}

static void dio_bio_done(struct bio *bio)
{
	struct dio *d = bio->private;

	if (unlikely(bio->status))
		d->error = bio->status;
	for (u32 i = 0; i < bio->nr_vecs; i++)
		for (u32 n = 0; n < bvec_pages(&bio->vecs[i]); n++)
			put_page(bio->vecs[i].page + n);
	bio_put(bio);
	dio_drop(d);
}

static void dio_submit(struct dio *d)
{
	struct bio *bio = d->bio;

	if (!bio)
		return;
	d->bio = NULL;
	if (d->write)
		current->io.write_bytes += bio->size;
	atomic_inc(&d->pending);
	blk_submit(bio);
}

static u32 bio_flags(const struct dio *d)
{
	return (d->write ? REQ_WRITE : REQ_READ) | REQ_SYNC | (d->k->flags & IOCB_NOWAIT ? REQ_NOWAIT : 0);
}

/* Consumes the pin of v->page: each page of a bio has one. */
static void dio_add(struct dio *d, const struct bio_vec *v, sector_t sector)
{
	if (d->bio && v->len == PAGE_SIZE && d->next_sector == sector && d->bio->size + PAGE_SIZE <= d->max_bytes && bio_extend(d->bio, v->page)) {
		d->next_sector += PAGE_SIZE >> SECTOR_SHIFT;
		return;
	}
	if (d->bio) {
		u32 before = d->bio->nr_vecs;

		if (d->next_sector != sector || d->bio->size + v->len > d->max_bytes || !bio_add_page(d->bio, v->page, v->len, v->offset))
			dio_submit(d);
		else if (d->bio->nr_vecs == before)
			put_page(v->page); /* joined the vector before it */
	}
	if (!d->bio) {
		d->bio = bio_alloc(d->m->bdev, min((d->left >> PAGE_SHIFT) + 2, BIO_MAX_VECS), bio_flags(d), GFP_NOFS);
		d->bio->sector = sector;
		d->bio->end_io = dio_bio_done;
		d->bio->private = d;
		d->bio->id = d->k->id;
		(void)bio_add_page(d->bio, v->page, v->len, v->offset);
	}
	d->next_sector = sector + (v->len >> SECTOR_SHIFT);
}

/* A page that belongs to a file's cache becomes dirty by being read into. */
static inline void dirty_target(struct page *p)
{
	if (unlikely(p->mapping) && !page_test(p, PG_slab | PG_dirty))
		set_page_dirty(p);
}

/* Pin the user's pages for the next len bytes, which lie at sector on the device. 0 or -EFAULT. */
static int dio_extent(struct dio *d, sector_t sector, u32 len)
{
	struct bio_vec vecs[PIN_BATCH];

	while (len) {
		u32 rest = d->iter->count - len;
		int n;

		d->iter->count = len; /* not beyond this extent */
		n = iov_iter_pin_pages(d->iter, vecs, PIN_BATCH);
		d->iter->count += rest;
		if (n <= 0)
			return n ? n : -EFAULT;
		for (int i = 0; i < n; i++) {
			if (!d->write)
				dirty_target(vecs[i].page);
			dio_add(d, &vecs[i], sector);
			sector += vecs[i].len >> SECTOR_SHIFT;
			len -= vecs[i].len;
			d->left -= vecs[i].len;
			d->started += vecs[i].len;
			d->pos += vecs[i].len;
		}
	}
	return 0;
}

/* What lies at d->pos: *len bytes in a row at *sector, or a hole (*sector ~0). */
static int dio_map(struct dio *d, sector_t *sector, u32 *len)
{
	struct inode *host = d->m->host;
	u32 bits = host->blkbits, size = 1u << bits, in_block = (u32)d->pos & (size - 1);
	/* Blocks behind the end of the file are made if they are written whole. */
	bool create = d->write && !in_block && d->left >= size && d->pos >= inode_size(host);
	struct buffer_head map; /* get_block wants two of its fields, and sets blocknr when it sets BH_Mapped */
	int error;

	map.state = 0;
	map.size = create ? d->left & ~(size - 1) : ALIGN_UP(in_block + d->left, size);
	error = d->get_block(host, (u32)(d->pos >> bits), &map, create);
	if (error)
		return error;
	if (!(map.state & BH_Mapped)) {
		*sector = ~0ull;
		*len = min(size - in_block, d->left);
		return 0;
	}
	if (map.state & BH_New)
		for (u32 i = 0; i < map.size >> bits; i++)
			clean_bdev_alias(d->m->bdev, map.blocknr + i);
	*sector = block_to_sector(map.blocknr, bits) + (in_block >> SECTOR_SHIFT);
	*len = min(map.size - in_block, d->left);
	return 0;
}

/* Start everything. 0, or an error that stopped it midway. */
static int dio_start(struct dio *d)
{
	bool several = d->left > PAGE_SIZE; /* a single page makes a single bio: nothing to collect */
	struct blk_plug plug;
	int error = 0;

	if (several)
		blk_start_plug(&plug);
	while (d->left && !error) {
		sector_t sector;
		u32 len;

		error = dio_map(d, &sector, &len);
		if (error)
			break;
		if (sector != ~0ull) {
			error = dio_extent(d, sector, len);
		} else if (d->write) {
			break;
		} else if (iov_iter_zero(len, d->iter) != len) {
			error = -EFAULT;
		} else {
			d->left -= len;
			d->started += len;
			d->pos += len;
		}
	}
	dio_submit(d);
	if (several)
		blk_finish_plug(&plug);
	return error;
}

static void dio_wait(struct dio *d)
{
	if (!atomic_dec_and_test(&d->pending)) {
		for (;;) {
			set_current_state(TASK_UNINTERRUPTIBLE);
			if (!atomic_read(&d->pending))
				break;
			schedule();
		}
		set_current_state(TASK_RUNNING);
	}
}

/* A write that made blocks behind the end of the file failed: give them back. */
static void trim_blocks(struct file *f, struct inode *host)
{
	struct iattr a = { .valid = ATTR_SIZE, .size = inode_size(host) };

	if (host->iops && host->iops->setattr)
		(void)host->iops->setattr(f->path.dentry, &a);
}

static ssize_t dio_finish_write(struct dio *d, loff_t start)
{
	struct inode *host = d->m->host;
	ssize_t done = dio_result(d);

	if (done > 0 && start + done > inode_size(host)) {
		inode_set_size(host, start + done);
		mark_inode_dirty_flags(host, I_DIRTY_SYNC | I_DIRTY_DATASYNC);
	} else if (done < 0 && d->pos > inode_size(host)) {
		trim_blocks(d->k->file, host);
	}
	return done;
}

static void dio_init(struct dio *d, struct kiocb *k, struct iov_iter *iter, get_block_t get_block, u32 left, u32 limit)
{
	d->k = k;
	d->m = k->file->inode->mapping;
	d->get_block = get_block;
	d->iter = iter;
	d->pos = k->pos;
	d->left = left;
	d->limit = limit;
	d->started = 0;
	d->write = !iter->dest;
	d->bio = NULL;
	d->max_bytes = blkdev_max_bytes(d->m->bdev);
	d->error = 0;
	d->waiter = current;
	atomic_set(&d->pending, 1);
	atomic_inc(&d->m->direct_ios);
}

/* Does every byte of the transfer have its block already? */
static bool all_mapped(struct kiocb *k, struct iov_iter *iter, get_block_t get_block)
{
	struct dio d = { .m = k->file->inode->mapping, .get_block = get_block, .pos = k->pos, .left = iter->count };
	sector_t sector;
	u32 len;

	while (d.left) {
		if (dio_map(&d, &sector, &len) || sector == ~0ull)
			return false;
		d.pos += len;
		d.left -= len;
	}
	return true;
}

static ssize_t dio_async(struct kiocb *k, struct iov_iter *iter, get_block_t get_block, u32 left, u32 limit)
{
	struct dio *d = kmem_cache_alloc(dio_cache, GFP_KERNEL);
	int error;

	if (!d)
		return -ENOMEM;
	dio_init(d, k, iter, get_block, left, limit);
	d->waiter = NULL;
	error = dio_start(d);
	if (error && !d->started)
		d->error = error;
	dio_drop(d);
	return -EIOCBQUEUED;
}

ssize_t block_direct_io(struct kiocb *k, struct iov_iter *iter, get_block_t get_block)
{
	struct mapping *m = k->file->inode->mapping;
	u32 mask = blkdev_logical_block_size(m->bdev) - 1, left = iter->count, limit = left;
	loff_t start = k->pos;
	struct dio d;
	ssize_t done;
	int error;

	if (((u32)k->pos | iov_iter_alignment(iter)) & mask)
		return -EINVAL;
	if (iter->dest) {
		loff_t to_end = inode_size(m->host) - k->pos;

		if (to_end <= 0)
			return 0;
		if (to_end < left) {
			limit = (u32)to_end;
			left = ALIGN_UP(limit, mask + 1);
		}
		if (k->complete)
			return dio_async(k, iter, get_block, left, limit);
	} else if (k->complete && left && k->pos + left <= inode_size(m->host) && !(k->flags & (IOCB_DSYNC | IOCB_SYNC)) &&
		   !(m->host->flags & S_SYNC) && all_mapped(k, iter, get_block)) {
		return dio_async(k, iter, get_block, left, limit);
	} else if (k->flags & IOCB_NOWAIT && (k->pos + left > inode_size(m->host) || !all_mapped(k, iter, get_block))) {
		return -EAGAIN; /* blocks would have to be found for it */
	}
	dio_init(&d, k, iter, get_block, left, limit);
	error = dio_start(&d);
	dio_wait(&d);
	if (error && !d.started && !d.error)
		d.error = error;
	transfer_over(m); /* before a failed write is trimmed: truncate waits for transfers */
	done = d.write ? dio_finish_write(&d, start) : dio_result(&d);
	if (done > 0)
		k->pos += done;
	return done;
}

ssize_t file_direct_read(struct kiocb *k, struct iov_iter *to)
{
	struct mapping *m = k->file->inode->mapping;

	if (!m->ops->direct_io)
		return -EINVAL;
	if (unlikely(mapping_has_dirty(m))) {
		int error = k->flags & IOCB_NOWAIT ? -EAGAIN : filemap_write_and_wait(m, k->pos, k->pos + to->count - 1);

		if (error)
			return error;
	}
	TRACE(TRACE_CACHE, "direct pos=%u bytes=%u", k->id, k->pos, to->count);
	return m->ops->direct_io(k, to);
}

int direct_io_init(void)
{
	dio_cache = kmem_cache_create("dio", sizeof(struct dio), 0, NULL);
	return dio_cache ? 0 : -ENOMEM;
}
