/* GFP_KERNEL, GFP_ATOMIC and pages. alloc_pages takes the flags first, as Linux does. */
#ifndef LINUX_GFP_H
#define LINUX_GFP_H

#include "kernel/include/sluice/prelude.h"
#include <linux/types.h>

#define GFP_NOIO GFP_NOFS
#define GFP_NOWAIT GFP_ATOMIC
#define GFP_DMA 0u /* all memory is in a bus master's reach */
#define __GFP_ZERO GFP_ZERO
#define __GFP_NOWARN GFP_NOWARN

static inline unsigned long __get_free_page(u32 gfp) { return (unsigned long)get_free_page(gfp); }
static inline unsigned long get_zeroed_page(u32 gfp) { return (unsigned long)get_free_page(gfp | GFP_ZERO); }
static inline unsigned long __get_free_pages(u32 gfp, u32 order)
{
	struct page *p = alloc_pages(gfp, order);

	return p ? (unsigned long)page_address(p) : 0;
}
#undef free_pages
#define free_pages(addr, order) (free_pages)(virt_to_page((void *)(addr)), (order))
#define __free_pages(page, order) (free_pages)((page), (order))
#define __free_page(page) (free_pages)((page), 0)
#define free_page(addr) (free_page)((void *)(addr))

#endif
