/* The drivers that are part of the kernel, by name; drivers/table.c registers them. Modules register theirs themselves. */
#ifndef DRIVERS_DRIVERS_H
#define DRIVERS_DRIVERS_H

#include "drivers/bus/pci.h"
#include "drivers/bus/platform.h"

extern struct platform_driver rtc_driver, serial_driver, vga_driver, lp_driver, i8042_driver, floppy_driver, debugcon_driver, fw_cfg_driver;
extern struct platform_driver acpi_driver, acpi_button_driver, pcihp_driver;
extern struct pci_driver ata_driver, nvme_driver;

#endif
