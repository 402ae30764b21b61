/*
 * Bus-master DMA (SFF-8038i 3.1, "standard programming sequence"): the PRD table describes memory, the device is told the command, the
 * bus master started. One interrupt when all is moved.
 */
#include "drivers/block/ata/ata.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/trace.h"
#include "kernel/hal/port_start.h"
#include "mm/alloc.h"

int ata_dma_alloc(struct ata_channel *ch)
{
	ch->segs = kmalloc(PRD_MAX_ENTRIES * sizeof(*ch->segs), GFP_KERNEL);
	if (!ch->segs)
		return -ENOMEM;
	if (!ch->bm)
		return 0;
	ch->prd = dma_alloc(PRD_MAX_ENTRIES * sizeof(*ch->prd), PRD_BOUNDARY, &ch->prd_bus, GFP_KERNEL);
	if (!ch->prd) {
		kfree(ch->segs);
		ch->segs = NULL;
		return -ENOMEM;
	}
	return 0;
}

void ata_dma_free(struct ata_channel *ch)
{
	if (ch->prd)
		dma_free(ch->prd, PRD_MAX_ENTRIES * sizeof(*ch->prd));
	kfree(ch->segs);
	ch->prd = NULL;
	ch->segs = NULL;
}

void ata_dma_start(struct ata_channel *ch, struct request *rq, const struct ata_taskfile *tf)
{
	u8 direction = ch->write ? 0 : BM_COMMAND_READ;
	u32 n = blk_rq_map_segments(rq, ch->segs, PRD_MAX_ENTRIES);

	ata_prd_build(ch->prd, ch->segs, n);
	TRACE_ALWAYS(TRACE_DRIVER, "segments=%u command=%#x", rq->id, n, tf->command);
	ch->protocol = ATA_PROTO_DMA;
	if (ch->bm_command != direction) { /* before the start bit: the engine stands still now */
		bm_out(ch, BM_COMMAND, direction);
		ch->bm_command = direction;
	}
	ata_load(ch, tf);
	ata_out(ch, ATA_COMMAND, tf->command);
	ch->port_accesses++;
	outb_start((u16)(ch->bm + BM_COMMAND), (u8)(direction | BM_COMMAND_START), rq->id);
}

void ata_dma_stop(struct ata_channel *ch)
{
	bm_out(ch, BM_COMMAND, ch->bm_command);
}

void ata_dma_reset(struct ata_channel *ch)
{
	if (!ch->bm)
		return;
	ch->bm_command = 0;
	ata_dma_stop(ch);
	ata_bm_status_clear(ch, bm_in(ch, BM_STATUS));
	port_write32((u16)(ch->bm + BM_PRD_TABLE), ch->prd_bus);
}
