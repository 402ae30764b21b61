/* Inside mm: from the loader's memory map to mem_map. */
#ifndef MM_BOOT_MEM_H
#define MM_BOOT_MEM_H

#include "mm/page.h"

/*
 * Place and fill mem_map: frames of usable RAM get flags 0, all others PG_reserved. Returns the number of frames that are RAM, those
 * that the kernel image and mem_map take included. Panics with a clear line when the machine is too small.
 */
u32 boot_mem_map(void);

#endif
