/* Inside mm: parts of the page allocator that only mm uses. */
#ifndef MM_PAGE_ALLOC_H
#define MM_PAGE_ALLOC_H

#include "kernel/hal/percpu.h"
#include "mm/alloc.h"

#ifndef NR_CPUS
#define NR_CPUS 1u
#endif

/* Drop one reference of each; those that were the last free their pages. Any context. */
void free_page_batch(struct page **pages, u32 n);
/* Give the CPU's list of single pages back to the pool, so that blocks can grow together. */
void page_alloc_drain(void);

#endif
