/* The loader's interface to the system calls. Process context, may sleep; the caller has checked the privilege. */
#ifndef KERNEL_MODULE_LOAD_H
#define KERNEL_MODULE_LOAD_H

#include "kernel/lib/types.h"

/*
 * Load the file of `size` bytes in file (4-aligned; not kept) with parameters args (taken apart) and run its init. 0; -ENOEXEC: no module,
 * damaged, or of another kernel; -ENOENT: a symbol is missing (named in the log); -EEXIST: it is loaded; -EINVAL: a parameter's value;
 * -ENOMEM; or what its init said.
 */
long module_load(const u8 *file, u32 size, char *args);
/* 0; -ENOENT; -EWOULDBLOCK: other modules use it; -EBUSY: it is in use, or coming or going, or has no exit. */
long module_unload(const char *name);

#endif
