/* The CPU's own instructions: interrupt flag, control registers, TSC, CPUID, descriptor tables, halting. */
#ifndef KERNEL_HAL_CPU_H
#define KERNEL_HAL_CPU_H

#include "kernel/hal/regs.h"

#ifndef HOST_TEST
static inline u32 read_eflags(void) { u32 f; __asm__ volatile("pushfl; popl %0" : "=r"(f)); return f; }
static inline void irq_disable(void) { __asm__ volatile("cli" ::: "memory"); }
static inline void irq_enable(void) { __asm__ volatile("sti" ::: "memory"); }
static inline bool irqs_enabled(void) { return read_eflags() & EFLAGS_IF; }
/* Save the interrupt flag and clear it; give the result to irq_restore. Pairs may nest. */
static inline u32 irq_save(void) { u32 f = read_eflags(); irq_disable(); return f; }
static inline void irq_restore(u32 flags) { if (flags & EFLAGS_IF) irq_enable(); }
/* sti; hlt as one: an interrupt that is already pending wakes the halt. */
static inline void cpu_idle(void) { __asm__ volatile("sti; hlt" ::: "memory"); }
static inline void cpu_relax(void) { __asm__ volatile("pause" ::: "memory"); }
static inline u64 rdtsc(void) { u64 t; __asm__ volatile("rdtsc" : "=A"(t)); return t; }
static inline u64 rdmsr(u32 msr) { u64 v; __asm__ volatile("rdmsr" : "=A"(v) : "c"(msr)); return v; }
static inline void write_msr(u32 msr, u64 v) { __asm__ volatile("wrmsr" : : "c"(msr), "A"(v)); }
static inline u32 read_cr2(void) { u32 v; __asm__ volatile("movl %%cr2, %0" : "=r"(v)); return v; }
static inline u32 read_cr3(void) { u32 v; __asm__ volatile("movl %%cr3, %0" : "=r"(v)); return v; }
static inline void write_cr3(u32 v) { __asm__ volatile("movl %0, %%cr3" : : "r"(v) : "memory"); }
static inline u32 read_cr4(void) { u32 v; __asm__ volatile("movl %%cr4, %0" : "=r"(v)); return v; }
static inline void write_cr4(u32 v) { __asm__ volatile("movl %0, %%cr4" : : "r"(v) : "memory"); }
#define CR4_PGE BIT(7)
/* Forget all translations, the global ones of the kernel too (Intel SDM volume 3, 4.10.4.1). */
static inline void flush_tlb_global(void) { u32 v = read_cr4(); write_cr4(v & ~CR4_PGE); write_cr4(v); }
/* %gs belongs to the program of the current task; the kernel does not use it. */
static inline u32 read_user_gs(void) { u32 v; __asm__ volatile("movl %%gs, %0" : "=r"(v)); return v & 0xffff; }
static inline void invlpg(u32 addr) { __asm__ volatile("invlpg (%0)" : : "r"(addr) : "memory"); }
static inline void cpuid(u32 leaf, u32 *a, u32 *b, u32 *c, u32 *d)
{
	__asm__ volatile("cpuid" : "=a"(*a), "=b"(*b), "=c"(*c), "=d"(*d) : "a"(leaf), "c"(0));
}
#endif

/* First thing of all: GDT with the per-CPU segment in %fs. Needs nothing; kernel_main calls it. */
void cpu_early_init(void);
/* Run fn on another stack (isr.asm). */
void call_on_stack(void (*fn)(void), void *stack_top);
/* Stop this CPU for good, interrupts off. */
void __noreturn cpu_halt_forever(void);
/* Reset the machine: keyboard controller pulse, then triple fault. */
void __noreturn machine_reset(void);
/* The kernel stack the CPU loads when it enters ring 0 from ring 3 (TSS.esp0). */
void tss_set_stack(u32 esp0);
/* Let programs enter by SYSENTER, too; false: this CPU does not have it. */
bool sysenter_enable(void);
/* Install the three thread-local segment descriptors (raw 8-byte entries) of the task that runs next. */
void gdt_load_tls(const u64 tls[3]);
/* FXSAVE area, 512 bytes, 16-byte aligned. */
void fpu_save(void *area);
void fpu_restore(const void *area);
/* A fresh FPU state as a new program expects it (FCW 0x37f, MXCSR 0x1f80). */
void fpu_init_state(void *area);
/* Which floating-point exception the program has raised: si_code of its SIGFPE. sse: from MXCSR, else from the x87 status word. */
int fpu_exception_code(bool sse);
/* The same for an x87 control and status word. */
int fpu_x87_code(u16 control, u16 status);
/* Report x87 errors by FERR#, line 13, from now on (CR0.NE clear); let go of the line once it has come (port F0h). */
void fpu_use_ferr(void);
void fpu_ferr_acknowledge(void);
/* Vendor, family, flags: /proc/cpuinfo. */
struct seq_buf;
int cpu_show(struct seq_buf *s, void *arg);

#endif
