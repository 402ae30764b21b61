/* The MBR's layout, pure. */
#ifndef IO_BLOCK_PARTITION_H
#define IO_BLOCK_PARTITION_H

#include "kernel/lib/types.h"

struct mbr_entry {
	u8 boot, type;
	u32 start, nr_sectors;
};
bool mbr_is_valid(const u8 *sector);
struct mbr_entry mbr_entry_decode(const u8 *sector, u32 index);
bool mbr_type_is_extended(u8 type);

#endif
