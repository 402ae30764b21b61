/* splice, tee, vmsplice, copy_file_range: the system calls, for the table. Bytes moved, 0 at the end, or -errno. All may sleep. */
#ifndef IO_VFS_SPLICE_H
#define IO_VFS_SPLICE_H

#include "io/contract/iov_iter.h"

long sys_splice(int in, s64 __user *off_in, int out, s64 __user *off_out, size_t n, u32 flags);
long sys_tee(int in, int out, size_t n, u32 flags);
long sys_vmsplice(int fd, const struct iovec_k __user *vec, u32 nr, u32 flags);
long sys_copy_file_range(int in, s64 __user *off_in, int out, s64 __user *off_out, size_t n, u32 flags);

#endif
