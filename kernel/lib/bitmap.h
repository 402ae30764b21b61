/* Bit arrays of u32 words, little endian as ext2 has them on disk. Pure; not atomic. */
#ifndef KERNEL_LIB_BITMAP_H
#define KERNEL_LIB_BITMAP_H

#include "kernel/lib/types.h"

static inline bool bitmap_test(const void *map, u32 n) { return ((const u8 *)map)[n >> 3] >> (n & 7) & 1; }
static inline void bitmap_set(void *map, u32 n) { ((u8 *)map)[n >> 3] |= (u8)(1u << (n & 7)); }
static inline void bitmap_clear(void *map, u32 n) { ((u8 *)map)[n >> 3] &= (u8) ~(1u << (n & 7)); }
/* The first clear (set) bit at or after start, or nbits. */
u32 bitmap_find_zero(const void *map, u32 nbits, u32 start);
u32 bitmap_find_set(const void *map, u32 nbits, u32 start);
/* How many bits of the first nbits are set. */
u32 bitmap_weight(const void *map, u32 nbits);

#endif
