/*
 * The one port write that sets a device going, as a function of its own: the end of the way down, for breakpoints and traces.
 * Everything else uses the plain outb of port.h. Any context.
 */
#ifndef KERNEL_HAL_PORT_START_H
#define KERNEL_HAL_PORT_START_H

#include "kernel/lib/types.h"

/* id: of the request, for the trace; 0: none. */
void outb_start(u16 port, u8 value, u32 id);

#endif
