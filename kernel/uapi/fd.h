/* ioctls of floppy drives, Linux i386 (include/uapi/linux/fd.h). */
#ifndef KERNEL_UAPI_FD_H
#define KERNEL_UAPI_FD_H

struct floppy_struct {
	unsigned int size, sect, head, track, stretch; /* sectors, sectors a track, heads, cylinders */
	unsigned char gap, rate, spec1, fmt_gap;
	const char *name;
};

#define FLOPPY_TYPE_NAME_BYTES 16

#define FDGETPRM 0x801c0204
#define FDFLUSH 0x024b
#define FDGETDRVTYP 0x8010020f

#endif
