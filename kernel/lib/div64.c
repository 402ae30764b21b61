/* Division by a 64-bit divisor (div64.h), with one 64/32 division, as in Warren, "Hacker's Delight", 9-5. */
#include "kernel/lib/div64.h"

u64 div64_u64(u64 n, u64 d)
{
	if (!(d >> 32))
		return div_u64(n, (u32)d);
	/*
	 * Shift both until d has 32 bits. The shortened divisor is too small by less than one part in 2^31, so the estimate is never too
	 * small and at most two too big (n >> shift < 2^63).
	 */
	unsigned shift = 32 - (unsigned)__builtin_clz((u32)(d >> 32));
	u64 q = div_u64(n >> shift, (u32)(d >> shift));
	q = q > 2 ? q - 2 : 0;
	for (n -= q * d; n >= d; n -= d)
		q++;
	return q;
}
