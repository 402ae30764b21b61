/* Reading and writing an open file for the system calls. All may sleep; no lock of rank MM or above may be held. */
#ifndef IO_VFS_RW_H
#define IO_VFS_RW_H

#include "io/contract/filesystem.h"
#include "kernel/debug/trace.h"
#include "kernel/hal/uaccess.h"
#include "kernel/sched/task.h"

#define MAX_RW_COUNT 0x7ffff000u /* one call moves at most so much, as in Linux */

/* A position that is one, and the end of n bytes there as well? */
static inline bool sane_range(loff_t pos, size_t n)
{
	return likely((u32)(pos >> 32) < INT32_MAX) || (pos >= 0 && pos <= INT64_MAX - (loff_t)n);
}

u32 file_iocb_flags(const struct file *f); /* IOCB_* out of the flags of the open file; 0 without any of these, and for writing SB_SYNCHRONOUS */
#define O_IOCB_FLAGS (O_APPEND | O_DIRECT | O_SYNC)
/* One I/O of f at pos, by the flags of the open file, synchronous until k->complete is set. */
static inline void file_iocb_init(struct kiocb *k, struct file *f, loff_t pos, bool write)
{
	bool special = (f->flags & O_IOCB_FLAGS) || (write && (f->inode->sb->flags & SB_SYNCHRONOUS));
	k->file = f;
	k->pos = pos;
	k->flags = unlikely(special) ? file_iocb_flags(f) : 0;
	k->id = trace_new_id();
	k->complete = NULL;
}
/* What a file without FMODE_CAN_READ, or FMODE_CAN_WRITE, answers. */
int file_cannot_read(const struct file *f);
int file_cannot_write(const struct file *f);
/* Around an operation of a file: count what the CPU copied for it. */
static inline u32 copied_before(void) { return (u32)current->io.copied; }
static inline void count_copied(struct file *f, u32 before) { f->copied += (u32)current->io.copied - before; }
/* A vector of user memory, copied and checked: its length, clamped, or -errno. *vec is fast (room for UIO_FASTIOV) or to be freed; fast may be NULL. */
#define UIO_FASTIOV 8u
ssize_t import_iovec(const struct iovec_k __user *user, u32 n, struct iovec_k *fast, struct iovec_k **vec);
/* RWF_* of preadv2 as IOCB_*; -EOPNOTSUPP for what we do not know. */
long rwf_to_iocb(u32 rwf);
/* Through any iterator, with more IOCB flags; *pos moves. */
ssize_t file_read_iter(struct file *f, struct iov_iter *iter, loff_t *pos, u32 iocb_flags);
ssize_t file_write_iter(struct file *f, struct iov_iter *iter, loff_t *pos, u32 iocb_flags);
/* Are the pages of this file those of its mapping, so that they may be lent? */
bool is_cached_file(const struct file *f);
/* Lend such pages to a pipe until it is full; its readers are told at the end. Bytes; 0 at the end of the file or for a full pipe; -errno. */
struct pipe;
ssize_t cached_to_pipe(struct file *in, loff_t *pos, struct pipe *p, size_t n);
/* Move bytes from one file to another through pages of the kernel, as sendfile(2) does. Bytes done or -errno. */
ssize_t file_copy(struct file *out, loff_t *out_pos, struct file *in, loff_t *in_pos, size_t n);

#endif
