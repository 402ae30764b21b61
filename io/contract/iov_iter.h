/*
 * iov_iter: where data comes from or goes to, and how far the transfer has come. One type for user buffers, kernel buffers and page
 * lists, so that read, write, AIO, splice and the kernel's own I/O share one path. kiocb: one I/O on one open file.
 */
#ifndef IO_CONTRACT_IOV_ITER_H
#define IO_CONTRACT_IOV_ITER_H

#include "kernel/lib/err.h"
#include "mm/page.h"

struct file;

enum iter_type { ITER_UBUF, ITER_IOVEC, ITER_KVEC, ITER_BVEC };
struct iovec_k { void *base; u32 len; }; /* struct iovec of the ABI: user or kernel address by type */
struct bio_vec { struct page *page; u32 len, offset; };

struct iov_iter {
	u8 type;
	bool dest;       /* data flows into the iterator (a read) */
	u32 count;       /* bytes left */
	u32 seg_offset;  /* done within the first segment */
	u32 nr_segs;     /* segments left, the first one included */
	union {
		void *ubuf; /* ITER_UBUF: the address at the start; seg_offset moves */
		const struct iovec_k *iov;
		const struct bio_vec *bvec;
	};
};

static inline void iov_iter_ubuf(struct iov_iter *i, bool dest, void __user *buf, u32 len)
{
	i->type = ITER_UBUF;
	i->dest = dest;
	i->count = len;
	i->seg_offset = 0;
	i->nr_segs = 1;
	i->ubuf = buf;
}
void iov_iter_kvec1(struct iov_iter *i, bool dest, struct iovec_k *storage, void *buf, u32 len); /* one kernel buffer */
void iov_iter_init(struct iov_iter *i, enum iter_type type, bool dest, const void *segs, u32 nr_segs, u32 count);
/* Each moves the iterator and returns the bytes done; short on a fault. They may sleep in a user fault unless pagefault_disable'd. */
u32 copy_to_iter(const void *src, u32 n, struct iov_iter *i);
u32 copy_from_iter(void *dst, u32 n, struct iov_iter *i);
u32 iov_iter_zero(u32 n, struct iov_iter *i);
static inline u32 copy_page_to_iter(struct page *p, u32 offset, u32 n, struct iov_iter *i)
{
	return copy_to_iter((u8 *)page_address(p) + offset, n, i);
}
/* Copies without faulting and WITHOUT moving the iterator; the caller advances by what was used. */
u32 copy_page_from_iter_atomic(struct page *p, u32 offset, u32 n, struct iov_iter *i);
void iov_iter_advance_segments(struct iov_iter *i, u32 n);
static inline void iov_iter_advance(struct iov_iter *i, u32 n)
{
	if (unlikely(i->type != ITER_UBUF || n > i->count)) {
		iov_iter_advance_segments(i, n);
		return;
	}
	i->count -= n;
	i->seg_offset += n;
}
void iov_iter_revert(struct iov_iter *i, u32 n);
void iov_iter_truncate(struct iov_iter *i, u32 count);
static inline u32 iov_iter_count(const struct iov_iter *i) { return i->count; }
/* Bytes of [0,n) that could not be touched for reading (0: all can). May sleep; no page locked. */
u32 iov_iter_fault_in_readable(const struct iov_iter *i, u32 n);
u32 iov_iter_fault_in_writeable(const struct iov_iter *i, u32 n);
/*
 * For direct I/O: pin up to max pages from the front, moving the iterator; returns how many entries of vec were filled, or -EFAULT. All
 * have to be released with put_page (dirty ones marked by the caller).
 */
int iov_iter_pin_pages(struct iov_iter *i, struct bio_vec *vec, u32 max);
/* The OR of all addresses and lengths: low bits tell the alignment. */
u32 iov_iter_alignment(const struct iov_iter *i);

#define IOCB_APPEND BIT(0)
#define IOCB_DIRECT BIT(1)
#define IOCB_NOWAIT BIT(2)
#define IOCB_DSYNC BIT(3)
#define IOCB_SYNC BIT(4)
#define IOCB_SPLICE_NONBLOCK BIT(5) /* splice with SPLICE_F_NONBLOCK: local sockets do not wait, other files do as they would for a read */

struct kiocb {
	struct file *file;
	loff_t pos;        /* in: where; out: after the bytes done */
	u32 flags;
	u32 id;            /* travels down to the driver, see trace.h */
	/* NULL: synchronous. Otherwise the operation may return -EIOCBQUEUED and call this once, from any context, with bytes done or an errno. */
	void (*complete)(struct kiocb *k, ssize_t result);
	void *private;
};

#endif
