/* jiffies, HZ, time_after, msecs_to_jiffies. */
#ifndef LINUX_JIFFIES_H
#define LINUX_JIFFIES_H

#include "kernel/include/sluice/prelude.h"

#endif
