/*
 * The ATA driver on the disk it runs from (sda; read only): requests of all sizes against the same data read sector by sector, the end
 * of the disk, an interrupt that gets lost, a command that is late.
 */
#include "drivers/block/ata/ata.h"
#include "io/block/queue.h"
#include "kernel/irq/irq.h"
#include "kernel/lib/string.h"
#include "mm/alloc.h"
#include "tests/kernel/ktest.h"

#define SDA MKDEV(8, 0)
#define MAX_PAGES 256u /* one bio: 1 MiB, more than a command with 28-bit address can do */

static struct page *pages[MAX_PAGES];

static struct ata_drive *drive_of(struct block_device *b)
{
	return b->disk->ops == &ata_block_ops ? b->disk->private : NULL;
}

/* Read nr sectors from `sector` on into pages[]. */
static int read_sectors(struct block_device *b, sector_t sector, u32 nr)
{
	struct bio *bio = bio_alloc(b, MAX_PAGES, REQ_READ, GFP_KERNEL);
	int error;

	bio->sector = sector;
	for (u32 i = 0; nr; i++) {
		u32 part = min(nr, PAGE_SIZE / SECTOR_SIZE);

		KT_EXPECT(bio_add_page(bio, pages[i], part * SECTOR_SIZE, 0));
		nr -= part;
	}
	error = blk_submit_wait(bio);
	bio_put(bio);
	return error;
}

static void read_done(struct bio *bio)
{
	complete(bio->private);
}

/* Start reading one page from sector 2 on; `done` is completed at the end. */
static struct bio *start_read(struct block_device *b, struct completion *done)
{
	struct bio *bio = bio_alloc(b, 1, REQ_READ, GFP_KERNEL);

	completion_init(done);
	bio->sector = 2;
	bio->end_io = read_done;
	bio->private = done;
	KT_EXPECT(bio_add_page(bio, pages[0], PAGE_SIZE, 0));
	blk_submit(bio);
	return bio;
}

/* FNV over what was read, a sector at a time. */
static u32 sum_sector(u32 n)
{
	const u8 *p = (u8 *)page_address(pages[n / 8]) + n % 8 * SECTOR_SIZE;
	u32 h = 2166136261u;

	for (u32 i = 0; i < SECTOR_SIZE; i++)
		h = (h ^ p[i]) * 16777619u;
	return h;
}

static void free_all(void)
{
	for (u32 i = 0; i < MAX_PAGES && pages[i]; i++) {
		put_page(pages[i]);
		pages[i] = NULL;
	}
}

static struct block_device *set_up(void)
{
	u32 partno = 0;
	struct gendisk *disk = disk_find(SDA, &partno);
	struct block_device *b = disk ? disk->part[partno] : NULL;

	if (disk)
		put_disk(disk); /* the root is on it: it stays */
	if (!b || !drive_of(b))
		return NULL;
	for (u32 i = 0; i < MAX_PAGES; i++) {
		pages[i] = alloc_page(GFP_KERNEL);
		if (!pages[i]) {
			free_all();
			return NULL;
		}
	}
	return b;
}

KTEST(ata_request_sizes)
{
	static const u32 sizes[] = { 1, 2, 7, 8, 9, 255, 256, 257, 300, 1000, 2048 };
	struct block_device *b = set_up();
	u32 *sums, bad = 0;

	if (!b)
		KT_SKIP("sda is not an IDE disk");
	sums = kmalloc(2048 * sizeof(u32), GFP_KERNEL);
	KT_REQUIRE(sums);
	for (u32 i = 0; i < 2048; i++) {
		KT_REQUIRE(!read_sectors(b, i, 1));
		sums[i] = sum_sector(0);
	}
	for (u32 s = 0; s < ARRAY_SIZE(sizes); s++) {
		u32 first = sizes[s] < 2048 ? 3 : 0, nr = min(sizes[s], 2048u - first);

		for (u32 i = 0; i < MAX_PAGES; i++)
			memset(page_address(pages[i]), 0x5a, PAGE_SIZE);
		KT_REQUIRE(!read_sectors(b, first, nr));
		for (u32 i = 0; i < nr; i++)
			bad += sum_sector(i) != sums[first + i];
	}
	KT_EQUAL(bad, 0);
	kfree(sums);
	free_all();
}

KTEST(ata_end_of_disk)
{
	struct block_device *b = set_up();

	if (!b)
		KT_SKIP("sda is not an IDE disk");
	KT_EQUAL(read_sectors(b, b->nr_sectors - 8, 8), 0);
	KT_EQUAL(read_sectors(b, b->nr_sectors - 7, 8), -EIO);
	KT_EQUAL(read_sectors(b, b->nr_sectors, 1), -EIO);
	free_all();
}

/* The interrupt line is masked: the deadline finds the command done. */
KTEST(ata_lost_interrupt)
{
	struct block_device *b = set_up();
	struct request_queue *q;
	struct completion done;
	struct ata_channel *ch;
	struct bio *bio;
	u32 lost, sum;

	if (!b)
		KT_SKIP("sda is not an IDE disk");
	ch = drive_of(b)->ch;
	q = b->disk->queue;
	if (drive_of(b)->mode == ATA_MODE_POLL)
		KT_SKIP("polled: no interrupts");
	KT_REQUIRE(!read_sectors(b, 2, 8));
	sum = sum_sector(0);
	memset(page_address(pages[0]), 0, PAGE_SIZE);
	lost = ch->lost_irqs;
	for (u32 i = 0; i < q->nr_requests; i++)
		q->requests[i].timeout_ms = 100;
	disable_irq(ch->irq);
	bio = start_read(b, &done);
	timer_mod(&q->deadline_timer, deadline_ms(120)); /* it may still be set for the deadline of an earlier request */
	wait_for_completion(&done);
	enable_irq(ch->irq);
	KT_EQUAL(bio->status, 0);
	bio_put(bio);
	for (u32 i = 0; i < q->nr_requests; i++)
		q->requests[i].timeout_ms = 10000;
	KT_EXPECT(ch->lost_irqs > lost);
	KT_EQUAL(sum_sector(0), sum);
	KT_EQUAL(read_sectors(b, 2, 8), 0); /* and the next one as ever */
	KT_EQUAL(sum_sector(0), sum);
	free_all();
}

/* A command under way is declared late: the channel is reset, the command given again. */
KTEST(ata_reset_and_retry)
{
	struct block_device *b = set_up();
	struct completion done;
	struct ata_channel *ch;
	struct bio *bio;
	u32 resets, sum, flags;
	bool caught;

	if (!b)
		KT_SKIP("sda is not an IDE disk");
	ch = drive_of(b)->ch;
	if (drive_of(b)->mode == ATA_MODE_POLL)
		KT_SKIP("polled: the thread has the channel");
	KT_REQUIRE(!read_sectors(b, 2, 8));
	sum = sum_sector(0);
	memset(page_address(pages[0]), 0, PAGE_SIZE);
	resets = ch->resets;
	disable_irq(ch->irq);
	bio = start_read(b, &done);
	flags = spin_lock_irqsave(&ch->lock);
	caught = ch->state == ATA_ACTIVE;
	if (caught)
		ata_fault(ch, ata_altstatus_peek(ch), 0, true);
	spin_unlock_irqrestore(&ch->lock, flags);
	enable_irq(ch->irq);
	wait_for_completion(&done);
	KT_EXPECT(caught);
	KT_EQUAL(bio->status, 0);
	KT_EQUAL(ch->resets, resets + 1);
	KT_EQUAL(sum_sector(0), sum);
	bio_put(bio);
	free_all();
}
