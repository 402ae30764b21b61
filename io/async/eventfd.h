/*
 * eventfd: a counter behind a descriptor. A write adds, a read takes all (or one, EFD_SEMAPHORE) and waits while it is zero. The kernel
 * signals one through eventfd_signal, e.g. when an asynchronous I/O ends.
 */
#ifndef IO_ASYNC_EVENTFD_H
#define IO_ASYNC_EVENTFD_H

#include "io/contract/file.h"

struct eventfd;

long sys_eventfd(u32 initial);
long sys_eventfd2(u32 initial, int flags);
/* With a reference; ERR_PTR: -EBADF, -EINVAL (no eventfd). Process context. */
struct eventfd *eventfd_get(int fd);
void eventfd_put(struct eventfd *e);                /* any context */
void eventfd_signal(struct eventfd *e, u32 n);      /* add n, at most up to the largest value; any context */

#endif
