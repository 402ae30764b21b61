/*
 * Registers of an ATA channel, with the names of AT Attachment with Packet Interface - 6 (T13 1410D revision 3b), chapters 7 (registers),
 * 8 (commands) and 9 (protocols), and of its bus master: Programming Interface for Bus Master IDE Controller, revision 1.0 (SFF-8038i),
 * as in the Intel 82371SB (PIIX3) data sheet, sections 2.3 and 2.7.
 *
 * Columns: R what a read gives, W what a write does. (!) marks an access with a side effect; it has a function of its own in ata.h.
 * The LBA and sector count registers are two bytes deep: a write pushes the older byte into the "high order" half (LBA48).
 */
#ifndef DRIVERS_BLOCK_ATA_REGS_H
#define DRIVERS_BLOCK_ATA_REGS_H

/* Where the two channels of a PC are in compatibility mode. */
#define ATA_PRIMARY_COMMAND_BASE 0x1f0
#define ATA_PRIMARY_CONTROL 0x3f6
#define ATA_PRIMARY_IRQ 14
#define ATA_SECONDARY_COMMAND_BASE 0x170
#define ATA_SECONDARY_CONTROL 0x376
#define ATA_SECONDARY_IRQ 15

/* Command block, offset from its base (7.2 to 7.15). */
#define ATA_DATA 0          /* RW 16 bits, or 32 on a PCI controller */
#define ATA_ERROR 1         /* R    */
#define ATA_FEATURES 1      /*    W */
#define ATA_SECTOR_COUNT 2  /* RW   */
#define ATA_LBA_LOW 3       /* RW   */
#define ATA_LBA_MID 4       /* RW   */
#define ATA_LBA_HIGH 5      /* RW   */
#define ATA_DEVICE 6        /* RW   */
#define ATA_STATUS 7        /* R    (!) acknowledges the interrupt */
#define ATA_COMMAND 7       /*    W (!) starts the command */

/* Control block: one port (7.3, 7.8). */
#define ATA_ALTERNATE_STATUS 0 /* R    as ATA_STATUS, without acknowledging */
#define ATA_DEVICE_CONTROL 0   /*    W */
/* In native PCI mode the base address register covers four ports, the control block is its third (PCI IDE Controller Specification 1.0). */
#define ATA_NATIVE_CONTROL_OFFSET 2

/* ATA_STATUS, ATA_ALTERNATE_STATUS */
#define ATA_STATUS_BSY 0x80u  /* busy: the other bits mean nothing */
#define ATA_STATUS_DRDY 0x40u /* device ready */
#define ATA_STATUS_DF 0x20u   /* device fault */
#define ATA_STATUS_DSC 0x10u  /* seek complete; command dependent in ATA-6 */
#define ATA_STATUS_DRQ 0x08u  /* data request: wants to give or get data */
#define ATA_STATUS_CORR 0x04u /* corrected data; obsolete */
#define ATA_STATUS_IDX 0x02u  /* index; obsolete */
#define ATA_STATUS_ERR 0x01u  /* error register is valid */
#define ATA_STATUS_FLOATING 0xffu /* nobody drives the bus */

/* ATA_ERROR after a command */
#define ATA_ERROR_ICRC 0x80u  /* interface CRC error (bad block in old devices) */
#define ATA_ERROR_UNC 0x40u   /* uncorrectable data */
#define ATA_ERROR_MC 0x20u    /* media changed */
#define ATA_ERROR_IDNF 0x10u  /* address not found */
#define ATA_ERROR_MCR 0x08u   /* media change request */
#define ATA_ERROR_ABRT 0x04u  /* command aborted */
#define ATA_ERROR_NM 0x02u    /* no media; track 0 not found in old devices */
#define ATA_ERROR_AMNF 0x01u  /* address mark not found; obsolete */

/* ATA_DEVICE */
#define ATA_DEVICE_OBSOLETE 0xa0u /* bits 7 and 5: set for old devices */
#define ATA_DEVICE_LBA 0x40u
#define ATA_DEVICE_DEV 0x10u      /* 0: device 0, 1: device 1 */
#define ATA_DEVICE_LBA_27_24 0x0fu

/* ATA_DEVICE_CONTROL */
#define ATA_CONTROL_HOB 0x80u  /* reads give the high order bytes */
#define ATA_CONTROL_SRST 0x04u /* software reset of both devices while set */
#define ATA_CONTROL_NIEN 0x02u /* no interrupts */

/* Signatures in LBA_MID, LBA_HIGH after a reset (9.12, and 7.19.6 of ATA/ATAPI-7 for SATA bridges) */
#define ATA_SIGNATURE_DISK 0x0000u
#define ATA_SIGNATURE_DISK_SATA 0xc33cu
#define ATA_SIGNATURE_PACKET 0xeb14u
#define ATA_SIGNATURE_PACKET_SATA 0x9669u

/* Commands (8.x) */
#define ATA_CMD_READ_SECTORS 0x20
#define ATA_CMD_READ_SECTORS_EXT 0x24
#define ATA_CMD_READ_DMA_EXT 0x25
#define ATA_CMD_READ_MULTIPLE_EXT 0x29
#define ATA_CMD_WRITE_SECTORS 0x30
#define ATA_CMD_WRITE_SECTORS_EXT 0x34
#define ATA_CMD_WRITE_DMA_EXT 0x35
#define ATA_CMD_WRITE_MULTIPLE_EXT 0x39
#define ATA_CMD_IDENTIFY_PACKET_DEVICE 0xa1
#define ATA_CMD_READ_MULTIPLE 0xc4
#define ATA_CMD_WRITE_MULTIPLE 0xc5
#define ATA_CMD_SET_MULTIPLE_MODE 0xc6
#define ATA_CMD_READ_DMA 0xc8
#define ATA_CMD_WRITE_DMA 0xca
#define ATA_CMD_FLUSH_CACHE 0xe7
#define ATA_CMD_FLUSH_CACHE_EXT 0xea
#define ATA_CMD_IDENTIFY_DEVICE 0xec

/* Limits of the two address forms (6.2): sectors a command, and the first LBA that needs 48 bits. */
#define ATA_LBA28_MAX_SECTORS 256u
#define ATA_LBA28_LIMIT 0x10000000ull
#define ATA_LBA48_MAX_SECTORS 65536u
#define ATA_LBA48_LIMIT 0x1000000000000ull

/* Bus master, offset from its channel's base (SFF-8038i 2.0; PIIX3 2.7). The second channel's lies 8 above the first's. */
#define BM_COMMAND 0           /* RW */
#define BM_STATUS 2            /* RW, bits 1 and 2 are cleared by writing ones (!) */
#define BM_PRD_TABLE 4         /* RW 32 bits: physical address of the table */
#define BM_CHANNEL_STRIDE 8
#define BM_BAR 4               /* the base address register that has it */

/* BM_COMMAND */
#define BM_COMMAND_START 0x01u /* 0 to 1: start; 1 to 0: stop, at once */
#define BM_COMMAND_READ 0x08u  /* the bus master writes to memory: a read from the disk. Not to be changed while it runs */

/* BM_STATUS */
#define BM_STATUS_ACTIVE 0x01u
#define BM_STATUS_ERROR 0x02u  /* the transfer failed on the PCI side */
#define BM_STATUS_INTERRUPT 0x04u /* the device raised its interrupt line since this was cleared */
#define BM_STATUS_DRIVE_DMA 0x60u /* firmware's notes "drive n can do DMA": kept */

/* A physical region descriptor (SFF-8038i 1.2): a region does not cross 64 KiB; count 0 stands for 64 KiB; both are even. */
#define PRD_END_OF_TABLE 0x80000000u
#define PRD_COUNT_MASK 0xffffu
#define PRD_BOUNDARY 0x10000u
/* The table itself may not cross 64 KiB either. QEMU silently stops at tables longer than this. */
#define PRD_MAX_ENTRIES 512u

/* Programming interface byte of the PCI class code (PCI IDE Controller Specification 1.0): which channels are in native mode. */
#define IDE_PROG_IF_PRIMARY_NATIVE 0x01u
#define IDE_PROG_IF_SECONDARY_NATIVE 0x04u
#define IDE_PROG_IF_BUS_MASTER 0x80u

#endif
