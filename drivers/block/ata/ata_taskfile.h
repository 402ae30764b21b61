/* The registers of one command, and PRD tables. Pure; also built by the host tests. */
#ifndef DRIVERS_BLOCK_ATA_TASKFILE_H
#define DRIVERS_BLOCK_ATA_TASKFILE_H

#include "drivers/block/ata/ata_regs.h"
#include "kernel/lib/err.h"

struct blk_segment;

enum ata_protocol {
	ATA_PROTO_NODATA, /* command, interrupt (ATA-6 9.4) */
	ATA_PROTO_PIO,    /* command, then a DRQ block for each interrupt (9.5, 9.6) */
	ATA_PROTO_DMA,    /* command, bus master, one interrupt (9.7) */
};

/* How the data of a read or write goes; PIO in single sectors or in blocks of READ MULTIPLE. */
enum ata_transfer { ATA_XFER_DMA, ATA_XFER_MULTIPLE, ATA_XFER_SINGLE, NR_ATA_XFERS };

struct ata_taskfile {
	u8 command, device;
	bool ext;          /* LBA48: the high order bytes are written too */
	u8 count, lba_low, lba_mid, lba_high;
	u8 hob_count, hob_lba_low, hob_lba_mid, hob_lba_high;
};

/*
 * A read or write of [lba, lba + nr) by `xfer` on device `unit` (0, 1): in LBA28 form when it fits, since that is fewer port writes.
 * -EINVAL: does not fit into what the device can (lba48). nr > 0.
 */
int __must_check ata_taskfile_rw(struct ata_taskfile *tf, u32 unit, bool lba48, bool write, enum ata_transfer xfer, u64 lba, u32 nr);

struct ata_prd {
	u32 address;
	u32 count_flags; /* PRD_* */
};
static_assert(sizeof(struct ata_prd) == 8, "SFF-8038i 1.2");

/* Describe n segments (each within one 64 KiB, even) in table. n: 1 to PRD_MAX_ENTRIES. */
void ata_prd_build(struct ata_prd *table, const struct blk_segment *segs, u32 n);

#endif
