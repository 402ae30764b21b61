/* Memory a bus master reads and writes by itself; the caches are coherent. */
#ifndef LINUX_DMA_MAPPING_H
#define LINUX_DMA_MAPPING_H

#include "kernel/include/sluice/prelude.h"
#include <linux/types.h>

#define DMA_BIT_MASK(n) ((n) == 64 ? ~0ull : (1ull << (n)) - 1)
/* Zeroed, physically contiguous, aligned to its size rounded up to a power of two of pages. *bus: what the device is told. NULL. */
static inline void *dma_alloc_coherent(struct device *d, size_t size, u32 *bus, u32 gfp) { return dma_alloc(size, 0, bus, gfp | GFP_ZERO); }
static inline void dma_free_coherent(struct device *d, size_t size, void *va, u32 bus) { dma_free(va, size); }
/* 0, or -EIO: the machine has memory that the device cannot reach. */
static inline int dma_set_mask_and_coherent(struct device *d, u64 mask) { return ((u64)max_pfn << PAGE_SHIFT) - 1 <= mask ? 0 : -EIO; }
static inline int dma_set_mask(struct device *d, u64 mask) { return dma_set_mask_and_coherent(d, mask); }
static inline int dma_set_coherent_mask(struct device *d, u64 mask) { return dma_set_mask_and_coherent(d, mask); }

#endif
