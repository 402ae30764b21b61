/* Files in memory that have no name: memfd_create(2), for the table of system calls, and what System V shared memory is made of. May sleep. */
#ifndef IO_VFS_MEMFD_H
#define IO_VFS_MEMFD_H

#include "kernel/lib/types.h"

/* A new one, empty, open for reading and writing, that shows itself as "/NAME (deleted)"; sealable: F_ADD_SEALS works. ERR_PTR. */
struct file *memory_file(const char *name, bool sealable);

long sys_memfd_create(const char __user *name, u32 flags);

#endif
