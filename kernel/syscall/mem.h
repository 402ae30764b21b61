/* The memory system calls (kernel/syscall/mem.c), for the table. Arguments as programs pass them; results are addresses, 0 or -errno. */
#ifndef KERNEL_SYSCALL_MEM_H
#define KERNEL_SYSCALL_MEM_H

#include "kernel/lib/types.h"

struct mmap_args { /* of the oldest form, passed by pointer */
	u32 addr, len, prot, flags;
	s32 fd;
	u32 offset; /* bytes */
};

bool within_as_limit(u32 bytes); /* may the address space of the current process grow by so much? */

long sys_brk(u32 brk);
long sys_mmap(const struct mmap_args __user *user);
long sys_mmap2(u32 addr, u32 len, u32 prot, u32 flags, int fd, pgoff_t pgoff);
long sys_munmap(u32 addr, u32 len);
long sys_mprotect(u32 addr, u32 len, u32 prot);
long sys_mremap(u32 old, u32 old_len, u32 new_len, u32 flags, u32 new_addr);
long sys_remap_file_pages(u32 start, u32 size, u32 prot, pgoff_t pgoff, u32 flags);
long sys_msync(u32 addr, u32 len, int flags);
long sys_madvise(u32 addr, u32 len, int advice);
long sys_mincore(u32 addr, u32 len, u8 __user *vec);
long sys_mlock(u32 addr, u32 len);
long sys_munlock(u32 addr, u32 len);
long sys_mlockall(int flags);
long sys_munlockall(void);

#endif
