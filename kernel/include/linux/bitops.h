/* Bits of unsigned longs, changed atomically. */
#ifndef LINUX_BITOPS_H
#define LINUX_BITOPS_H

#include "kernel/include/sluice/prelude.h"

#define BITS_PER_LONG 32
#define BIT_MASK(nr) (1ul << ((nr) % BITS_PER_LONG))
#define BIT_WORD(nr) ((nr) / BITS_PER_LONG)
#define BITS_TO_LONGS(n) DIV_ROUND_UP(n, BITS_PER_LONG)
#define DECLARE_BITMAP(name, bits) unsigned long name[BITS_TO_LONGS(bits)]
#define GENMASK(high, low) ((~0ul >> (31 - (high))) & (~0ul << (low)))

static inline void set_bit(u32 nr, volatile unsigned long *p) { __sync_fetch_and_or(p + BIT_WORD(nr), BIT_MASK(nr)); }
static inline void clear_bit(u32 nr, volatile unsigned long *p) { __sync_fetch_and_and(p + BIT_WORD(nr), ~BIT_MASK(nr)); }
static inline bool test_bit(u32 nr, const volatile unsigned long *p) { return p[BIT_WORD(nr)] & BIT_MASK(nr); }
static inline bool test_and_set_bit(u32 nr, volatile unsigned long *p) { return __sync_fetch_and_or(p + BIT_WORD(nr), BIT_MASK(nr)) & BIT_MASK(nr); }
static inline bool test_and_clear_bit(u32 nr, volatile unsigned long *p) { return __sync_fetch_and_and(p + BIT_WORD(nr), ~BIT_MASK(nr)) & BIT_MASK(nr); }

#endif
