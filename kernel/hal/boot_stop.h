/* Give up before the kernel can run: say why on every device that may be there, and stop. */
#ifndef KERNEL_HAL_BOOT_STOP_H
#define KERNEL_HAL_BOOT_STOP_H

#include "kernel/lib/types.h"

/* The message goes to the log (debug port, VGA) and straight to COM1. After the log consoles are there. */
void __noreturn boot_stop(const char *fmt, ...) __printf(1, 2);

#endif
