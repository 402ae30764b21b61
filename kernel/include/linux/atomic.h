/* Atomic counters. */
#ifndef LINUX_ATOMIC_H
#define LINUX_ATOMIC_H

#include "kernel/include/sluice/prelude.h"

static inline void atomic_add(s32 n, atomic_t *a) { (atomic_add_return)(a, n); }
static inline void atomic_sub(s32 n, atomic_t *a) { (atomic_add_return)(a, -n); }
static inline s32 atomic_inc_return(atomic_t *a) { return (atomic_add_return)(a, 1); }
static inline s32 atomic_dec_return(atomic_t *a) { return (atomic_add_return)(a, -1); }
static inline s32 atomic_sub_return(s32 n, atomic_t *a) { return (atomic_add_return)(a, -n); }
static inline s32 atomic_fetch_add(s32 n, atomic_t *a) { return (atomic_add_return)(a, n) - n; }
static inline bool atomic_inc_and_test(atomic_t *a) { return !(atomic_add_return)(a, 1); }
static inline bool atomic_sub_and_test(s32 n, atomic_t *a) { return !(atomic_add_return)(a, -n); }
static inline s32 atomic_cmpxchg(atomic_t *a, s32 old, s32 fresh) { return __sync_val_compare_and_swap(&a->v, old, fresh); }
static inline s32 atomic_xchg(atomic_t *a, s32 n) { return __atomic_exchange_n(&a->v, n, __ATOMIC_SEQ_CST); }
static inline bool atomic_add_unless(atomic_t *a, s32 n, s32 unless)
{
	s32 old = a->v;

	while (old != unless && !__sync_bool_compare_and_swap(&a->v, old, old + n))
		old = a->v;
	return old != unless;
}
#define atomic_add_return(n, a) (atomic_add_return)((a), (n)) /* Linux has the counter last */
#define smp_mb() __sync_synchronize()
#define smp_rmb() barrier()
#define smp_wmb() barrier()
#define mb() __sync_synchronize()
#define rmb() __sync_synchronize()
#define wmb() barrier()

#endif
