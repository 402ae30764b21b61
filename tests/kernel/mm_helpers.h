/* What the tests of mm share. */
#ifndef TESTS_KERNEL_MM_HELPERS_H
#define TESTS_KERNEL_MM_HELPERS_H

#include "kernel/sched/task.h"
#include "mm/page_alloc.h"
#include "mm/paging.h"
#include "mm/vmalloc.h"

static u32 random_state = 12345;

/* The same numbers on every run: xorshift (Marsaglia, 2003). */
static inline u32 random32(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

/* Free pages when every cache of mm is empty. */
static inline u32 settled_free_pages(void)
{
	kmem_cache_shrink_all();
	paging_drain();
	task_stacks_drain();
	page_alloc_drain();
	return nr_free_pages();
}

#endif
