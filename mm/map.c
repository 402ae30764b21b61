/* Mapping, unmapping, brk, advice and populating: the operations on areas that programs ask for. Interface: mm/mm.h. */
#include "kernel/debug/bug.h"
#include "kernel/hal/uaccess.h"
#include "kernel/uapi/mman.h"
#include "mm/area.h"
#include "mm/paging.h"
#include "mm/reclaim.h"

/* ---- unmapping ---- */

int unmap_locked(struct mm *mm, u32 start, u32 len)
{
	u32 end = start + len;
	struct vm_area *a;
	int err;

	if (area_range_free(mm, start, end))
		return 0;
	err = area_split_range(mm, start, end);
	if (err)
		return err;
	zap_range(mm, start, end);
	while ((a = mm_find_area(mm, start)) && a->start < end)
		area_discard(mm, a);
	return 0;
}

/* Page-aligned, not empty, inside user space. */
static bool range_valid(u32 addr, u32 len)
{
	return !(addr & (PAGE_SIZE - 1)) && len && len <= USER_SPACE_END && addr <= USER_SPACE_END - len;
}

int mm_unmap(struct mm *mm, u32 addr, u32 len)
{
	u32 size = PAGE_ALIGN(len);

	if (size < len || !range_valid(addr, size))
		return -EINVAL;
	mutex_lock(&mm->lock);
	int err = unmap_locked(mm, addr, size);
	area_unlock(mm);
	return err;
}

int mm_unmap_object(struct mm *mm, u32 addr, const struct vm_ops *ops, u32 (*size)(const struct vm_area *a))
{
	const void *file = NULL;
	u32 bytes = UINT32_MAX;
	struct vm_area *a, *next;
	int err = -EINVAL;

	mutex_lock(&mm->lock);
	for (a = mm_find_area(mm, addr); a && a->end - addr <= bytes; a = next) {
		next = area_next(a);
		if (a->ops != ops || a->start < addr || (a->start - addr) >> PAGE_SHIFT != a->pgoff || (file && a->file != file))
			continue;
		if (!file) {
			file = a->file;
			bytes = size(a);
		}
		err = unmap_locked(mm, a->start, a->end - a->start);
		if (err)
			break;
	}
	area_unlock(mm);
	return err;
}

/* ---- mapping ---- */

/* Where a new mapping goes: an address or -errno. MAP_FIXED does not unmap yet. */
static long choose_address(struct mm *mm, u32 addr, u32 len, u32 map_flags)
{
	if (map_flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
		if (!range_valid(addr, len))
			return addr & (PAGE_SIZE - 1) ? -EINVAL : -ENOMEM;
		if (addr < MMAP_MIN_ADDR)
			return -EPERM;
		if ((map_flags & MAP_FIXED_NOREPLACE) && !area_range_free(mm, addr, addr + len))
			return -EEXIST;
		return (long)addr;
	}
	if (addr) {
		struct vm_area *next;

		addr = max(PAGE_ALIGN(addr), MMAP_MIN_ADDR);
		next = mm_find_area(mm, addr);
		if (len <= MMAP_TOP && addr <= MMAP_TOP - len && (!next || area_low(next) >= addr + len))
			return (long)addr;
	}
	addr = area_find_room(mm, len);
	return addr ? (long)addr : -ENOMEM;
}

/* Refuse what can never be filled: more private writable memory in one piece than the machine has. */
static bool is_obvious_overcommit(u32 len, u32 map_flags, u32 vm_flags)
{
	return (vm_flags & (VM_WRITE | VM_SHARED)) == VM_WRITE && !(map_flags & MAP_NORESERVE) && len >> PAGE_SHIFT > nr_total_pages();
}

/* An anonymous mapping right above one of the same kind makes that larger. */
static bool grow_neighbour(struct mm *mm, u32 addr, u32 len, u32 vm_flags)
{
	struct vm_area *low = mm_find_area_exact(mm, addr - 1), *next;

	if (low && low->end == addr && low->flags == vm_flags && !low->ops && !(vm_flags & VM_GROWSDOWN)) {
		area_set_range(low, low->start, addr + len);
		(void)area_merge(low);
		return true;
	}
	next = mm_find_area_exact(mm, addr + len);
	if (next && next->start == addr + len && next->flags == vm_flags && !next->ops && !(vm_flags & VM_GROWSDOWN)) {
		area_set_range(next, addr, next->end);
		return true;
	}
	return false;
}

static long map_locked(struct mm *mm, u32 addr, u32 len, u32 map_flags, u32 vm_flags, pgoff_t pgoff,
		       int (*setup)(struct vm_area *a, void *arg), void *arg)
{
	long at = choose_address(mm, addr, len, map_flags);
	struct vm_area *a;
	int err;

	if (IS_ERR((void *)at))
		return at;
	addr = (u32)at;
	if (map_flags & MAP_FIXED) {
		err = unmap_locked(mm, addr, len);
		if (err)
			return err;
	}
	if (mm->nr_areas >= MAX_AREAS)
		return -ENOMEM;
	if (!setup && grow_neighbour(mm, addr, len, vm_flags))
		return at;
	a = area_alloc(mm);
	if (!a)
		return -ENOMEM;
	a->start = addr;
	a->end = addr + len;
	a->flags = vm_flags;
	a->pgoff = setup ? pgoff : addr >> PAGE_SHIFT;
	err = setup ? setup(a, arg) : 0;
	if (err) {
		zap_range(mm, addr, addr + len); /* device memory may be mapped already */
		area_free(a);
		return err;
	}
	area_insert(mm, a);
	return at;
}

long mm_map(struct mm *mm, u32 addr, u32 len, u32 map_flags, u32 vm_flags, pgoff_t pgoff, int (*setup)(struct vm_area *a, void *arg),
	    void *arg)
{
	u32 size = PAGE_ALIGN(len);

	if (!len)
		return -EINVAL;
	if (size < len || size > USER_SPACE_END || is_obvious_overcommit(size, map_flags, vm_flags))
		return -ENOMEM;
	mutex_lock(&mm->lock);
	vm_flags |= mm->def_flags;
	long at = map_locked(mm, addr, size, map_flags, vm_flags, pgoff, setup, arg);
	if (!IS_ERR((void *)at) && (vm_flags & VM_LOCKED))
		(void)populate_locked(mm, (u32)at, (u32)at + size);
	area_unlock(mm);
	return at;
}

/* ---- brk ---- */

#define HEAP_FLAGS (VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC | VM_HEAP)

static bool grow_heap(struct mm *mm, u32 from, u32 to)
{
	struct vm_area *next = mm_find_area(mm, from);
	u32 flags = HEAP_FLAGS | mm->def_flags;
	long at;

	if (to > MMAP_TOP || (next && area_low(next) < to + PAGE_SIZE) || is_obvious_overcommit(to - from, 0, flags))
		return false;
	at = map_locked(mm, from, to - from, MAP_FIXED_NOREPLACE, flags, 0, NULL, NULL);
	if (!IS_ERR((void *)at) && (flags & VM_LOCKED))
		(void)populate_locked(mm, from, to);
	return !IS_ERR((void *)at);
}

long mm_brk(struct mm *mm, u32 brk)
{
	mutex_lock(&mm->lock);
	u32 from = PAGE_ALIGN(mm->brk), to = PAGE_ALIGN(brk);

	if (brk >= mm->start_brk && brk < MMAP_TOP) {
		bool ok = true;

		if (to > from)
			ok = grow_heap(mm, from, to);
		else if (to < from)
			ok = !unmap_locked(mm, to, from - to);
		if (ok)
			mm->brk = brk;
	}
	long now = (long)mm->brk;
	area_unlock(mm);
	return now;
}

/* ---- advice and populating ---- */

static int drop_pages(struct mm *mm, u32 start, u32 end)
{
	struct vm_area *a = mm_find_area(mm, start);
	int err = 0;

	for (u32 at = start; at < end; a = area_next(a)) {
		if (!a || a->start >= end)
			return -ENOMEM;
		if (a->start > at)
			err = -ENOMEM; /* a hole: the rest is still done, as on Linux */
		if (a->flags & (VM_LOCKED | VM_PFNMAP))
			return -EINVAL;
		zap_range(mm, max(a->start, at), min(a->end, end));
		at = a->end;
	}
	return err;
}

int mm_advise(struct mm *mm, u32 addr, u32 len, int advice)
{
	u32 size = PAGE_ALIGN(len);
	int err = 0;

	if (addr & (PAGE_SIZE - 1) || size < len || size > USER_SPACE_END || addr > USER_SPACE_END - size)
		return -EINVAL;
	switch (advice) {
	case MADV_NORMAL:
		return mm_advise_flags(mm, addr, addr + size, VM_SEQ_READ | VM_RAND_READ, 0);
	case MADV_RANDOM:
		return mm_advise_flags(mm, addr, addr + size, VM_SEQ_READ, VM_RAND_READ);
	case MADV_SEQUENTIAL:
		return mm_advise_flags(mm, addr, addr + size, VM_RAND_READ, VM_SEQ_READ);
	case MADV_DONTFORK:
		return mm_advise_flags(mm, addr, addr + size, 0, VM_DONTCOPY);
	case MADV_DOFORK:
		return mm_advise_flags(mm, addr, addr + size, VM_DONTCOPY, 0);
	case MADV_WIPEONFORK:
		return mm_advise_flags(mm, addr, addr + size, 0, VM_WIPEONFORK);
	case MADV_KEEPONFORK:
		return mm_advise_flags(mm, addr, addr + size, VM_WIPEONFORK, 0);
	case MADV_DONTNEED:
	case MADV_FREE:
		if (!size)
			return 0;
		mutex_lock(&mm->lock);
		err = drop_pages(mm, addr, addr + size);
		mutex_unlock(&mm->lock);
		return err;
	default:
		return -EINVAL;
	}
}

static int populate_area(struct mm *mm, struct vm_area *a, u32 start, u32 end)
{
	bool write = (a->flags & (VM_WRITE | VM_SHARED)) == VM_WRITE;

	if (!(a->flags & VM_ACCESS_MASK) || (a->flags & VM_PFNMAP))
		return 0;
	for (u32 at = start; at < end; at += PAGE_SIZE) {
		const u32 *pte = pte_lookup(mm, at);

		if (pte && (*pte & PTE_PRESENT) && (!write || (*pte & PTE_WRITE)))
			continue;
		u32 result = mm_handle_fault(mm, a, at, write);
		if ((result & VM_FAULT_OOM) || task_is_dying())
			return -ENOMEM;
		if (result & (VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV))
			return -EFAULT;
	}
	return 0;
}

int populate_locked(struct mm *mm, u32 start, u32 end)
{
	struct vm_area *a;

	for (u32 at = start; at < end; at = a->end) {
		a = mm_find_area(mm, at);
		if (!a || a->start >= end)
			break;
		int err = populate_area(mm, a, max(at, a->start), min(a->end, end));
		if (err)
			return err;
	}
	return 0;
}

int mm_populate(struct mm *mm, u32 start, u32 len)
{
	mutex_lock(&mm->lock);
	int err = populate_locked(mm, start, start + PAGE_ALIGN(len));
	mutex_unlock(&mm->lock);
	return err;
}
