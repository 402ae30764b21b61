/* Status and error registers as text: "0x41 {DRDY ERR}". Pure; also built by the host tests. */
#ifndef DRIVERS_BLOCK_ATA_DECODE_H
#define DRIVERS_BLOCK_ATA_DECODE_H

#include "kernel/lib/seq_buf.h"

void ata_decode_status(struct seq_buf *s, u8 status);
void ata_decode_error(struct seq_buf *s, u8 error);

#endif
