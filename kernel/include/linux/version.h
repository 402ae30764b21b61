/* Which Linux the names are those of: 6.1. */
#ifndef LINUX_VERSION_H
#define LINUX_VERSION_H

#include "kernel/include/sluice/prelude.h"

#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + (c))
#define LINUX_VERSION_CODE KERNEL_VERSION(6, 1, 0)

#endif
