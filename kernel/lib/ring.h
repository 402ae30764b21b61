/* A byte ring for one producer and one consumer at a time; size is a power of two. Pure; the owner's lock guards it. */
#ifndef KERNEL_LIB_RING_H
#define KERNEL_LIB_RING_H

#include "kernel/lib/types.h"

struct ring {
	u8 *data;
	u32 size, head, tail; /* head: next to write, tail: next to read; both run freely */
};

static inline void ring_init(struct ring *r, void *data, u32 size) { r->data = data; r->size = size; r->head = r->tail = 0; }
static inline u32 ring_used(const struct ring *r) { return r->head - r->tail; }
static inline u32 ring_room(const struct ring *r) { return r->size - ring_used(r); }
static inline bool ring_put(struct ring *r, u8 c)
{
	if (!ring_room(r))
		return false;
	r->data[r->head++ & (r->size - 1)] = c;
	return true;
}
static inline bool ring_get(struct ring *r, u8 *c)
{
	if (!ring_used(r))
		return false;
	*c = r->data[r->tail++ & (r->size - 1)];
	return true;
}

#endif
