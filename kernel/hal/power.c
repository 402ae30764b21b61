/* Power-off and the debugcon ports towards the host (kernel/hal/power.h). QEMU: hw/char/debugcon.c, a read answers 0xe9. */
#include "kernel/hal/power.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/port.h"

#define DEBUGCON_SIGNATURE 0xe9u

void (*power_off_hook)(void);

void machine_power_off(void)
{
	irq_disable();
	if (power_off_hook)
		power_off_hook();
	cpu_halt_forever();
}

bool host_port_present(u32 port) { return inb((u16)port) == DEBUGCON_SIGNATURE; }

void host_port_write(u32 port, const void *data, size_t len)
{
	outsb((u16)port, data, len);
}
