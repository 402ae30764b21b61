/* inotify: a descriptor from which a program reads what happens to the files it watches. The system calls, for the table. */
#ifndef IO_ASYNC_INOTIFY_H
#define IO_ASYNC_INOTIFY_H

#include "kernel/lib/types.h"

long sys_inotify_init(void);
long sys_inotify_init1(int flags);
long sys_inotify_add_watch(int fd, const char __user *path, u32 mask);
long sys_inotify_rm_watch(int fd, int wd);

#endif
