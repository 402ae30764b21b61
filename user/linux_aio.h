/*
 * Linux's asynchronous I/O for programs: the structures of the ABI (include/uapi/linux/aio_abi.h, little endian) and the system calls, which
 * no C library offers. Each call answers as syscall(2) does: -1 and errno.
 */
#ifndef USER_LINUX_AIO_H
#define USER_LINUX_AIO_H

#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

typedef unsigned long aio_context_t; /* where the ring of events is mapped */

enum { IOCB_CMD_PREAD = 0, IOCB_CMD_PWRITE = 1, IOCB_CMD_FSYNC = 2, IOCB_CMD_FDSYNC = 3, IOCB_CMD_POLL = 5, IOCB_CMD_NOOP = 6, IOCB_CMD_PREADV = 7,
       IOCB_CMD_PWRITEV = 8 };
#define IOCB_FLAG_RESFD 1u  /* resfd is an eventfd to be told */
#define IOCB_FLAG_IOPRIO 2u /* reqprio counts */

struct iocb {
	uint64_t data;      /* comes back in the event */
	uint32_t key, rw_flags;
	uint16_t opcode;
	int16_t reqprio;
	uint32_t fd;
	uint64_t buf, nbytes;
	int64_t offset;
	uint64_t reserved;
	uint32_t flags, resfd;
};
struct io_event {
	uint64_t data, obj; /* of the request, and its address */
	int64_t res, res2;  /* bytes, or -errno */
};
/* What lies at the address that io_setup gives, followed by the events; head may be moved by the program. */
struct aio_ring {
	uint32_t id, nr, head, tail, magic, compat, incompat, header_length;
};
#define AIO_RING_MAGIC 0xa10a10a1u

static inline long io_setup(unsigned nr, aio_context_t *c) { return syscall(SYS_io_setup, nr, c); }
static inline long io_destroy(aio_context_t c) { return syscall(SYS_io_destroy, c); }
static inline long io_submit(aio_context_t c, long nr, struct iocb **list) { return syscall(SYS_io_submit, c, nr, list); }
static inline long io_cancel(aio_context_t c, struct iocb *cb, struct io_event *e) { return syscall(SYS_io_cancel, c, cb, e); }
/* ms: how long at most; below 0 for ever. */
static inline long io_getevents(aio_context_t c, long min, long nr, struct io_event *e, long ms)
{
	long t[2] = { ms / 1000, ms % 1000 * 1000000L };
	return syscall(SYS_io_getevents, c, min, nr, e, ms < 0 ? NULL : t);
}

#endif
