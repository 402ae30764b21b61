/* signalfd: signals read from a descriptor, those in its set that are blocked. The system calls, for the table. */
#ifndef IO_ASYNC_SIGNALFD_H
#define IO_ASYNC_SIGNALFD_H

#include "kernel/lib/types.h"

long sys_signalfd(int fd, const void __user *mask, size_t size);
long sys_signalfd4(int fd, const void __user *mask, size_t size, int flags);

#endif
