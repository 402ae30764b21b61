/*
 * GDT, task state segments, per-CPU segment. Selectors are in kernel/hal/regs.h; the slots are those of Linux i386, because programs see
 * their own. The first TSS only names the kernel stack; the second one is a task of its own that reports double faults.
 */
#include "kernel/debug/bug.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/desc.h"
#include "kernel/hal/multiboot.h"
#include "kernel/hal/percpu.h"
#include "kernel/init.h"

void double_fault(void);

extern struct task init_task;

static struct percpu boot_cpu;
static u64 gdt[GDT_ENTRIES] __aligned(64);
struct tss boot_cpu_tss, double_fault_tss;
static u8 double_fault_stack[8192] __aligned(16);

static void load_gdt(void)
{
	struct desc_ptr ptr = { sizeof(gdt) - 1, (u32)gdt };

	__asm__ volatile("lgdt %0\n\t"
			 "ljmp %1, $1f\n"
			 "1:\tmovl %2, %%ss\n\tmovl %3, %%ds\n\tmovl %3, %%es\n\tmovl %4, %%fs\n\tmovl %5, %%gs"
			 :
			 : "m"(ptr), "i"(KERNEL_CS), "r"(KERNEL_DS), "r"(USER_DS), "r"(PERCPU_SEL), "r"(0)
			 : "memory");
}

void cpu_early_init(void)
{
	gdt[KERNEL_CS >> 3] = make_desc(0, 0xfffff, DESC_CODE, DESC_32BIT | DESC_PAGES);
	gdt[KERNEL_DS >> 3] = make_desc(0, 0xfffff, DESC_DATA, DESC_32BIT | DESC_PAGES);
	gdt[USER_CS >> 3] = make_desc(0, 0xfffff, DESC_CODE | DESC_USER, DESC_32BIT | DESC_PAGES);
	gdt[USER_DS >> 3] = make_desc(0, 0xfffff, DESC_DATA | DESC_USER, DESC_32BIT | DESC_PAGES);
	gdt[PERCPU_SEL >> 3] = make_desc((u32)&boot_cpu, sizeof(boot_cpu) - 1, DESC_DATA, DESC_32BIT);
	boot_cpu.self = &boot_cpu;
	boot_cpu.current_task = &init_task;
	load_gdt();
}

int gdt_init(void)
{
	boot_cpu_tss = (struct tss){ .ss0 = KERNEL_DS, .esp0 = (u32)boot_stack_top, .iomap = sizeof(struct tss) };
	double_fault_tss = (struct tss){
		.ss0 = KERNEL_DS, .esp0 = (u32)double_fault_stack + sizeof(double_fault_stack),
		.cr3 = (u32)boot_pgdir - 0xC0000000u, .eip = (u32)double_fault, .eflags = 2,
		.esp = (u32)double_fault_stack + sizeof(double_fault_stack),
		.cs = KERNEL_CS, .ss = KERNEL_DS, .ds = KERNEL_DS, .es = KERNEL_DS, .fs = PERCPU_SEL, .iomap = sizeof(struct tss),
	};
	gdt[TSS_SEL >> 3] = make_desc((u32)&boot_cpu_tss, sizeof(struct tss) - 1, DESC_TSS, 0);
	gdt[DOUBLE_FAULT_TSS_SEL >> 3] = make_desc((u32)&double_fault_tss, sizeof(struct tss) - 1, DESC_TSS, 0);
	__asm__ volatile("ltr %w0" : : "r"(TSS_SEL));
	__asm__ volatile("lldt %w0" : : "r"(0)); /* none: a selector that names it is a general protection fault */
	return 0;
}

void tss_set_stack(u32 esp0) { boot_cpu_tss.esp0 = esp0; }

void gdt_load_tls(const u64 tls[3])
{
	gdt[GDT_TLS_MIN] = tls[0];
	gdt[GDT_TLS_MIN + 1] = tls[1];
	gdt[GDT_TLS_MAX] = tls[2];
}
