/* BUG, BUG_ON, WARN_ON are the kernel's own; here is what else Linux has. */
#ifndef LINUX_BUG_H
#define LINUX_BUG_H

#include "kernel/include/sluice/prelude.h"
#include <linux/printk.h>

#define WARN(c, fmt, ...) ({ \
		bool warn_ = (c); \
		if (unlikely(warn_)) { \
			_printk(KERN_WARNING fmt, ##__VA_ARGS__); \
			dump_stack(); \
		} \
		unlikely(warn_); \
	})
#define WARN_ON_ONCE(c) WARN_ON(c)
#define BUILD_BUG_ON(c) static_assert(!(c), #c)

#endif
