/*
 * Page tables, page directories and TLB flushes. Interface and rules: mm/paging.h.
 * Empty tables and directories are kept in two short caches, ready for use: tables full of zeroes, directories with the kernel half filled.
 */
#include "mm/paging.h"

#include "kernel/debug/bug.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/page_copy.h"
#include "kernel/lib/string.h"
#include "mm/page_alloc.h"

#define CACHE_MAX 32u        /* pages kept in each cache */
#define FLUSH_SINGLE_MAX 32u /* more pages than this: reload CR3 instead */

extern u32 boot_pgdir[TABLE_ENTRIES]; /* boot/boot.asm */
u32 *kernel_pgdir = boot_pgdir;

static DEFINE_SPINLOCK(cache_lock, RANK_ALLOC);
static struct page_cache_list {
	struct list_head pages;
	u32 nr;
} tables = { LIST_HEAD_INIT(tables.pages), 0 }, directories = { LIST_HEAD_INIT(directories.pages), 0 };
static atomic_t nr_table_pages; /* in use and cached */
static struct mm *loaded[NR_CPUS]; /* whose directory CR3 holds; NULL: the kernel's own */

/* ---- the two caches ---- */

static struct page *cache_take(struct page_cache_list *c)
{
	u32 flags = spin_lock_irqsave(&cache_lock);
	struct page *p = list_first_entry_or_null(&c->pages, struct page, lru);

	if (p) {
		list_unlink(&p->lru);
		c->nr--;
	}
	spin_unlock_irqrestore(&cache_lock, flags);
	return p;
}

static void free_table_page(struct page *p)
{
	atomic_dec(&nr_table_pages);
	free_pages(p, 0);
}

static void cache_put(struct page_cache_list *c, struct page *p)
{
	u32 flags = spin_lock_irqsave(&cache_lock);
	bool kept = c->nr < CACHE_MAX;

	if (kept) {
		list_add(&p->lru, &c->pages);
		c->nr++;
	}
	spin_unlock_irqrestore(&cache_lock, flags);
	if (!kept)
		free_table_page(p);
}

u32 paging_drain(void)
{
	u32 n = 0;
	struct page *p;

	while ((p = cache_take(&tables)) || (p = cache_take(&directories))) {
		free_table_page(p);
		n++;
	}
	return n;
}

u32 mm_count_page_tables(void)
{
	return (u32)atomic_read(&nr_table_pages) - tables.nr - directories.nr;
}

/* ---- tables ---- */

int pte_table_make(struct mm *mm, u32 addr)
{
	u32 *pde = &mm->pgdir[pde_index(addr)];
	struct page *p;

	if (likely(*pde))
		return 0;
	p = cache_take(&tables);
	if (!p) {
		p = alloc_pages(GFP_KERNEL | GFP_ZERO, 0);
		if (!p)
			return -ENOMEM;
		atomic_inc(&nr_table_pages);
	}
	p->private = 0;
	mm->nr_tables++;
	*pde = page_to_phys(p) | PTE_USER_TABLE;
	return 0;
}

void pte_table_drop_if_empty(struct mm *mm, u32 pde)
{
	u32 entry = mm->pgdir[pde];
	struct page *p;

	if (!entry)
		return;
	p = pde_table_page(entry);
	if (p->private)
		return;
	mm->pgdir[pde] = 0;
	mm->nr_tables--;
	/* INVLPG also drops what the CPU remembers of the directory entry (Intel SDM volume 3, 4.10.4.1). */
	tlb_flush_range(mm, pde << PDE_SHIFT, (pde << PDE_SHIFT) + PAGE_SIZE);
	cache_put(&tables, p);
}

/* ---- directories ---- */

u32 *pgdir_create(u32 gfp)
{
	struct page *p = cache_take(&directories);
	u32 *dir;

	if (p)
		return page_address(p);
	p = alloc_pages(gfp, 0);
	if (!p)
		return NULL;
	atomic_inc(&nr_table_pages);
	dir = page_address(p);
	clear_page(dir);
	memcpy(dir + FIRST_KERNEL_PDE, kernel_pgdir + FIRST_KERNEL_PDE, (TABLE_ENTRIES - FIRST_KERNEL_PDE) * sizeof(*dir));
	return dir;
}

void pgdir_free(u32 *pgdir)
{
	cache_put(&directories, virt_to_page(pgdir));
}

void mm_switch(struct mm *prev, struct mm *next)
{
	struct mm **cpu = &loaded[this_cpu()->id];

	(void)prev;
	if (*cpu == next)
		return;
	*cpu = next;
	this_cpu()->sysenter_return = next ? next->sysenter_return : 0;
	write_cr3(virt_to_phys(next ? next->pgdir : kernel_pgdir));
}

void mm_unload(struct mm *mm)
{
	u32 flags = irq_save();

	if (loaded[this_cpu()->id] == mm)
		mm_switch(mm, NULL);
	irq_restore(flags);
}

/* ---- TLB ---- */

static void flush_all(void)
{
	write_cr3(read_cr3());
}

static inline bool is_loaded(const struct mm *mm)
{
	return loaded[this_cpu()->id] == mm;
}

void tlb_flush_range(struct mm *mm, u32 start, u32 end)
{
	if (!is_loaded(mm))
		return;
	if ((end - start) >> PAGE_SHIFT > FLUSH_SINGLE_MAX)
		flush_all();
	else
		for (u32 a = start; a < end; a += PAGE_SIZE)
			invlpg(a);
}

/* Kernel mappings outside the direct map are not global, so reloading CR3 drops them as well. */
void tlb_flush_kernel(u32 start, u32 end)
{
	u32 n = (end - start) >> PAGE_SHIFT;

	if (n > FLUSH_SINGLE_MAX) {
		flush_all();
		return;
	}
	for (u32 i = 0; i < n; i++)
		invlpg(start + (i << PAGE_SHIFT));
}

void tlb_batch_flush(struct tlb_batch *b)
{
	if (b->nr && is_loaded(b->mm)) {
		if (b->nr > TLB_BATCH)
			flush_all();
		else
			for (u32 i = 0; i < b->nr; i++)
				invlpg(b->addr[i]);
	}
	b->nr = 0;
}
