/* The disk and the files of cache_machine.h, and what the block layer and the VFS give to the cache. */
#include <stdlib.h>
#include <string.h>

#include "tests/host/cache_machine.h"
#include "tests/host/cache_machine_internal.h"
#include "io/cache/page_cache.h"
#include "io/cache/writeback.h"
#include "io/contract/proc_file.h"
#include "kernel/hal/percpu.h"
#include "kernel/sched/task.h"
#include "mm/alloc.h"

/* ---- the disk ---- */

struct machine_disk disk;
struct block_device machine_bdev;
u32 blk_write_through_disks;
static struct gendisk machine_gendisk = { .ra_pages = BLK_DEFAULT_RA_PAGES };
static struct bio *under_way[1024];
static u32 nr_under_way;
static struct bio *plugged[1024];
static u32 nr_plugged;
static u32 bios_out;

bool disk_busy(void) { return nr_under_way != 0; }

struct bio *bio_alloc(struct block_device *bdev, u32 nr_vecs, u32 flags, u32 gfp)
{
	struct bio *bio = calloc(1, sizeof(*bio));

	if (gfp & GFP_WAIT)
		might_sleep_at(__FILE__, __LINE__);
	/* Sometimes a bio has less room than asked for, as from the reserve. */
	bio->max_vecs = (u16)(nr_vecs > 1 && !machine_random(8) ? 1 : max(nr_vecs, 1u));
	bio->vecs = calloc(bio->max_vecs, sizeof(struct bio_vec));
	bio->bdev = bdev;
	bio->flags = flags;
	bios_out++;
	return bio;
}

void bio_put(struct bio *bio)
{
	free(bio->vecs);
	free(bio);
	bios_out--;
}

bool bio_add_page(struct bio *bio, struct page *page, u32 len, u32 offset)
{
	struct bio_vec *last = bio->nr_vecs ? &bio->vecs[bio->nr_vecs - 1] : NULL;

	if (last && last->page == page && last->offset + last->len == offset) {
		last->len += len;
	} else {
		if (bio->nr_vecs == bio->max_vecs)
			return false;
		bio->vecs[bio->nr_vecs++] = (struct bio_vec){ .page = page, .len = len, .offset = offset };
	}
	bio->size += len;
	return true;
}

static bool overlaps(const struct bio *a, const struct bio *b)
{
	return a->sector < b->sector + (b->size >> 9) && b->sector < a->sector + (a->size >> 9);
}

static bool touches(const struct bio *bio, u32 first, u32 nr)
{
	return nr && bio->sector < first + nr && first < bio->sector + (bio->size >> 9);
}

static void transfer(struct bio *bio)
{
	bool write = REQ_OP(bio->flags) == REQ_WRITE;
	size_t at = (size_t)bio->sector * 512;

	if (bio->sector + (bio->size >> 9) > disk.sectors)
		panic("transfer beyond the end of the disk");
	if (write ? touches(bio, disk.bad_write_first, disk.bad_write_nr) : touches(bio, disk.bad_first, disk.bad_nr)) {
		bio->status = -EIO;
		return;
	}
	for (u32 i = 0; i < bio->nr_vecs; i++) {
		struct bio_vec *v = &bio->vecs[i];
		u8 *mem = (u8 *)page_address(v->page) + v->offset;

		if (write)
			memcpy(disk.data + at, mem, v->len);
		else
			memcpy(mem, disk.data + at, v->len);
		at += v->len;
	}
}

/* One transfer ends, in a softirq: any that no earlier one overlaps. */
void disk_interrupt(void)
{
	u32 pick = machine_random(nr_under_way);
	struct bio *bio;

	for (u32 i = 0; i < pick; i++)
		if (overlaps(under_way[i], under_way[pick])) {
			pick = i;
			i = ~0u;
		}
	bio = under_way[pick];
	memmove(&under_way[pick], &under_way[pick + 1], (--nr_under_way - pick) * sizeof(bio));
	transfer(bio);
	preempt_count_add(PREEMPT_SOFTIRQ);
	bio->end_io(bio);
	preempt_count_sub(PREEMPT_SOFTIRQ);
}

static void start(struct bio *bio)
{
	bool write = REQ_OP(bio->flags) == REQ_WRITE;

	write ? disk.writes++ : disk.reads++;
	*(write ? &disk.bytes_written : &disk.bytes_read) += bio->size;
	disk.largest = max(disk.largest, bio->size);
	if (nr_under_way == ARRAY_SIZE(under_way))
		panic("too many transfers");
	under_way[nr_under_way++] = bio;
}

static void flush_plugged(void)
{
	for (u32 i = 0; i < nr_plugged; i++)
		start(plugged[i]);
	nr_plugged = 0;
}

void blk_submit(struct bio *bio)
{
	might_sleep_at(__FILE__, __LINE__);
	bio->next = (struct bio *)current;
	if (current->plug && nr_plugged < ARRAY_SIZE(plugged))
		plugged[nr_plugged++] = bio;
	else
		start(bio);
	/* A submission may sleep for a free request. */
	if (!machine_random(16))
		sleep_ms(1);
	host_bh_enabled();
}

void blk_start_plug(struct blk_plug *plug)
{
	if (!current->plug)
		current->plug = plug;
}

/* NULL: the task goes to sleep. */
void blk_finish_plug(struct blk_plug *plug)
{
	if (plug && current->plug != plug)
		return;
	flush_plugged();
	if (plug)
		current->plug = NULL;
}

int blkdev_issue_flush(struct block_device *bdev)
{
	disk.flushes++;
	return 0;
}

u32 blkdev_logical_block_size(struct block_device *bdev) { return 512; }
u32 blkdev_max_bytes(struct block_device *bdev) { return 1u << 20; }

/* ---- what the VFS gives ---- */

int proc_create(const char *path, u32 mode, seq_show_t show, ssize_t (*write)(void *, const char *, size_t), void *arg) { return 0; }
void seq_printf(struct seq_buf *s, const char *fmt, ...) { }
void touch_atime(struct file *f) { }
void inode_set_size(struct inode *i, loff_t size) { i->size = size; }
const char *file_path(struct file *f, char *buf, size_t size) { return "?"; }
void fput(struct file *f) { atomic_dec(&f->refs); }

int file_update_time(struct file *f)
{
	mark_inode_dirty_flags(f->inode, I_DIRTY_SYNC);
	return 0;
}

/* ---- files ---- */

static int file_write_inode(struct inode *inode, bool sync)
{
	((struct test_file *)inode)->written_inodes++;
	return 0;
}

static const struct super_operations sops = { .write_inode = file_write_inode };
static struct super_block file_sb = { .ops = &sops }, bdev_sb;

u32 file_disk_block(struct test_file *f, u32 block)
{
	if (block >= f->blocks)
		return ~0u;
	if (f->hole_every && block % f->hole_every == f->hole_every - 1 && !(f->made[block / 8] >> block % 8 & 1))
		return ~0u;
	/* Runs in reverse order: each in a row, the next one before it on the disk. */
	if (f->run)
		return f->start + (DIV_ROUND_UP(f->blocks, f->run) - 1 - block / f->run) * f->run + block % f->run;
	return f->start + block;
}

static int file_get_block(struct inode *inode, u32 block, struct buffer_head *b, bool create)
{
	struct test_file *f = (struct test_file *)inode;
	u32 at = file_disk_block(f, block), n = 1, want = b->size >> inode->blkbits;

	if (block >= f->blocks)
		return create ? -ENOSPC : 0;
	if (at == ~0u) {
		if (!create)
			return 0;
		f->made[block / 8] |= (u8)(1 << block % 8);
		at = file_disk_block(f, block);
		bh_set(b, BH_New);
		want = 1;
	}
	while (n < want && file_disk_block(f, block + n) == at + n)
		n++;
	b->blocknr = at;
	b->size = n << inode->blkbits;
	bh_set(b, BH_Mapped);
	return 0;
}

static int file_read_page(struct file *f, struct page *page) { return block_read_page(page, file_get_block, 0); }
static void file_read_pages(struct mapping *m, struct page **pages, u32 nr, u32 id) { block_read_pages(m, pages, nr, file_get_block, id); }
static int file_write_page(struct page *page, struct writeback_control *wbc) { return block_write_page(page, file_get_block, wbc); }
static int file_write_pages(struct mapping *m, struct writeback_control *wbc) { return block_write_pages(m, wbc, file_get_block); }
static ssize_t file_direct_io(struct kiocb *k, struct iov_iter *iter) { return block_direct_io(k, iter, file_get_block); }

static int file_write_begin(struct file *f, struct mapping *m, loff_t pos, u32 len, struct page **page, void **fsdata)
{
	return block_write_begin(m, pos, len, page, file_get_block);
}

static int file_write_end(struct file *f, struct mapping *m, loff_t pos, u32 len, u32 copied, struct page *page, void *fsdata)
{
	return block_write_end(f, m, pos, len, copied, page);
}

static const struct mapping_ops file_aops = {
	.read_page = file_read_page, .read_pages = file_read_pages, .write_page = file_write_page, .write_pages = file_write_pages,
	.write_begin = file_write_begin, .write_end = file_write_end, .invalidate_page = block_invalidate_page,
	.release_page = block_release_page, .direct_io = file_direct_io, .set_page_dirty = block_set_page_dirty,
};

static const struct file_operations file_ops = { .fsync = generic_file_fsync };

static void file_setup(struct test_file *f, struct super_block *sb, u32 bits, umode_t mode, loff_t size)
{
	struct inode *i = &f->inode;

	atomic_set(&i->refs, 1);
	i->mode = mode;
	i->blkbits = bits;
	i->size = size;
	i->sb = sb;
	mutex_init(&i->lock, "inode", RANK_INODE);
	mapping_init(&i->data, i, &file_aops);
	i->data.bdev = &machine_bdev;
	i->mapping = &i->data;
	INIT_LIST_HEAD(&i->dirty_node);
	INIT_LIST_HEAD(&i->assoc_buffers);
	f->file.inode = i;
	f->file.ops = &file_ops;
	f->file.flags = O_LARGEFILE;
	atomic_set(&f->file.refs, 1);
	file_ra_init(&f->file.ra, &i->data);
}

struct test_file *file_make(u32 bits, u32 start, u32 blocks, u32 run, u32 hole_every, loff_t size)
{
	struct test_file *f = calloc(1, sizeof(*f));

	f->start = start;
	f->blocks = blocks;
	f->run = run;
	f->hole_every = hole_every;
	f->made = calloc(1, blocks / 8 + 1);
	file_setup(f, &file_sb, bits, S_IFREG | 0644, size);
	return f;
}

void file_free(struct test_file *f)
{
	(void)!write_inode_now(&f->inode, true);
	atomic_or(&f->inode.state, I_FREEING);
	writeback_forget_inode(&f->inode);
	truncate_pages(&f->inode.data, 0);
	if (f->inode.data.nrpages)
		panic("pages left behind");
	free(f->made);
	free(f);
}

static ssize_t rw(struct test_file *f, enum iter_type type, bool dest, void *buf, u32 n, loff_t pos, u32 flags)
{
	struct kiocb k = { .file = &f->file, .pos = pos, .flags = flags };
	struct iovec_k seg = { .base = buf, .len = n };
	struct iov_iter it;
	ssize_t done;

	iov_iter_init(&it, type, dest, &seg, 1, n);
	done = dest ? generic_file_read_iter(&k, &it) : generic_file_write_iter(&k, &it);
	if (done > 0 && k.pos != pos + done)
		panic("position moved by %lld for %lld bytes", (long long)(k.pos - pos), (long long)done);
	return done;
}

ssize_t file_pread(struct test_file *f, void *buf, u32 n, loff_t pos) { return rw(f, ITER_KVEC, true, buf, n, pos, 0); }
ssize_t file_pwrite(struct test_file *f, const void *buf, u32 n, loff_t pos) { return rw(f, ITER_KVEC, false, (void *)buf, n, pos, 0); }
ssize_t file_pwrite_user(struct test_file *f, const void *buf, u32 n, loff_t pos)
{
	return rw(f, ITER_IOVEC, false, (void *)buf, n, pos, 0);
}

ssize_t file_pread_direct(struct test_file *f, void *buf, u32 n, loff_t pos) { return rw(f, ITER_KVEC, true, buf, n, pos, IOCB_DIRECT); }

ssize_t file_pwrite_direct(struct test_file *f, const void *buf, u32 n, loff_t pos)
{
	return rw(f, ITER_KVEC, false, (void *)buf, n, pos, IOCB_DIRECT);
}

int file_fsync(struct test_file *f) { return generic_file_fsync(&f->file, 0, INT64_MAX, false); }

/* ---- start ---- */

struct test_file machine_bdev_file;

void disk_start(u32 kib)
{
	disk = (struct machine_disk){ .data = malloc((size_t)kib << 10), .sectors = kib * 2 };
	for (u32 i = 0; i < kib << 10; i++)
		disk.data[i] = (u8)machine_random(0);
	machine_bdev.nr_sectors = disk.sectors;
	machine_bdev.disk = &machine_gendisk;
	machine_bdev.block_size = 1024;
	machine_bdev_file.blocks = kib;
	file_setup(&machine_bdev_file, &bdev_sb, 10, S_IFBLK | 0600, (loff_t)kib << 10);
	machine_bdev.mapping = &machine_bdev_file.inode.data;
	machine_bdev.inode = &machine_bdev_file.inode;
	file_sb.bdev = &machine_bdev;
}
