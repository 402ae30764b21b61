/* flock(2) and record locks of fcntl(2). All may sleep. */
#ifndef IO_VFS_LOCKS_H
#define IO_VFS_LOCKS_H

#include "io/contract/file.h"
#include "kernel/uapi/stat_abi.h"

int do_flock(struct file *f, int op);                                   /* LOCK_SH, LOCK_EX, LOCK_UN, with LOCK_NB */
int posix_get_lock(struct file *f, struct flock64_abi *u, bool ofd);    /* the first lock in the way, or F_UNLCK */
int posix_set_lock(struct file *f, const struct flock64_abi *u, bool wait, bool ofd);

#endif
