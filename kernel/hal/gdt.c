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
void isr_sysenter(void);

static_assert(offsetof(struct percpu, sysenter_return) == 12 && offsetof(struct tss, esp0) == 4, "isr.asm depends on it");

/* Model-specific registers (Intel SDM volume 4, table 2-2). */
#define MSR_SYSENTER_CS 0x174u
#define MSR_SYSENTER_ESP 0x175u
#define MSR_SYSENTER_EIP 0x176u
#define CPUID_SEP BIT(11)

static struct percpu boot_cpu;
static u64 gdt[GDT_ENTRIES] __aligned(64);
struct cpu_entry boot_cpu_entry __attribute__((section(".bss.page")));
struct tss double_fault_tss;
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
	boot_cpu_entry.tss = (struct tss){ .ss0 = KERNEL_DS, .esp0 = (u32)boot_stack_top, .iomap = sizeof(struct tss) };
	double_fault_tss = (struct tss){
		.ss0 = KERNEL_DS, .esp0 = (u32)double_fault_stack + sizeof(double_fault_stack),
		.cr3 = (u32)boot_pgdir - 0xC0000000u, .eip = (u32)double_fault, .eflags = 2,
		.esp = (u32)double_fault_stack + sizeof(double_fault_stack),
		.cs = KERNEL_CS, .ss = KERNEL_DS, .ds = KERNEL_DS, .es = KERNEL_DS, .fs = PERCPU_SEL, .iomap = sizeof(struct tss),
	};
	gdt[TSS_SEL >> 3] = make_desc((u32)&boot_cpu_entry.tss, sizeof(struct tss) - 1, DESC_TSS, 0);
	gdt[DOUBLE_FAULT_TSS_SEL >> 3] = make_desc((u32)&double_fault_tss, sizeof(struct tss) - 1, DESC_TSS, 0);
	__asm__ volatile("ltr %w0" : : "r"(TSS_SEL));
	__asm__ volatile("lldt %w0" : : "r"(0)); /* none: a selector that names it is a general protection fault */
	return 0;
}

void tss_set_stack(u32 esp0) { boot_cpu_entry.tss.esp0 = esp0; }

void gdt_load_tls(const u64 tls[3])
{
	gdt[GDT_TLS_MIN] = tls[0];
	gdt[GDT_TLS_MIN + 1] = tls[1];
	gdt[GDT_TLS_MAX] = tls[2];
}

/* CPUID shows the instructions, and it is none of the first Pentium Pros, which only say so (Intel SDM volume 2B, SYSENTER). */
static bool has_sysenter(void)
{
	u32 signature, b, c, features;

	cpuid(1, &signature, &b, &c, &features);
	bool mistaken = (signature >> 8 & 15) == 6 && (signature >> 4 & 15) < 3 && (signature & 15) < 3 && !(signature >> 16 & 15);
	return (features & CPUID_SEP) && !mistaken;
}

bool sysenter_enable(void)
{
	if (!has_sysenter())
		return false;
	write_msr(MSR_SYSENTER_CS, KERNEL_CS); /* SS is the next one; SYSEXIT takes the two behind: USER_CS, USER_DS */
	write_msr(MSR_SYSENTER_ESP, (u32)&boot_cpu_entry.tss);
	write_msr(MSR_SYSENTER_EIP, (u32)isr_sysenter);
	return true;
}
