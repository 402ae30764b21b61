/* What a task has read and written, as /proc/PID/io shows it (Linux Documentation/filesystems/proc.rst). Changed by the task itself alone. */
#ifndef KERNEL_SCHED_TASK_IO_H
#define KERNEL_SCHED_TASK_IO_H

#include "kernel/lib/types.h"

struct task_io {
	u64 rchar, wchar;             /* bytes through read and write, wherever they came from */
	u64 syscr, syscw;             /* such calls */
	u64 read_bytes, write_bytes;  /* really fetched from disks; to be written to disks: pages it made dirty, and direct writes */
	u64 cancelled_write_bytes;    /* of those, dirty pages it threw away again by truncating or deleting */
	/* for /proc/PID/copies: what moving the data costs */
	u64 copied;                   /* bytes the CPU moved: user copies, copies in the kernel's own buffers, pages copied on write */
	u64 sent;                     /* bytes that network devices fetched; what disks moved is in read_bytes and write_bytes */
	u64 calls;                    /* system calls: two mode switches each */
	u64 pio;                      /* of what it asked disks to move, the part that the CPU moved through a port */
};

static inline void task_io_add(struct task_io *to, const struct task_io *from)
{
	to->rchar += from->rchar;
	to->wchar += from->wchar;
	to->syscr += from->syscr;
	to->syscw += from->syscw;
	to->read_bytes += from->read_bytes;
	to->write_bytes += from->write_bytes;
	to->cancelled_write_bytes += from->cancelled_write_bytes;
	to->copied += from->copied;
	to->sent += from->sent;
	to->calls += from->calls;
	to->pio += from->pio;
}

/* After a read (a write) that came as far as the file: done bytes, or an error. */
static inline void task_io_read(struct task_io *io, ssize_t done)
{
	io->syscr++;
	if (likely(done > 0))
		io->rchar += (u32)done;
}

static inline void task_io_write(struct task_io *io, ssize_t done)
{
	io->syscw++;
	if (likely(done > 0))
		io->wchar += (u32)done;
}

#endif
