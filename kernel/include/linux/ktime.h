/* The clock in nanoseconds. */
#ifndef LINUX_KTIME_H
#define LINUX_KTIME_H

#include "kernel/include/sluice/prelude.h"

typedef s64 ktime_t;
static inline u64 ktime_get_ns(void) { return ktime_ns(); }
static inline ktime_t ktime_get(void) { return (ktime_t)ktime_ns(); }
static inline u64 ktime_get_real_ns(void) { return realtime_ns(); }
#define ktime_sub(a, b) ((a) - (b))
#define ktime_add_ns(t, ns) ((t) + (s64)(ns))
#define ktime_to_ns(t) (t)
#define ktime_to_us(t) ((s64)div_u64((u64)(t), 1000))
#define ktime_to_ms(t) ((s64)div_u64((u64)(t), 1000000))

#endif
