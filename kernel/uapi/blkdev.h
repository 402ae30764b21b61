/* ioctls of block devices, Linux i386 (include/uapi/linux/fs.h, hdreg.h). */
#ifndef KERNEL_UAPI_BLKDEV_H
#define KERNEL_UAPI_BLKDEV_H

#define BLKROSET 0x125d
#define BLKROGET 0x125e
#define BLKRRPART 0x125f
#define BLKGETSIZE 0x1260     /* 512-byte sectors, unsigned long */
#define BLKFLSBUF 0x1261
#define BLKRASET 0x1262
#define BLKRAGET 0x1263
#define BLKSSZGET 0x1268      /* logical block size, int */
#define BLKDISCARD 0x1277
#define BLKIOMIN 0x1278
#define BLKIOOPT 0x1279
#define BLKALIGNOFF 0x127a
#define BLKPBSZGET 0x127b
#define BLKROTATIONAL 0x127e
#define BLKBSZGET 0x80041270  /* soft block size, int */
#define BLKBSZSET 0x40041271
#define BLKGETSIZE64 0x80041272
#define HDIO_GETGEO 0x0301

struct hd_geometry {
	unsigned char heads, sectors;
	unsigned short cylinders;
	unsigned long start;
};

#endif
