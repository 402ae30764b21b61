/*
 * The vDSO: a small shared object (user/vdso) in every program, by which it enters the kernel and reads clocks without entering it. The
 * auxiliary vector names it (AT_SYSINFO, AT_SYSINFO_EHDR); /proc/PID/maps shows it as [vdso] and its data page as [vvar].
 */
#ifndef KERNEL_PROCESS_VDSO_H
#define KERNEL_PROCESS_VDSO_H

#include "mm/mm.h"

/* Offsets in the image. */
struct vdso_offsets {
	u32 vsyscall;        /* __kernel_vsyscall */
	u32 sysenter;        /* its two instructions that need SYSENTER */
	u32 sysenter_return; /* what comes behind its int 0x80 */
	u32 sigreturn, rt_sigreturn;
};
extern const struct vdso_offsets vdso_offsets;

/* Map it into a new address space, which is current's. 0 or -errno. Takes mm->lock; may sleep. */
int __must_check vdso_map(struct mm *mm);
/* Where the place at `offset` is for programs of mm; 0: the vDSO is not there. */
static inline u32 vdso_address(const struct mm *mm, u32 offset) { return mm->vdso ? mm->vdso + offset : 0; }

#endif
