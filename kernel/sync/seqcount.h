/*
 * Sequence counters: small data with one writer at a time and many readers that must not wait. A reader copies and tries again when a
 * writer came in between. The writer keeps other writers out itself, and interrupts too when readers run in them. Any context.
 */
#ifndef KERNEL_SYNC_SEQCOUNT_H
#define KERNEL_SYNC_SEQCOUNT_H

#include "kernel/lib/types.h"

struct seqcount {
	volatile u32 seq; /* odd while a writer is at work */
};

static inline u32 seq_read_begin(const struct seqcount *s)
{
	u32 v;
	while (unlikely((v = s->seq) & 1))
		__asm__ volatile("pause");
	barrier();
	return v;
}

static inline bool seq_read_retry(const struct seqcount *s, u32 start)
{
	barrier();
	return unlikely(s->seq != start);
}

static inline void seq_write_begin(struct seqcount *s)
{
	s->seq++;
	barrier();
}

static inline void seq_write_end(struct seqcount *s)
{
	barrier();
	s->seq++;
}

#endif
