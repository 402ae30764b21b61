/* Small things of all kinds: min, max, clamp, container_of, printk, sprintf. */
#ifndef LINUX_KERNEL_H
#define LINUX_KERNEL_H

#include "kernel/include/sluice/prelude.h"
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/printk.h>
#include <linux/types.h>

#define clamp(v, low, high) min(max(v, low), high)
#define clamp_t(t, v, low, high) min_t(t, max_t(t, v, low), high)
#define swap(a, b) do { __typeof__(a) swap_ = (a); (a) = (b); (b) = swap_; } while (0)
#define ALIGN(x, a) ALIGN_UP(x, a)
#define IS_ALIGNED(x, a) (!((x) & ((__typeof__(x))(a) - 1)))
#define round_up(x, y) ALIGN_UP(x, y)
#define round_down(x, y) ALIGN_DOWN(x, y)
#define roundup(x, y) (((x) + ((y) - 1)) / (y) * (y))
#define abs(x) ({ __typeof__(x) abs_ = (x); abs_ < 0 ? -abs_ : abs_; })
#define upper_32_bits(n) ((u32)((u64)(n) >> 32))
#define lower_32_bits(n) ((u32)(n))
#define snprintf ksnprintf
#define scnprintf kscnprintf
#define vsnprintf kvsnprintf
#define sprintf(buf, fmt, ...) ksnprintf((buf), 0x7fffffff, fmt, ##__VA_ARGS__)
#define kstrtouint kstrtou32
#define kstrtoull kstrtou64
static inline int __must_check kstrtoul(const char *s, unsigned int base, unsigned long *out)
{
	u32 v;
	int error = kstrtou32(s, base, &v);

	if (!error)
		*out = v;
	return error;
}
static inline int __must_check kstrtol(const char *s, unsigned int base, long *out)
{
	int v, error = kstrtoint(s, base, &v);

	if (!error)
		*out = v;
	return error;
}

#endif
