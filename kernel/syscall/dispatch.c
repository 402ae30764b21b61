/* What syscall_dispatch (dispatch.asm) needs of C: the answer to calls that are not there. */
#include "kernel/debug/printk.h"
#include "kernel/debug/trace.h"
#include "kernel/lib/bitmap.h"
#include "kernel/sched/task.h"
#include "kernel/syscall/syscall.h"

static_assert(NR_SYSCALLS == 470 && offsetof(struct task, io.calls) == 16 + 72 && offsetof(struct regs, eax) == 6 * 4, "dispatch.asm depends on it");
static_assert(TRACE_SYSCALL == 0 && offsetof(struct trace_point, layer) == 12 && offsetof(struct trace_point, fmt) == 16, "dispatch.asm depends on it");

long syscall_missing(u32 nr)
{
	/* Said once for each number, so that a program that probes in a loop does not flood the log. */
	static u32 said[DIV_ROUND_UP(NR_SYSCALLS + 1, 32)];
	u32 bit = min(nr, (u32)NR_SYSCALLS);
	const char *name = nr < NR_SYSCALLS ? syscall_names[nr] : NULL;

	if (!bitmap_test(said, bit)) {
		bitmap_set(said, bit);
		pr_info("%s[%d]: system call %u (%s) is not implemented\n", current->comm, current->tgid, nr, name ? name : "unknown");
	}
	return -ENOSYS;
}
