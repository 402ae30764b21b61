/* User memory by its pages: pinning them for direct I/O, and reading or writing any address space. Interface: mm/mm.h. */
#include "kernel/debug/bug.h"
#include "kernel/hal/uaccess.h"
#include "kernel/lib/err.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "mm/fault.h"
#include "mm/paging.h"

/* The page behind addr if its entry allows the access now, with a reference. */
static struct page *page_if_mapped(struct mm *mm, u32 addr, bool write)
{
	u32 want = PTE_PRESENT | PTE_USER | (write ? PTE_WRITE : 0);
	u32 flags = spin_lock_irqsave(&mm->table_lock);
	const u32 *pte = pte_lookup(mm, addr);
	struct page *page = NULL;

	if (pte && (*pte & (want | PTE_SPECIAL)) == want)
		page = get_page(pte_page(*pte));
	spin_unlock_irqrestore(&mm->table_lock, flags);
	return page;
}

/* Fault a page in until it can be had. mm->lock held. */
static int fault_page(struct mm *mm, u32 addr, bool write, struct page **out)
{
	int code;
	struct vm_area *a = fault_find_area(mm, addr, write, &code);

	if (!a || (a->flags & VM_PFNMAP))
		return -EFAULT;
	while (!(*out = page_if_mapped(mm, addr, write))) {
		u32 result = mm_handle_fault(mm, a, addr, write);

		if (result & VM_FAULT_OOM)
			return -ENOMEM;
		if (result & (VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV))
			return -EFAULT;
	}
	return 0;
}

int get_user_page(u32 addr, bool write, struct page **out)
{
	struct mm *mm = current->mm;
	int err;

	if (unlikely(!mm || addr >= USER_SPACE_END))
		return -EFAULT;
	*out = page_if_mapped(mm, addr, write);
	if (likely(*out))
		return 0;
	mutex_lock(&mm->lock);
	err = fault_page(mm, addr, write, out);
	mutex_unlock(&mm->lock);
	return err;
}

size_t mm_access(struct mm *mm, u32 addr, void *buf, size_t len, bool write)
{
	size_t done = 0;

	if (addr >= USER_SPACE_END)
		return 0;
	len = min_t(size_t, len, USER_SPACE_END - addr);
	while (done < len) {
		u32 at = addr + done, offset = at & (PAGE_SIZE - 1);
		size_t n = min_t(size_t, len - done, PAGE_SIZE - offset);
		struct page *page = page_if_mapped(mm, at, write);

		if (!page) {
			mutex_lock(&mm->lock);
			int err = fault_page(mm, at, write, &page);
			mutex_unlock(&mm->lock);
			if (err)
				break;
		}
		u8 *there = (u8 *)page_address(page) + offset;
		if (write)
			memcpy(there, (const u8 *)buf + done, n);
		else
			memcpy((u8 *)buf + done, there, n);
		put_page(page);
		done += n;
	}
	return done;
}

bool mm_resident(struct mm *mm, u32 addr)
{
	const u32 *pte = pte_lookup(mm, addr);

	return pte && *pte;
}
