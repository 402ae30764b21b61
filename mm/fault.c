/*
 * Filling page table entries: demand zero, file pages with fault-around, copy on write, shared writable pages, growing stacks.
 * mm_handle_fault decides by the entry:
 *
 *   empty    anonymous area: a zeroed page. File: for a read first let map_pages install what is cached around it; then ops->fault.
 *            A write to a private area copies the file's page at once; to a shared one it asks page_mkwrite.
 *   present  the access was a write to a read-only entry: a private page that nobody else holds becomes writable, another is copied;
 *            a page of a shared area asks page_mkwrite.
 *
 * mm->lock is held throughout, so only the page cache (truncation, write-back: mm/rmap.c) changes entries meanwhile, and only to empty or
 * read-only ones, under table_lock. Every path that slept looks at the entry again before it installs.
 */
#include "mm/fault.h"

#include "kernel/debug/bug.h"
#include "kernel/hal/page_copy.h"
#include "kernel/sched/signal.h"
#include "mm/area.h"
#include "mm/paging.h"

#define FAULT_AROUND (16u << PAGE_SHIFT) /* bytes, aligned: never crosses a page table */
#define STACK_LIMIT (8u << 20)

/* The place in the file that addr shows. */
static inline pgoff_t pgoff_of(const struct vm_area *a, u32 addr)
{
	return a->pgoff + ((addr - a->start) >> PAGE_SHIFT);
}

/* ---- entries ---- */

void pte_install(struct mm *mm, u32 addr, u32 *pte, struct page *page, u32 bits)
{
	*pte = page_to_phys(page) | bits;
	atomic_inc(&page->mapcount);
	mm->rss++;
	pte_table_count(mm, addr, 1);
}

void mm_install_page(struct vm_area *a, u32 addr, struct page *page)
{
	struct mm *mm = a->mm;
	u32 flags = spin_lock_irqsave(&mm->table_lock), *pte = pte_lookup(mm, addr);

	if (pte && !*pte)
		pte_install(mm, addr, pte, get_page(page), area_pte_bits(a));
	spin_unlock_irqrestore(&mm->table_lock, flags);
}

/* Install a page whose reference we hold if the entry is still empty; else drop it. */
static u32 install_or_put(struct vm_area *a, u32 addr, struct page *page, bool writable)
{
	struct mm *mm = a->mm;
	u32 bits = area_pte_bits(a) | PTE_ACCESSED | (writable ? PTE_WRITE | PTE_DIRTY : 0);

	if (unlikely(pte_table_make(mm, addr))) {
		put_page(page);
		return VM_FAULT_OOM;
	}
	u32 flags = spin_lock_irqsave(&mm->table_lock), *pte = pte_lookup(mm, addr);
	bool empty = !*pte;
	if (likely(empty))
		pte_install(mm, addr, pte, page, bits);
	spin_unlock_irqrestore(&mm->table_lock, flags);
	if (unlikely(!empty))
		put_page(page);
	return VM_FAULT_OK;
}

/* ---- empty entries ---- */

static u32 fault_anonymous(struct vm_area *a, u32 addr)
{
	struct page *page = alloc_page(GFP_USER | GFP_ZERO);

	return likely(page) ? install_or_put(a, addr, page, a->flags & VM_WRITE) : VM_FAULT_OOM;
}

/* Ask the file for the page; on success vf->page holds a reference. Returns other results as they are. */
static u32 ask_file(struct vm_fault *vf)
{
	vf->page = NULL;
	u32 result = vf->area->ops->fault(vf);
	ASSERT((result & (VM_FAULT_OOM | VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV | VM_FAULT_NOPAGE)) || vf->page);
	return result;
}

static inline void unlock_if(const struct vm_area *a, struct page *page, u32 result)
{
	if (result & VM_FAULT_LOCKED)
		a->ops->unlock_page(page);
}

#define FAULT_NO_PAGE (VM_FAULT_OOM | VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV | VM_FAULT_NOPAGE)

/* A read of a file page. */
static u32 fault_read(struct vm_fault *vf)
{
	struct vm_area *a = vf->area;
	u32 result = ask_file(vf);

	if (result & FAULT_NO_PAGE)
		return result;
	struct page *page = vf->page;
	/* Installed before it is unlocked: truncation locks each page, so it either finds this entry or came first. */
	get_page(page);
	u32 installed = install_or_put(a, vf->address, page, false);
	unlock_if(a, page, result);
	put_page(page);
	return installed | (result & VM_FAULT_MAJOR);
}

/* The first write to a private file page: straight to a copy. */
static u32 fault_private_write(struct vm_fault *vf)
{
	struct page *copy = alloc_page(GFP_USER);
	u32 result;

	if (!copy)
		return VM_FAULT_OOM;
	result = ask_file(vf);
	if (result & FAULT_NO_PAGE) {
		put_page(copy);
		return result;
	}
	current->io.copied += PAGE_SIZE;
	copy_page(page_address(copy), page_address(vf->page));
	unlock_if(vf->area, vf->page, result);
	put_page(vf->page);
	return install_or_put(vf->area, vf->address, copy, true) | (result & VM_FAULT_MAJOR);
}

/* Let the file prepare a shared page for writing. VM_FAULT_OK or VM_FAULT_LOCKED, or why not. */
static u32 make_writable(struct vm_fault *vf)
{
	const struct vm_ops *ops = vf->area->ops;

	return ops && ops->page_mkwrite ? ops->page_mkwrite(vf) : VM_FAULT_OK;
}

static u32 fault_shared_write(struct vm_fault *vf)
{
	struct vm_area *a = vf->area;
	u32 result = ask_file(vf), prepared;
	struct page *page = vf->page;

	if (result & FAULT_NO_PAGE)
		return result;
	if (a->ops->page_mkwrite) {
		unlock_if(a, page, result);
		prepared = make_writable(vf);
		if (prepared & FAULT_NO_PAGE) {
			put_page(page);
			return prepared;
		}
	} else {
		prepared = result;
	}
	get_page(page);
	u32 installed = install_or_put(a, vf->address, page, true);
	unlock_if(a, page, prepared);
	put_page(page);
	return installed | (result & VM_FAULT_MAJOR);
}

/* Install what is cached around the address. Returns whether the entry of the address is filled now. */
static bool fault_around(struct vm_fault *vf)
{
	struct vm_area *a = vf->area;
	u32 start = max(vf->address & ~(FAULT_AROUND - 1), a->start);
	u32 end = min(start - 1 + FAULT_AROUND - (start & (FAULT_AROUND - 1)), a->end - 1); /* inclusive: the area may end at 4 GiB */

	a->ops->map_pages(vf, pgoff_of(a, start), pgoff_of(a, end));
	return *pte_lookup(a->mm, vf->address);
}

static u32 fault_empty(struct vm_area *a, u32 addr, bool write)
{
	struct vm_fault vf;

	if (!a->ops)
		return fault_anonymous(a, addr);
	if (!a->ops->fault)
		return VM_FAULT_SIGBUS;
	vf = (struct vm_fault){ .area = a, .address = addr, .pgoff = pgoff_of(a, addr), .write = write };
	if (!write) {
		if (unlikely(pte_table_make(a->mm, addr)))
			return VM_FAULT_OOM;
		return a->ops->map_pages && fault_around(&vf) ? VM_FAULT_OK : fault_read(&vf);
	}
	return a->flags & VM_SHARED ? fault_shared_write(&vf) : fault_private_write(&vf);
}

/* ---- writes to read-only entries ---- */

/* Make the entry writable if it still maps this page. */
static void allow_write(struct mm *mm, u32 addr, struct page *page)
{
	u32 flags = spin_lock_irqsave(&mm->table_lock), *pte = pte_lookup(mm, addr);

	if (pte && (*pte & PTE_PRESENT) && pte_page(*pte) == page) {
		*pte |= PTE_WRITE | PTE_DIRTY | PTE_ACCESSED;
		tlb_flush_range(mm, addr, addr + PAGE_SIZE);
	}
	spin_unlock_irqrestore(&mm->table_lock, flags);
}

/* page: with a reference, which is dropped. */
static u32 write_shared(struct vm_area *a, u32 addr, struct page *page)
{
	struct vm_fault vf = { .area = a, .address = addr, .pgoff = pgoff_of(a, addr), .write = true, .page = page };
	u32 result = make_writable(&vf);

	if (!(result & FAULT_NO_PAGE)) {
		allow_write(a->mm, addr, page);
		unlock_if(a, page, result);
	}
	put_page(page);
	return result & FAULT_NO_PAGE;
}

/* page: with a reference, which is dropped. */
static u32 write_copy(struct vm_area *a, u32 addr, struct page *page)
{
	struct mm *mm = a->mm;
	struct page *copy = alloc_page(GFP_USER);

	if (unlikely(!copy)) {
		put_page(page);
		return VM_FAULT_OOM;
	}
	current->io.copied += PAGE_SIZE;
	copy_page(page_address(copy), page_address(page));
	u32 flags = spin_lock_irqsave(&mm->table_lock), *pte = pte_lookup(mm, addr);
	bool same = pte && (*pte & PTE_PRESENT) && pte_page(*pte) == page;
	if (likely(same)) {
		*pte = page_to_phys(copy) | area_pte_bits(a) | PTE_WRITE | PTE_DIRTY | PTE_ACCESSED;
		atomic_inc(&copy->mapcount);
		atomic_dec(&page->mapcount);
		tlb_flush_range(mm, addr, addr + PAGE_SIZE);
	}
	spin_unlock_irqrestore(&mm->table_lock, flags);
	put_page(same ? page : copy); /* the entry's reference, or the copy nobody wants */
	put_page(page);
	return VM_FAULT_OK;
}

static u32 fault_write_protected(struct vm_area *a, u32 addr)
{
	struct mm *mm = a->mm;
	u32 flags = spin_lock_irqsave(&mm->table_lock), *pte = pte_lookup(mm, addr);
	u32 e = pte ? *pte : 0;

	if (!(e & PTE_PRESENT) || (e & PTE_WRITE)) {
		spin_unlock_irqrestore(&mm->table_lock, flags);
		return VM_FAULT_OK; /* changed under us: the access is tried again */
	}
	bool shared = a->flags & VM_SHARED;
	bool special = e & PTE_SPECIAL;
	struct page *page = special ? NULL : pte_page(e);
	if ((special && shared) || (!special && !shared && !page->mapping && atomic_read(&page->refs) == 1)) {
		*pte = e | PTE_WRITE | PTE_DIRTY | PTE_ACCESSED;
		tlb_flush_range(mm, addr, addr + PAGE_SIZE);
		spin_unlock_irqrestore(&mm->table_lock, flags);
		return VM_FAULT_OK;
	}
	if (page)
		get_page(page);
	spin_unlock_irqrestore(&mm->table_lock, flags);
	if (!page)
		return VM_FAULT_SIGBUS;
	return shared ? write_shared(a, addr, page) : write_copy(a, addr, page);
}

u32 mm_handle_fault(struct mm *mm, struct vm_area *a, u32 addr, bool write)
{
	const u32 *pte;

	addr &= PAGE_MASK;
	pte = pte_lookup(mm, addr);
	if (!pte || !*pte)
		return fault_empty(a, addr, write);
	return write ? fault_write_protected(a, addr) : VM_FAULT_OK;
}

/* ---- areas for faults ---- */

static u32 stack_limit(const struct mm *mm)
{
	if (current->mm != mm || !current->signal)
		return STACK_LIMIT;
	u64 limit = current->signal->rlim[RLIMIT_STACK].cur;
	return limit < STACK_GAP ? (u32)limit : STACK_GAP;
}

/* Extend a stack down to the page of addr. */
static bool grow_stack(struct mm *mm, struct vm_area *a, u32 addr)
{
	const struct vm_area *below = area_prev(a);

	addr &= PAGE_MASK;
	if (!(a->flags & VM_GROWSDOWN) || addr < MMAP_MIN_ADDR || a->end - addr > stack_limit(mm))
		return false;
	if (below && !(below->flags & VM_GROWSDOWN) && (below->flags & VM_ACCESS_MASK) && addr - below->end < STACK_GUARD_GAP)
		return false;
	area_set_range(a, addr, a->end);
	return true;
}

struct vm_area *fault_find_area(struct mm *mm, u32 addr, bool write, int *code)
{
	struct vm_area *a = mm_find_area(mm, addr);

	*code = SEGV_MAPERR;
	if (unlikely(!a || (a->start > addr && !grow_stack(mm, a, addr))))
		return NULL;
	*code = SEGV_ACCERR;
	return a->flags & (write ? VM_WRITE : VM_ACCESS_MASK) ? a : NULL;
}
