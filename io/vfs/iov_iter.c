/*
 * iov_iter: see io/contract/iov_iter.h. The one user buffer (ITER_UBUF) has its own short path in each function; the segmented kinds share
 * for_each_piece. Pure enough for the host tests, which supply the copy functions.
 */
#include "io/contract/iov_iter.h"
#ifndef HOST_TEST
#include "kernel/sched/task.h"
#endif
#include "kernel/hal/uaccess.h"
#include "kernel/lib/string.h"
#include "mm/mm.h"

void iov_iter_init(struct iov_iter *i, enum iter_type type, bool dest, const void *segs, u32 nr_segs, u32 count)
{
	i->type = (u8)type;
	i->dest = dest;
	i->count = count;
	i->seg_offset = 0;
	i->nr_segs = nr_segs;
	i->iov = segs;
}

void iov_iter_kvec1(struct iov_iter *i, bool dest, struct iovec_k *storage, void *buf, u32 len)
{
	*storage = (struct iovec_k){ .base = buf, .len = len };
	iov_iter_init(i, ITER_KVEC, dest, storage, 1, len);
}

/* The piece at offset off of the current segment: its address, whether that is user memory, and how many bytes are left in the segment. */
struct piece {
	u8 *addr;
	u32 len;
	bool user;
};

static struct piece piece_at(const struct iov_iter *i, const void *seg, u32 off)
{
	if (i->type == ITER_BVEC) {
		const struct bio_vec *v = seg;
		return (struct piece){ (u8 *)page_address(v->page) + v->offset + off, v->len - off, false };
	}
	const struct iovec_k *v = seg;
	return (struct piece){ (u8 *)v->base + off, v->len - off, i->type == ITER_IOVEC };
}

static inline const void *next_segment(const struct iov_iter *i, const void *seg)
{
	return i->type == ITER_BVEC ? (const void *)((const struct bio_vec *)seg + 1) : (const void *)((const struct iovec_k *)seg + 1);
}

enum copy_kind { COPY_TO, COPY_FROM, COPY_ZERO };

/* For /proc/PID/copies. */
static inline void iov_count_copy(u32 n)
{
#ifndef HOST_TEST
	current->io.copied += n;
#endif
}

/* Move up to n bytes of one piece; returns how many were NOT moved. */
static u32 copy_piece(const struct piece *p, void *mem, u32 n, enum copy_kind kind)
{
	if (p->user) {
		switch (kind) {
		case COPY_TO: return copy_to_user(p->addr, mem, n);
		case COPY_FROM: return copy_from_user_keep(mem, p->addr, n);
		case COPY_ZERO: return clear_user(p->addr, n);
		}
	}
	iov_count_copy(n);
	if (kind == COPY_TO)
		memcpy(p->addr, mem, n);
	else if (kind == COPY_FROM)
		memcpy(mem, p->addr, n);
	else
		memset(p->addr, 0, n);
	return 0;
}

/* Copy n bytes (at most i->count) between mem and the front of the iterator without moving it; bytes done. */
static u32 copy_segments(const struct iov_iter *i, u8 *mem, u32 n, enum copy_kind kind)
{
	const void *seg = i->iov;
	u32 off = i->seg_offset, done = 0;

	while (done < n) {
		struct piece p = piece_at(i, seg, off);
		u32 part = min(p.len, n - done);
		u32 left = part ? copy_piece(&p, mem ? mem + done : NULL, part, kind) : 0;
		done += part - left;
		if (left)
			break;
		off = 0;
		seg = next_segment(i, seg);
	}
	return done;
}

void iov_iter_advance_segments(struct iov_iter *i, u32 n)
{
	if (n > i->count)
		n = i->count;
	i->count -= n;
	if (i->type == ITER_UBUF) {
		i->seg_offset += n;
		return;
	}
	n += i->seg_offset;
	while (i->nr_segs) {
		u32 len = i->type == ITER_BVEC ? i->bvec->len : i->iov->len;
		/* A segment that is used up stays current at the very end, so that revert finds its way back. */
		if (n < len || (n == len && !i->count))
			break;
		n -= len;
		i->iov = next_segment(i, i->iov);
		i->nr_segs--;
	}
	i->seg_offset = n;
}

void iov_iter_revert(struct iov_iter *i, u32 n)
{
	i->count += n;
	if (i->type == ITER_UBUF) {
		i->seg_offset -= n;
		return;
	}
	while (n > i->seg_offset) {
		n -= i->seg_offset;
		if (i->type == ITER_BVEC)
			i->seg_offset = (--i->bvec)->len;
		else
			i->seg_offset = (--i->iov)->len;
		i->nr_segs++;
	}
	i->seg_offset -= n;
}

void iov_iter_truncate(struct iov_iter *i, u32 count)
{
	if (i->count > count)
		i->count = count;
}

static u32 copy_iter(struct iov_iter *i, void *mem, u32 n, enum copy_kind kind)
{
	u32 done = copy_segments(i, mem, min(n, i->count), kind);
	iov_iter_advance(i, done);
	return done;
}

u32 copy_to_iter(const void *src, u32 n, struct iov_iter *i)
{
	if (unlikely(i->type != ITER_UBUF))
		return copy_iter(i, (void *)src, n, COPY_TO);
	if (unlikely(n > i->count))
		n = i->count;
	u32 done = n - copy_to_user((u8 *)i->ubuf + i->seg_offset, src, n);
	i->count -= done;
	i->seg_offset += done;
	return done;
}

u32 copy_from_iter(void *dst, u32 n, struct iov_iter *i)
{
	if (unlikely(i->type != ITER_UBUF))
		return copy_iter(i, dst, n, COPY_FROM);
	if (unlikely(n > i->count))
		n = i->count;
	u32 done = n - copy_from_user_keep(dst, (u8 *)i->ubuf + i->seg_offset, n);
	i->count -= done;
	i->seg_offset += done;
	return done;
}

u32 iov_iter_zero(u32 n, struct iov_iter *i)
{
	if (i->type != ITER_UBUF)
		return copy_iter(i, NULL, n, COPY_ZERO);
	if (n > i->count)
		n = i->count;
	u32 done = n - clear_user((u8 *)i->ubuf + i->seg_offset, n);
	i->count -= done;
	i->seg_offset += done;
	return done;
}

u32 copy_page_from_iter_atomic(struct page *p, u32 offset, u32 n, struct iov_iter *i)
{
	u8 *dst = (u8 *)page_address(p) + offset;
	u32 done;

	if (n > i->count)
		n = i->count;
	pagefault_disable();
	if (likely(i->type == ITER_UBUF))
		done = n - copy_from_user_keep(dst, (u8 *)i->ubuf + i->seg_offset, n);
	else
		done = copy_segments(i, dst, n, COPY_FROM);
	pagefault_enable();
	return done;
}

/* Touch the pages of a user range, all at once if they are there, else one by one: bytes that could not be reached. */
static u32 fault_in_range(u8 *p, u32 n, bool write)
{
	if (likely(!(write ? fault_in_writeable(p, n) : fault_in_readable(p, n))))
		return 0;
	while (n) {
		u32 part = min(n, PAGE_SIZE - ((u32)(uintptr_t)p & (PAGE_SIZE - 1)));
		if (write ? fault_in_writeable(p, part) : fault_in_readable(p, part))
			break;
		p += part;
		n -= part;
	}
	return n;
}

/* Touch the user pages of [0, n): bytes that could not be reached. */
static u32 fault_in(const struct iov_iter *i, u32 n, bool write)
{
	if (n > i->count)
		n = i->count;
	if (i->type == ITER_UBUF)
		return fault_in_range((u8 *)i->ubuf + i->seg_offset, n, write);
	if (i->type != ITER_IOVEC)
		return 0;
	const struct iovec_k *v = i->iov;
	for (u32 off = i->seg_offset; n; off = 0, v++) {
		u32 part = min(v->len - off, n), left = part ? fault_in_range((u8 *)v->base + off, part, write) : 0;
		n -= part - left;
		if (left)
			break;
	}
	return n;
}

u32 iov_iter_fault_in_readable(const struct iov_iter *i, u32 n) { return fault_in(i, n, false); }
u32 iov_iter_fault_in_writeable(const struct iov_iter *i, u32 n) { return fault_in(i, n, true); }

/* One entry of the result: the page that holds addr, pinned. */
static int pin_one(const struct piece *p, bool write, struct bio_vec *vec)
{
	u32 in_page = (u32)(uintptr_t)p->addr & (PAGE_SIZE - 1);
	vec->offset = in_page;
	vec->len = min(p->len, PAGE_SIZE - in_page);
	if (p->user) {
		if (!access_ok(p->addr, vec->len))
			return -EFAULT;
		return get_user_page((u32)(uintptr_t)p->addr & PAGE_MASK, write, &vec->page);
	}
	vec->page = get_page(virt_to_page(p->addr));
	return 0;
}

int iov_iter_pin_pages(struct iov_iter *i, struct bio_vec *vec, u32 max_vecs)
{
	u32 n = 0;

	while (n < max_vecs && i->count) {
		struct piece p;
		if (i->type == ITER_UBUF)
			p = (struct piece){ (u8 *)i->ubuf + i->seg_offset, i->count, true };
		else
			p = piece_at(i, i->iov, i->seg_offset);
		p.len = min(p.len, i->count);
		if (p.len) {
			int err = pin_one(&p, i->dest, &vec[n]);
			if (err)
				return n ? (int)n : -EFAULT;
			iov_iter_advance(i, vec[n++].len);
		} else { /* an empty segment */
			i->iov = next_segment(i, i->iov);
			i->nr_segs--;
			i->seg_offset = 0;
		}
	}
	return (int)n;
}

u32 iov_iter_alignment(const struct iov_iter *i)
{
	if (i->type == ITER_UBUF)
		return i->count ? ((u32)(uintptr_t)i->ubuf + i->seg_offset) | i->count : 0;
	u32 bits = 0, left = i->count, off = i->seg_offset;
	const void *seg = i->iov;
	while (left) {
		struct piece p = piece_at(i, seg, off);
		u32 part = min(p.len, left);
		if (part)
			bits |= (u32)(uintptr_t)p.addr | part;
		left -= part;
		off = 0;
		seg = next_segment(i, seg);
	}
	return bits;
}
