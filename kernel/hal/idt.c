/*
 * The IDT and what happens after an exception: a signal for a program, a fix-up or a panic for the kernel. Page faults do not come
 * through here: isr.asm calls page_fault (mm/mm.h) directly, with interrupts still off.
 */
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/desc.h"
#include "kernel/hal/exception.h"
#include "kernel/hal/percpu.h"
#include "kernel/hal/uaccess.h"
#include "kernel/init.h"
#include "kernel/irq/irq.h"
#include "kernel/sched/signal.h"

#define VECTOR_DEBUG 1u
#define VECTOR_NMI 2u
#define VECTOR_DOUBLE_FAULT 8u
#define VECTOR_PAGE_FAULT 14u
#define VECTOR_X87 16u
#define VECTOR_SIMD 19u
#define NR_VECTORS 256u

extern const u32 isr_table[NR_VECTORS];
void isr_syscall(void), isr_page_fault(void), isr_debug(void);
void exception_dispatch(struct regs *r);
void double_fault(void);

static u64 idt[NR_VECTORS] __aligned(64);

/* Intel SDM volume 3, table 6-1, with the signal Linux gives a program for it. */
static const struct exception {
	const char *name;
	u8 signal, code;
} exceptions[32] = {
	[0] = { "divide error", SIGFPE, FPE_INTDIV },
	[1] = { "debug", SIGTRAP, TRAP_TRACE },
	[2] = { "non-maskable interrupt", 0, 0 },
	[3] = { "breakpoint", SIGTRAP, SI_KERNEL },
	[4] = { "overflow", SIGSEGV, SI_KERNEL },
	[5] = { "bound range exceeded", SIGSEGV, SI_KERNEL },
	[6] = { "invalid opcode", SIGILL, ILL_ILLOPN },
	[7] = { "device not available", SIGFPE, SI_KERNEL },
	[8] = { "double fault", 0, 0 },
	[9] = { "coprocessor segment overrun", SIGFPE, SI_KERNEL },
	[10] = { "invalid TSS", SIGSEGV, SI_KERNEL },
	[11] = { "segment not present", SIGBUS, SI_KERNEL },
	[12] = { "stack-segment fault", SIGBUS, SI_KERNEL },
	[13] = { "general protection fault", SIGSEGV, SI_KERNEL },
	[14] = { "page fault", SIGSEGV, SEGV_MAPERR },
	[16] = { "x87 floating-point error", SIGFPE, FPE_FLTINV },
	[17] = { "alignment check", SIGBUS, BUS_ADRALN },
	[18] = { "machine check", 0, 0 },
	[19] = { "SIMD floating-point exception", SIGFPE, FPE_FLTINV },
	[20] = { "virtualization exception", 0, 0 },
	[21] = { "control protection exception", SIGSEGV, SI_KERNEL },
};

const char *exception_name(u32 vector)
{
	return vector < ARRAY_SIZE(exceptions) && exceptions[vector].name ? exceptions[vector].name : "unexpected vector";
}

void set_gate(u32 vector, u32 entry, u32 type)
{
	u32 sel = type == GATE_TASK ? entry : KERNEL_CS, off = type == GATE_TASK ? 0 : entry;
	idt[vector] = (u64)((off & 0xffff0000) | type << 8) << 32 | sel << 16 | (off & 0xffff);
}

int idt_init(void)
{
	struct desc_ptr ptr = { sizeof(idt) - 1, (u32)idt };

	for (u32 v = 0; v < NR_VECTORS; v++)
		set_gate(v, isr_table[v], GATE_INTERRUPT);
	set_gate(VECTOR_DEBUG, (u32)isr_debug, GATE_INTERRUPT);
	set_gate(3, isr_table[3], GATE_INTERRUPT | GATE_USER); /* int3, into, bound: a program may raise them */
	set_gate(4, isr_table[4], GATE_INTERRUPT | GATE_USER);
	set_gate(5, isr_table[5], GATE_INTERRUPT | GATE_USER);
	set_gate(VECTOR_DOUBLE_FAULT, DOUBLE_FAULT_TSS_SEL, GATE_TASK);
	set_gate(VECTOR_PAGE_FAULT, (u32)isr_page_fault, GATE_INTERRUPT);
	set_gate(VECTOR_SYSCALL, (u32)isr_syscall, GATE_TRAP | GATE_USER);
	__asm__ volatile("lidt %0" : : "m"(ptr));
	return 0;
}

static void user_exception(const struct regs *r)
{
	const struct exception *e = r->vector < ARRAY_SIZE(exceptions) ? &exceptions[r->vector] : NULL;

	if (r->vector == VECTOR_X87 || r->vector == VECTOR_SIMD)
		force_signal(SIGFPE, fpu_exception_code(r->vector == VECTOR_SIMD), r->eip);
	else if (e && e->signal)
		force_signal(e->signal, e->code, r->eip);
	else
		force_signal(SIGSEGV, SI_KERNEL, r->eip);
}

/* From isr.asm with interrupts off. Leaves with interrupts as they were in the interrupted code, or on for a program. */
void exception_dispatch(struct regs *r)
{
	if (r->vector == VECTOR_NMI) {
		irq_count_nmi();
		pr_warn("NMI at %pS\n", (void *)r->eip);
		return;
	}
	if (regs_user_mode(r)) {
		irq_enable();
		user_exception(r);
		return;
	}
	u32 fixup = extable_find(r->eip);
	if (!fixup)
		panic_regs(r, "%s in the kernel, error code %#x", exception_name(r->vector), r->orig_eax);
	r->eip = fixup;
}

/* The double fault task. The CPU has saved the registers of the faulting context in the other TSS. */
void double_fault(void)
{
	const struct tss *t = &boot_cpu_entry.tss;
	struct regs r = {
		.ebx = t->ebx, .ecx = t->ecx, .edx = t->edx, .esi = t->esi, .edi = t->edi, .ebp = t->ebp, .eax = t->eax,
		.ds = t->ds, .es = t->es, .fs = t->fs, .vector = VECTOR_DOUBLE_FAULT, .eip = t->eip, .cs = t->cs, .eflags = t->eflags,
		.esp = t->esp, .ss = t->ss,
	};
	bool overflow = read_cr2() < t->esp && t->esp - read_cr2() <= PAGE_SIZE; /* the push that found no room */

	panic_regs(&r, overflow ? "double fault: kernel stack overflow" : "double fault");
}
