/*
 * Segments: the physically contiguous pieces of a bio or request, neighbours joined, under the limits of the queue (a segment is at most
 * max_segment_size long and does not cross a segment_boundary, as a PRD entry must not cross 64 KiB). Pure; also compiled on the host.
 */
#include "io/block/queue.h"

struct seg_walk {
	const struct queue_limits *limits;
	struct blk_segment *segs; /* NULL: only count */
	u32 max, nr;
	phys_addr_t end;          /* first byte after the last segment */
	u32 len;                  /* of the last segment */
};

/* Add one contiguous piece; false: no room. */
static bool seg_add(struct seg_walk *w, phys_addr_t pa, u8 *va, u32 len)
{
	u32 mask = w->limits->segment_boundary ? w->limits->segment_boundary : ~0u;

	while (len) {
		u32 to_boundary = mask - (pa & mask); /* one less than the bytes left: no overflow for ~0 */
		u32 n = len - 1 > to_boundary ? to_boundary + 1 : len;

		if (w->nr && w->end == pa && (pa & mask) && w->len + n <= w->limits->max_segment_size) {
			w->len += n;
			if (w->segs)
				w->segs[w->nr - 1].len += n;
		} else {
			if (w->nr == w->max)
				return false;
			if (w->segs)
				w->segs[w->nr] = (struct blk_segment){ .addr = pa, .len = n, .va = va };
			w->nr++;
			w->len = n;
		}
		pa += n;
		va += n;
		len -= n;
		w->end = pa;
	}
	return true;
}

/* The bytes of bio from `skip` on; stops at the first that does not fit. */
static bool seg_add_bio(struct seg_walk *w, const struct bio *bio, u32 skip)
{
	for (u32 i = 0; i < bio->nr_vecs; i++) {
		const struct bio_vec *v = &bio->vecs[i];

		if (skip >= v->len) {
			skip -= v->len;
			continue;
		}
		if (!seg_add(w, page_to_phys(v->page) + v->offset + skip, (u8 *)page_address(v->page) + v->offset + skip, v->len - skip))
			return false;
		skip = 0;
	}
	return true;
}

u32 bio_count_segments(const struct bio *bio, const struct queue_limits *l)
{
	struct seg_walk w = { .limits = l, .max = ~0u };

	seg_add_bio(&w, bio, bio->done);
	return w.nr;
}

u32 blk_rq_map_segments(struct request *rq, struct blk_segment *segs, u32 max)
{
	struct seg_walk w = { .limits = blk_queue_limits(rq->q), .segs = segs, .max = max };

	for (struct bio *b = rq->bio; b; b = b->next)
		if (!seg_add_bio(&w, b, b->done))
			break;
	return w.nr;
}
