/*
 * Registers and commands of the Intel 82077AA floppy disk controller (data sheet 290166, sections 2.1 registers, 5.0 commands, 4.0 status
 * registers), and what the CMOS of a PC says of its drives.
 */
#ifndef DRIVERS_BLOCK_FLOPPY_REGS_H
#define DRIVERS_BLOCK_FLOPPY_REGS_H

#define FDC_PRIMARY_BASE 0x3f0
#define FDC_NR_PORTS 6 /* and FDC_DIR; what lies between is the ATA channel's control port */
#define FDC_IRQ 6
#define FDC_DMA 2

/* Registers, offset from the base */
#define FDC_DOR 2  /* RW digital output: drive, reset, DMA gate, motors */
#define FDC_MSR 4  /* R  main status */
#define FDC_FIFO 5 /* RW commands, their parameters, results */
#define FDC_DIR 7  /* R  digital input */
#define FDC_CCR 7  /*  W configuration control: data rate */

#define DOR_SELECT 0x03u
#define DOR_NOT_RESET 0x04u
#define DOR_DMA_GATE 0x08u /* interrupt and DMA lines are connected */
#define DOR_MOTOR(unit) (0x10u << (unit))

#define MSR_BUSY 0x10u /* a command is under way */
#define MSR_DIO 0x40u  /* the controller gives a byte; else it takes one */
#define MSR_RQM 0x80u  /* ready for the next byte */

#define DIR_DISK_CHANGE 0x80u /* of the selected drive: the door was open since the last step pulse with a disk in it */

#define CCR_RATE_500K 0
#define CCR_RATE_250K 2

/* Commands: code, bytes of it, bytes of result */
#define FDC_CMD_SPECIFY 0x03         /* 3, 0 */
#define FDC_CMD_SENSE_DRIVE 0x04     /* 2, 1 */
#define FDC_CMD_WRITE 0x05           /* 9, 7 */
#define FDC_CMD_READ 0x06            /* 9, 7 */
#define FDC_CMD_RECALIBRATE 0x07     /* 2, 0; then SENSE INTERRUPT */
#define FDC_CMD_SENSE_INTERRUPT 0x08 /* 1, 2 */
#define FDC_CMD_READ_ID 0x0a         /* 2, 7 */
#define FDC_CMD_SEEK 0x0f            /* 3, 0; then SENSE INTERRUPT */
#define FDC_CMD_VERSION 0x10         /* 1, 1 */
#define FDC_CMD_CONFIGURE 0x13       /* 4, 0 */
#define FDC_MT 0x80u  /* multi-track: go on at the other side */
#define FDC_MFM 0x40u

#define FDC_VERSION_ENHANCED 0x90 /* an 82077 */
#define FDC_RESULT_BYTES 7
#define FDC_SECTOR_SIZE_CODE 2    /* 128 << 2 */
#define FDC_DTL_UNUSED 0xff

/* SPECIFY at 500 kbit/s: step rate (16 - SRT) ms, head unload 16 ms * HUT, head load 2 ms * HLT; it is the head's time to settle, too. */
#define SPECIFY_SRT_HUT 0xcf /* 4 ms, 240 ms */
#define SPECIFY_HLT_DMA 0x10 /* 16 ms; bit 0 clear: data by DMA */
/* CONFIGURE: no implied seek, FIFO on, no polling of the drives, FIFO threshold 10 bytes */
#define CONFIGURE_BITS 0x1a

/* ST0 */
#define ST0_CODE 0xc0u    /* 0: good, 0x40: failed, 0x80: invalid command, 0xc0: polling */
#define ST0_INVALID 0x80u
#define ST0_SEEK_END 0x20u
#define ST0_EQUIPMENT 0x10u /* track 0 not found */
/* ST1 */
#define ST1_NOT_WRITABLE 0x02u
/* ST3 */
#define ST3_WRITE_PROTECTED 0x40u

/* CMOS: high nibble drive 0, low nibble drive 1 */
#define CMOS_FLOPPY_TYPES 0x10
#define FLOPPY_TYPE_NONE 0
#define FLOPPY_TYPE_720K 3
#define FLOPPY_TYPE_1440K 4
#define FLOPPY_TYPE_2880K 6 /* 5 in some firmware */

#endif
