/*
 * Tests of the block layer over a disk made of memory: order, merging, plugging, flushes, contexts, a full queue, another elevator, bad sectors,
 * busy driver, lost completions, unplugging.
 * The disk logs each request it gets and can be told to hold, refuse, fail or lose them.
 */
#include "io/block/queue.h"
#include "io/contract/file.h"
#include "io/contract/block_device.h"
#include "kernel/debug/bug.h"
#include "kernel/lib/err.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "mm/alloc.h"
#include "tests/kernel/ktest.h"

#define DISK_SECTORS 2048u
#define LOG_MAX 64u

struct fake {
	u8 *data;
	struct { u32 op, sector, nr, hctx; } log[LOG_MAX];
	u32 nr_log;
	struct request *held[32];
	u32 nr_held;
	bool hold;          /* keep requests until release */
	u32 busy;           /* answer this many with -EBUSY */
	u32 bad_sector;     /* ~0: none */
	bool lose;          /* never complete: the deadline must */
	u32 timeouts;
	struct gendisk *disk;
};

static struct fake fake;

static int transfer(struct request *rq, u32 *good)
{
	struct blk_segment seg[64];
	u32 n = blk_rq_map_segments(rq, seg, ARRAY_SIZE(seg)), at = (u32)rq->sector * SECTOR_SIZE, bad = fake.bad_sector;

	*good = rq_bytes(rq);
	if (bad != ~0u && bad >= rq->sector && bad < rq->sector + rq->nr_sectors)
		*good = (bad - (u32)rq->sector) * SECTOR_SIZE;
	for (u32 i = 0, done = 0; i < n && done < *good; i++) {
		u32 part = min(seg[i].len, *good - done);

		if (rq_op(rq) == REQ_READ)
			memcpy(seg[i].va, fake.data + at + done, part);
		else
			memcpy(fake.data + at + done, seg[i].va, part);
		done += part;
	}
	return *good < rq_bytes(rq) ? -EIO : 0;
}

static void finish(struct request *rq)
{
	u32 good = 0;
	int error = rq_op(rq) <= REQ_WRITE ? transfer(rq, &good) : 0;

	blk_request_done(rq, error, good);
}

static int fake_queue_rq(struct hw_ctx *h, struct request *rq)
{
	if (fake.busy) {
		fake.busy--;
		return -EBUSY;
	}
	if (fake.nr_log < LOG_MAX) {
		fake.log[fake.nr_log].op = rq_op(rq);
		fake.log[fake.nr_log].sector = (u32)rq->sector;
		fake.log[fake.nr_log].hctx = h->index;
		fake.log[fake.nr_log++].nr = rq->nr_sectors;
	}
	if (fake.lose)
		return 0;
	if (fake.hold)
		fake.held[fake.nr_held++] = rq;
	else
		finish(rq);
	return 0;
}

static bool fake_timeout(struct hw_ctx *h, struct request *rq)
{
	fake.timeouts++;
	blk_request_done(rq, -ETIMEDOUT, 0);
	return false;
}

static const struct block_ops fake_ops = { .name = "fake", .queue_rq = fake_queue_rq, .timeout = fake_timeout };

static void release_held(void)
{
	fake.hold = false;
	for (u32 i = 0; i < fake.nr_held; i++)
		finish(fake.held[i]);
	fake.nr_held = 0;
}

static bool fake_start_contexts(u32 nr_hw, u32 depth)
{
	struct queue_limits limits = { .max_hw_sectors = 256, .max_segments = 64, .write_cache = true };
	struct gendisk *d = disk_alloc();

	memset(&fake, 0, sizeof(fake));
	fake.bad_sector = ~0u;
	fake.data = vmalloc(DISK_SECTORS * SECTOR_SIZE);
	if (!d || !fake.data)
		return false;
	for (u32 i = 0; i < DISK_SECTORS * SECTOR_SIZE / 4; i++)
		((u32 *)fake.data)[i] = i;
	memset(fake.data, 0, SECTOR_SIZE); /* no partition table */
	strscpy(d->name, "fake", sizeof(d->name));
	d->major = 251;
	d->minors = 1;
	d->capacity = DISK_SECTORS;
	d->ops = &fake_ops;
	d->queue = blk_queue_create(&fake_ops, &limits, nr_hw, depth, 0, NULL);
	if (IS_ERR(d->queue))
		return false;
	fake.disk = d;
	if (add_disk(d))
		return false;
	fake.nr_log = 0;
	return true;
}

static bool fake_start(u32 depth)
{
	return fake_start_contexts(1, depth);
}

static void fake_stop(void)
{
	struct request_queue *q = fake.disk->queue;

	del_gendisk(fake.disk);
	blk_queue_destroy(q);
	put_disk(fake.disk);
	vfree(fake.data);
}

/* ---- bios of the tests ---- */

struct waiter {
	u32 left;
	int first_error;
	struct wait_queue_head wait;
};

static void test_end_io(struct bio *bio)
{
	struct waiter *w = bio->private;

	if (bio->status && !w->first_error)
		w->first_error = bio->status;
	w->left--;
	wake_up(&w->wait);
	bio_put(bio);
}

static void submit(struct waiter *w, u32 flags, u32 sector, struct page **pages, u32 nr)
{
	struct bio *bio = bio_alloc(fake.disk->part[0], nr, flags, GFP_KERNEL);

	bio->sector = sector;
	bio->end_io = test_end_io;
	bio->private = w;
	for (u32 i = 0; i < nr; i++)
		KT_EXPECT(bio_add_page(bio, pages[i], PAGE_SIZE, 0));
	w->left++;
	blk_submit(bio);
}

static void waiter_init(struct waiter *w)
{
	w->left = 0;
	w->first_error = 0;
	wait_queue_init(&w->wait);
}

static int wait_all(struct waiter *w)
{
	return wait_event_until(&w->wait, w->left == 0, deadline_ms(20000)) ? -ETIMEDOUT : w->first_error;
}

static bool pages_get(struct page **pages, u32 nr)
{
	for (u32 i = 0; i < nr; i++) {
		pages[i] = alloc_page(GFP_KERNEL | GFP_ZERO);
		if (!pages[i])
			return false;
	}
	return true;
}

static void pages_drop(struct page **pages, u32 nr)
{
	for (u32 i = 0; i < nr; i++)
		put_page(pages[i]);
}

static bool page_is(struct page *p, u32 sector)
{
	return !memcmp(page_address(p), fake.data + sector * SECTOR_SIZE, PAGE_SIZE);
}

KTEST(block_read_and_write)
{
	struct page *p[2];
	struct waiter w;

	KT_REQUIRE(fake_start(1));
	KT_REQUIRE(pages_get(p, 2));
	waiter_init(&w);
	submit(&w, REQ_READ, 64, p, 2);
	KT_EQUAL(wait_all(&w), 0);
	KT_EXPECT(page_is(p[0], 64) && page_is(p[1], 72));
	memset(page_address(p[0]), 0x5a, PAGE_SIZE);
	submit(&w, REQ_WRITE, 128, p, 1);
	KT_EQUAL(wait_all(&w), 0);
	KT_EXPECT(page_is(p[0], 128));
	pages_drop(p, 2);
	fake_stop();
}

KTEST(block_plug_merges_neighbours)
{
	struct page *p[8];
	struct blk_plug plug;
	struct waiter w;

	KT_REQUIRE(fake_start(1));
	KT_REQUIRE(pages_get(p, 8));
	waiter_init(&w);
	blk_start_plug(&plug);
	for (u32 i = 0; i < 7; i++)
		submit(&w, REQ_READ, 80 + 8 * i, &p[i], 1);
	submit(&w, REQ_READ, 72, &p[7], 1); /* in front */
	KT_EQUAL(fake.nr_log, 0);           /* nothing leaves before the plug is pulled */
	blk_finish_plug(&plug);
	KT_EQUAL(wait_all(&w), 0);
	KT_EQUAL(fake.nr_log, 1);
	KT_EQUAL(fake.log[0].sector, 72);
	KT_EQUAL(fake.log[0].nr, 64);
	for (u32 i = 0; i < 7; i++)
		KT_EXPECT(page_is(p[i], 80 + 8 * i));
	KT_EXPECT(page_is(p[7], 72));
	pages_drop(p, 8);
	fake_stop();
}

KTEST(block_fifo_order)
{
	static const u32 at[] = { 1000, 8, 504, 16 };
	struct page *p[4];
	struct blk_plug plug;
	struct waiter w;

	KT_REQUIRE(fake_start(1));
	KT_EQUAL(elevator_switch(fake.disk->queue, "fcfs"), 0);
	KT_REQUIRE(pages_get(p, 4));
	waiter_init(&w);
	blk_start_plug(&plug);
	for (u32 i = 0; i < 4; i++)
		submit(&w, REQ_WRITE, at[i], &p[i], 1);
	blk_finish_plug(&plug);
	KT_EQUAL(wait_all(&w), 0);
	/* 8 and 16 are neighbours: one command, at the place of the first. */
	KT_EQUAL(fake.nr_log, 3);
	KT_EQUAL(fake.log[0].sector, 1000);
	KT_EQUAL(fake.log[1].sector, 8);
	KT_EQUAL(fake.log[1].nr, 16);
	KT_EQUAL(fake.log[2].sector, 504);
	pages_drop(p, 4);
	fake_stop();
}

KTEST(block_large_bio_is_cut)
{
	struct page *p[100];
	struct waiter w;

	KT_REQUIRE(fake_start(1));
	KT_REQUIRE(pages_get(p, 100));
	waiter_init(&w);
	submit(&w, REQ_READ, 0, p, 100); /* 800 sectors, the limit is 256 and 64 segments */
	KT_EQUAL(wait_all(&w), 0);
	for (u32 i = 0; i < fake.nr_log; i++)
		KT_EXPECT(fake.log[i].nr <= 256);
	for (u32 i = 0; i < 100; i++)
		KT_EXPECT(page_is(p[i], 8 * i));
	pages_drop(p, 100);
	fake_stop();
}

KTEST(block_bad_sector_costs_one_page)
{
	struct page *p[16];
	struct blk_plug plug;
	struct waiter w[16];

	KT_REQUIRE(fake_start(1));
	KT_REQUIRE(pages_get(p, 16));
	fake.bad_sector = 400 + 5 * 8 + 3;
	blk_start_plug(&plug);
	for (u32 i = 0; i < 16; i++) {
		waiter_init(&w[i]);
		submit(&w[i], REQ_READ, 400 + 8 * i, &p[i], 1);
	}
	blk_finish_plug(&plug);
	for (u32 i = 0; i < 16; i++) {
		KT_EQUAL(wait_all(&w[i]), i == 5 ? -EIO : 0);
		if (i != 5)
			KT_EXPECT(page_is(p[i], 400 + 8 * i));
	}
	pages_drop(p, 16);
	fake_stop();
}

KTEST(block_bad_sector_in_one_write)
{
	struct page *p[8];
	struct waiter w;

	KT_REQUIRE(fake_start(1));
	KT_REQUIRE(pages_get(p, 8));
	for (u32 i = 0; i < 8; i++)
		memset(page_address(p[i]), (int)(0x10 + i), PAGE_SIZE);
	fake.bad_sector = 800 + 2 * 8;
	waiter_init(&w);
	submit(&w, REQ_WRITE, 800, p, 8);
	KT_EQUAL(wait_all(&w), -EIO);
	for (u32 i = 0; i < 8; i++)
		if (i != 2)
			KT_EXPECT(page_is(p[i], 800 + 8 * i)); /* the neighbours were written */
	pages_drop(p, 8);
	fake_stop();
}

KTEST(block_busy_driver_gets_it_again)
{
	struct page *p[1];
	struct waiter w;

	KT_REQUIRE(fake_start(2));
	KT_REQUIRE(pages_get(p, 1));
	waiter_init(&w);
	fake.busy = 1;
	submit(&w, REQ_READ, 8, p, 1);
	KT_EQUAL(w.left, 1);
	blk_kick(fake.disk->queue);
	KT_EQUAL(wait_all(&w), 0);
	KT_EXPECT(page_is(p[0], 8));
	pages_drop(p, 1);
	fake_stop();
}

KTEST(block_many_requests_wait_for_room)
{
	struct page *p[1];
	struct waiter w;

	KT_REQUIRE(fake_start(4));
	KT_REQUIRE(pages_get(p, 1));
	waiter_init(&w);
	for (u32 i = 0; i < 600; i++) /* more than nr_requests, no two neighbours */
		submit(&w, REQ_READ, (i * 16 + (i & 1) * 1000) % 2040 & ~7u, p, 1);
	KT_EQUAL(wait_all(&w), 0);
	pages_drop(p, 1);
	fake_stop();
}

KTEST(block_past_the_end)
{
	struct page *p[1];
	struct waiter w;

	KT_REQUIRE(fake_start(1));
	KT_REQUIRE(pages_get(p, 1));
	waiter_init(&w);
	submit(&w, REQ_READ, DISK_SECTORS - 4, p, 1);
	KT_EQUAL(wait_all(&w), -EIO);
	waiter_init(&w);
	fake.disk->read_only = true;
	submit(&w, REQ_WRITE, 8, p, 1);
	KT_EQUAL(wait_all(&w), -EROFS);
	KT_EQUAL(fake.nr_log, 0);
	pages_drop(p, 1);
	fake_stop();
}

KTEST(block_deadline_ends_a_lost_request)
{
	struct page *p[1];
	struct waiter w;

	KT_REQUIRE(fake_start(1));
	KT_REQUIRE(pages_get(p, 1));
	fake.disk->queue->errors.timeout_ms = 20;
	waiter_init(&w);
	fake.lose = true;
	submit(&w, REQ_READ, 8, p, 1);
	KT_EQUAL(wait_all(&w), -ETIMEDOUT);
	KT_EQUAL(fake.timeouts, 1);
	fake.lose = false;
	waiter_init(&w);
	submit(&w, REQ_READ, 8, p, 1);
	KT_EQUAL(wait_all(&w), 0);
	pages_drop(p, 1);
	fake_stop();
}

static int unplug_thread(void *arg)
{
	del_gendisk(fake.disk);
	*(volatile bool *)arg = true;
	return 0;
}

KTEST(block_unplug_fails_what_waits)
{
	struct page *p[1];
	struct waiter w[3];
	volatile bool gone = false;
	struct request_queue *q;
	struct task *t;

	KT_REQUIRE(fake_start(1));
	KT_REQUIRE(pages_get(p, 1));
	q = fake.disk->queue;
	fake.hold = true;
	for (u32 i = 0; i < 3; i++) {
		waiter_init(&w[i]);
		submit(&w[i], REQ_READ, 8 + 100 * 8 * i % 2000, p, 1);
	}
	t = kthread_run(unplug_thread, (void *)&gone, "unplug");
	KT_REQUIRE(!IS_ERR(t));
	KT_EQUAL(wait_all(&w[1]), -ENODEV); /* waited in the queue */
	KT_EQUAL(wait_all(&w[2]), -ENODEV);
	KT_EXPECT(!gone);                   /* the first one is still in flight */
	release_held();
	KT_EQUAL(wait_all(&w[0]), 0);
	for (u32 i = 0; i < 500 && !gone; i++)
		sleep_ms(4);
	KT_EXPECT(gone);
	waiter_init(&w[0]);
	blk_queue_destroy(q);
	put_disk(fake.disk);
	vfree(fake.data);
	pages_drop(p, 1);
}

KTEST(block_flush_reaches_the_driver)
{
	KT_REQUIRE(fake_start(1));
	KT_EQUAL(blkdev_issue_flush(fake.disk->part[0]), 0);
	KT_EQUAL(fake.nr_log, 1);
	KT_EQUAL(fake.log[0].op, REQ_FLUSH);
	fake_stop();
}

static u32 freed;

static void fake_free_disk(struct gendisk *d)
{
	freed++;
}

/* A disk goes while it is open: the opener keeps something to hold, gets -ENODEV for everything, and the last close frees it all. */
KTEST(block_unplug_while_open)
{
	static struct block_ops ops;
	struct block_device *b;
	struct page *p[1];
	struct waiter w;
	struct request_queue *q;

	KT_REQUIRE(fake_start(1));
	KT_REQUIRE(pages_get(p, 1));
	ops = fake_ops;
	ops.free_disk = fake_free_disk;
	fake.disk->ops = &ops;
	freed = 0;
	q = fake.disk->queue;
	b = blkdev_get(MKDEV(251, 0), FMODE_READ | FMODE_WRITE, NULL);
	KT_REQUIRE(!IS_ERR(b));
	del_gendisk(fake.disk);
	blk_queue_destroy(q);
	put_disk(fake.disk);
	KT_EQUAL(freed, 0);
	KT_EQUAL(PTR_ERR(blkdev_get(MKDEV(251, 0), FMODE_READ, NULL)), -ENXIO);
	waiter_init(&w);
	submit(&w, REQ_READ, 8, p, 1);
	KT_EQUAL(wait_all(&w), -ENODEV);
	KT_EQUAL(blkdev_issue_flush(b), -ENODEV);
	blkdev_put(b, NULL);
	KT_EQUAL(freed, 1);
	vfree(fake.data);
	pages_drop(p, 1);
}

/* ---- the queue ---- */

KTEST(block_requests_that_come_to_touch_become_one)
{
	struct page *p[4];
	struct waiter w;

	KT_REQUIRE(fake_start(1));
	KT_REQUIRE(pages_get(p, 4));
	waiter_init(&w);
	fake.hold = true;
	submit(&w, REQ_READ, 800, &p[0], 1); /* keeps the device busy */
	submit(&w, REQ_READ, 80, &p[1], 1);
	submit(&w, REQ_READ, 96, &p[2], 1);
	submit(&w, REQ_READ, 88, &p[3], 1);  /* the gap */
	KT_EQUAL(fake.disk->queue->elevator.nr_queued, 1);
	release_held();
	KT_EQUAL(wait_all(&w), 0);
	KT_EQUAL(fake.nr_log, 2);
	KT_EQUAL(fake.log[1].sector, 80);
	KT_EQUAL(fake.log[1].nr, 24);
	KT_EXPECT(page_is(p[1], 80) && page_is(p[2], 96) && page_is(p[3], 88));
	KT_EQUAL(fake.disk->part[0]->in_flight[0], 0);
	pages_drop(p, 4);
	fake_stop();
}

KTEST(block_flush_goes_after_writes_before_it)
{
	struct page *p[3];
	struct waiter w;

	KT_REQUIRE(fake_start(8));
	KT_REQUIRE(pages_get(p, 3));
	waiter_init(&w);
	fake.hold = true;
	submit(&w, REQ_WRITE, 80, &p[0], 1);
	submit(&w, REQ_WRITE, 160, &p[1], 1);
	submit(&w, REQ_FLUSH, 0, NULL, 0);
	submit(&w, REQ_READ, 240, &p[2], 1); /* a read has nothing to do with it */
	KT_EQUAL(fake.nr_log, 3);
	KT_EQUAL(fake.log[2].op, REQ_READ);
	release_held();
	KT_EQUAL(wait_all(&w), 0);
	KT_EQUAL(fake.nr_log, 4);
	KT_EQUAL(fake.log[3].op, REQ_FLUSH);
	KT_EQUAL(fake.disk->queue->nr_writes, 0);
	pages_drop(p, 3);
	fake_stop();
}

KTEST(block_contexts_take_turns)
{
	struct page *p[8];
	u32 taken[4] = { 0 };
	struct waiter w;

	KT_REQUIRE(fake_start_contexts(4, 8));
	KT_REQUIRE(pages_get(p, 8));
	waiter_init(&w);
	fake.hold = true;
	for (u32 i = 0; i < 8; i++)
		submit(&w, REQ_READ, 80 * i, &p[i], 1);
	KT_EQUAL(fake.nr_log, 8);
	for (u32 i = 0; i < 8; i++)
		taken[fake.log[i].hctx]++;
	for (u32 i = 0; i < 4; i++)
		KT_EQUAL(taken[i], 2);
	release_held();
	KT_EQUAL(wait_all(&w), 0);
	pages_drop(p, 8);
	fake_stop();
}

KTEST(block_full_queue_answers_nowait)
{
	struct page *p[6];
	struct waiter w[6];

	KT_REQUIRE(fake_start(1));
	KT_REQUIRE(pages_get(p, 6));
	KT_EQUAL(blk_set_nr_requests(fake.disk->queue, 5), 0);
	fake.hold = true;
	for (u32 i = 0; i < 6; i++) {
		waiter_init(&w[i]);
		submit(&w[i], REQ_READ | REQ_NOWAIT, 80 * i, &p[i], 1);
	}
	KT_EQUAL(wait_all(&w[5]), -EAGAIN);
	release_held();
	for (u32 i = 0; i < 5; i++)
		KT_EQUAL(wait_all(&w[i]), 0);
	/* What nobody waits for may take three quarters: 3 of 5. */
	fake.hold = true;
	fake.nr_held = 0;
	for (u32 i = 0; i < 4; i++) {
		waiter_init(&w[i]);
		submit(&w[i], REQ_WRITE | REQ_NOWAIT, 80 * i, &p[i], 1);
	}
	KT_EQUAL(wait_all(&w[3]), -EAGAIN);
	release_held();
	for (u32 i = 0; i < 3; i++)
		KT_EQUAL(wait_all(&w[i]), 0);
	pages_drop(p, 6);
	fake_stop();
}

static int switch_thread(void *arg)
{
	*(volatile int *)arg = elevator_switch(fake.disk->queue, "bfq");
	return 0;
}

KTEST(block_elevator_changes_behind_what_is_queued)
{
	struct request_queue *q;
	struct page *p[3];
	volatile int result = 1;
	struct waiter w;

	KT_REQUIRE(fake_start(1));
	KT_REQUIRE(pages_get(p, 3));
	q = fake.disk->queue;
	KT_EQUAL(elevator_switch(q, "nonsense"), -EINVAL);
	KT_EQUAL(elevator_switch(q, "noop"), 0);
	waiter_init(&w);
	fake.hold = true;
	for (u32 i = 0; i < 3; i++)
		submit(&w, REQ_READ, 80 * i, &p[i], 1);
	KT_REQUIRE(!IS_ERR(kthread_run(switch_thread, (void *)&result, "switch")));
	while (!q->frozen)
		sleep_ms(1);
	KT_EXPECT(!strcmp(q->elevator.type->name, "fcfs") && result == 1); /* three are under way */
	release_held();
	submit(&w, REQ_READ, 800, &p[0], 1); /* waits until the new one is there, or comes just behind */
	KT_EQUAL(wait_all(&w), 0);
	for (u32 i = 0; i < 5000 && result == 1; i++)
		sleep_ms(1);
	KT_EQUAL(result, 0);
	KT_EXPECT(!strcmp(q->elevator.type->name, "bfq"));
	KT_EQUAL(fake.nr_log, 4);
	pages_drop(p, 3);
	fake_stop();
}

KTEST(block_requests_carry_the_io_priority)
{
	u32 before = current->ioprio;
	struct page *p[1];
	struct waiter w;

	KT_REQUIRE(fake_start(1));
	KT_REQUIRE(pages_get(p, 1));
	waiter_init(&w);
	fake.hold = true;
	current->ioprio = IOPRIO_VALUE(IOPRIO_CLASS_IDLE, 0);
	submit(&w, REQ_READ, 80, p, 1);
	current->ioprio = before;
	KT_EQUAL(fake.held[0]->ioprio_class, IOPRIO_CLASS_IDLE);
	KT_EQUAL(fake.held[0]->pid, current->pid);
	release_held();
	KT_EQUAL(wait_all(&w), 0);
	pages_drop(p, 1);
	fake_stop();
}
