/*
 * Power-off and the debugcon ports towards the host (kernel/hal/power.h). QEMU: hw/char/debugcon.c, a read answers 0xe9.
 * Before the driver has set the hook (drivers/acpi/acpi.c, which has read its place from the tables), the PIIX4 is looked for on PCI bus 0.
 */
#include "kernel/hal/power.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/pci_config.h"
#include "kernel/hal/port.h"

#define DEBUGCON_SIGNATURE 0xe9u
#define PIIX4_PM_ID 0x71138086u
#define PIIX4_PMBASE 0x40u
#define PIIX4_PMCNTRL 4u
#define PMCNTRL_SUS_EN BIT(13)

void (*power_off_hook)(void);
void (*power_button_hook)(void);

static void power_off_before_drivers(void)
{
	for (u32 devfn = 0; devfn < 256; devfn++)
		if (pci_config_read32(0, (u8)devfn, 0) == PIIX4_PM_ID)
			outw((u16)((pci_config_read32(0, (u8)devfn, PIIX4_PMBASE) & 0xffc0u) + PIIX4_PMCNTRL), PMCNTRL_SUS_EN);
}

void machine_power_off(void)
{
	irq_disable();
	if (power_off_hook)
		power_off_hook();
	else
		power_off_before_drivers();
	cpu_halt_forever();
}

bool host_port_present(u32 port) { return inb((u16)port) == DEBUGCON_SIGNATURE; }

void host_port_write(u32 port, const void *data, size_t len)
{
	outsb((u16)port, data, len);
}
