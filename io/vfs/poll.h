/* Waiting for readiness of many files at once: the machinery under poll(2) and select(2). */
#ifndef IO_VFS_POLL_H
#define IO_VFS_POLL_H

#include "io/vfs/files.h"

struct pollfd_abi {
	s32 fd;
	s16 events, revents;
};
/*
 * poll and select: all pointers but deadline_ns (ktime_ns; 0: do not wait; WAIT_FOREVER) are the program's. How many revents are not 0, how many
 * bits are set. -ENOMEM, -EFAULT, -EINVAL; interrupted: -EINTR from poll, -ERESTARTNOHAND from select; -EBADF from select. May sleep.
 */
long do_poll(struct pollfd_abi __user *user, u32 n, const u64 *deadline_ns);
long do_select(int n, u32 __user *in, u32 __user *out, u32 __user *ex, const u64 *deadline_ns);

#endif
