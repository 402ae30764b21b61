/* mremap: changing the size of a mapping, in place or by moving its pages to another address without copying them. Interface: mm/mm.h. */
#include "kernel/hal/uaccess.h"
#include "kernel/uapi/mman.h"
#include "mm/area.h"
#include "mm/paging.h"

/*
 * Move the entries of [from, from + len) to `to`. All tables of the target exist, its entries are empty. Tables that get empty stay: the end
 * of the target may lie in the table that the begin of the source has just left.
 */
static void move_entries(struct mm *mm, u32 from, u32 to, u32 len)
{
	struct tlb_batch tlb;

	tlb_batch_init(&tlb, mm);
	for (u32 done = 0; done < len;) {
		u32 addr = from + done;
		u32 run = min(len - done, min(TABLE_SPAN - (addr & (TABLE_SPAN - 1)), TABLE_SPAN - ((to + done) & (TABLE_SPAN - 1))));
		u32 *src = pte_lookup(mm, addr), *dst = pte_lookup(mm, to + done), moved = 0;

		if (src) {
			u32 flags = spin_lock_irqsave(&mm->table_lock);

			for (u32 i = 0; i < run >> PAGE_SHIFT; i++) {
				if (!src[i])
					continue;
				dst[i] = __sync_lock_test_and_set(&src[i], 0);
				tlb_batch_add(&tlb, addr + (i << PAGE_SHIFT));
				moved++;
			}
			pte_table_count(mm, to + done, (s32)moved);
			pte_table_count(mm, addr, -(s32)moved);
			spin_unlock_irqrestore(&mm->table_lock, flags);
		}
		done += run;
	}
	tlb_batch_flush(&tlb);
}

/* Tables for the target; those that stay empty on failure are dropped again. */
static int make_tables(struct mm *mm, u32 start, u32 len)
{
	for (u32 done = 0; done < len; done += TABLE_SPAN - ((start + done) & (TABLE_SPAN - 1)))
		if (pte_table_make(mm, start + done))
			return -ENOMEM;
	return 0;
}

static void drop_empty_tables(struct mm *mm, u32 start, u32 len)
{
	u32 flags = spin_lock_irqsave(&mm->table_lock);

	for (u32 pde = pde_index(start); pde <= pde_index(start + len - 1); pde++)
		pte_table_drop_if_empty(mm, pde);
	spin_unlock_irqrestore(&mm->table_lock, flags);
}

/* Move [old, old + old_len), which lies in one area, to the free range [to, to + new_len). keep: the old range stays mapped, empty. */
static long move_area(struct mm *mm, u32 old, u32 old_len, u32 to, u32 new_len, bool keep)
{
	struct vm_area *a, *copy;

	if (area_split_range(mm, old, old + old_len))
		return -ENOMEM;
	a = mm_find_area_exact(mm, old);
	if (mm->nr_areas >= MAX_AREAS || make_tables(mm, to, new_len)) {
		drop_empty_tables(mm, to, new_len);
		return -ENOMEM;
	}
	copy = area_dup(a);
	if (!copy) {
		drop_empty_tables(mm, to, new_len);
		return -ENOMEM;
	}
	copy->start = to;
	copy->end = to + new_len;
	if (copy->ops && copy->ops->open)
		copy->ops->open(copy);
	area_insert(mm, copy);
	move_entries(mm, old, to, min(old_len, new_len));
	drop_empty_tables(mm, old, old_len);
	drop_empty_tables(mm, to, new_len);
	if (!keep)
		area_discard(mm, a); /* exactly the old range, and empty */
	if (copy->ops && copy->ops->moved)
		copy->ops->moved(copy);
	(void)area_merge(copy);
	return (long)to;
}

/* Old length 0: the shared area at old once more, at `to` or where there is room. */
static long duplicate(struct mm *mm, u32 old, u32 to, u32 new_len)
{
	struct vm_area *a = mm_find_area_exact(mm, old), *copy;

	if (!a || (a->flags & VM_PFNMAP))
		return -EFAULT;
	if (!(a->flags & VM_SHARED))
		return -EINVAL;
	to = to ? to : area_find_room(mm, new_len);
	copy = to && mm->nr_areas < MAX_AREAS ? area_dup(a) : NULL;
	if (!copy)
		return -ENOMEM;
	copy->pgoff += (old - a->start) >> PAGE_SHIFT;
	copy->start = to;
	copy->end = to + new_len;
	if (copy->ops && copy->ops->open)
		copy->ops->open(copy);
	area_insert(mm, copy);
	return (long)to;
}

static long remap_locked(struct mm *mm, u32 old, u32 old_len, u32 new_len, u32 flags, u32 new_addr)
{
	struct vm_area *a;
	int err;

	if (flags & MREMAP_FIXED) {
		if (new_addr & (PAGE_SIZE - 1) || new_addr < MMAP_MIN_ADDR)
			return -EINVAL;
		if (new_len > USER_SPACE_END || new_addr > USER_SPACE_END - new_len)
			return -EINVAL;
		if (new_addr < old + old_len && old < new_addr + new_len)
			return -EINVAL;
		err = unmap_locked(mm, new_addr, new_len);
		if (err)
			return err;
	}
	if (new_len < old_len) {
		err = unmap_locked(mm, old + new_len, old_len - new_len);
		if (err)
			return err;
		old_len = new_len;
	}
	if (!old_len)
		return duplicate(mm, old, flags & MREMAP_FIXED ? new_addr : 0, new_len);
	a = mm_find_area_exact(mm, old);
	if (!a || a->end < old + old_len || (a->flags & VM_PFNMAP) || (new_len > old_len && (a->flags & VM_DONTEXPAND)))
		return -EFAULT;
	if (flags & MREMAP_FIXED)
		return move_area(mm, old, old_len, new_addr, new_len, flags & MREMAP_DONTUNMAP);
	if (new_len == old_len && !(flags & MREMAP_DONTUNMAP))
		return (long)old;
	if (new_len > old_len && a->end == old + old_len && old <= MMAP_TOP - new_len) {
		struct vm_area *next = area_next(a);

		if (!next || area_low(next) >= old + new_len) {
			area_set_range(a, a->start, old + new_len);
			(void)area_merge(a);
			return (long)old;
		}
	}
	if (!(flags & MREMAP_MAYMOVE))
		return -ENOMEM;
	new_addr = area_find_room(mm, new_len);
	return new_addr ? move_area(mm, old, old_len, new_addr, new_len, flags & MREMAP_DONTUNMAP) : -ENOMEM;
}

long mm_remap(struct mm *mm, u32 old, u32 old_len, u32 new_len, u32 flags, u32 new_addr)
{
	u32 from = PAGE_ALIGN(old_len), to = PAGE_ALIGN(new_len);

	if (flags & ~(u32)(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP))
		return -EINVAL;
	if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && !(flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if (((flags & MREMAP_DONTUNMAP) && from != to) || (!from && !(flags & MREMAP_MAYMOVE)))
		return -EINVAL;
	if (old & (PAGE_SIZE - 1) || !to || from < old_len || to < new_len)
		return -EINVAL;
	if (from > USER_SPACE_END || old > USER_SPACE_END - from)
		return -EFAULT;
	if (to > MMAP_TOP || (to > from && (to - from) >> PAGE_SHIFT > nr_total_pages()))
		return -ENOMEM;
	mutex_lock(&mm->lock);
	long at = remap_locked(mm, old, from, to, flags, new_addr);
	if (!IS_ERR((void *)at) && to > from && (mm_find_area(mm, (u32)at)->flags & VM_LOCKED))
		(void)populate_locked(mm, (u32)at + from, (u32)at + to);
	area_unlock(mm);
	return at;
}
