/*
 * A FIFO of bytes in a buffer whose size is a power of two. One reader and one writer at a time need no lock between them; several of either
 * take one. The _user forms copy from and to the program and may sleep. Of Linux's kfifo this is struct kfifo alone, no typed ones.
 */
#ifndef LINUX_KFIFO_H
#define LINUX_KFIFO_H

#include "kernel/include/sluice/prelude.h"
#include <linux/slab.h>

struct kfifo {
	unsigned int in, out; /* bytes ever put in and taken out; where: modulo the size */
	unsigned int mask;
	u8 *data;
};

/* size is rounded up to a power of two. 0 or -ENOMEM, -EINVAL. */
static inline int __must_check kfifo_alloc(struct kfifo *f, unsigned int size, u32 gfp)
{
	unsigned int n = 2;

	if (!size || size > 1u << 22)
		return -EINVAL;
	while (n < size)
		n <<= 1;
	*f = (struct kfifo){ .mask = n - 1, .data = kmalloc(n, gfp) };
	return f->data ? 0 : -ENOMEM;
}
static inline void kfifo_free(struct kfifo *f)
{
	kfree(f->data);
	*f = (struct kfifo){ 0 };
}
static inline unsigned int kfifo_size(const struct kfifo *f) { return f->mask + 1; }
static inline unsigned int kfifo_len(const struct kfifo *f) { return READ_ONCE(f->in) - READ_ONCE(f->out); }
static inline unsigned int kfifo_avail(const struct kfifo *f) { return kfifo_size(f) - kfifo_len(f); }
static inline bool kfifo_is_empty(const struct kfifo *f) { return kfifo_len(f) == 0; }
static inline bool kfifo_is_full(const struct kfifo *f) { return kfifo_avail(f) == 0; }
static inline void kfifo_reset(struct kfifo *f) { f->in = f->out = 0; }

/* Bytes done: fewer than n when there is no more room or no more data. */
static inline unsigned int kfifo_in(struct kfifo *f, const void *from, unsigned int n)
{
	unsigned int at = f->in & f->mask, first;

	n = min(n, kfifo_avail(f));
	first = min(n, kfifo_size(f) - at);
	memcpy(f->data + at, from, first);
	memcpy(f->data, (const u8 *)from + first, n - first);
	barrier();
	f->in += n;
	return n;
}
static inline unsigned int kfifo_out(struct kfifo *f, void *to, unsigned int n)
{
	unsigned int at = f->out & f->mask, first;

	n = min(n, kfifo_len(f));
	first = min(n, kfifo_size(f) - at);
	memcpy(to, f->data + at, first);
	memcpy((u8 *)to + first, f->data, n - first);
	barrier();
	f->out += n;
	return n;
}
/* 0 with the bytes done in *copied, or -EFAULT: nothing was put in (taken out). */
static inline int kfifo_from_user(struct kfifo *f, const void __user *from, unsigned int n, unsigned int *copied)
{
	unsigned int at = f->in & f->mask, first;

	n = min(n, kfifo_avail(f));
	first = min(n, kfifo_size(f) - at);
	*copied = 0;
	if (copy_from_user(f->data + at, from, first) || copy_from_user(f->data, (const u8 __user *)from + first, n - first))
		return -EFAULT;
	f->in += n;
	*copied = n;
	return 0;
}
static inline int kfifo_to_user(struct kfifo *f, void __user *to, unsigned int n, unsigned int *copied)
{
	unsigned int at = f->out & f->mask, first;

	n = min(n, kfifo_len(f));
	first = min(n, kfifo_size(f) - at);
	*copied = 0;
	if (copy_to_user(to, f->data + at, first) || copy_to_user((u8 __user *)to + first, f->data, n - first))
		return -EFAULT;
	f->out += n;
	*copied = n;
	return 0;
}

#endif
