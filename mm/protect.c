/* Changing the rights of a range: mprotect, the VM_LOCKED flag for mlock, and how it will be read for madvise. Interface: mm/mm.h. */
#include "kernel/hal/uaccess.h"
#include "kernel/uapi/mman.h"
#include "mm/area.h"
#include "mm/paging.h"

static u32 prot_to_flags(u32 prot)
{
	return (prot & PROT_READ ? VM_READ : 0) | (prot & PROT_WRITE ? VM_WRITE : 0) | (prot & PROT_EXEC ? VM_EXEC : 0);
}

/*
 * Bring the entries of [start, end) in line with the area's new rights. Write permission is only ever taken here: the next write faults,
 * and the fault handler knows whether the page must be copied first.
 */
static void change_entries(struct mm *mm, const struct vm_area *a, u32 start, u32 end)
{
	u32 bits = area_pte_bits(a), off = a->flags & VM_WRITE ? 0 : PTE_WRITE;
	struct tlb_batch tlb;

	tlb_batch_init(&tlb, mm);
	for (u32 addr = start, stop; addr < end; addr = stop) {
		stop = min(end - 1, addr | (TABLE_SPAN - 1)) + 1;
		u32 *pte = pte_lookup(mm, addr);
		if (!pte)
			continue;
		u32 flags = spin_lock_irqsave(&mm->table_lock);
		for (; addr < stop; addr += PAGE_SIZE, pte++) {
			u32 old = *pte, now = ((old & ~(PTE_PRESENT | PTE_PROTNONE | PTE_USER)) | bits) & ~off;

			if (!old || old == now)
				continue;
			/* The CPU may set bits in a present entry at any moment: take it out before it is changed. */
			now |= __sync_lock_test_and_set(pte, 0) & (PTE_ACCESSED | PTE_DIRTY);
			*pte = now;
			tlb_batch_add(&tlb, addr);
		}
		spin_unlock_irqrestore(&mm->table_lock, flags);
	}
	tlb_batch_flush(&tlb);
}

/* One area, which lies wholly inside the range. */
static void protect_area(struct mm *mm, struct vm_area *a, u32 flags)
{
	u32 table_flags = spin_lock_irqsave(&mm->table_lock);

	a->flags = flags;
	spin_unlock_irqrestore(&mm->table_lock, table_flags);
	change_entries(mm, a, a->start, a->end);
}

/* [start, end) is covered by areas without a hole. */
static int check_range(struct mm *mm, u32 start, u32 end)
{
	const struct vm_area *a = mm_find_area(mm, start);

	for (u32 at = start; at < end; a = area_next(a)) {
		if (!a || a->start > at)
			return -ENOMEM;
		at = a->end;
	}
	return 0;
}

/* What lies before a hole, or before what may not have these rights, is changed all the same, as on Linux. */
static int protect_locked(struct mm *mm, u32 start, u32 end, u32 rights)
{
	for (u32 at = start; at < end;) {
		struct vm_area *a = mm_find_area_exact(mm, at);

		if (!a)
			return -ENOMEM;
		if (rights & ~(a->flags >> 4) & VM_ACCESS_MASK)
			return -EACCES;
		u32 flags = (a->flags & ~VM_ACCESS_MASK) | rights;

		if (flags != a->flags) {
			int err = area_split_range(mm, at, min(a->end, end));

			if (err)
				return err;
			a = mm_find_area(mm, at);
			protect_area(mm, a, flags);
			a = area_merge(a);
		}
		at = a->end;
	}
	return 0;
}

int mm_protect(struct mm *mm, u32 addr, u32 len, u32 prot)
{
	u32 size = PAGE_ALIGN(len);

	if (addr & (PAGE_SIZE - 1) || prot & ~(u32)(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_GROWSDOWN))
		return -EINVAL;
	if (size < len || size > USER_SPACE_END || addr > USER_SPACE_END - size)
		return -ENOMEM;
	if (!size)
		return 0;
	mutex_lock(&mm->lock);
	int err = -EINVAL;
	if (prot & PROT_GROWSDOWN) {
		struct vm_area *a = mm_find_area_exact(mm, addr);

		if (!a || !(a->flags & VM_GROWSDOWN))
			goto out;
		size += addr - a->start;
		addr = a->start;
	}
	err = protect_locked(mm, addr, addr + size, prot_to_flags(prot));
out:
	mutex_unlock(&mm->lock);
	return err;
}

int mm_advise_flags(struct mm *mm, u32 start, u32 end, u32 clear, u32 set)
{
	int err, hole = 0;
	u32 at = start;

	if (start == end)
		return 0;
	mutex_lock(&mm->lock);
	err = area_split_range(mm, start, end);
	for (struct vm_area *a = err ? NULL : mm_find_area(mm, start); a && a->start < end; a = area_next(a)) {
		if (a->start > at)
			hole = -ENOMEM; /* the rest is still done, as on Linux */
		if ((set & VM_WIPEONFORK) && (a->ops || (a->flags & VM_SHARED))) {
			err = -EINVAL;
			break;
		}
		a->flags = (a->flags & ~clear) | set;
		at = a->end;
		a = area_merge(a);
	}
	if (!err && at < end)
		hole = -ENOMEM;
	mutex_unlock(&mm->lock);
	return err ? err : hole;
}

static void set_locked(struct vm_area *a, bool lock)
{
	u32 pages = (a->end - a->start) >> PAGE_SHIFT;

	if (!(a->flags & VM_LOCKED) == !lock)
		return;
	a->flags ^= VM_LOCKED;
	a->mm->locked_vm += lock ? pages : -pages;
}

int mm_lock_range(struct mm *mm, u32 start, u32 end, bool lock)
{
	mutex_lock(&mm->lock);
	int err = check_range(mm, start, end);
	if (!err)
		err = area_split_range(mm, start, end);
	if (!err) {
		for (struct vm_area *a = mm_find_area(mm, start); a && a->start < end; a = area_next(a)) {
			set_locked(a, lock);
			a = area_merge(a);
		}
		if (lock)
			err = populate_locked(mm, start, end);
	}
	mutex_unlock(&mm->lock);
	return err;
}

int mm_lock_all(struct mm *mm, bool lock_now, bool lock_future)
{
	mutex_lock(&mm->lock);
	mm->def_flags = lock_future ? VM_LOCKED : 0;
	for (struct vm_area *a = list_empty(&mm->areas) ? NULL : list_first_entry(&mm->areas, struct vm_area, list); a; a = area_next(a))
		set_locked(a, lock_now);
	if (lock_now)
		(void)populate_locked(mm, 0, USER_SPACE_END);
	mutex_unlock(&mm->lock);
	return 0;
}
