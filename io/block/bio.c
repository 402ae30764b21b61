/*
 * bios: one contiguous range of a device and the pages it goes to or comes from. Allocation with GFP_WAIT cannot fail: a small
 * reserve makes sure that write-out goes on when memory is gone, since each bio that ends gives its place back.
 */
#include "io/block/queue.h"
#include "kernel/debug/bug.h"
#include "kernel/hal/percpu.h"
#include "mm/alloc.h"

#define BIO_RESERVE 4u

static struct kmem_cache *bio_cache;
static DEFINE_SPINLOCK(reserve_lock, RANK_QUEUE);
static struct bio *reserve;
static u32 nr_reserve;
static DEFINE_WAIT_QUEUE(reserve_wait);

static struct bio *bio_new(u32 nr_vecs, u32 gfp)
{
	struct bio *bio = kmem_cache_alloc(bio_cache, gfp);

	if (!bio)
		return NULL;
	bio->vecs = bio->inline_vecs;
	bio->max_vecs = ARRAY_SIZE(bio->inline_vecs);
	if (nr_vecs > bio->max_vecs) {
		bio->vecs = kmalloc(nr_vecs * sizeof(struct bio_vec), gfp);
		bio->max_vecs = (u16)nr_vecs;
		if (!bio->vecs) {
			kmem_cache_free(bio_cache, bio);
			return NULL;
		}
	}
	return bio;
}

static struct bio *bio_from_reserve(void)
{
	struct bio *bio;

	spin_lock_bh(&reserve_lock);
	bio = reserve;
	if (bio) {
		reserve = bio->next;
		nr_reserve--;
	}
	spin_unlock_bh(&reserve_lock);
	return bio;
}

void bio_reset(struct bio *bio, struct block_device *bdev, u32 flags)
{
	bio->next = NULL;
	bio->bdev = bdev;
	bio->flags = flags;
	bio->sector = 0;
	bio->size = bio->done = 0;
	atomic_set(&bio->remaining, 1);
	bio->status = 0;
	bio->id = 0;
	bio->nr_vecs = 0;
	bio->ioprio_class = bio->ioprio_level = 0;
	bio->pid = 0;
	bio->end_io = NULL;
	bio->private = NULL;
}

struct bio *bio_alloc(struct block_device *bdev, u32 nr_vecs, u32 flags, u32 gfp)
{
	struct bio *bio = bio_new(min(nr_vecs, BIO_MAX_VECS), gfp & GFP_WAIT ? gfp | GFP_NOWARN : gfp);

	if (!bio && (gfp & GFP_WAIT)) {
		/* A reserve bio has fewer vectors than asked for, perhaps: bio_add_page says so and the caller starts another. */
		wait_event(&reserve_wait, (bio = bio_from_reserve()) != NULL);
	}
	if (bio)
		bio_reset(bio, bdev, flags);
	return bio;
}

/* Keep a bio for bad times; false: the reserve is full. */
static bool bio_to_reserve(struct bio *bio)
{
	bool kept = false;

	spin_lock_bh(&reserve_lock);
	if (nr_reserve < BIO_RESERVE) {
		bio->next = reserve;
		reserve = bio;
		nr_reserve++;
		kept = true;
	}
	spin_unlock_bh(&reserve_lock);
	if (kept)
		wake_up(&reserve_wait);
	return kept;
}

void bio_put(struct bio *bio)
{
	if (unlikely(READ_ONCE(nr_reserve) < BIO_RESERVE) && bio->max_vecs > ARRAY_SIZE(bio->inline_vecs) && bio_to_reserve(bio))
		return;
	if (bio->vecs != bio->inline_vecs)
		kfree(bio->vecs);
	kmem_cache_free(bio_cache, bio);
}

bool bio_add_page(struct bio *bio, struct page *page, u32 len, u32 offset)
{
	struct bio_vec *last = bio->nr_vecs ? &bio->vecs[bio->nr_vecs - 1] : NULL;

	if (last && last->page == page && last->offset + last->len == offset) {
		last->len += len;
		bio->size += len;
		return true;
	}
	if (bio->nr_vecs == bio->max_vecs)
		return false;
	bio->vecs[bio->nr_vecs++] = (struct bio_vec){ .page = page, .len = len, .offset = offset };
	bio->size += len;
	return true;
}

void bio_endio(struct bio *bio, int status)
{
	ASSERT(!in_hardirq());
	if (status && !bio->status)
		bio->status = status;
	if (!atomic_dec_and_test(&bio->remaining))
		return;
	bio->end_io(bio);
}

static void submit_wait_done(struct bio *bio)
{
	complete(bio->private);
}

int blk_submit_wait(struct bio *bio)
{
	struct completion done;

	might_sleep();
	completion_init(&done);
	bio->private = &done;
	bio->end_io = submit_wait_done;
	bio->flags |= REQ_SYNC;
	blk_submit(bio);
	wait_for_completion(&done);
	return bio->status;
}

int bio_init_pools(void)
{
	bio_cache = kmem_cache_create("bio", sizeof(struct bio), 0, NULL);
	for (u32 i = 0; i < BIO_RESERVE; i++) {
		struct bio *bio = bio_new(32, GFP_KERNEL);

		if (!bio)
			return -ENOMEM;
		bio->next = reserve;
		reserve = bio;
		nr_reserve++;
	}
	return 0;
}
