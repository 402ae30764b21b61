/*
 * Reading pages of block-backed mappings. The usual page is contiguous on the disk and has no buffers: it becomes one vector of a large bio
 * that goes on over as many pages as the disk has them in a row. A page with buffers, or with pieces in several places, is read buffer by
 * buffer; the last one that arrives unlocks the page.
 */
#include "io/cache/buffer_io.h"
#include "io/cache/page_cache.h"
#include "io/contract/block_device.h"
#include "io/contract/filesystem.h"
#include "kernel/debug/trace.h"
#include "mm/alloc.h"

/* What is known while a run of pages is turned into bios. */
struct read_run {
	struct mapping *m;
	get_block_t get_block;
	u32 id, bits;          /* of the I/O that asks; block size is 1 << bits */
	u32 pages_left;        /* for sizing bios */
	u32 file_end;          /* blocks of the file that are not wholly beyond its end */
	struct bio *bio;       /* being filled */
	sector_t next_sector;  /* where it ends */
	u32 ext_first, ext_len; /* extent last mapped: file blocks, 0 long: none */
	u32 ext_disk;          /* its first block on the disk; valid when ext_mapped */
	bool ext_mapped;       /* false: a hole */
};

/* One buffer of a page arrived. True when it was the last of its page. m->lock: on two CPUs two bios of one page may end at once. */
static bool buffers_arrived(struct page *page, u32 offset, u32 len, int status, bool *all_good)
{
	struct mapping *m = page->mapping;
	struct buffer_head *head = page_buffers(page), *b = head;
	bool last = true, good = true;
	u32 at = 0;

	spin_lock_bh(&m->lock);
	do {
		if (at >= offset && at < offset + len) {
			if (!status)
				bh_set(b, BH_Uptodate);
			bh_clear(b, BH_AsyncRead);
			unlock_buffer(b);
		}
		if (b->state & BH_AsyncRead)
			last = false;
		if (!(b->state & BH_Uptodate))
			good = false;
		at += b->size;
	} while ((b = b->next) != head);
	spin_unlock_bh(&m->lock);
	*all_good = good;
	return last;
}

static void read_done(struct bio *bio)
{
	for (u32 i = 0; i < bio->nr_vecs; i++) {
		struct bio_vec *v = &bio->vecs[i];
		bool good;

		if (likely(!page_test(v->page, PG_private)))
			page_end_read(v->page, bio->status);
		else if (buffers_arrived(v->page, v->offset, v->len, bio->status, &good))
			page_end_read(v->page, good ? 0 : -EIO);
	}
	bio_put(bio);
}

static void run_submit(struct read_run *r)
{
	struct bio *bio = r->bio;

	if (!bio)
		return;
	r->bio = NULL;
	blk_submit(bio);
}

static void run_add(struct read_run *r, struct page *page, u32 offset, u32 len, sector_t sector)
{
	if (r->bio && (r->next_sector != sector || !bio_add_page(r->bio, page, len, offset)))
		run_submit(r);
	if (!r->bio) {
		r->bio = bio_alloc(r->m->bdev, min(r->pages_left + 1, BIO_MAX_VECS), REQ_READ, GFP_NOFS);
		r->bio->sector = sector;
		r->bio->end_io = read_done;
		r->bio->id = r->id;
		(void)bio_add_page(r->bio, page, len, offset); /* a new bio has room for one */
	}
	r->next_sector = sector + (len >> SECTOR_SHIFT);
}

/* Where file block `block` lies: *disk, or a hole. 0 or an error of the file system. */
static int map_block(struct read_run *r, u32 block, bool *mapped, u32 *disk)
{
	if (block - r->ext_first >= r->ext_len) {
		struct buffer_head map = { .size = (r->pages_left + 1) << PAGE_SHIFT };
		int error = r->get_block(r->m->host, block, &map, false);

		if (error)
			return error;
		r->ext_first = block;
		r->ext_mapped = map.state & BH_Mapped;
		r->ext_len = r->ext_mapped ? max(map.size >> r->bits, 1u) : 1;
		r->ext_disk = map.blocknr;
	}
	*mapped = r->ext_mapped;
	*disk = r->ext_disk + (block - r->ext_first);
	return 0;
}

/*
 * Map a page that lies in one piece from its start: *nr blocks from *disk on, the rest is hole or beyond the end. 0; -EAGAIN: it is in
 * several pieces; or an error.
 */
static int map_whole_page(struct read_run *r, struct page *page, u32 *disk, u32 *nr)
{
	u32 per_page = PAGE_SIZE >> r->bits, first = page->index << (PAGE_SHIFT - r->bits), in_ext = first - r->ext_first;

	if (in_ext < r->ext_len && r->ext_len - in_ext >= per_page && r->ext_mapped && first + per_page <= r->file_end) {
		*disk = r->ext_disk + in_ext;
		*nr = per_page;
		return 0;
	}
	*nr = 0;
	for (u32 i = 0; i < per_page && first + i < r->file_end; i++) {
		bool mapped;
		u32 at;
		int error = map_block(r, first + i, &mapped, &at);

		if (error)
			return error;
		if (!mapped)
			continue;
		if (i != *nr || (i && at != *disk + i))
			return -EAGAIN; /* data behind a hole, or not in a row */
		if (!i)
			*disk = at;
		++*nr;
	}
	return 0;
}

/* Lock and mark what has to be read of a page with buffers; fill holes with zeros. Returns how many buffers, or an error. */
static int collect_buffers(struct read_run *r, struct page *page)
{
	struct buffer_head *head = page_buffers(page), *b = head;
	u32 block = page->index << (PAGE_SHIFT - r->bits);
	int n = 0, error = 0;

	do {
		if (b->state & BH_Uptodate)
			continue;
		if (!(b->state & BH_Mapped) && block < r->file_end && !error) {
			bool mapped;
			u32 at;

			error = map_block(r, block, &mapped, &at);
			if (!error && mapped) {
				b->blocknr = at;
				b->bdev = r->m->bdev;
				bh_set(b, BH_Mapped);
			}
		}
		if (error)
			continue;
		if (!(b->state & BH_Mapped)) {
			memset(b->data, 0, b->size);
			bh_set(b, BH_Uptodate);
			continue;
		}
		lock_buffer(b);
		if (b->state & BH_Uptodate) { /* somebody read it while we waited */
			unlock_buffer(b);
			continue;
		}
		bh_set(b, BH_AsyncRead);
		n++;
	} while (block++, (b = b->next) != head);
	return n ? n : error;
}

static void read_page_by_buffers(struct read_run *r, struct page *page)
{
	struct buffer_head *head, *b;
	u32 marked = 0, at = 0;
	int n;

	if (!page_test(page, PG_private))
		buffers_attach(page, 1u << r->bits);
	n = collect_buffers(r, page);
	if (n <= 0) {
		page_end_read(page, n);
		return;
	}
	b = head = page_buffers(page);
	do { /* remember which: the first bio may end before the last is made */
		if (b->state & BH_AsyncRead)
			marked |= BIT(at);
		at++;
	} while ((b = b->next) != head);
	run_submit(r);
	get_page(page);
	for (u32 i = 0; marked >> i; i++, b = b->next)
		if (marked & BIT(i))
			run_add(r, page, i << r->bits, b->size, block_to_sector(b->blocknr, r->bits));
	run_submit(r);
	put_page(page);
}

static void read_one(struct read_run *r, struct page *page)
{
	u32 disk = 0, nr;
	int error;

	if (page_test(page, PG_private)) {
		read_page_by_buffers(r, page);
		return;
	}
	error = map_whole_page(r, page, &disk, &nr);
	if (error == -EAGAIN) {
		read_page_by_buffers(r, page);
		return;
	}
	if (error) {
		page_end_read(page, error);
		return;
	}
	if (nr << r->bits < PAGE_SIZE)
		memset((u8 *)page_address(page) + (nr << r->bits), 0, PAGE_SIZE - (nr << r->bits));
	if (nr)
		run_add(r, page, 0, nr << r->bits, block_to_sector(disk, r->bits));
	else
		page_end_read(page, 0);
}

void block_read_pages(struct mapping *m, struct page **pages, u32 nr, get_block_t get_block, u32 id)
{
	struct read_run r = { .m = m, .get_block = get_block, .id = id, .bits = m->host->blkbits };

	r.file_end = (u32)((inode_size(m->host) + (1 << r.bits) - 1) >> r.bits);
	for (u32 i = 0; i < nr; i++) {
		r.pages_left = nr - i - 1;
		read_one(&r, pages[i]);
	}
	run_submit(&r);
}

int block_read_page(struct page *page, get_block_t get_block, u32 id)
{
	block_read_pages(page->mapping, &page, 1, get_block, id);
	return 0;
}
