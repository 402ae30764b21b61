/*
 * Kernel memory in the top 128 MiB of the address space: vmalloc, ioremap, kernel stacks.
 * The page tables of the whole range are made at boot and stand in every page directory, so no directory ever goes stale.
 *
 * A region is [guard page][pages]; the guard is never mapped, and the next region's guard (or the end) closes it above. Its length is
 * written nowhere: it ends at the first entry that is not present. A bit per page says what is taken, guards included.
 *
 * Locks: vmalloc_lock (RANK_ALLOC) guards the bitmap. A region's entries belong to who holds the region.
 */
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/lib/bitmap.h"
#include "mm/paging.h"
#include "mm/vmalloc.h"

#define VMALLOC_START DIRECT_MAP_END
#define VMALLOC_END 0xFFFF0000u /* the last addresses stay free: pointers there are errors (kernel/lib/err.h) */
#define NR_PAGES ((VMALLOC_END - VMALLOC_START) >> PAGE_SHIFT)
#define PTE_DEVICE (PTE_KERNEL | PTE_NO_CACHE | PTE_WRITE_THROUGH | PTE_SPECIAL)

static DEFINE_SPINLOCK(vmalloc_lock, RANK_ALLOC);
static u32 taken[DIV_ROUND_UP(NR_PAGES, 32)];
static u32 search_from;
static u32 nr_used_pages;

static inline u32 *entry_of(u32 addr)
{
	return pde_table(kernel_pgdir[pde_index(addr)]) + pte_index(addr);
}

static inline u32 addr_of(u32 n) { return VMALLOC_START + (n << PAGE_SHIFT); }
static inline u32 number_of(u32 addr) { return (addr - VMALLOC_START) >> PAGE_SHIFT; }

/* The first run of n clear bits in [from, end), or end. */
static u32 find_run(u32 from, u32 end, u32 n)
{
	while (from + n <= end) {
		u32 first = bitmap_find_zero(taken, end, from);

		if (first + n > end)
			break;
		u32 next = bitmap_find_set(taken, first + n, first);
		if (next >= first + n)
			return first;
		from = next + 1;
	}
	return end;
}

/* Reserve n pages and the guard below them; returns the address of the first page, 0 if there is no room. */
static u32 reserve_region(u32 n)
{
	u32 flags = spin_lock_irqsave(&vmalloc_lock), addr = 0;
	u32 first = find_run(search_from, NR_PAGES, n + 1);

	if (first == NR_PAGES)
		first = find_run(0, NR_PAGES, n + 1);
	if (first != NR_PAGES) {
		for (u32 i = first; i <= first + n; i++)
			bitmap_set(taken, i);
		search_from = first + n + 1;
		nr_used_pages += n + 1;
		addr = addr_of(first + 1);
	}
	spin_unlock_irqrestore(&vmalloc_lock, flags);
	return addr;
}

static void release_region(u32 addr, u32 n)
{
	u32 first = number_of(addr) - 1, flags = spin_lock_irqsave(&vmalloc_lock);

	for (u32 i = first; i <= first + n; i++)
		bitmap_clear(taken, i);
	search_from = min(search_from, first);
	nr_used_pages -= n + 1;
	spin_unlock_irqrestore(&vmalloc_lock, flags);
}

/* Check that va is the start of a region; returns its length in pages. */
static u32 region_pages(const void *va)
{
	u32 addr = (u32)va, n = 0;

	if (addr <= VMALLOC_START || addr >= VMALLOC_END || addr & (PAGE_SIZE - 1) || *entry_of(addr - PAGE_SIZE) || !*entry_of(addr))
		panic("vmalloc: %p is not the start of a region", va);
	while (addr + (n << PAGE_SHIFT) < VMALLOC_END && *entry_of(addr + (n << PAGE_SHIFT)))
		n++;
	return n;
}

/* Unmap, flush, then free the pages that are ours. */
static void unmap_region(u32 addr, u32 n)
{
	LIST_HEAD(pages);

	for (u32 i = 0; i < n; i++) {
		u32 *e = entry_of(addr + (i << PAGE_SHIFT));

		if (!(*e & PTE_SPECIAL))
			list_add_tail(&pte_page(*e)->lru, &pages);
		*e = 0;
	}
	tlb_flush_kernel(addr, addr + (n << PAGE_SHIFT));
	while (!list_empty(&pages)) {
		struct page *p = list_first_entry(&pages, struct page, lru);

		list_unlink(&p->lru);
		free_pages(p, 0);
	}
	release_region(addr, n);
}

void *vmalloc(size_t size)
{
	u32 n = (u32)(PAGE_ALIGN(size) >> PAGE_SHIFT);

	might_sleep();
	if (!size || size > VMALLOC_END - VMALLOC_START)
		return NULL;
	u32 addr = reserve_region(n);
	if (!addr)
		return NULL;
	for (u32 i = 0; i < n; i++) {
		struct page *p = alloc_page(GFP_KERNEL);

		if (!p) {
			unmap_region(addr, i);
			release_region(addr + (i << PAGE_SHIFT) + PAGE_SIZE, n - i - 1);
			return NULL;
		}
		*entry_of(addr + (i << PAGE_SHIFT)) = page_to_phys(p) | PTE_KERNEL;
	}
	return (void *)addr;
}

void vfree(void *va)
{
	if (!va)
		return;
	unmap_region((u32)va, region_pages(va));
}

void vmalloc_set_readonly(void *va, size_t size, bool readonly)
{
	u32 start = (u32)va, end = start + (u32)PAGE_ALIGN(size);

	for (u32 at = start; at < end; at += PAGE_SIZE) {
		u32 *e = entry_of(at);

		*e = readonly ? *e & ~PTE_WRITE : *e | PTE_WRITE;
	}
	tlb_flush_kernel(start, end);
}

void *ioremap(phys_addr_t pa, size_t size)
{
	u32 offset = pa & (PAGE_SIZE - 1);

	if (!size || size > VMALLOC_END - VMALLOC_START || pa + (size - 1) < pa)
		return NULL;
	u32 n = (u32)(PAGE_ALIGN(size + offset) >> PAGE_SHIFT), addr = reserve_region(n);
	if (!addr)
		return NULL;
	for (u32 i = 0; i < n; i++)
		*entry_of(addr + (i << PAGE_SHIFT)) = ((pa & PAGE_MASK) + (i << PAGE_SHIFT)) | PTE_DEVICE;
	return (void *)(addr + offset);
}

void iounmap(void *va)
{
	if (!va)
		return;
	void *start = (void *)((u32)va & PAGE_MASK);
	unmap_region((u32)start, region_pages(start));
}

void vmalloc_usage(u32 *total_pages, u32 *used_pages)
{
	*total_pages = NR_PAGES;
	*used_pages = nr_used_pages;
}

bool vmalloc_is_guard(u32 addr)
{
	return addr >= VMALLOC_START && addr < VMALLOC_END && !*entry_of(addr) && bitmap_test(taken, number_of(addr));
}

int vmalloc_init(void)
{
	for (u32 pde = pde_index(VMALLOC_START); pde < TABLE_ENTRIES; pde++) {
		void *table;

		if (kernel_pgdir[pde])
			continue;
		table = get_free_page(GFP_KERNEL | GFP_ZERO);
		if (!table)
			return -ENOMEM;
		kernel_pgdir[pde] = virt_to_phys(table) | PTE_KERNEL;
	}
	pr_debug("vmalloc: %u MiB from %#x\n", (VMALLOC_END - VMALLOC_START) >> 20, VMALLOC_START);
	return 0;
}
