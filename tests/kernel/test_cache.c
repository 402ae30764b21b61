/* Tests of the page cache inside the kernel: real tasks that wait for pages, the root's disk, and the lookup broken on purpose. */
#include "io/cache/page_cache.h"
#include "io/cache/writeback.h"
#include "io/contract/block_device.h"
#include "io/contract/buffer_head.h"
#include "io/contract/filesystem.h"
#include "kernel/sched/task.h"
#include "kernel/sync/completion.h"
#include "mm/alloc.h"
#include "tests/kernel/ktest.h"

static struct completion ended; /* once for each thread a test started */

static struct file *root_device(void)
{
	struct file *f = file_open("/dev/sda", O_RDONLY, 0);

	return IS_ERR(f) ? NULL : f;
}

struct waiter {
	struct page *page;
	volatile bool through;
};

static int wait_for_page(void *arg)
{
	struct waiter *w = arg;

	lock_page(w->page);
	w->through = true;
	unlock_page(w->page);
	complete(&ended);
	return 0;
}

KTEST(cache_waiters_of_a_page)
{
	struct waiter w[3];

	completion_init(&ended);
	for (u32 i = 0; i < 3; i++) {
		w[i] = (struct waiter){ .page = i < 2 ? page_cache_alloc(GFP_KERNEL, 0, 0) : w[0].page };
		KT_REQUIRE(w[i].page);
		KT_REQUIRE(!IS_ERR(kthread_run(wait_for_page, &w[i], "waiter%u", i)));
	}
	sleep_ms(20);
	KT_EXPECT(!w[0].through && !w[1].through && !w[2].through);
	unlock_page(w[0].page);
	sleep_ms(20);
	KT_EXPECT(w[0].through && !w[1].through && w[2].through);
	unlock_page(w[1].page);
	for (u32 i = 0; i < 3; i++)
		wait_for_completion(&ended);
	KT_EXPECT(w[1].through);
	KT_EXPECT(!page_test(w[0].page, PG_locked | PG_waiters));
	put_page(w[0].page);
	put_page(w[1].page);
}

static u32 reads_of(struct file *f)
{
	return (u32)f->inode->mapping->bdev->ios[0];
}

struct reader {
	struct file *file;
	loff_t pos;
	ssize_t got;
	char byte;
};

static int read_one(void *arg)
{
	struct reader *r = arg;

	r->got = kernel_read(r->file, &r->byte, 1, &r->pos);
	complete(&ended);
	return 0;
}

KTEST(cache_readers_share_one_read)
{
	struct reader r[4];
	struct file *f = root_device();
	u32 before;

	if (!f)
		KT_SKIP("no /dev/sda");
	invalidate_clean_pages(f->inode->mapping, 20000, 20100);
	f->ra.ra_pages = 0;
	before = reads_of(f);
	completion_init(&ended);
	for (u32 i = 0; i < 4; i++) {
		r[i] = (struct reader){ .file = f, .pos = (20010ll << PAGE_SHIFT) + i };
		KT_REQUIRE(!IS_ERR(kthread_run(read_one, &r[i], "reader%u", i)));
	}
	for (u32 i = 0; i < 4; i++)
		wait_for_completion(&ended);
	for (u32 i = 0; i < 4; i++)
		KT_EQUAL(r[i].got, 1);
	KT_EQUAL(reads_of(f) - before, 1);
	fput(f);
}

KTEST(cache_hit_reads_nothing)
{
	struct file *f = root_device();
	loff_t pos = 1024;
	u32 reads, misses;
	char buf[64];

	if (!f)
		KT_SKIP("no /dev/sda");
	KT_EQUAL(kernel_read(f, buf, sizeof(buf), &pos), sizeof(buf));
	reads = reads_of(f);
	misses = cache_events.misses;
	pos = 1024;
	KT_EQUAL(kernel_read(f, buf, sizeof(buf), &pos), sizeof(buf));
	KT_EQUAL(reads_of(f) - reads, 0);
	KT_EQUAL(cache_events.misses - misses, 0);
	KT_EQUAL(buf[56] == 0x53 && (u8)buf[57] == 0xef, 1); /* the super block's magic: the file system reads the same page */
	fput(f);
}

KTEST(cache_broken_on_purpose)
{
	struct file *f = root_device(), *text = file_open("/etc/hostname", O_RDONLY, 0);
	struct block_device *bdev;
	struct buffer_head *b;
	loff_t pos = 0, pos2 = 0;
	ssize_t from_device, from_file;
	char buf[16];

	if (!f || IS_ERR(text))
		KT_SKIP("no /dev/sda or no /etc/hostname");
	bdev = f->inode->mapping->bdev;
	page_cache_broken = true;
	from_device = kernel_read(f, buf, sizeof(buf), &pos);
	from_file = kernel_read(text, buf, sizeof(buf), &pos2);
	b = bread(bdev, 1, bdev->block_size);
	page_cache_broken = false;
	KT_EQUAL(from_device, -EIO);
	KT_EQUAL(from_file, -EIO);
	KT_EXPECT(!b);
	KT_EQUAL(kernel_read(f, buf, sizeof(buf), &pos), sizeof(buf));
	fput(text);
	fput(f);
}

KTEST(cache_counters_balance)
{
	struct file *f = file_open("/root/ktest-cache", O_RDWR | O_CREAT, 0600);
	char *buf = kmalloc(8192, GFP_KERNEL);
	loff_t pos = 0;

	if (IS_ERR(f) || !buf)
		KT_SKIP("no writable root");
	memset(buf, 'x', 8192);
	(void)writeback_sb(f->inode->sb, true);
	KT_EQUAL(kernel_write(f, buf, 8192, &pos), 8192);
	KT_EXPECT(nr_dirty_pages() >= 2);
	KT_EXPECT(f->inode->state & I_DIRTY_PAGES);
	KT_EQUAL(f->ops->fsync(f, 0, INT64_MAX, false), 0);
	KT_EXPECT(!mapping_has_dirty(f->inode->mapping));
	KT_EQUAL(invalidate_clean_pages(f->inode->mapping, 0, ~0u), 2);
	pos = 4000;
	KT_EQUAL(kernel_read(f, buf, 200, &pos), 200);
	KT_EXPECT(buf[0] == 'x' && buf[199] == 'x');
	kfree(buf);
	fput(f);
}
