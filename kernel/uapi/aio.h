/* Asynchronous I/O of the Linux ABI (include/uapi/linux/aio_abi.h). */
#ifndef KERNEL_UAPI_AIO_H
#define KERNEL_UAPI_AIO_H

#include "kernel/lib/types.h"

enum { IOCB_CMD_PREAD = 0, IOCB_CMD_PWRITE = 1, IOCB_CMD_FSYNC = 2, IOCB_CMD_FDSYNC = 3, IOCB_CMD_POLL = 5, IOCB_CMD_NOOP = 6, IOCB_CMD_PREADV = 7,
       IOCB_CMD_PWRITEV = 8 };
#define IOCB_FLAG_RESFD 1u
#define IOCB_FLAG_IOPRIO 2u

struct iocb_abi {
	u64 data;               /* comes back in the event */
	u32 key, rw_flags;
	u16 opcode;
	s16 reqprio;
	u32 fd;
	u64 buf, nbytes;
	s64 offset;
	u64 reserved;
	u32 flags, resfd;
};
static_assert(sizeof(struct iocb_abi) == 64, "ABI");

struct io_event_abi {
	u64 data, obj;          /* of the iocb, and its address */
	s64 res, res2;
};

/* The ring in user memory, which libaio reads without a system call. */
#define AIO_RING_MAGIC 0xa10a10a1u
struct aio_ring {
	u32 id, nr;             /* events it holds */
	u32 head, tail;         /* next to be read (written by the reader), next to be filled */
	u32 magic, compat, incompat, header_length;
	struct io_event_abi events[];
};

#endif
