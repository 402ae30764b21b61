/* The types of driver files. */
#ifndef LINUX_TYPES_H
#define LINUX_TYPES_H

#include "kernel/include/sluice/prelude.h"

typedef kdev_t dev_t;
typedef umode_t mode_t;
typedef u32 dma_addr_t;
typedef u32 resource_size_t;
typedef u32 gfp_t;
typedef u32 __poll_t;
typedef u32 fmode_t;
typedef u8 __u8;
typedef u16 __u16;
typedef u32 __u32;
typedef u64 __u64;
typedef s8 __s8;
typedef s16 __s16;
typedef s32 __s32;
typedef s64 __s64;
typedef u16 __le16;
typedef u32 __le32;
typedef u64 __le64;
typedef unsigned char unchar;
typedef unsigned int uint;
typedef unsigned long ulong;
typedef unsigned short ushort;

#endif
