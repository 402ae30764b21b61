/* Encoding of commands and PRD tables. Pure; tests/host/test_ata.c. */
#include "drivers/block/ata/ata_taskfile.h"
#include "io/contract/block_device.h"
#include "kernel/debug/bug.h"

/* [write][LBA48] for each way the data goes. */
static const u8 commands[NR_ATA_XFERS][2][2] = {
	[ATA_XFER_DMA] = { { ATA_CMD_READ_DMA, ATA_CMD_READ_DMA_EXT }, { ATA_CMD_WRITE_DMA, ATA_CMD_WRITE_DMA_EXT } },
	[ATA_XFER_MULTIPLE] = {
		{ ATA_CMD_READ_MULTIPLE, ATA_CMD_READ_MULTIPLE_EXT },
		{ ATA_CMD_WRITE_MULTIPLE, ATA_CMD_WRITE_MULTIPLE_EXT },
	},
	[ATA_XFER_SINGLE] = { { ATA_CMD_READ_SECTORS, ATA_CMD_READ_SECTORS_EXT }, { ATA_CMD_WRITE_SECTORS, ATA_CMD_WRITE_SECTORS_EXT } },
};

int ata_taskfile_rw(struct ata_taskfile *tf, u32 unit, bool lba48, bool write, enum ata_transfer xfer, u64 lba, u32 nr)
{
	u32 low = (u32)lba;

	tf->device = (u8)(ATA_DEVICE_OBSOLETE | ATA_DEVICE_LBA | (unit ? ATA_DEVICE_DEV : 0));
	tf->count = (u8)nr; /* 256 is 0 */
	tf->lba_low = (u8)low;
	tf->lba_mid = (u8)(low >> 8);
	tf->lba_high = (u8)(low >> 16);
	if (likely(lba + nr <= ATA_LBA28_LIMIT && nr <= ATA_LBA28_MAX_SECTORS)) {
		tf->ext = false;
		tf->device |= (u8)(low >> 24 & ATA_DEVICE_LBA_27_24);
		tf->command = commands[xfer][write][0];
		return 0;
	}
	if (!lba48 || lba + nr > ATA_LBA48_LIMIT || nr > ATA_LBA48_MAX_SECTORS)
		return -EINVAL;
	tf->ext = true;
	tf->hob_count = (u8)(nr >> 8); /* 65536 is 0 */
	tf->hob_lba_low = (u8)(low >> 24);
	tf->hob_lba_mid = (u8)(lba >> 32);
	tf->hob_lba_high = (u8)(lba >> 40);
	tf->command = commands[xfer][write][1];
	return 0;
}

void ata_prd_build(struct ata_prd *table, const struct blk_segment *segs, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		ASSERT(segs[i].len && segs[i].len <= PRD_BOUNDARY && !((segs[i].addr | segs[i].len) & 1));
		ASSERT(segs[i].addr / PRD_BOUNDARY == (segs[i].addr + segs[i].len - 1) / PRD_BOUNDARY);
		table[i].address = segs[i].addr;
		table[i].count_flags = segs[i].len & PRD_COUNT_MASK; /* 64 KiB is 0 */
	}
	table[n - 1].count_flags |= PRD_END_OF_TABLE;
}
