/* CRC-32 of IEEE 802.3 (reflected, polynomial 0xEDB88320), as zlib's crc32(). Pure. */
#ifndef KERNEL_LIB_CRC32_H
#define KERNEL_LIB_CRC32_H

#include "kernel/lib/types.h"

/* Go on from crc (0 at the start) over n bytes. */
u32 crc32(u32 crc, const void *data, size_t n);

#endif
