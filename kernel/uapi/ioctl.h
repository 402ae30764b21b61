/* ioctls that the VFS answers itself or every file may know, Linux i386 (asm-generic/ioctls.h, linux/fs.h). */
#ifndef KERNEL_UAPI_IOCTL_H
#define KERNEL_UAPI_IOCTL_H

#define FIBMAP 1u
#define FIGETBSZ 2u
#define FIONREAD 0x541Bu
#define FIONBIO 0x5421u
#define FIONCLEX 0x5450u
#define FIOCLEX 0x5451u
#define FIOASYNC 0x5452u
#define FIOQSIZE 0x5460u

/* How the number of a newer ioctl says what it carries (asm-generic/ioctl.h). */
#define IOC_WRITE 0x40000000u /* the program gives size bytes */
#define IOC_READ 0x80000000u  /* the program gets them */
#define IOC_SIZE(cmd) ((cmd) >> 16 & 0x3fffu)

#endif
