/*
 * From a file's page to the entries that map it: for truncation, write-back and replacement. The areas come from mapping->i_mmap, whose
 * lock (mapping->lock) the caller holds; an area's borders and entries are read under its table_lock. Nothing here sleeps.
 */
#include "kernel/debug/bug.h"
#include "mm/area.h"
#include "mm/page_alloc.h"
#include "mm/paging.h"

#define UNMAP_BATCH 32u

/* The part of an area that shows pages [first, last] of its file. false: none. table_lock. */
static bool area_part(const struct vm_area *a, pgoff_t first, pgoff_t last, u32 *start, u32 *end)
{
	pgoff_t area_last = a->pgoff + ((a->end - a->start) >> PAGE_SHIFT) - 1;

	if (a->start >= a->end || last < a->pgoff || first > area_last)
		return false;
	*start = a->start + ((max(first, a->pgoff) - a->pgoff) << PAGE_SHIFT);
	*end = a->start + ((min(last, area_last) - a->pgoff + 1) << PAGE_SHIFT);
	return true;
}

/*
 * Clear entries of [*addr, end) inside one table; stops when the batch is full. Copies (pages without a mapping) stay unless even_cow.
 * table_lock.
 */
static u32 unmap_entries(struct mm *mm, u32 *addr, u32 end, bool even_cow, struct page **pages, struct tlb_batch *tlb)
{
	u32 *pte = pte_lookup(mm, *addr), n = 0, first = *addr;

	for (; *addr < end && n < UNMAP_BATCH; *addr += PAGE_SIZE, pte++) {
		if (!pte_counted(*pte) || (!even_cow && !pte_page(*pte)->mapping))
			continue;
		u32 e = __sync_lock_test_and_set(pte, 0);
		struct page *p = pte_page(e);

		if (e & PTE_ACCESSED)
			tlb_batch_add(tlb, *addr);
		atomic_dec(&p->mapcount);
		pages[n++] = p;
	}
	if (n)
		pte_table_count(mm, first, -(s32)n);
	mm->rss -= n;
	return n;
}

static void unmap_area_part(struct vm_area *a, pgoff_t first, pgoff_t last, bool even_cow)
{
	struct mm *mm = a->mm;
	struct page *pages[UNMAP_BATCH];
	struct tlb_batch tlb;
	u32 addr, end, flags = spin_lock_irqsave(&mm->table_lock);

	tlb_batch_init(&tlb, mm);
	if (!area_part(a, first, last, &addr, &end))
		end = addr = 0;
	while (addr < end) {
		u32 stop = min(end - 1, addr | (TABLE_SPAN - 1)) + 1;

		if (!mm->pgdir[pde_index(addr)]) {
			addr = stop;
			continue;
		}
		u32 n = unmap_entries(mm, &addr, stop, even_cow, pages, &tlb);
		tlb_batch_flush(&tlb);
		free_page_batch(pages, n);
	}
	spin_unlock_irqrestore(&mm->table_lock, flags);
}

void mm_unmap_file_range(struct list_head *i_mmap, pgoff_t first, pgoff_t last, bool even_cow)
{
	struct vm_area *a;

	list_for_each_entry(a, i_mmap, mapping_node)
		unmap_area_part(a, first, last, even_cow);
}

/* Take bits `off` out of the entries that map page; returns the bits that were set in any of them. */
static u32 clear_entry_bits(struct list_head *i_mmap, struct page *page, u32 off, bool shared_only)
{
	struct vm_area *a;
	u32 seen = 0;

	if (!atomic_read(&page->mapcount))
		return 0;
	list_for_each_entry(a, i_mmap, mapping_node) {
		struct mm *mm = a->mm;
		u32 flags, addr, end, *pte;

		if (shared_only && !(a->flags & VM_SHARED))
			continue;
		flags = spin_lock_irqsave(&mm->table_lock);
		if (area_part(a, page->index, page->index, &addr, &end) && (pte = pte_lookup(mm, addr)) && pte_counted(*pte) &&
		    pte_page(*pte) == page && (*pte & off)) {
			seen |= __sync_fetch_and_and(pte, ~off);
			tlb_flush_range(mm, addr, end);
		}
		spin_unlock_irqrestore(&mm->table_lock, flags);
	}
	return seen;
}

bool mm_clean_page(struct list_head *i_mmap, struct page *page)
{
	return clear_entry_bits(i_mmap, page, PTE_WRITE | PTE_DIRTY, true) & PTE_DIRTY;
}

bool mm_page_referenced(struct list_head *i_mmap, struct page *page)
{
	return clear_entry_bits(i_mmap, page, PTE_ACCESSED, false) & PTE_ACCESSED;
}

bool mm_page_is_mlocked(struct list_head *i_mmap, const struct page *page)
{
	struct vm_area *a;

	list_for_each_entry(a, i_mmap, mapping_node) {
		u32 flags, addr, end;
		bool shows;

		if (!(a->flags & VM_LOCKED))
			continue;
		flags = spin_lock_irqsave(&a->mm->table_lock);
		shows = area_part(a, page->index, page->index, &addr, &end);
		spin_unlock_irqrestore(&a->mm->table_lock, flags);
		if (shows)
			return true;
	}
	return false;
}
