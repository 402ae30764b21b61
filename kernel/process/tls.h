/* Thread-local storage segments: the three GDT slots of each task, as set_thread_area and clone set them. */
#ifndef KERNEL_PROCESS_TLS_H
#define KERNEL_PROCESS_TLS_H

#include "kernel/sched/task.h"

/* struct user_desc of <asm/ldt.h>; flags from bit 0 up: seg_32bit, contents (2 bits), read_exec_only, limit_in_pages, seg_not_present, useable. */
struct user_desc {
	u32 entry_number, base_addr, limit, flags;
};
/*
 * Set one slot of t from user memory. allocate: entry -1 takes a free slot and its number is written back. 0, -EFAULT, -EINVAL, -ESRCH
 * (no slot free). When t is current the CPU's table is not touched: call sched_reload_segments.
 */
int __must_check set_thread_area_of(struct task *t, struct user_desc __user *u, bool allocate);

#endif
