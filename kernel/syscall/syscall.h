/*
 * System calls: the Linux i386 numbers, by int 0x80 or sysenter. syscall_table[nr] is called with the registers ebx ecx edx esi edi ebp; each sys_
 * function takes as many longs as it needs and returns a value or -errno. 64-bit offsets come as two longs, low first. Functions that need
 * the whole frame (fork, exec, sigreturn) use task_regs(current).
 * One implementation each, historical variants are thin entries. Unknown numbers: -ENOSYS, logged once by name.
 */
#ifndef KERNEL_SYSCALL_SYSCALL_H
#define KERNEL_SYSCALL_SYSCALL_H

#include "kernel/hal/regs.h"
#include "kernel/lib/err.h"

#define NR_SYSCALLS 470
typedef long (*syscall_fn)(long ebx, long ecx, long edx, long esi, long edi, long ebp);
extern const syscall_fn syscall_table[NR_SYSCALLS];
extern const char *const syscall_names[NR_SYSCALLS]; /* also of those not implemented */

/* Calls the function of a number; from the entry stubs alone, interrupts on (dispatch.asm: its arguments are the program's registers). */
void syscall_dispatch(void);
/* For a number without a function: -ENOSYS, said once in the log. */
long syscall_missing(u32 nr);

#endif
