/* See bitmap.h. Searches go a word at a time; the map need not be aligned. */
#include "kernel/lib/bitmap.h"
#include "kernel/lib/string.h"

/* Word w of the map, inverted when zeros are wanted; bits past nbits read as not found. */
static u32 load_word(const void *map, u32 nbits, u32 w, u32 invert)
{
	u32 v = 0, first = w * 32, bytes = min(DIV_ROUND_UP(nbits - first, 8u), 4u);

	if (bytes == 4)
		__builtin_memcpy(&v, (const u8 *)map + w * 4, 4);
	else
		for (u32 i = 0; i < bytes; i++)
			v |= (u32)((const u8 *)map)[w * 4 + i] << (8 * i);
	v ^= invert;
	return nbits - first < 32 ? v & ((1u << (nbits - first)) - 1) : v;
}

static u32 find(const void *map, u32 nbits, u32 start, u32 invert)
{
	if (start >= nbits)
		return nbits;
	u32 w = start / 32, v = load_word(map, nbits, w, invert) & (~0u << (start & 31));
	while (!v) {
		if (++w * 32 >= nbits)
			return nbits;
		v = load_word(map, nbits, w, invert);
	}
	return w * 32 + (u32)__builtin_ctz(v);
}

u32 bitmap_find_zero(const void *map, u32 nbits, u32 start) { return find(map, nbits, start, ~0u); }
u32 bitmap_find_set(const void *map, u32 nbits, u32 start) { return find(map, nbits, start, 0); }

/* Bits set in a word, by adding neighbours (Hacker's Delight, 5-1). */
static u32 popcount(u32 v)
{
	v -= v >> 1 & 0x55555555u;
	v = (v & 0x33333333u) + (v >> 2 & 0x33333333u);
	v = (v + (v >> 4)) & 0x0f0f0f0fu;
	return v * 0x01010101u >> 24;
}

u32 bitmap_weight(const void *map, u32 nbits)
{
	u32 sum = 0;

	for (u32 w = 0; w * 32 < nbits; w++)
		sum += popcount(load_word(map, nbits, w, 0));
	return sum;
}
