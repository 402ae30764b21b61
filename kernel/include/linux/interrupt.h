/* Interrupt lines and tasklets. A handler never sleeps: docs/drivers.md says what it may call. */
#ifndef LINUX_INTERRUPT_H
#define LINUX_INTERRUPT_H

#include "kernel/include/sluice/prelude.h"
#include "kernel/include/sluice/common.h"

#define IRQ_RETVAL(handled) ((handled) ? IRQ_HANDLED : IRQ_NONE)

#endif
