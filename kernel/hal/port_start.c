/* See port_start.h. */
#include "kernel/hal/port_start.h"
#include "kernel/debug/trace.h"
#include "kernel/hal/port.h"

void outb_start(u16 port, u8 value, u32 id)
{
	TRACE_ALWAYS(TRACE_HAL, "port=%#x value=%#x", id, port, value);
	outb(port, value);
}
