/* See linux/interrupt.h. */
#ifndef LINUX_IRQ_H
#define LINUX_IRQ_H

#include "kernel/include/sluice/prelude.h"
#include <linux/interrupt.h>

#endif
