/*
 * The end: message, decoded exception, registers, backtrace, last I/O events; then the status record for tools/vm and power-off. A second
 * panic inside the first one only prints its message. Also warnings, which are the same report without the end.
 * What fits on a screen of 25 rows is logged as LOG_EMERG; deeper frames and older events are LOG_ALERT, which the screen leaves out.
 */
#include "kernel/debug/panic.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/debug/symbols.h"
#include "kernel/debug/trace.h"
#include "kernel/hal/boot_serial.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/exception.h"
#include "kernel/hal/percpu.h"
#include "kernel/hal/power.h"
#include "kernel/irq/irq.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"

#define VECTOR_DOUBLE_FAULT 8u
#define VECTOR_PAGE_FAULT 14u
#define PANIC_TRACE_RECORDS 16u

static u32 panic_depth;

bool panic_in_progress(void) { return panic_depth != 0; }

static const char *context_name(void)
{
	u32 count = preempt_count();

	if (count >= PREEMPT_HARDIRQ)
		return "interrupt";
	return count >= PREEMPT_SOFTIRQ ? "softirq" : current->pid ? "process" : "boot or idle";
}

static void print_where(void)
{
	const struct task *t = current;
	const char *handler = irq_current_handler();

	if (t)
		pr_emerg("CPU %u, pid %d (%.16s), %s context%s%s%s, preempt_count %#x\n", this_cpu()->id, t->pid, t->comm, context_name(),
			 handler ? " (" : "", handler ? handler : "", handler ? ")" : "", preempt_count());
}

/* Error code of a page fault: Intel SDM volume 3, 4.7. Of a segment fault: 6.13. */
static void print_exception(const struct regs *r)
{
	u32 e = r->orig_eax;

	pr_emerg("vector %u (%s), error code %#x\n", r->vector, exception_name(r->vector), e);
	if (r->vector == VECTOR_PAGE_FAULT)
		pr_emerg("%s of %08x from %s mode: %s\n", e & 16 ? "fetch" : e & 2 ? "write" : "read", read_cr2(),
			 e & 4 ? "user" : "kernel", e & 8 ? "reserved bit set in a page table" : e & 1 ? "protection" : "no page there");
	else if (e && r->vector >= 10 && r->vector <= 13)
		pr_emerg("selector %#x of the %s%s\n", e & 0xfff8, e & 2 ? "IDT" : e & 4 ? "LDT" : "GDT", e & 1 ? ", external event" : "");
}

static void print_regs(const struct regs *r, u32 esp)
{
	const struct regs *interrupted = this_cpu()->irq_regs;
	u32 cr0;

	__asm__ volatile("movl %%cr0, %0" : "=r"(cr0));
	pr_emerg("eip %08x %pS\n", r->eip, (void *)r->eip);
	pr_emerg("eax %08x ebx %08x ecx %08x edx %08x eflags %08x\n", r->eax, r->ebx, r->ecx, r->edx, r->eflags);
	pr_emerg("esi %08x edi %08x ebp %08x esp %08x cr0 %08x\n", r->esi, r->edi, r->ebp, esp, cr0);
	pr_emerg("cs %04x ds %04x es %04x fs %04x cr2 %08x cr3 %08x\n", r->cs & 0xffff, r->ds & 0xffff, r->es & 0xffff, r->fs & 0xffff,
		 read_cr2(), read_cr3());
	if (interrupted)
		pr_emerg("in an interrupt of vector %u at %08x %pS\n", interrupted->vector, interrupted->eip, (void *)interrupted->eip);
}

static void __noreturn finish(void)
{
	static const char status[] = "panic\n";

	if (panic_depth == 1)
		trace_dump_last(PANIC_TRACE_RECORDS);
	if (host_port_present(HOST_PORT_STATUS))
		host_port_write(HOST_PORT_STATUS, status, sizeof(status) - 1);
	machine_power_off();
}

static void begin(const char *fmt, va_list ap)
{
	char text[256];

	irq_disable();
	panic_depth++;
	kvsnprintf(text, sizeof(text), fmt, ap);
	if (panic_depth == 1)
		console_panic_levels();
	pr_emerg("Kernel panic: %s\n", text);
	if (panic_depth > 2)
		cpu_halt_forever();
	if (panic_depth > 1)
		finish();
	boot_serial_console();
	print_where();
}

/* The registers where they are now; eip and ebp are the caller's of the function that uses this. */
#define CAPTURE_REGS(r) do { \
		__asm__ volatile("movl %%eax, 24(%0); movl %%ebx, 0(%0); movl %%ecx, 4(%0); movl %%edx, 8(%0); movl %%esi, 12(%0); " \
				 "movl %%edi, 16(%0); pushfl; popl 56(%0)" : : "r"(r) : "memory"); \
		(r)->eip = (u32)__builtin_return_address(0); \
		(r)->ebp = *(u32 *)__builtin_frame_address(0); \
		__asm__ volatile("movl %%cs, %0" : "=r"((r)->cs)); \
		__asm__ volatile("movl %%ds, %0" : "=r"((r)->ds)); \
		__asm__ volatile("movl %%es, %0" : "=r"((r)->es)); \
		__asm__ volatile("movl %%fs, %0" : "=r"((r)->fs)); \
	} while (0)

void panic(const char *fmt, ...)
{
	struct regs r;
	va_list ap;

	CAPTURE_REGS(&r);
	va_start(ap, fmt);
	begin(fmt, ap);
	va_end(ap);
	print_regs(&r, (u32)__builtin_frame_address(0) + 8);
	dump_stack();
	finish();
}

void panic_regs(const struct regs *r, const char *fmt, ...)
{
	bool has_stack = regs_user_mode(r) || r->vector == VECTOR_DOUBLE_FAULT;
	va_list ap;

	va_start(ap, fmt);
	begin(fmt, ap);
	va_end(ap);
	if (r->vector < 32)
		print_exception(r);
	print_regs(r, has_stack ? r->esp : (u32)&r->esp);
	pr_emerg("Call trace:\n");
	backtrace_from(regs_user_mode(r) ? 0 : r->ebp);
	finish();
}

void warn_at(const char *file, int line, const char *what)
{
	pr_warn("warning at %s:%d: %s\n", file, line, what);
	dump_stack();
}
