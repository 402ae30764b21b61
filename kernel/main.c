/*
 * The one init table. Each line brings up one subsystem; the levels say what works afterwards (kernel/init.h). boot.asm calls kernel_main
 * with the multiboot information; up to INIT_SCHED it runs on the boot stack, from there on in a thread that becomes pid 1.
 */
#include "kernel/init.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/cpu.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "kernel/sched/time.h"

static const struct init_step steps[] = {
	{ "log", INIT_EARLY, log_init, "" },
	{ "debugcon_log", INIT_EARLY, debugcon_log_init, "log" },
	{ "vga_log", INIT_EARLY, vga_log_init, "log" },
	{ "gdt", INIT_EARLY, gdt_init, "" },
	{ "idt", INIT_EARLY, idt_init, "gdt" },
	{ "page_alloc", INIT_MEM, page_alloc_init, "idt" },
	{ "slab", INIT_MEM, slab_init, "page_alloc" },
	{ "vmalloc", INIT_MEM, vmalloc_init, "slab" },
	{ "mm", INIT_MEM, mm_init, "slab vmalloc" },
	{ "irq", INIT_IRQ, irq_init, "idt" },
	{ "softirq", INIT_IRQ, softirq_init, "irq" },
	{ "time", INIT_IRQ, time_init, "irq" },
	{ "sched", INIT_SCHED, sched_init, "mm time" },
	{ "timer", INIT_SCHED, timer_system_init, "sched softirq" },
	/* Interrupts go on here, and the rest runs in a thread. */
	{ "ksoftirqd", INIT_SCHED, ksoftirqd_init, "sched" },
	{ "process", INIT_SCHED, process_init, "sched" },
	{ "vfs", INIT_CORE, vfs_init, "process" },
	{ "page_cache", INIT_CORE, page_cache_init, "vfs" },
	{ "buffer", INIT_CORE, buffer_init, "page_cache" },
	{ "blk", INIT_CORE, blk_init, "softirq" },
	{ "bdev", INIT_CORE, bdev_init, "blk vfs page_cache" },
	{ "tmpfs", INIT_CORE, tmpfs_init, "vfs" },
	{ "devfs", INIT_CORE, devfs_init, "tmpfs" },
	{ "procfs", INIT_CORE, procfs_init, "vfs" },
	{ "sysfs", INIT_CORE, sysfs_init, "vfs" },
	{ "device_model", INIT_CORE, device_model_init, "sysfs devfs" },
	{ "tracing", INIT_CORE, tracing_init, "sysfs" },
	{ "writeback", INIT_CORE, writeback_init, "page_cache procfs" },
	{ "chrdev", INIT_CORE, chrdev_init, "vfs" },
	{ "tty", INIT_CORE, tty_init, "chrdev device_model" },
	{ "mem_devices", INIT_CORE, mem_devices_init, "chrdev device_model" },
	{ "pci", INIT_BUS, pci_init, "device_model" },
	{ "platform_bus", INIT_BUS, platform_bus_init, "device_model" },
	{ "serial", INIT_DRIVER, serial_init, "tty platform_bus" },
	{ "ata", INIT_DRIVER, ata_init, "pci blk bdev" },
	{ "host_ports", INIT_DRIVER, host_ports_init, "chrdev" },
	{ "fw_cfg", INIT_DRIVER, fw_cfg_init, "device_model" },
	{ "acpi_power", INIT_DRIVER, acpi_power_init, "pci" },
	{ "ext2", INIT_FS, ext2_init, "buffer bdev" },
	{ "root", INIT_FS, mount_root, "ext2 devfs ata" },
	{ "init", INIT_USER, start_init, "root process" },
};
