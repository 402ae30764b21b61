/* COM1 by polling, without its driver: for what must be told before drivers/char/serial.c is up. */
#ifndef KERNEL_HAL_BOOT_SERIAL_H
#define KERNEL_HAL_BOOT_SERIAL_H

#include "kernel/lib/types.h"

/* 115200 baud, 8N1. A line feed becomes carriage return and line feed. Any context; bounded even when there is no UART. */
void boot_serial_write(const char *text, size_t len);
/* Unless the driver's console is there: show the log so far on COM1, and what still comes. Once, for panic. */
void boot_serial_console(void);

#endif
