/*
 * The Internet checksum, 32 bits at a time: whole words may be added instead of halves, for what a carry adds comes in again when the sum is
 * folded (RFC 1071, section 2). Carries are counted beside the sum: an add and an adc for each word.
 */
#include "kernel/lib/checksum.h"

typedef u32 word __attribute__((may_alias, aligned(1)));

static inline void add(u32 *sum, u32 *carries, u32 w)
{
	*sum += w;
	*carries += *sum < w;
}

static u32 fold(u32 sum) { return (sum & 0xffff) + (sum >> 16); }

u16 ip_sum(const void *data, int n)
{
	const word *w = data;
	u32 sum = 0, carries = 0;

	for (; n >= 32; n -= 32, w += 8) {
		add(&sum, &carries, w[0]);
		add(&sum, &carries, w[1]);
		add(&sum, &carries, w[2]);
		add(&sum, &carries, w[3]);
		add(&sum, &carries, w[4]);
		add(&sum, &carries, w[5]);
		add(&sum, &carries, w[6]);
		add(&sum, &carries, w[7]);
	}
	for (; n >= 4; n -= 4)
		add(&sum, &carries, *w++);
	const u8 *rest = (const u8 *)w;
	if (n >= 2)
		add(&sum, &carries, rest[0] | (u32)rest[1] << 8);
	if (n & 1)
		add(&sum, &carries, rest[n - 1]);
	return (u16)fold(fold(fold(sum) + fold(carries)));
}
