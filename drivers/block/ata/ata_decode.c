/* Status and error registers as text: "0x41 {DRDY ERR}". Pure. */
#include "drivers/block/ata/ata_decode.h"
#include "drivers/block/ata/ata_regs.h"

/* The names of the bits of `value` that mean something. */
static void decode(struct seq_buf *s, u8 value, u8 meaning, const char *const names[8])
{
	bool first = true;

	seq_printf(s, "0x%02x {", value);
	for (int bit = 7; bit >= 0; bit--) {
		if (!(value & meaning & BIT(bit)))
			continue;
		seq_printf(s, "%s%s", first ? "" : " ", names[bit]);
		first = false;
	}
	seq_putc(s, '}');
}

void ata_decode_status(struct seq_buf *s, u8 status)
{
	static const char *const names[8] = { "ERR", "IDX", "CORR", "DRQ", "DSC", "DF", "DRDY", "BSY" };

	decode(s, status, status & ATA_STATUS_BSY ? ATA_STATUS_BSY : 0xff, names); /* the others mean nothing while it is busy */
}

void ata_decode_error(struct seq_buf *s, u8 error)
{
	static const char *const names[8] = { "AMNF", "NM", "ABRT", "MCR", "IDNF", "MC", "UNC", "ICRC" };

	decode(s, error, 0xff, names);
}
