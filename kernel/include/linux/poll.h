/* Readiness: poll_wait for each queue, then the events that are ready now. */
#ifndef LINUX_POLL_H
#define LINUX_POLL_H

#include "kernel/include/sluice/prelude.h"
#include <linux/fs.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

typedef struct poll_table poll_table;
#ifndef EPOLLIN
#define EPOLLIN POLLIN
#define EPOLLPRI POLLPRI
#define EPOLLOUT POLLOUT
#define EPOLLERR POLLERR
#define EPOLLHUP POLLHUP
#define EPOLLRDNORM POLLRDNORM
#define EPOLLRDBAND POLLRDBAND
#define EPOLLWRNORM POLLWRNORM
#define EPOLLWRBAND POLLWRBAND
#define EPOLLRDHUP POLLRDHUP
#endif

#endif
