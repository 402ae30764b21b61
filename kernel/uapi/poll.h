/* Readiness events of Linux i386. */
#ifndef KERNEL_UAPI_POLL_H
#define KERNEL_UAPI_POLL_H

#ifndef HOST_TEST
#define POLLIN 0x001
#define POLLPRI 0x002
#define POLLOUT 0x004
#define POLLERR 0x008
#define POLLHUP 0x010
#define POLLNVAL 0x020
#define POLLRDNORM 0x040
#define POLLRDBAND 0x080
#define POLLWRNORM 0x100
#define POLLWRBAND 0x200
#define POLLMSG 0x400
#define POLLRDHUP 0x2000
#define POLLFREE 0x4000 /* in the kernel: the wait queue goes, leave it now */
#endif

#endif
