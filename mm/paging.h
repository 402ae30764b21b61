/*
 * Page tables (Intel SDM volume 3, 4.3: 32-bit paging) and TLB flushes. Inside mm.
 *
 * Locks: mm->table_lock (RANK_PTE) guards every entry below USER_SPACE_END; mm->lock (mutex) beside it keeps areas and the existence of
 * tables in step. The kernel half of each directory is the same for all and never changes after vmalloc_init.
 * A page table's struct page counts its entries in use in `private`; an empty table is full of zeroes and goes to a cache.
 */
#ifndef MM_PAGING_H
#define MM_PAGING_H

#include "mm/alloc.h"
#include "mm/mm.h"

#define PTE_PRESENT 0x001u
#define PTE_WRITE 0x002u
#define PTE_USER 0x004u
#define PTE_WRITE_THROUGH 0x008u
#define PTE_NO_CACHE 0x010u
#define PTE_ACCESSED 0x020u
#define PTE_DIRTY 0x040u
#define PDE_LARGE 0x080u
#define PTE_GLOBAL 0x100u
/* Bits the CPU leaves to us. */
#define PTE_SPECIAL 0x200u  /* no struct page behind it that we count: device memory */
#define PTE_PROTNONE 0x400u /* not PTE_PRESENT, but the frame is there: PROT_NONE */
#define PTE_USER_TABLE (PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED)
#define PTE_KERNEL (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY)

#define PDE_SHIFT 22
#define TABLE_ENTRIES 1024u
#define TABLE_SPAN (1u << PDE_SHIFT)
#define FIRST_KERNEL_PDE (KERNEL_BASE >> PDE_SHIFT)

static inline u32 pde_index(u32 addr) { return addr >> PDE_SHIFT; }
static inline u32 pte_index(u32 addr) { return addr >> PAGE_SHIFT & (TABLE_ENTRIES - 1); }
static inline struct page *pte_page(u32 pte) { return pfn_to_page(pte >> PAGE_SHIFT); }
/* The frame is one of RAM that is counted. */
static inline bool pte_counted(u32 pte) { return (pte & (PTE_PRESENT | PTE_PROTNONE)) && !(pte & PTE_SPECIAL); }
static inline u32 *pde_table(u32 pde) { return phys_to_virt(pde & PAGE_MASK); }
static inline struct page *pde_table_page(u32 pde) { return pfn_to_page(pde >> PAGE_SHIFT); }

/* The entry of addr, NULL if there is no table. table_lock. */
static inline u32 *pte_lookup(const struct mm *mm, u32 addr)
{
	u32 pde = mm->pgdir[pde_index(addr)];

	return pde ? pde_table(pde) + pte_index(addr) : NULL;
}

extern u32 *kernel_pgdir; /* the boot page directory; its kernel half is copied to every new one */

/* Make sure that the table of addr exists. mm->lock held; may sleep. 0 or -ENOMEM. */
int __must_check pte_table_make(struct mm *mm, u32 addr);
/* Take the tables of directory entry pde away if it is empty. table_lock. */
void pte_table_drop_if_empty(struct mm *mm, u32 pde);
/* n entries of the table of addr came into (out of) use. */
static inline void pte_table_count(struct mm *mm, u32 addr, s32 n) { pde_table_page(mm->pgdir[pde_index(addr)])->private += (u32)n; }

/* A directory with an empty user half; NULL: no memory. */
u32 *pgdir_create(u32 gfp);
void pgdir_free(u32 *pgdir); /* its user half is empty */
/* If this CPU still has mm's directory loaded (nobody runs in it), load the kernel's own. */
void mm_unload(struct mm *mm);
/* Give cached tables and directories back to the page allocator; returns pages. */
u32 paging_drain(void);

/* Forget what the TLB holds of [start, end) of mm. Any context. */
void tlb_flush_range(struct mm *mm, u32 start, u32 end);
void tlb_flush_kernel(u32 start, u32 end);

/* Addresses whose entries changed, flushed together. Few: one by one; many: the whole address space. */
#define TLB_BATCH 32u
struct tlb_batch {
	struct mm *mm;
	u32 nr;
	u32 addr[TLB_BATCH];
};
static inline void tlb_batch_init(struct tlb_batch *b, struct mm *mm) { b->mm = mm; b->nr = 0; }
static inline void tlb_batch_add(struct tlb_batch *b, u32 addr)
{
	if (b->nr < TLB_BATCH)
		b->addr[b->nr] = addr;
	b->nr++;
}
void tlb_batch_flush(struct tlb_batch *b); /* and empty it */

/* Clear the entries of [start, end) and drop the pages. mm->lock held; flushes before it frees. */
void zap_range(struct mm *mm, u32 start, u32 end);
/* The same for one area's pages [start, end) when the address space is not used any more: no flush. */
void zap_range_dead(struct mm *mm, u32 start, u32 end);

#endif
