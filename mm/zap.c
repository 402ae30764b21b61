/*
 * Taking mappings away: clear page table entries, flush the TLB, then drop the pages, in chunks of ZAP_BATCH, so that no page is used again
 * while a CPU may still reach it through its TLB. Tables that became empty go with them.
 */
#include "kernel/debug/bug.h"
#include "mm/page_alloc.h"
#include "mm/paging.h"

#define ZAP_BATCH 64u

struct zap {
	struct mm *mm;
	u32 nr;
	struct page *pages[ZAP_BATCH];
	struct tlb_batch tlb;
};

/* Clear entries of one table from addr on until end or until the batch is full; returns the address reached. table_lock. */
static u32 zap_entries(struct zap *z, u32 addr, u32 end)
{
	u32 *pte = pte_lookup(z->mm, addr), used = 0, first = addr;

	for (; addr < end && z->nr < ZAP_BATCH; addr += PAGE_SIZE, pte++) {
		if (!*pte)
			continue;
		u32 e = __sync_lock_test_and_set(pte, 0);
		used++;
		if (e & PTE_ACCESSED) /* else no TLB can hold it (Intel SDM volume 3, 4.10.2.3) */
			tlb_batch_add(&z->tlb, addr);
		if (!pte_counted(e))
			continue;
		struct page *p = pte_page(e);
		if ((e & PTE_ACCESSED) && p->mapping)
			page_set(p, PG_referenced);
		atomic_dec(&p->mapcount);
		z->pages[z->nr++] = p;
	}
	if (used)
		pte_table_count(z->mm, first, -(s32)used);
	return addr;
}

static void zap_run(struct zap *z, u32 start, u32 end, bool dead)
{
	struct mm *mm = z->mm;

	if (mm->rss > mm->hiwater_rss)
		mm->hiwater_rss = mm->rss;
	for (u32 addr = start; addr < end;) {
		u32 pde = pde_index(addr), stop = min(end - 1, addr | (TABLE_SPAN - 1)) + 1;

		if (!mm->pgdir[pde]) {
			addr = stop;
			continue;
		}
		u32 flags = spin_lock_irqsave(&mm->table_lock);
		addr = zap_entries(z, addr, stop);
		mm->rss -= z->nr;
		pte_table_drop_if_empty(mm, pde);
		if (!mm->pgdir[pde])
			addr = stop;
		spin_unlock_irqrestore(&mm->table_lock, flags);
		if (!dead)
			tlb_batch_flush(&z->tlb);
		free_page_batch(z->pages, z->nr);
		z->nr = 0;
	}
}

void zap_range(struct mm *mm, u32 start, u32 end)
{
	struct zap z;

	z.mm = mm;
	z.nr = 0;
	tlb_batch_init(&z.tlb, mm);
	zap_run(&z, start, end, false);
}

void zap_range_dead(struct mm *mm, u32 start, u32 end)
{
	struct zap z;

	z.mm = mm;
	z.nr = 0;
	tlb_batch_init(&z.tlb, mm);
	zap_run(&z, start, end, true);
}
