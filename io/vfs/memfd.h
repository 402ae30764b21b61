/* memfd_create(2), for the table of system calls. May sleep. */
#ifndef IO_VFS_MEMFD_H
#define IO_VFS_MEMFD_H

#include "kernel/lib/types.h"

long sys_memfd_create(const char __user *name, u32 flags);

#endif
