/*
 * Switching the machine off: the power management function of the PIIX4 (Intel 82371AB datasheet, section 7.2: PMBASE at configuration
 * offset 0x40, PMCNTRL at base + 4; SUS_TYP 0 with SUS_EN is soft off on QEMU's machine pc).
 */
#include "drivers/bus/pci.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/port.h"
#include "kernel/hal/power.h"
#include "kernel/init.h"

#define PIIX4_PMBASE 0x40u    /* configuration register: I/O base, bits 15..6 */
#define PIIX4_PMCNTRL 0x04u   /* R/W 16: suspend type in bits 12..10, suspend enable bit 13 */
#define PMCNTRL_SUS_EN BIT(13)
#define VENDOR_INTEL 0x8086u
#define DEVICE_PIIX4_PM 0x7113u

static u16 pm_base;

static void piix4_power_off(void)
{
	port_write16((u16)(pm_base + PIIX4_PMCNTRL), PMCNTRL_SUS_EN);
}

static int piix4_pm_probe(struct pci_dev *dev, const struct pci_device_id *id)
{
	pm_base = (u16)(pci_read32(dev, PIIX4_PMBASE) & 0xffc0u);
	if (!pm_base)
		return -ENODEV;
	power_off_hook = piix4_power_off;
	return 0;
}

static void piix4_pm_remove(struct pci_dev *dev)
{
	power_off_hook = NULL;
}

static const struct pci_device_id ids[] = { { PCI_DEVICE(VENDOR_INTEL, DEVICE_PIIX4_PM) }, { 0 } };

static struct pci_driver driver = { .name = "piix4_pm", .id_table = ids, .probe = piix4_pm_probe, .remove = piix4_pm_remove };

int acpi_power_init(void)
{
	return pci_register_driver(&driver);
}
