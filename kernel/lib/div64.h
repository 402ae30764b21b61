/* 64-bit division without libgcc. Pure. */
#ifndef KERNEL_LIB_DIV64_H
#define KERNEL_LIB_DIV64_H

#include "kernel/lib/types.h"

/* n / d and, through rem (may be NULL), n % d. d must not be 0. Two 32-bit divisions. */
static inline u64 div_u64_rem(u64 n, u32 d, u32 *rem)
{
#if defined(__i386__)
	u32 hi = (u32)(n >> 32), lo = (u32)n, qh = hi / d, ql, r = hi % d;
	__asm__("divl %4" : "=a"(ql), "=d"(r) : "0"(lo), "1"(r), "rm"(d));
	if (rem)
		*rem = r;
	return (u64)qh << 32 | ql;
#else
	if (rem)
		*rem = (u32)(n % d);
	return n / d;
#endif
}

static inline u64 div_u64(u64 n, u32 d) { return div_u64_rem(n, d, NULL); }
static inline u32 mod_u64(u64 n, u32 d) { u32 r; div_u64_rem(n, d, &r); return r; }
/* n / d for a 64-bit divisor. */
u64 div64_u64(u64 n, u64 d);
/* a * mul / 2^shift without overflow of the 96-bit product's upper part. */
static inline u64 mul_u64_u32_shr(u64 a, u32 mul, unsigned shift)
{
	u32 hi = (u32)(a >> 32);
	u64 r = ((u64)(u32)a * mul) >> shift;
	if (hi)
		r += ((u64)hi * mul) << (32 - shift);
	return r;
}

#endif
