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
#define HDIO_GET_IDENTITY 0x030d
#define HDIO_DRIVE_CMD 0x031f

struct hd_geometry {
	unsigned char heads, sectors;
	unsigned short cylinders;
	unsigned long start;
};

/* SG_IO, version 3 (include/scsi/sg.h); pointers are 32 bits wide. */
#define SG_IO 0x2285
#define SG_DRIVER_SENSE 8
#define SCSI_CHECK_CONDITION 2
struct sg_io_hdr {
	int interface_id, dxfer_direction;
	unsigned char cmd_len, mx_sb_len;
	unsigned short iovec_count;
	unsigned int dxfer_len, dxferp, cmdp, sbp, timeout, flags;
	int pack_id;
	unsigned int usr_ptr;
	unsigned char status, masked_status, msg_status, sb_len_wr;
	unsigned short host_status, driver_status;
	int resid;
	unsigned int duration, info;
};

#endif
