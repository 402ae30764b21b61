/* Power-off and the way to tell the host that runs us (tools/vm) how it went. */
#ifndef KERNEL_HAL_POWER_H
#define KERNEL_HAL_POWER_H

#include "kernel/lib/types.h"

/* Set by the driver that can switch the machine off (drivers/acpi/acpi.c); NULL: nobody can. */
extern void (*power_off_hook)(void);
/* Set by kernel/process: somebody pressed the button. Process context; does not wait for the end. */
extern void (*power_button_hook)(void);
void __noreturn machine_power_off(void); /* through the hook; halts when that fails */

/*
 * QEMU's isa-debugcon ports, one byte stream each, present only when tools/vm gave them (a read answers 0xe9).
 * The streams: kernel log, the command's stdout, its stderr, and the status records.
 */
#define HOST_PORT_LOG 0xe9u
#define HOST_PORT_STDOUT 0xeau
#define HOST_PORT_STDERR 0xebu
#define HOST_PORT_STATUS 0xecu
bool host_port_present(u32 port);
void host_port_write(u32 port, const void *data, size_t len); /* any context */

#endif
