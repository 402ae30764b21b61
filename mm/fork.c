/*
 * Address spaces as a whole: making, copying for fork, taking down, counting references. Interface: mm/mm.h.
 * A copy shares every page: file and shared pages as they are, private writable ones read-only in both until somebody writes. The entries
 * are copied table by table, read-only file pages too: that costs less than the faults the child would else take.
 */
#include "kernel/debug/bug.h"
#include "kernel/lib/err.h"
#include "kernel/lib/string.h"
#include "mm/area.h"
#include "mm/paging.h"
#include "mm/vmalloc.h"

static struct kmem_cache *mm_cache;

static struct mm *mm_alloc(void)
{
	struct mm *mm = kmem_cache_alloc(mm_cache, GFP_KERNEL | GFP_ZERO);

	if (!mm)
		return NULL;
	mm->pgdir = pgdir_create(GFP_KERNEL);
	if (!mm->pgdir) {
		kmem_cache_free(mm_cache, mm);
		return NULL;
	}
	mutex_init(&mm->lock, "mm", RANK_MM);
	spin_lock_init(&mm->table_lock, "mm_table", RANK_PTE);
	atomic_set(&mm->users, 1);
	atomic_set(&mm->refs, 1);
	INIT_LIST_HEAD(&mm->areas);
	INIT_LIST_HEAD(&mm->closing);
	return mm;
}

struct mm *mm_create(void)
{
	struct mm *mm = mm_alloc();

	if (mm)
		mm->mmap_base = STACK_TOP - STACK_GAP;
	return mm;
}

/* ---- copying ---- */

/* Copy n entries that lie in one table each; private writable pages become read-only in both. Returns entries copied; *counted: pages. */
static u32 copy_row(u32 *dst, u32 *src, u32 n, u32 addr, bool private, struct tlb_batch *tlb, u32 *counted)
{
	u32 copied = 0, pages = 0;

	for (u32 i = 0; i < n; i++) {
		u32 e = src[i];

		if (!e)
			continue;
		if (private && (e & PTE_WRITE)) {
			e = __sync_fetch_and_and(&src[i], ~PTE_WRITE) & ~PTE_WRITE;
			tlb_batch_add(tlb, addr + (i << PAGE_SHIFT));
		}
		if (pte_counted(e)) {
			struct page *p = pte_page(e);

			atomic_inc(&p->refs);
			atomic_inc(&p->mapcount);
			pages++;
		}
		dst[i] = e;
		copied++;
	}
	*counted = pages;
	return copied;
}

static int copy_entries(struct mm *new, struct mm *old, const struct vm_area *a, struct tlb_batch *tlb)
{
	bool private = !(a->flags & VM_SHARED);

	for (u32 addr = a->start, stop; addr < a->end; addr = stop) {
		u32 pages, copied, flags;

		stop = min(a->end - 1, addr | (TABLE_SPAN - 1)) + 1;
		if (!old->pgdir[pde_index(addr)])
			continue;
		if (unlikely(pte_table_make(new, addr)))
			return -ENOMEM;
		flags = spin_lock_irqsave(&old->table_lock);
		u32 *src = pte_lookup(old, addr); /* tables go only with mm->lock held, and that is ours */
		spin_lock_nested(&new->table_lock);
		copied = copy_row(pte_lookup(new, addr), src, (stop - addr) >> PAGE_SHIFT, addr, private, tlb, &pages);
		pte_table_count(new, addr, (s32)copied);
		new->rss += pages;
		if (!copied)
			pte_table_drop_if_empty(new, pde_index(addr));
		spin_unlock(&new->table_lock);
		spin_unlock_irqrestore(&old->table_lock, flags);
	}
	return 0;
}

static int copy_areas(struct mm *new, struct mm *old, struct tlb_batch *tlb)
{
	struct vm_area *a;

	list_for_each_entry(a, &old->areas, list) {
		if (unlikely(a->flags & VM_DONTCOPY))
			continue;
		struct vm_area *copy = area_dup(a);

		if (unlikely(!copy))
			return -ENOMEM;
		copy->mm = new;
		copy->flags &= ~VM_LOCKED; /* mlock is not inherited */
		if (copy->ops && copy->ops->open)
			copy->ops->open(copy);
		area_append(new, copy);
		if (likely(!(a->flags & VM_WIPEONFORK)) && copy_entries(new, old, a, tlb))
			return -ENOMEM;
	}
	return 0;
}

static void copy_layout(struct mm *new, const struct mm *old)
{
	new->start_code = old->start_code;
	new->end_code = old->end_code;
	new->start_data = old->start_data;
	new->end_data = old->end_data;
	new->start_brk = old->start_brk;
	new->brk = old->brk;
	new->start_stack = old->start_stack;
	new->arg_start = old->arg_start;
	new->arg_end = old->arg_end;
	new->env_start = old->env_start;
	new->env_end = old->env_end;
	new->mmap_base = old->mmap_base;
}

struct mm *mm_fork(struct mm *old)
{
	struct mm *new = mm_alloc();
	struct tlb_batch tlb;
	int err;

	if (!new)
		return ERR_PTR(-ENOMEM);
	tlb_batch_init(&tlb, old);
	mutex_lock(&old->lock);
	copy_layout(new, old);
	new->membarrier = old->membarrier;
	err = copy_areas(new, old, &tlb);
	tlb_batch_flush(&tlb);
	mutex_unlock(&old->lock);
	if (unlikely(err)) {
		mm_put(new);
		return ERR_PTR(err);
	}
	return new;
}

/* ---- the end ---- */

/* The page cache may still look at the entries (mm/rmap.c); nobody else can. No flush: no program runs here any more. */
static void unmap_all(struct mm *mm)
{
	struct vm_area *a, *next;

	list_for_each_entry(a, &mm->areas, list)
		zap_range_dead(mm, a->start, a->end);
	list_for_each_entry_safe(a, next, &mm->areas, list) {
		if (a->ops && a->ops->close)
			a->ops->close(a);
		area_free(a);
	}
	INIT_LIST_HEAD(&mm->areas);
	mm->tree = RB_ROOT;
	mm->nr_areas = mm->total_vm = mm->locked_vm = 0;
	ASSERT(!mm->rss && !mm->nr_tables);
}

void (*mm_exit_hook)(struct mm *mm);

void mm_put(struct mm *mm)
{
	might_sleep();
	if (!atomic_dec_and_test(&mm->users))
		return;
	if (mm_exit_hook)
		mm_exit_hook(mm);
	unmap_all(mm);
	if (mm->exe_file && mm->exe_put)
		mm->exe_put(mm->exe_file);
	mm->exe_file = NULL;
	mm_drop(mm);
}

void mm_grab(struct mm *mm)
{
	atomic_inc(&mm->refs);
}

void mm_drop(struct mm *mm)
{
	if (!atomic_dec_and_test(&mm->refs))
		return;
	mm_unload(mm);
	pgdir_free(mm->pgdir);
	kmem_cache_free(mm_cache, mm);
}

/* ---- init ---- */

static u32 drain_scan(struct shrinker *s, u32 nr, u32 gfp)
{
	(void)s;
	(void)nr;
	(void)gfp;
	return paging_drain();
}

static struct shrinker drain_shrinker = { .name = "mm", .scan = drain_scan };

int mm_init(void)
{
	mm_cache = kmem_cache_create("mm", sizeof(struct mm), 0, NULL);
	mm_area_init();
	shared_anon_init();
	register_shrinker(&drain_shrinker);
	return 0;
}
