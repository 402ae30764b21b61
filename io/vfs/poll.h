/* Waiting for readiness of many files at once: the machinery under poll(2) and select(2). */
#ifndef IO_VFS_POLL_H
#define IO_VFS_POLL_H

#include "io/vfs/files.h"

#define POLL_FOREVER (~0ull)

struct pollfd_abi {
	s32 fd;
	s16 events, revents;
};
/* The files of fds[0..n) (kernel memory): fills revents; how many are not 0. Waits until the deadline (ktime_ns; 0: not at all). -EINTR, -ENOMEM. */
long do_poll(struct pollfd_abi *fds, u32 n, u64 deadline_ns);
/* in, out, ex: bitmaps of n bits, read and overwritten. How many bits are set afterwards. -EINTR, -EBADF, -ENOMEM. */
struct select_sets {
	u32 *in, *out, *ex;
	u32 *res_in, *res_out, *res_ex;
};
long do_select(u32 n, const struct select_sets *s, u64 deadline_ns);

#endif
