/* Inside mm: what page faults and the other ways to bring a page in share. mm->lock held unless said. */
#ifndef MM_FAULT_H
#define MM_FAULT_H

#include "mm/mm.h"

/*
 * Find the area of addr for an access by a program: grows a stack if that is what it is. NULL with *code SEGV_MAPERR or SEGV_ACCERR.
 */
struct vm_area *fault_find_area(struct mm *mm, u32 addr, bool write, int *code);
/* An entry for a counted page into an empty slot; takes over the caller's reference. table_lock. */
void pte_install(struct mm *mm, u32 addr, u32 *pte, struct page *page, u32 bits);

#endif
