/* timerfd: a timer behind a descriptor; a read tells how often it has expired since the last one. The system calls, for the table. */
#ifndef IO_ASYNC_TIMERFD_H
#define IO_ASYNC_TIMERFD_H

#include "kernel/lib/types.h"

long sys_timerfd_create(int clock, int flags);
long sys_timerfd_settime(int fd, int flags, const void __user *new, void __user *old);
long sys_timerfd_settime64(int fd, int flags, const void __user *new, void __user *old);
long sys_timerfd_gettime(int fd, void __user *now);
long sys_timerfd_gettime64(int fd, void __user *now);

#endif
