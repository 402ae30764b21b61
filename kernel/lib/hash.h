/* Small hashes. Pure. */
#ifndef KERNEL_LIB_HASH_H
#define KERNEL_LIB_HASH_H

#include "kernel/lib/types.h"

/* Multiplicative hash (Knuth, TAOCP volume 3, 6.4): the upper bits of val * 2^32/phi. */
static inline u32 hash_32(u32 val, unsigned bits) { return (val * 0x9E3779B1u) >> (32 - bits); }
static inline u32 hash_ptr(const void *p, unsigned bits) { return hash_32((u32)(uintptr_t)p, bits); }
/* FNV-1a over a name. */
static inline u32 hash_name(const char *s, size_t len)
{
	u32 h = 2166136261u;
	while (len--)
		h = (h ^ (u8)*s++) * 16777619u;
	return h;
}

#endif
