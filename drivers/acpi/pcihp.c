/*
 * PCI hot-plug by ACPI, as QEMU's machine pc does it (docs/specs/acpi_pci_hotplug.txt of QEMU 7.2). General purpose event 1 says that a slot
 * of the root bus changed; registers tell which: "up" has a device that is new, "down" one that the host asks back. One asked back is
 * unbound from its driver and forgotten, and then ejected, which is what the host waits for. The registers' place is read from the DSDT,
 * where the firmware's own code declares them as the operation region PCST.
 * The event comes in the SCI's handler; the work is done in a thread.
 */
#include "drivers/drivers.h"
#include "drivers/acpi/acpi.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/port.h"
#include "kernel/irq/workqueue.h"

#define GPE_PCI_HOTPLUG 1u
#define SLOTS 32u
/* Registers, offsets in bytes, 32 bits each: one bit a slot. */
#define HP_UP 0x00u           /* R: came */
#define HP_DOWN 0x04u         /* R: to go */
#define HP_EJECT 0x08u        /* W: is gone */
#define HP_SELECT 0x10u       /* RW: which bus; 0: the root bus */
#define HP_NR_PORTS 0x14u
#define VENDOR_INTEL 0x8086u
#define DEVICE_I440FX 0x1237u

static u16 base;

static void hotplug_work(struct work_struct *w)
{
	u32 down, up;

	if (pci_lock(NULL))
		return;
	port_write32((u16)(base + HP_SELECT), 0);
	down = port_read32((u16)(base + HP_DOWN));
	for (u32 slot = 0; slot < SLOTS; slot++) {
		if (!(down & BIT(slot)))
			continue;
		pr_info("pcihp: slot %u is asked back\n", slot);
		pci_remove_slot(slot);
		port_write32((u16)(base + HP_EJECT), BIT(slot));
	}
	up = port_read32((u16)(base + HP_UP));
	for (u32 slot = 0; slot < SLOTS; slot++)
		if (up & BIT(slot) && pci_scan_slot(slot))
			pr_info("pcihp: slot %u has something new\n", slot);
	pci_unlock();
}
static DECLARE_WORK(work, hotplug_work);

static void slot_changed(void *arg)
{
	schedule_work(&work);
}

static int pcihp_probe(struct platform_device *p)
{
	const struct acpi_header *dsdt = acpi_table("DSDT");
	u32 port;

	if (!dsdt || !acpi_find_port_region((const u8 *)(dsdt + 1), dsdt->length - sizeof(*dsdt), "PCST", &port))
		return -ENODEV;
	if (pci_config_read16(0, 0, PCI_VENDOR_ID) != VENDOR_INTEL || pci_config_read16(0, 0, PCI_DEVICE_ID) != DEVICE_I440FX)
		return -ENODEV; /* elsewhere the selected bus 0 is another than the root */
	if (!request_region(port, HP_NR_PORTS, "pcihp"))
		return -EBUSY;
	base = (u16)port;
	schedule_work(&work); /* what came before we listened */
	return acpi_install_gpe(GPE_PCI_HOTPLUG, slot_changed, p);
}

static void pcihp_remove(struct platform_device *p)
{
	acpi_remove_gpe(GPE_PCI_HOTPLUG);
	cancel_work_sync(&work);
	release_region(base, HP_NR_PORTS);
}

struct platform_driver pcihp_driver = { .name = "pcihp", .probe = pcihp_probe, .remove = pcihp_remove };
