/* See linux/sched.h. */
#ifndef LINUX_SCHED_SIGNAL_H
#define LINUX_SCHED_SIGNAL_H

#include "kernel/include/sluice/prelude.h"
#include <linux/sched.h>

#endif
