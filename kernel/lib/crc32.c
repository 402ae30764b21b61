/* CRC-32, four bits at a time: the table is 64 bytes. */
#include "kernel/lib/crc32.h"

#define STEP(n) ((n) & 1 ? 0xEDB88320u ^ (n) >> 1 : (n) >> 1)
#define ENTRY(n) STEP(STEP(STEP(STEP((n##u)))))

static const u32 table[16] = {
	ENTRY(0), ENTRY(1), ENTRY(2), ENTRY(3), ENTRY(4), ENTRY(5), ENTRY(6), ENTRY(7),
	ENTRY(8), ENTRY(9), ENTRY(10), ENTRY(11), ENTRY(12), ENTRY(13), ENTRY(14), ENTRY(15),
};

u32 crc32(u32 crc, const void *data, size_t n)
{
	const u8 *p = data;

	for (crc = ~crc; n; n--) {
		crc ^= *p++;
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}
