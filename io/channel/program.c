/*
 * From the user's words to a program that can run where nothing may sleep: every command is checked, every page of its memory pinned, dirty pages of
 * the device's cache are written out, before the first command is carried out.
 */
#include "io/channel/channel.h"
#include "io/contract/filesystem.h"
#include "io/contract/mapping.h"
#include "io/vfs/files.h"
#include "kernel/debug/bug.h"
#include "kernel/hal/uaccess.h"
#include "kernel/lib/err.h"
#include "kernel/sched/task.h"
#include "kernel/uapi/stat.h"
#include "mm/alloc.h"
#include "mm/mm.h"
#include "mm/vmalloc.h"

#define MAX_PAGES 8192u  /* pinned by one program */
#define MAX_SHARE 4u     /* and at most this part of the memory that is free */

static bool is_transfer(const struct channel_command *c) { return c->op == CHANNEL_READ || c->op == CHANNEL_WRITE; }

static u32 pages_of(const struct channel_command *c)
{
	return is_transfer(c) ? (((u32)c->address & (PAGE_SIZE - 1)) + c->count + PAGE_SIZE - 1) >> PAGE_SHIFT : 0;
}

/* One command by itself. */
static int check_command(const struct program *p, u32 i)
{
	const struct channel_command *c = &p->commands[i];
	u32 mask = blk_queue_limits(p->bdev->disk->queue)->dma_alignment | (blkdev_logical_block_size(p->bdev) - 1);
	bool last = i + 1 == p->nr;

	if (c->spare || c->flags & ~(CHANNEL_CHAIN_DATA | CHANNEL_CHAIN_COMMAND) || (last && c->flags))
		return -EINVAL;
	switch (c->op) {
	case CHANNEL_READ:
	case CHANNEL_WRITE:
		if (!c->count || ((u32)c->address | c->count) & mask)
			return -EINVAL;
		if (c->address + c->count > USER_SPACE_END || c->address + c->count < c->address)
			return -EFAULT;
		if (c->flags & CHANNEL_CHAIN_DATA && p->commands[i + 1].op != c->op)
			return -EINVAL;
		return p->device->mode & (c->op == CHANNEL_READ ? FMODE_READ : FMODE_WRITE) ? 0 : -EBADF;
	case CHANNEL_SEEK:
	case CHANNEL_NOP:
		return c->flags & CHANNEL_CHAIN_DATA ? -EINVAL : 0;
	case CHANNEL_TRANSFER:
		/* Not into the middle of a transfer. */
		if (c->flags & CHANNEL_CHAIN_DATA || c->address >= p->nr)
			return -EINVAL;
		return c->address && p->commands[c->address - 1].flags & CHANNEL_CHAIN_DATA ? -EINVAL : 0;
	}
	return -EINVAL;
}

/* All of them; how many pages they name in *nr_pages. */
static int check_commands(struct program *p, u32 *nr_pages)
{
	u64 pages = 0, chained = 0;

	for (u32 i = 0; i < p->nr; i++) {
		const struct channel_command *c = &p->commands[i];
		int error = check_command(p, i);

		if (error)
			return error;
		p->extra[i] = (struct command_extra){ .first_page = (u32)pages, .jumps_left = c->count };
		pages += pages_of(c);
		chained = c->flags & CHANNEL_CHAIN_DATA ? chained + c->count : 0;
		if (pages > MAX_PAGES || chained > MAX_PAGES << PAGE_SHIFT)
			return -EINVAL;
		p->writes |= c->op == CHANNEL_WRITE;
	}
	if (pages > nr_free_pages() / MAX_SHARE)
		return -ENOMEM;
	*nr_pages = (u32)pages;
	return 0;
}

/* A page that belongs to a file's cache becomes dirty by being read into; afterwards nobody can say so. */
static void dirty_target(struct page *page)
{
	if (page->mapping && !page_test(page, PG_slab | PG_dirty))
		set_page_dirty(page);
}

static int pin_pages(struct program *p, u32 nr_pages)
{
	p->pages = vmalloc(max(nr_pages, 1u) * sizeof(*p->pages));
	if (!p->pages)
		return -ENOMEM;
	for (u32 i = 0; i < p->nr; i++) {
		const struct channel_command *c = &p->commands[i];
		u32 first = (u32)c->address & ~(PAGE_SIZE - 1);

		for (u32 n = 0; n < pages_of(c); n++) {
			int error = get_user_page(first + (n << PAGE_SHIFT), c->op == CHANNEL_READ, &p->pages[p->nr_pages]);

			if (error)
				return error;
			if (c->op == CHANNEL_READ)
				dirty_target(p->pages[p->nr_pages]);
			p->nr_pages++;
		}
	}
	return 0;
}

void program_unpin(struct program *p)
{
	for (u32 i = 0; i < p->nr_pages; i++)
		put_page(p->pages[i]);
	p->nr_pages = 0;
}

/* What the cache holds of the device must neither hide what the program writes nor what it should read. */
static int make_coherent(struct program *p)
{
	int error = sync_blockdev(p->bdev);

	if (!error && p->writes)
		error = invalidate_pages_for_direct(p->bdev->mapping, 0, ~0u);
	return error;
}

static int open_device(struct program *p, int device)
{
	const struct queue_limits *l;

	p->device = fget(device);
	if (!p->device)
		return -EBADF;
	if (!S_ISBLK(p->device->inode->mode) || !p->device->inode->bdev)
		return -ENOTBLK;
	p->bdev = p->device->inode->bdev;
	l = blk_queue_limits(p->bdev->disk->queue);
	p->max_vecs = l->max_segments ? max(l->max_segments / 2, 1u) : BIO_MAX_VECS;
	p->max_bytes = min(blkdev_max_bytes(p->bdev), p->max_vecs << PAGE_SHIFT); /* then it surely fits, see bio_fits */
	return 0;
}

/* Is there a mounted file system (or another exclusive user) on the device, a part of it, or the disk it is a part of? */
static bool held_by_others(const struct program *p)
{
	const struct block_device *b = p->bdev;

	for (u32 i = 0; i < ARRAY_SIZE(b->disk->part); i++) {
		const struct block_device *part = b->disk->part[i];

		if (part && part->holder && part->holder != p->device && (part == b || !part->partno || !b->partno))
			return true;
	}
	return false;
}

static int prepare(struct program *p, int device)
{
	int error = open_device(p, device);
	u32 nr_pages;

	if (error)
		return error;
	p->extra = vmalloc(p->nr * sizeof(*p->extra));
	if (!p->extra)
		return -ENOMEM;
	error = check_commands(p, &nr_pages);
	if (error)
		return error;
	if (p->writes && held_by_others(p))
		return -EBUSY;
	error = pin_pages(p, nr_pages);
	if (error)
		return error;
	p->bio = bio_alloc(p->bdev, BIO_MAX_VECS, REQ_READ, GFP_KERNEL);
	p->max_vecs = min_t(u32, p->max_vecs, p->bio->max_vecs);
	return make_coherent(p);
}

struct program *program_make(struct subchannel *owner, int device, struct channel_command *commands, u32 nr)
{
	struct program *p = kzalloc(sizeof(*p), GFP_KERNEL);
	int error;

	if (!p)
		return ERR_PTR(-ENOMEM);
	p->owner = owner;
	p->commands = commands;
	p->nr = nr;
	p->pid = current->pid;
	p->ioprio = task_effective_ioprio(current);
	error = prepare(p, device);
	if (!error)
		return p;
	p->commands = NULL;
	p->writes = false;
	program_free(p);
	return ERR_PTR(error);
}

void program_free(struct program *p)
{
	program_unpin(p);
	if (p->writes) /* what was read into the cache meanwhile */
		(void)invalidate_pages_for_direct(p->bdev->mapping, 0, ~0u);
	if (p->bio)
		bio_put(p->bio);
	vfree(p->pages);
	vfree(p->extra);
	vfree(p->commands);
	if (p->device)
		fput(p->device);
	kfree(p);
}
