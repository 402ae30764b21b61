/* The way from int 0x80 to the function of the system call. */
#include "kernel/debug/printk.h"
#include "kernel/debug/trace.h"
#include "kernel/lib/bitmap.h"
#include "kernel/sched/task.h"
#include "kernel/syscall/syscall.h"

/* Said once for each number, so that a program that probes in a loop does not flood the log. */
static noinline long missing(u32 nr)
{
	static u32 said[DIV_ROUND_UP(NR_SYSCALLS + 1, 32)];
	u32 bit = min(nr, (u32)NR_SYSCALLS);
	const char *name = nr < NR_SYSCALLS ? syscall_names[nr] : NULL;

	if (!bitmap_test(said, bit)) {
		bitmap_set(said, bit);
		pr_info("%s[%d]: system call %u (%s) is not implemented\n", current->comm, current->tgid, nr, name ? name : "unknown");
	}
	return -ENOSYS;
}

void syscall_dispatch(struct regs *r)
{
	u32 nr = r->orig_eax;
	syscall_fn fn;

	if (unlikely(nr >= NR_SYSCALLS || !(fn = syscall_table[nr]))) {
		r->eax = (u32)missing(nr);
		return;
	}
	current->io.calls++;
	TRACE(TRACE_SYSCALL, "nr=%u ebx=%#x", 0, nr, r->ebx);
	r->eax = (u32)fn((long)r->ebx, (long)r->ecx, (long)r->edx, (long)r->esi, (long)r->edi, (long)r->ebp);
}
