/*
 * Memory for bus masters. On this machine the bus address is the physical one, all RAM is below 896 MiB, and the caches are coherent, so a
 * block of the buddy system serves: it is contiguous, and being aligned to its own size it crosses no boundary that is at least as large.
 */
#include "mm/alloc.h"

static u32 order_of(size_t size)
{
	u32 order = 0;

	while (PAGE_SIZE << order < size && order <= MAX_ORDER)
		order++;
	return order;
}

void *dma_alloc(size_t size, u32 boundary, phys_addr_t *bus, u32 gfp)
{
	u32 order = order_of(size);
	struct page *p;

	if (!size || order > MAX_ORDER || (boundary && boundary < size))
		return NULL;
	p = alloc_pages(gfp, order);
	if (!p)
		return NULL;
	*bus = page_to_phys(p);
	return page_address(p);
}

void *dma_alloc_below(size_t size, phys_addr_t limit, phys_addr_t *bus)
{
	u32 order = order_of(size);
	struct page *p = size && order <= MAX_ORDER ? alloc_pages_below(order, limit >> PAGE_SHIFT) : NULL;

	if (!p)
		return NULL;
	*bus = page_to_phys(p);
	return page_address(p);
}

void dma_free(void *va, size_t size)
{
	if (va)
		free_pages(virt_to_page(va), order_of(size));
}
