/*
 * Interrupt-driven PIO (ATA-6 9.5, 9.6): the CPU moves the data, a DRQ block (READ/WRITE MULTIPLE: several sectors) for each interrupt.
 * Reads: command, then an interrupt when each block is ready. Writes: command, the first block without an interrupt, then an interrupt
 * when the device wants the next, and one at the end.
 */
#include "drivers/block/ata/ata.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/trace.h"
#include "kernel/hal/port_start.h"

/* For the first block of a write the device has to ask within moments; polls of at least 100 ns. */
#define FIRST_DRQ_POLLS 100000u

void ata_pio_transfer(struct ata_channel *ch, struct ata_cursor *c, u32 n, bool write)
{
	u16 port = (u16)(ch->command_base + ATA_DATA);

	ASSERT(n <= c->left);
	c->left -= n;
	while (n) {
		u32 part = min(n, c->seg->len - c->offset);
		u8 *p = (u8 *)c->seg->va + c->offset;

		ch->port_accesses += part & 3 ? part / 2 : part / 4;
		if (part & 3) { /* the segments are even, see PRD */
			if (write)
				port_write16_block(port, p, part / 2);
			else
				port_read16_block(port, p, part / 2);
		} else if (write) {
			port_write32_block(port, p, part / 4);
		} else {
			port_read32_block(port, p, part / 4);
		}
		n -= part;
		c->offset += part;
		if (c->offset == c->seg->len) {
			c->seg++;
			c->offset = 0;
		}
	}
}

static void next_block(struct ata_channel *ch)
{
	ata_pio_transfer(ch, &ch->cursor, min(ch->cursor.left, ch->block_bytes), ch->write);
}

/* The device has taken a write command: give it the first block. */
static void first_write_block(struct ata_channel *ch)
{
	u8 status = 0;

	ata_delay_400ns(ch);
	for (u32 i = 0; i < FIRST_DRQ_POLLS; i++) {
		status = ata_altstatus_peek(ch);
		if (!(status & ATA_STATUS_BSY))
			break;
	}
	if ((status & (ATA_STATUS_BSY | ATA_STATUS_DRQ | ATA_STATUS_ERR | ATA_STATUS_DF)) != ATA_STATUS_DRQ)
		ata_fault(ch, status, 0, status & ATA_STATUS_BSY);
	else
		next_block(ch);
}

void ata_pio_start(struct ata_channel *ch, struct request *rq, const struct ata_taskfile *tf)
{
	u32 n = blk_rq_map_segments(rq, ch->segs, PRD_MAX_ENTRIES);

	TRACE_ALWAYS(TRACE_DRIVER, "segments=%u command=%#x", rq->id, n, tf->command);
	ch->protocol = ATA_PROTO_PIO;
	ch->cursor = (struct ata_cursor){ .seg = ch->segs, .left = rq_bytes(rq) };
	ch->block_bytes = ch->drive->xfer == ATA_XFER_MULTIPLE ? ch->drive->block_bytes : SECTOR_SIZE;
	ata_load(ch, tf);
	ch->port_accesses++;
	outb_start((u16)(ch->command_base + ATA_COMMAND), tf->command, rq->id);
	if (ch->write)
		first_write_block(ch);
}

void ata_pio_interrupt(struct ata_channel *ch, u8 status)
{
	bool end = !ch->cursor.left; /* of a write: the device has everything */

	if (status & (ATA_STATUS_BSY | ATA_STATUS_ERR | ATA_STATUS_DF) || !(status & ATA_STATUS_DRQ) != end) {
		ata_fault(ch, status, 0, false);
		return;
	}
	if (!end)
		next_block(ch);
	if (end || (!ch->write && !ch->cursor.left))
		ata_complete(ch, 0, rq_bytes(ch->rq));
}
