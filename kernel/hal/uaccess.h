/*
 * Copies between kernel and user memory. Each checks that the range lies in user space and survives a fault: a page that can
 * be faulted in is faulted in (may sleep, takes the mm lock), anything else ends the copy early.
 * Between pagefault_disable() and pagefault_enable() nothing is faulted in, so the copies may run under any lock.
 */
#ifndef KERNEL_HAL_UACCESS_H
#define KERNEL_HAL_UACCESS_H

#include "kernel/lib/types.h"

#define USER_SPACE_END 0xC0000000u
static inline bool access_ok(const void __user *p, size_t n) { return n <= USER_SPACE_END && (uintptr_t)p <= USER_SPACE_END - n; }

/* Return how many bytes were NOT copied (0: all well). copy_from_user clears the rest of dst. */
size_t __must_check copy_to_user(void __user *dst, const void *src, size_t n);
size_t __must_check copy_from_user(void *dst, const void __user *src, size_t n);
/* copy_from_user that leaves the rest of dst as it was when it ends early: for data that is copied straight into a cached page. */
size_t __must_check copy_from_user_keep(void *dst, const void __user *src, size_t n);
size_t __must_check clear_user(void __user *dst, size_t n);
/* Length copied without the terminator, max if there was none within max bytes, or -EFAULT. */
ssize_t __must_check strncpy_from_user(char *dst, const char __user *src, size_t max);
/* Length with the terminator, 0 on a fault, > max if too long. */
size_t __must_check strnlen_user(const char __user *s, size_t max);
int __must_check get_user_u32(u32 *out, const u32 __user *p); /* 0 or -EFAULT */
int __must_check put_user_u32(u32 v, u32 __user *p);
/* The same without a call, for loops of the kernel proper; false: a fault. The exception table's entries are as in uaccess.asm. */
#define MAY_FAULT(instruction) "1:\t" instruction "\n\t.pushsection __ex_table, \"a\"\n\t.long 1b, %l[fault]\n\t.popsection"
static inline bool __must_check get_user_word(u32 *out, const u32 __user *p)
{
	u32 v;
	if (unlikely((uintptr_t)p > USER_SPACE_END - sizeof(*p)))
		return false;
	__asm__ goto(MAY_FAULT("movl %1, %0") : "=r"(v) : "m"(*p) : : fault);
	*out = v;
	return true;
fault:
	return false;
}
static inline bool __must_check put_user_word(u32 v, u32 __user *p)
{
	if (unlikely((uintptr_t)p > USER_SPACE_END - sizeof(*p)))
		return false;
	__asm__ goto(MAY_FAULT("movl %0, %1") : : "r"(v), "m"(*p) : "memory" : fault);
	return true;
fault:
	return false;
}
#undef MAY_FAULT
/* Touch the pages of a user range so that a later atomic copy will probably succeed. 0 or -EFAULT. May sleep. */
int __must_check fault_in_readable(const void __user *p, size_t n);
int __must_check fault_in_writeable(void __user *p, size_t n);

#ifdef HOST_TEST /* in the kernel: kernel/sched/task.h */
void pagefault_disable(void);
void pagefault_enable(void);
#endif
/* For the page fault handler: where to go on when the instruction at eip faulted in the kernel, or 0. */
u32 extable_find(u32 eip);

#endif
