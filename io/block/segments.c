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

/* The bytes of bio from `skip` on, *left at most; stops at the first that does not fit. */
static bool seg_add_bio(struct seg_walk *w, const struct bio *bio, u32 skip, u32 *left)
{
	for (u32 i = 0; i < bio->nr_vecs && *left; i++) {
		const struct bio_vec *v = &bio->vecs[i];
		u32 n;

		if (skip >= v->len) {
			skip -= v->len;
			continue;
		}
		n = min(v->len - skip, *left);
		if (!seg_add(w, page_to_phys(v->page) + v->offset + skip, (u8 *)page_address(v->page) + v->offset + skip, n))
			return false;
		*left -= n;
		skip = 0;
	}
	return true;
}

bool bvec_gap(const struct queue_limits *l, const struct bio_vec *v, const struct bio_vec *next)
{
	phys_addr_t end = page_to_phys(v->page) + v->offset + v->len, start = page_to_phys(next->page) + next->offset;

	return (end | start) & l->virt_boundary && end != start;
}

bool bio_has_gap(const struct bio *bio, const struct queue_limits *l)
{
	for (u32 i = 1; i < bio->nr_vecs; i++)
		if (bvec_gap(l, &bio->vecs[i - 1], &bio->vecs[i]))
			return true;
	return false;
}

/* The most frequent case by far: a single vector that no boundary cuts, as one page always is. */
static inline bool is_one_segment(const struct bio *bio, const struct queue_limits *l)
{
	const struct bio_vec *v = bio->vecs;
	u32 mask = l->segment_boundary ? l->segment_boundary : ~0u;

	return bio->nr_vecs == 1 && !bio->done && v->len - 1 <= mask - ((page_to_phys(v->page) + v->offset) & mask);
}

u32 bio_count_segments(const struct bio *bio, const struct queue_limits *l)
{
	if (likely(is_one_segment(bio, l)))
		return 1;

	struct seg_walk w = { .limits = l, .max = ~0u };
	u32 left = ~0u;

	seg_add_bio(&w, bio, bio->done, &left);
	return w.nr;
}

u32 blk_rq_map_segments(struct request *rq, struct blk_segment *segs, u32 max)
{
	const struct queue_limits *l = blk_queue_limits(rq->q);
	const struct bio *bio = rq->bio;
	u32 left = rq_bytes(rq);

	if (likely(max && bio && bio->size == left && is_one_segment(bio, l))) {
		const struct bio_vec *v = bio->vecs;

		segs[0] = (struct blk_segment){ .addr = page_to_phys(v->page) + v->offset, .len = left, .va = (u8 *)page_address(v->page) + v->offset };
		return 1;
	}

	struct seg_walk w = { .limits = l, .segs = segs, .max = max };

	for (struct bio *b = rq->bio; b && left; b = b->next)
		if (!seg_add_bio(&w, b, b->done, &left))
			break;
	return w.nr;
}
