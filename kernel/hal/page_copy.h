/*
 * Clearing and copying whole pages with 16-byte stores: a third to a half of the instructions that rep stosd and rep movsd take (under
 * icount each iteration of a rep counts). The SSE registers used are saved on the stack, so those of the program or of an interrupted
 * copy stay intact.
 * Any context. Addresses are page-aligned kernel addresses.
 */
#ifndef KERNEL_HAL_PAGE_COPY_H
#define KERNEL_HAL_PAGE_COPY_H

void clear_page(void *page);
void copy_page(void *dst, const void *src);

#endif
