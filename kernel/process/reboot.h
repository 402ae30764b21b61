/* The way down: end all processes, write everything out, then switch off, reset or stop. Process context, does not return. */
#ifndef KERNEL_PROCESS_REBOOT_H
#define KERNEL_PROCESS_REBOOT_H

#include "kernel/lib/types.h"

void __noreturn kernel_power_off(void);
void __noreturn kernel_restart(void);
void __noreturn kernel_halt(void);

#endif
