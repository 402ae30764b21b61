/*
 * The two tables of the driver layer: every driver that is part of the kernel, and every device of a PC that cannot be found by asking,
 * because it sits at a fixed place on the ISA bus. Devices of the PCI bus are found (drivers/bus/pci.c), drivers of modules come with them.
 * A driver is bound to each device of its bus that it matches: PCI by numbers, the platform bus by name.
 */
#include "drivers/drivers.h"
#include "drivers/block/floppy/floppy_regs.h"
#include "drivers/char/i8042_regs.h"
#include "drivers/char/parport_regs.h"
#include "drivers/char/uart_regs.h"
#include "drivers/char/vga_regs.h"
#include "drivers/misc/fw_cfg_regs.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/power.h"
#include "kernel/init.h"

/* Where everybody expects them. Whether one is there is for its driver's probe to find out. */
static struct platform_device devices[] = {
	{ .name = "rtc_cmos", .id = -1, .port = 0x70, .nr_ports = 2, .irq = 8 },
	{ .name = "serial", .id = 0, .port = 0x3f8, .nr_ports = UART_NR_PORTS, .irq = 4 },
	{ .name = "serial", .id = 1, .port = 0x2f8, .nr_ports = UART_NR_PORTS, .irq = 3 },
	{ .name = "vga", .id = -1, .irq = -1 },
	{ .name = "parport_pc", .id = 0, .port = 0x378, .nr_ports = PARPORT_NR_PORTS, .irq = 7 },
	{ .name = "parport_pc", .id = 1, .port = 0x278, .nr_ports = PARPORT_NR_PORTS, .irq = 5 },
	{ .name = "i8042", .id = -1, .port = I8042_DATA, .nr_ports = I8042_NR_PORTS, .irq = 1 },
	{ .name = "floppy", .id = 0, .port = FDC_PRIMARY_BASE, .nr_ports = FDC_NR_PORTS, .irq = FDC_IRQ },
	{ .name = "debugcon", .id = -1, .port = HOST_PORT_LOG, .nr_ports = HOST_PORT_STATUS - HOST_PORT_LOG + 1, .irq = -1 },
	{ .name = "fw_cfg", .id = -1, .port = FW_CFG_SELECTOR, .nr_ports = FW_CFG_NR_PORTS, .irq = -1 },
	{ .name = "acpi", .id = -1, .irq = -1 },            /* its ports are told by the firmware's tables */
	{ .name = "LNXPWRBN", .id = 0, .irq = -1 },
	{ .name = "pcihp", .id = -1, .irq = -1 },
};

/* In the order in which they are tried: what comes later may use what comes before. */
#define PCI(d) { .pci = &(d) }
#define PLATFORM(d) { .platform = &(d) }
static const struct entry {
	struct pci_driver *pci;
	struct platform_driver *platform;
} drivers[] = {
	PLATFORM(rtc_driver),          /* /dev/rtc0 */
	PLATFORM(serial_driver),       /* /dev/ttyS0, ttyS1 */
	PLATFORM(vga_driver),          /* /dev/tty1, with the keyboard */
	PLATFORM(lp_driver),           /* /dev/lp0, lp1 */
	PLATFORM(i8042_driver),        /* keyboard and mouse: /dev/input */
	PCI(ata_driver),               /* /dev/sda ... */
	PCI(nvme_driver),              /* /dev/nvme0n1 ... */
	PLATFORM(floppy_driver),       /* /dev/fd0, fd1 */
	PLATFORM(debugcon_driver),     /* /dev/hostout, hosterr, hoststatus: tools/vm */
	PLATFORM(fw_cfg_driver),       /* /sys/firmware/qemu_fw_cfg: tools/vm */
	PLATFORM(acpi_driver),         /* /sys/firmware/acpi, the system control interrupt, switching off */
	PLATFORM(acpi_button_driver),  /* the power button */
	PLATFORM(pcihp_driver),        /* PCI devices that come and go */
};

int pc_devices_init(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(devices); i++) {
		int error = platform_device_register(&devices[i]);

		if (error)
			pr_err("platform: %s cannot be added: error %d\n", devices[i].name, error);
	}
	return 0;
}

/* One that fails leaves the others alone. */
int drivers_init(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(drivers); i++) {
		const struct entry *e = &drivers[i];
		int error = e->pci ? pci_register_driver(e->pci) : platform_driver_register(e->platform);

		if (error)
			pr_err("driver %s cannot be registered: error %d\n", e->pci ? e->pci->name : e->platform->name, error);
	}
	return 0;
}
