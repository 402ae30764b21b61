/* Device memory in a program's address space: /dev/mem, later frame buffers. The entries are not counted: no struct page is behind them. */
#include "mm/area.h"
#include "mm/paging.h"

int mm_map_pfn(struct vm_area *a, u32 addr, phys_addr_t pa, u32 size, bool cached)
{
	struct mm *mm = a->mm;
	u32 bits = area_pte_bits(a) | PTE_SPECIAL | (a->flags & VM_WRITE ? PTE_WRITE : 0) | (cached ? 0 : PTE_NO_CACHE | PTE_WRITE_THROUGH);

	a->flags |= VM_PFNMAP;
	for (u32 done = 0; done < size; done += PAGE_SIZE) {
		if (pte_table_make(mm, addr + done))
			return -ENOMEM;
		u32 flags = spin_lock_irqsave(&mm->table_lock), *pte = pte_lookup(mm, addr + done);
		if (!*pte) {
			*pte = (pa + done) | bits;
			pte_table_count(mm, addr + done, 1);
		}
		spin_unlock_irqrestore(&mm->table_lock, flags);
	}
	return 0;
}
