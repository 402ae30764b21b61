/* Memory a bus master reads and writes by itself; the caches are coherent. */
#ifndef LINUX_DMA_MAPPING_H
#define LINUX_DMA_MAPPING_H

#include "kernel/include/sluice/prelude.h"
#include <linux/types.h>

#define DMA_BIT_MASK(n) ((n) == 64 ? ~0ull : (1ull << (n)) - 1)
/*
 * Zeroed, physically contiguous, aligned to its size rounded up to a power of two of pages, and within what the device reaches. *bus: what the
 * device is told. NULL.
 */
static inline void *dma_alloc_coherent(struct device *d, size_t size, u32 *bus, u32 gfp)
{
	void *va;

	if (!d || !d->dma_mask || d->dma_mask >= ((u64)max_pfn << PAGE_SHIFT) - 1)
		return dma_alloc(size, 0, bus, gfp | GFP_ZERO);
	va = dma_alloc_below(size, (phys_addr_t)d->dma_mask + 1, bus);
	if (va)
		memset(va, 0, size);
	return va;
}
static inline void dma_free_coherent(struct device *d, size_t size, void *va, u32 bus) { dma_free(va, size); }
/* How far the device reaches. 0, or -EIO: less than a page. */
static inline int dma_set_mask_and_coherent(struct device *d, u64 mask)
{
	if (mask < PAGE_SIZE - 1)
		return -EIO;
	d->dma_mask = mask;
	return 0;
}
static inline int dma_set_mask(struct device *d, u64 mask) { return dma_set_mask_and_coherent(d, mask); }
static inline int dma_set_coherent_mask(struct device *d, u64 mask) { return dma_set_mask_and_coherent(d, mask); }

#endif
