/* epoll of Linux i386: the numbers beside those of poll. */
#ifndef KERNEL_UAPI_EPOLL_H
#define KERNEL_UAPI_EPOLL_H

#include "kernel/lib/types.h"

#define EPOLL_CLOEXEC 0x80000u
#define EPOLL_CTL_ADD 1
#define EPOLL_CTL_DEL 2
#define EPOLL_CTL_MOD 3
#define EPOLLEXCLUSIVE BIT(28)
#define EPOLLWAKEUP BIT(29)
#define EPOLLONESHOT BIT(30)
#define EPOLLET BIT(31)

struct epoll_event_abi { /* 12 bytes on i386 */
	u32 events;
	u32 data[2];
};

#endif
