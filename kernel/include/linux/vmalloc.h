/* Virtually contiguous memory. May sleep. */
#ifndef LINUX_VMALLOC_H
#define LINUX_VMALLOC_H

#include "kernel/include/sluice/prelude.h"

static inline void *vzalloc(size_t size)
{
	void *p = vmalloc(size);

	return p ? memset(p, 0, size) : NULL;
}

#endif
