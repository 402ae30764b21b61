/* Inside mm: parts of vmalloc that only mm and its tests use. */
#ifndef MM_VMALLOC_H
#define MM_VMALLOC_H

#include "mm/alloc.h"

/* Is this address inside the unmapped page below (or right above) a region? For the page fault's last words. */
bool vmalloc_is_guard(u32 addr);
/* The first pages of a region of vmalloc, size bytes: no more writes, or writes again. They must be writable again before vfree. */
void vmalloc_set_readonly(void *va, size_t size, bool readonly);

#endif
