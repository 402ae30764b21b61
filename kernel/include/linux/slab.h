/* kmalloc and the like: memory of up to 4 MiB, physically contiguous. With GFP_KERNEL they may sleep, with GFP_ATOMIC not. */
#ifndef LINUX_SLAB_H
#define LINUX_SLAB_H

#include "kernel/include/sluice/prelude.h"
#include <linux/gfp.h>

static inline void *kmalloc_array(size_t n, size_t size, u32 gfp)
{
	return size && n > SIZE_MAX / size ? NULL : kmalloc(n * size, gfp);
}
static inline void *kcalloc(size_t n, size_t size, u32 gfp) { return kmalloc_array(n, size, gfp | GFP_ZERO); }
static inline void *kmemdup(const void *src, size_t n, u32 gfp)
{
	void *p = kmalloc(n, gfp);

	return p ? memcpy(p, src, n) : NULL;
}

#endif
