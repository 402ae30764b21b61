/*
 * What a program and the driver of the edu device agree on. /dev/edu0, edu1 ... stand for one device each.
 *
 * Factorials: write a decimal number N below 2^32 (a newline may follow), read N! modulo 2^32 in decimal with a newline, then the end of the
 * file; the next write begins anew. write returns as soon as the device has been asked, read waits for the answer. Each open file has an
 * answer of its own; a file that has asked nothing reads the last answer of the device, once all is computed that was asked before.
 *
 * DMA: the device has a buffer of 4096 bytes. It stands at position EDU_BUFFER of the file: pwrite and pread there (or dd with seek=128
 * and skip=128 at 2048 bytes a block) go by DMA, and so do the commands below. Each waits until the device says that it is done. The last
 * byte of the buffer is out of reach: QEMU 7.2 takes a transfer that ends with it for one that goes too far, and stops. EDU_COPY moves any
 * amount through the device, to it and back piece by piece.
 *
 * poll: POLLIN when a read would not wait, POLLOUT when a write would not (a file may have asked one thing at a time). O_NONBLOCK: EAGAIN.
 * ENODEV once the device has been unplugged, for those who wait, too. EIO: the device has not answered.
 */
#ifndef EDU_H
#define EDU_H

#define EDU_BUFFER 0x40000 /* as the device itself numbers it */
#define EDU_BUFFER_SIZE 4095
#define EDU_COPY_MAX 65536

struct edu_dma {
	void *data;          /* of the program */
	unsigned int offset; /* in the device's buffer */
	unsigned int length; /* offset + length <= EDU_BUFFER_SIZE */
};

struct edu_copy {
	const void *from;
	void *to;
	unsigned int length; /* up to EDU_COPY_MAX */
};

/* What has happened since the device was found. */
struct edu_stats {
	unsigned int interrupts; /* that were this device's */
	unsigned int foreign;    /* on the same line, of others */
	unsigned int factorials, dmas, raised; /* what they told */
	unsigned int lost;       /* what the device had done without telling, by the deadline */
};

#define EDU_IDENT _IOR('E', 0, unsigned int)   /* 0x010000ed: version 1.0 and the name */
#define EDU_INVERT _IOWR('E', 1, unsigned int) /* is it alive? it gives every bit inverted */
#define EDU_DMA_WRITE _IOW('E', 2, struct edu_dma) /* memory to device */
#define EDU_DMA_READ _IOW('E', 3, struct edu_dma)  /* device to memory */
#define EDU_RAISE _IOW('E', 4, unsigned int)   /* the device interrupts with these bits: not 0, not those that it uses itself (0x101) */
#define EDU_STATS _IOR('E', 5, struct edu_stats)
#define EDU_COPY _IOW('E', 6, struct edu_copy)     /* memory to device to memory; in between nobody else's DMA */

#endif
