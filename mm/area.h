/* Inside mm: the areas of an address space as a set. mm->lock held throughout. */
#ifndef MM_AREA_H
#define MM_AREA_H

#include "mm/mm.h"

#define VM_ACCESS_MASK (VM_READ | VM_WRITE | VM_EXEC)
#define STACK_GUARD_GAP (256u << PAGE_SHIFT) /* kept free below an area that grows down, as on Linux */
#define MAX_AREAS 65530u

struct vm_area *area_alloc(struct mm *mm);  /* zeroed but for mm and links; NULL: no memory */
void area_free(struct vm_area *a);          /* ops->close was called or is not wanted */
struct vm_area *area_dup(const struct vm_area *a); /* the same fields, not linked, ops->open not called */
void area_insert(struct mm *mm, struct vm_area *a);
void area_append(struct mm *mm, struct vm_area *a); /* a lies above all others */
void area_remove(struct mm *mm, struct vm_area *a);
void area_discard(struct mm *mm, struct vm_area *a); /* remove, and close at area_unlock */
struct vm_area *area_next(const struct vm_area *a); /* NULL at the end */
struct vm_area *area_prev(const struct vm_area *a);
/* Cut a in two at addr: a keeps the lower part. 0, -ENOMEM. */
int __must_check area_split(struct vm_area *a, u32 addr);
/* Cut so that [start, end) begins and ends at area borders. */
int __must_check area_split_range(struct mm *mm, u32 start, u32 end);
/* Join a with its neighbours where one anonymous area serves; returns the area that holds a's pages now. */
struct vm_area *area_merge(struct vm_area *a);
/* Move the borders of an area; file pages stay where they are. */
void area_set_range(struct vm_area *a, u32 start, u32 end);
/* The lowest address at which something may be mapped right below a. */
static inline u32 area_low(const struct vm_area *a)
{
	return (a->flags & VM_GROWSDOWN) && a->start > STACK_GUARD_GAP ? a->start - STACK_GUARD_GAP : a->start;
}
/* A free range of len bytes, as high as possible below mmap_base; 0: none. */
u32 area_find_room(const struct mm *mm, u32 len);
static inline bool area_range_free(struct mm *mm, u32 start, u32 end)
{
	const struct vm_area *a = mm_find_area(mm, start);

	return !a || a->start >= end;
}
/* Page table bits for an ordinary page of the area, write permission aside. */
u32 area_pte_bits(const struct vm_area *a);

/* Unmap, lock held: areas cut, entries zapped; the areas wait in mm->closing. */
/* Release mm->lock and close what was unmapped: the last reference of a file may want locks that come before mm->lock. */
void area_unlock(struct mm *mm);
int __must_check unmap_locked(struct mm *mm, u32 start, u32 len);
/* Bring in every page of a range, lock held. 0, -ENOMEM, -EFAULT. */
int populate_locked(struct mm *mm, u32 start, u32 end);

/* Called once by mm_init. */
void mm_area_init(void);
void shared_anon_init(void);

#endif
