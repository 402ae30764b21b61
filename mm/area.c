/*
 * The areas of an address space: a tree by address and a list in the same order. Rules: mm/mm.h; interface: mm/area.h. mm->lock held.
 * The page cache looks at an area's borders through mapping->i_mmap without mm->lock; so they change under table_lock.
 */
#include "mm/area.h"

#include "kernel/debug/bug.h"
#include "kernel/hal/uaccess.h"
#include "mm/paging.h"

static struct kmem_cache *area_cache;

void mm_area_init(void)
{
	area_cache = kmem_cache_create("vm_area", sizeof(struct vm_area), 0, NULL);
}

struct vm_area *area_alloc(struct mm *mm)
{
	struct vm_area *a = kmem_cache_alloc(area_cache, GFP_KERNEL | GFP_ZERO);

	if (a) {
		a->mm = mm;
		INIT_LIST_HEAD(&a->mapping_node);
	}
	return a;
}

struct vm_area *area_dup(const struct vm_area *a)
{
	struct vm_area *copy = kmem_cache_alloc(area_cache, GFP_KERNEL);

	if (copy) {
		*copy = *a;
		INIT_LIST_HEAD(&copy->mapping_node);
	}
	return copy;
}

void area_free(struct vm_area *a)
{
	kmem_cache_free(area_cache, a);
}

void area_unlock(struct mm *mm)
{
	LIST_HEAD(closing);

	list_splice_tail_init(&mm->closing, &closing);
	mutex_unlock(&mm->lock);
	while (unlikely(!list_empty(&closing))) {
		struct vm_area *a = list_first_entry(&closing, struct vm_area, list);

		list_del(&a->list);
		if (a->ops && a->ops->close)
			a->ops->close(a);
		area_free(a);
	}
}

/* ---- finding ---- */

struct vm_area *mm_find_area(struct mm *mm, u32 addr)
{
	struct rb_node *n = mm->tree.node;
	struct vm_area *best = NULL;

	while (n) {
		struct vm_area *a = rb_entry(n, struct vm_area, node);

		if (a->end > addr) {
			best = a;
			if (a->start <= addr)
				break;
			n = n->left;
		} else {
			n = n->right;
		}
	}
	return best;
}

struct vm_area *mm_find_area_exact(struct mm *mm, u32 addr)
{
	struct vm_area *a = mm_find_area(mm, addr);

	return a && a->start <= addr ? a : NULL;
}

struct vm_area *area_next(const struct vm_area *a)
{
	return a->list.next == &a->mm->areas ? NULL : list_entry(a->list.next, struct vm_area, list);
}

struct vm_area *area_prev(const struct vm_area *a)
{
	return a->list.prev == &a->mm->areas ? NULL : list_entry(a->list.prev, struct vm_area, list);
}

u32 mm_data_pages(struct mm *mm)
{
	const struct vm_area *a;
	u32 pages = 0;

	mutex_lock(&mm->lock);
	list_for_each_entry(a, &mm->areas, list)
		if ((a->flags & (VM_WRITE | VM_SHARED | VM_GROWSDOWN)) == VM_WRITE)
			pages += (a->end - a->start) >> PAGE_SHIFT;
	mutex_unlock(&mm->lock);
	return pages;
}

/* The highest gap of len bytes in [low, high), 0 if none. */
static u32 find_gap(const struct mm *mm, u32 low, u32 high, u32 len)
{
	struct vm_area *a;
	u32 top = high;

	list_for_each_entry_reverse(a, &mm->areas, list) {
		if (a->end <= low)
			break;
		if (a->end < top && top - a->end >= len)
			return top - len;
		top = min(top, area_low(a));
	}
	return top >= low && top - low >= len ? top - len : 0;
}

u32 area_find_room(const struct mm *mm, u32 len)
{
	u32 addr = find_gap(mm, MMAP_MIN_ADDR, mm->mmap_base, len);

	return addr ? addr : find_gap(mm, STACK_TOP, USER_SPACE_END, len);
}

/* ---- changing the set ---- */

static void link_node(struct mm *mm, struct vm_area *a)
{
	struct rb_node **link = &mm->tree.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = a->start < rb_entry(parent, struct vm_area, node)->start ? &parent->left : &parent->right;
	}
	rb_link_node(&a->node, parent, link);
	rb_insert_color(&a->node, &mm->tree);
	mm->nr_areas++;
	u32 pages = (a->end - a->start) >> PAGE_SHIFT;
	mm->total_vm += pages;
	if (a->flags & VM_LOCKED)
		mm->locked_vm += pages;
}

void area_insert(struct mm *mm, struct vm_area *a)
{
	struct vm_area *next = mm_find_area(mm, a->start);

	ASSERT(!next || next->start >= a->end);
	list_add_tail(&a->list, next ? &next->list : &mm->areas);
	link_node(mm, a);
}

void area_append(struct mm *mm, struct vm_area *a)
{
	list_add_tail(&a->list, &mm->areas);
	link_node(mm, a);
}

void area_remove(struct mm *mm, struct vm_area *a)
{
	u32 pages = (a->end - a->start) >> PAGE_SHIFT;

	list_del(&a->list);
	rb_erase(&a->node, &mm->tree);
	mm->nr_areas--;
	mm->total_vm -= pages;
	if (a->flags & VM_LOCKED)
		mm->locked_vm -= pages;
}

/* The page cache may still meet the area through i_mmap: make it empty for its eyes. Already taken out of the tree. */
static void area_retire(struct vm_area *a)
{
	u32 flags = spin_lock_irqsave(&a->mm->table_lock);

	a->end = a->start;
	spin_unlock_irqrestore(&a->mm->table_lock, flags);
	list_add_tail(&a->list, &a->mm->closing);
}

void area_discard(struct mm *mm, struct vm_area *a)
{
	area_remove(mm, a);
	area_retire(a);
}

void area_set_range(struct vm_area *a, u32 start, u32 end)
{
	struct mm *mm = a->mm;
	s32 grown = (s32)((end - start) >> PAGE_SHIFT) - (s32)((a->end - a->start) >> PAGE_SHIFT);
	u32 flags = spin_lock_irqsave(&mm->table_lock);

	if (start >= a->start)
		a->pgoff += (start - a->start) >> PAGE_SHIFT;
	else
		a->pgoff -= (a->start - start) >> PAGE_SHIFT;
	a->start = start;
	a->end = end;
	spin_unlock_irqrestore(&mm->table_lock, flags);
	mm->total_vm += (u32)grown;
	if (a->flags & VM_LOCKED)
		mm->locked_vm += (u32)grown;
}

int area_split(struct vm_area *a, u32 addr)
{
	struct vm_area *upper;

	if (a->mm->nr_areas >= MAX_AREAS)
		return -ENOMEM;
	upper = area_dup(a);
	if (!upper)
		return -ENOMEM;
	upper->pgoff += (addr - a->start) >> PAGE_SHIFT;
	upper->start = addr;
	if (upper->ops && upper->ops->open)
		upper->ops->open(upper);
	area_set_range(a, a->start, addr);
	area_insert(a->mm, upper);
	return 0;
}

int area_split_range(struct mm *mm, u32 start, u32 end)
{
	struct vm_area *a = mm_find_area(mm, start);
	int err;

	if (a && a->start < start) {
		err = area_split(a, start);
		if (err)
			return err;
	}
	a = mm_find_area(mm, end);
	return a && a->start < end ? area_split(a, end) : 0;
}

static bool can_merge(const struct vm_area *low, const struct vm_area *high)
{
	if (!low || !high || low->end != high->start)
		return false;
	return low->flags == high->flags && !low->ops && !high->ops && !(low->flags & VM_GROWSDOWN);
}

struct vm_area *area_merge(struct vm_area *a)
{
	struct vm_area *other = area_next(a);
	struct mm *mm = a->mm;

	if (can_merge(a, other)) {
		u32 end = other->end;

		area_remove(mm, other);
		area_set_range(a, a->start, end);
		area_free(other);
	}
	other = area_prev(a);
	if (can_merge(other, a)) {
		u32 end = a->end;

		area_remove(mm, a);
		area_set_range(other, other->start, end);
		area_free(a);
		a = other;
	}
	return a;
}

u32 area_pte_bits(const struct vm_area *a)
{
	return a->flags & VM_ACCESS_MASK ? PTE_PRESENT | PTE_USER : PTE_PROTNONE | PTE_USER;
}
