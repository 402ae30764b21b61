/* See linux/interrupt.h. */
#ifndef LINUX_IRQRETURN_H
#define LINUX_IRQRETURN_H

#include "kernel/include/sluice/prelude.h"
#include <linux/interrupt.h>

#endif
