/* Atomic counters and bits (lock-prefixed; also right on several CPUs). Pure enough for the host. */
#ifndef KERNEL_SYNC_ATOMIC_H
#define KERNEL_SYNC_ATOMIC_H

#include "kernel/lib/types.h"

typedef struct { volatile s32 v; } atomic_t;
#define ATOMIC_INIT(n) { (n) }
static inline s32 atomic_read(const atomic_t *a) { return a->v; }
static inline void atomic_set(atomic_t *a, s32 n) { a->v = n; }
static inline void atomic_inc(atomic_t *a) { __asm__ volatile("lock; incl %0" : "+m"(a->v)::"cc"); }
static inline void atomic_dec(atomic_t *a) { __asm__ volatile("lock; decl %0" : "+m"(a->v)::"cc"); }
static inline s32 atomic_add_return(atomic_t *a, s32 n) { return __sync_add_and_fetch(&a->v, n); }
static inline bool atomic_dec_and_test(atomic_t *a) { return __sync_sub_and_fetch(&a->v, 1) == 0; }
static inline bool atomic_inc_not_zero(atomic_t *a)
{
	s32 o = a->v;
	while (o && !__sync_bool_compare_and_swap(&a->v, o, o + 1))
		o = a->v;
	return o != 0;
}
static inline void atomic_or(volatile u32 *p, u32 mask) { __asm__ volatile("lock; orl %1, %0" : "+m"(*p) : "ri"(mask) : "cc", "memory"); }
static inline void atomic_and(volatile u32 *p, u32 mask) { __asm__ volatile("lock; andl %1, %0" : "+m"(*p) : "ri"(mask) : "cc", "memory"); }
/* Set (clear) the bits of mask; return whether all (any) of them were set before. A single constant bit takes one instruction. */
static __always_inline bool atomic_test_and_set(volatile u32 *p, u32 mask)
{
	if (__builtin_constant_p(mask) && mask && !(mask & (mask - 1))) {
		bool old;
		__asm__ volatile("lock; btsl %2, %0" : "+m"(*p), "=@ccc"(old) : "I"(__builtin_ctz(mask)) : "memory");
		return old;
	}
	return (__sync_fetch_and_or(p, mask) & mask) == mask;
}
static __always_inline bool atomic_test_and_clear(volatile u32 *p, u32 mask)
{
	if (__builtin_constant_p(mask) && mask && !(mask & (mask - 1))) {
		bool old;
		__asm__ volatile("lock; btrl %2, %0" : "+m"(*p), "=@ccc"(old) : "I"(__builtin_ctz(mask)) : "memory");
		return old;
	}
	return (__sync_fetch_and_and(p, ~mask) & mask) != 0;
}

#endif
