/* Descriptor tables of the CPU (Intel SDM volume 3, 3.4.5, 6.11, 7.2): only kernel/hal looks at them. */
#ifndef KERNEL_HAL_DESC_H
#define KERNEL_HAL_DESC_H

#include "kernel/lib/types.h"

struct desc_ptr {
	u16 limit;
	u32 base;
} __packed;

/* Access byte: present, privilege, code or data; and the flags nibble. */
#define DESC_CODE 0x9Au
#define DESC_DATA 0x92u
#define DESC_USER 0x60u
#define DESC_TSS 0x89u
#define DESC_32BIT 0x4u
#define DESC_PAGES 0x8u /* the limit counts 4 KiB pages */

static inline u64 make_desc(u32 base, u32 limit, u32 access, u32 flags)
{
	u32 lo = (limit & 0xffff) | base << 16;
	u32 hi = (base >> 16 & 0xff) | access << 8 | (limit & 0xf0000) | flags << 20 | (base & 0xff000000);
	return (u64)hi << 32 | lo;
}

#define GATE_TASK 0x85u
#define GATE_INTERRUPT 0x8Eu
#define GATE_TRAP 0x8Fu
#define GATE_USER 0x60u /* ring 3 may use it by int n */

struct tss {
	u16 link, r0_;
	u32 esp0;
	u16 ss0, r1_;
	u32 esp1;
	u16 ss1, r2_;
	u32 esp2;
	u16 ss2, r3_;
	u32 cr3, eip, eflags, eax, ecx, edx, ebx, esp, ebp, esi, edi;
	u16 es, r4_, cs, r5_, ss, r6_, ds, r7_, fs, r8_, gs, r9_, ldt, r10_;
	u16 trap, iomap;
};
static_assert(sizeof(struct tss) == 104, "32-bit TSS");

#define TSS_SEL 0x80u              /* GDT slot 16 */
#define DOUBLE_FAULT_TSS_SEL 0xf8u /* GDT slot 31 */

/*
 * What SYSENTER loads into ESP points to the TSS: the entry's first instruction takes the task's stack from esp0 there. An NMI or a
 * single-step trap that comes before it runs on `stack`.
 */
struct cpu_entry {
	u8 stack[PAGE_SIZE - sizeof(struct tss)];
	struct tss tss;
} __aligned(PAGE_SIZE);

extern struct cpu_entry boot_cpu_entry;
extern struct tss double_fault_tss;

#endif
