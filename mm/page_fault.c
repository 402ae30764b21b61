/*
 * The page fault exception (vector 14; Intel SDM volume 3, 6.15): tells the three kinds apart.
 *   From a program, or from a user copy of the kernel: bring the page in; if that cannot be, signal the program or end the copy.
 *   From a user copy that must not sleep (pagefault_disable, atomic context, interrupts off): end the copy.
 *   From any other kernel code: a bug of ours; panic.
 * The stub is an interrupt gate: CR2 is read before interrupts go on.
 */
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/uaccess.h"
#include "kernel/sched/signal.h"
#include "mm/fault.h"
#include "mm/reclaim.h"
#include "mm/vmalloc.h"

#define ERROR_PRESENT 0x1u
#define ERROR_WRITE 0x2u
#define USER_TRIES 60u /* to get a page, each of a second or more */
#define COPY_TRIES 8u

/* The kernel itself faulted and the page cannot be had: leave the copy, or it was no copy. */
static void fix_up_or_panic(struct regs *r, u32 addr)
{
	u32 go_on = extable_find(r->eip);

	if (go_on) {
		r->eip = go_on;
		return;
	}
	if (vmalloc_is_guard(addr))
		panic_regs(r, "page fault: %s of %#x, a guard page: overflow of a kernel stack or a vmalloc region",
			   r->orig_eax & ERROR_WRITE ? "write" : "read", addr);
	panic_regs(r, "page fault: kernel %s of %#x (%s)", r->orig_eax & ERROR_WRITE ? "write" : "read", addr,
		   r->orig_eax & ERROR_PRESENT ? "protected" : "not mapped");
}

/*
 * No memory for a fault's page: whether to try again, as somebody else is to die and give his back. A program waits as long as that may take;
 * a copy of the kernel not so long, as it may hold a lock that the dying one wants.
 */
static bool wait_for_memory(bool user, u32 tries)
{
	if (task_is_dying() || tries >= (user ? USER_TRIES : COPY_TRIES) || !out_of_memory_hook)
		return false;
	return out_of_memory_hook() != OOM_NOBODY;
}

static void out_of_memory(void)
{
	if (task_is_dying())
		return;
	pr_err("page fault: out of memory, killing %d (%s)\n", current->tgid, current->comm);
	(void)send_signal_process(current, SIGKILL, NULL);
}

/* What to do with a fault that could not be resolved. */
static void failed(struct regs *r, u32 addr, int sig, int code)
{
	if (!regs_user_mode(r))
		fix_up_or_panic(r, addr);
	else if (sig)
		force_signal(sig, code, addr);
}

static void user_fault(struct regs *r, struct mm *mm, u32 addr, bool write)
{
	struct vm_area *a;
	int code;
	u32 result, tries = 0;

	do {
		mutex_lock(&mm->lock);
		a = fault_find_area(mm, addr, write, &code);
		if (unlikely(!a)) {
			mutex_unlock(&mm->lock);
			failed(r, addr, SIGSEGV, code);
			return;
		}
		result = mm_handle_fault(mm, a, addr, write);
		mutex_unlock(&mm->lock);
	} while (unlikely(result & VM_FAULT_OOM) && wait_for_memory(regs_user_mode(r), tries++));
	mm_events.faults++;
	if (result & VM_FAULT_MAJOR) {
		mm_events.major_faults++;
		current->maj_flt++;
	} else {
		current->min_flt++;
	}
	if (likely(!(result & (VM_FAULT_OOM | VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV))))
		return;
	if (result & VM_FAULT_OOM) {
		out_of_memory();
		failed(r, addr, 0, 0);
	} else if (result & VM_FAULT_SIGBUS) {
		failed(r, addr, SIGBUS, BUS_ADRERR);
	} else {
		failed(r, addr, SIGSEGV, SEGV_MAPERR);
	}
}

static inline bool may_sleep_in_fault(const struct regs *r)
{
	return current->mm && !in_atomic() && !current->pagefault_disabled && (r->eflags & EFLAGS_IF);
}

void page_fault(struct regs *r)
{
	u32 addr = read_cr2();
	bool user = regs_user_mode(r);

	if (unlikely(addr >= USER_SPACE_END)) {
		if (!user) {
			fix_up_or_panic(r, addr);
			return;
		}
		irq_enable();
		force_signal(SIGSEGV, SEGV_MAPERR, addr);
		return;
	}
	if (unlikely(!user) && (!may_sleep_in_fault(r) || !extable_find(r->eip))) {
		fix_up_or_panic(r, addr);
		return;
	}
	irq_enable();
	user_fault(r, current->mm, addr, r->orig_eax & ERROR_WRITE);
	irq_disable();
}
