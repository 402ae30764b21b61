/*
 * epoll: a set of watched files that collects those which became ready, so that a wait costs by event and not by file.
 * The system calls, for the table; results are 0, a count, a descriptor or -errno. All may sleep.
 */
#ifndef IO_ASYNC_EPOLL_H
#define IO_ASYNC_EPOLL_H

#include "kernel/uapi/epoll.h"

long sys_epoll_create(int size);
long sys_epoll_create1(int flags);
long sys_epoll_ctl(int epfd, int op, int fd, const struct epoll_event_abi __user *event);
long sys_epoll_wait(int epfd, struct epoll_event_abi __user *events, int max, int timeout_ms);
long sys_epoll_pwait(int epfd, struct epoll_event_abi __user *events, int max, int timeout_ms, const void __user *mask, size_t size);
long sys_epoll_pwait2(int epfd, struct epoll_event_abi __user *events, int max, const void __user *timeout, const void __user *mask,
		      size_t size);

#endif
