/* The trap frame: what the entry stubs (isr.asm) leave on the kernel stack. The order is the stubs' order; gdb helpers read it too. */
#ifndef KERNEL_HAL_REGS_H
#define KERNEL_HAL_REGS_H

#include "kernel/lib/types.h"

struct regs {
	u32 ebx, ecx, edx, esi, edi, ebp, eax;
	u32 ds, es, fs;
	u32 vector;   /* 0..31 exceptions, 32..47 IRQ 0..15, 0x80 system call */
	u32 orig_eax; /* exceptions: the CPU's error code (0 if it has none); system calls: the number; IRQs: ~0 */
	u32 eip, cs, eflags;
	u32 esp, ss; /* pushed by the CPU only when it came from ring 3 */
};
static_assert(sizeof(struct regs) == 17 * 4, "isr.asm depends on it");

#define VECTOR_SYSCALL 0x80u
#define VECTOR_IRQ_BASE 32u

/* Selectors; user data and code are what Linux programs expect (0x7b, 0x73). GDT slots 6..8 are the thread-local ones. */
#define KERNEL_CS 0x60u
#define KERNEL_DS 0x68u
#define USER_CS 0x73u
#define USER_DS 0x7bu
#define PERCPU_SEL 0xd8u
#define GDT_TLS_MIN 6
#define GDT_TLS_MAX 8
#define GDT_ENTRIES 32

#define EFLAGS_CF BIT(0)
#define EFLAGS_TF BIT(8)
#define EFLAGS_IF BIT(9)
#define EFLAGS_DF BIT(10)
#define EFLAGS_IOPL (3u << 12)
#define EFLAGS_NT BIT(14)
#define EFLAGS_AC BIT(18)
/* The flags a program may change through sigreturn: CF PF AF ZF SF TF DF OF AC. */
#define EFLAGS_USER (0x00000001u | 0x4 | 0x10 | 0x40 | 0x80 | EFLAGS_TF | EFLAGS_DF | 0x800 | EFLAGS_AC)

static inline bool regs_user_mode(const struct regs *r) { return (r->cs & 3) == 3; }

#endif
