/* Mapping a driver's memory into a program, from its mmap operation. */
#ifndef LINUX_MM_H
#define LINUX_MM_H

#include "kernel/include/sluice/prelude.h"
#include <linux/gfp.h>
#include <linux/slab.h>

#define vm_area_struct vm_area
#define vm_start start
#define vm_end end
#define vm_pgoff pgoff
#define vm_flags flags
#define vm_private_data object
#define vm_page_prot flags
#define VM_IO VM_PFNMAP
#define VM_DONTDUMP 0u
#define VM_DRIVER_UNCACHED 0x80000000u
#define pgprot_noncached(prot) ((prot) | VM_DRIVER_UNCACHED)

/* Map the frames from pfn on at addr. The memory must stay until the last file is closed. 0 or -ENOMEM, -EINVAL. */
static inline int remap_pfn_range(struct vm_area *vma, unsigned long addr, unsigned long pfn, unsigned long size, u32 prot)
{
	if (addr < vma->start || size > vma->end - addr)
		return -EINVAL;
	vma->flags &= ~VM_DRIVER_UNCACHED;
	return mm_map_pfn(vma, addr, pfn << PAGE_SHIFT, PAGE_ALIGN(size), !(prot & VM_DRIVER_UNCACHED));
}
static inline int io_remap_pfn_range(struct vm_area *vma, unsigned long addr, unsigned long pfn, unsigned long size, u32 prot)
{
	return remap_pfn_range(vma, addr, pfn, size, prot | VM_DRIVER_UNCACHED);
}

#endif
