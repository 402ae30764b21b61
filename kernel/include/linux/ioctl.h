/* Numbers of ioctl commands. */
#ifndef LINUX_IOCTL_H
#define LINUX_IOCTL_H

#include "kernel/include/sluice/prelude.h"

#define _IOC(dir, type, nr, size) ((u32)(dir) << 30 | (u32)(size) << 16 | (u32)(type) << 8 | (u32)(nr))
#define _IOC_NONE 0u
#define _IOC_WRITE 1u
#define _IOC_READ 2u
#define _IO(type, nr) _IOC(_IOC_NONE, type, nr, 0)
#define _IOR(type, nr, t) _IOC(_IOC_READ, type, nr, sizeof(t))
#define _IOW(type, nr, t) _IOC(_IOC_WRITE, type, nr, sizeof(t))
#define _IOWR(type, nr, t) _IOC(_IOC_READ | _IOC_WRITE, type, nr, sizeof(t))
#define _IOC_DIR(cmd) ((cmd) >> 30)
#define _IOC_SIZE(cmd) ((cmd) >> 16 & 0x3fff)
#define _IOC_TYPE(cmd) ((cmd) >> 8 & 0xff)
#define _IOC_NR(cmd) ((cmd) & 0xff)

#endif
