/*
 * Making allocations fail on purpose, debug kernel only: tests set the task and after how many of its allocations (pages, objects) the next
 * one and all later ones fail. In release kernels nothing is left of it.
 */
#ifndef MM_FAIL_H
#define MM_FAIL_H

#include "kernel/lib/types.h"

#if defined(CONFIG_DEBUG) && !defined(HOST_TEST)
#include "kernel/sched/task.h"

extern struct task *alloc_fail_task; /* NULL: off */
extern u32 alloc_fail_after;

/* true: this allocation is to fail. Interrupt handlers of the task's time are left alone. */
static inline bool alloc_fails_on_purpose(void)
{
	if (likely(!alloc_fail_task) || current != alloc_fail_task || in_interrupt())
		return false;
	if (!alloc_fail_after)
		return true;
	alloc_fail_after--;
	return false;
}
#else
static inline bool alloc_fails_on_purpose(void) { return false; }
#endif

#endif
