/* Descriptors of processes (pidfd_open(2)): they stay with the process they were made for, whatever becomes of its number. */
#ifndef KERNEL_PROCESS_PIDFD_H
#define KERNEL_PROCESS_PIDFD_H

#include "kernel/lib/types.h"

struct file;
struct signal;

/* A file for a process; takes a reference of its own. nonblock: waitid by it does not wait. ERR_PTR. May sleep. */
struct file *pidfd_file(struct signal *s, bool nonblock);
/* The process of a pidfd and whether it is a nonblocking one: 0 and a reference, or -EBADF. */
int pidfd_process(int fd, struct signal **s, bool *nonblock);

#endif
