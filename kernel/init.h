/*
 * The one init table (kernel/main.c): { name, level, init, needs }, read from top to bottom. The order is checked at boot and each
 * step is printed to the log. An init that returns a negative errno at a level up to CORE panics; later ones are reported and skipped.
 */
#ifndef KERNEL_INIT_H
#define KERNEL_INIT_H

#include "kernel/lib/cmdline.h"

enum init_level {
	INIT_EARLY,  /* after it: log on the debug port and VGA, GDT, IDT, exceptions; no memory yet */
	INIT_MEM,    /* after it: page allocator, slab, kernel address space */
	INIT_IRQ,    /* after it: 8259, request_irq, softirqs, clocks run; interrupts still off */
	INIT_SCHED,  /* after it: tasks, wait queues, timers, kernel threads; interrupts on; may sleep from here on */
	INIT_CORE,   /* after it: name cache, page cache, block layer, device model, tty core, proc/sys/dev/tmp registered */
	INIT_BUS,    /* after it: PCI and ISA devices are enumerated */
	INIT_DRIVER, /* after it: drivers are bound, disks and terminals are there */
	INIT_FS,     /* after it: disk file systems known, root mounted */
	INIT_USER,   /* after it: init runs */
};

struct init_step {
	const char *name;
	enum init_level level;
	int (*init)(void);
	const char *needs; /* names of earlier steps, separated by spaces; "" for none */
};

/* The functions of the table, by level. */
int log_init(void), debugcon_log_init(void), vga_log_init(void), gdt_init(void), idt_init(void);
int page_alloc_init(void), slab_init(void), vmalloc_init(void), mm_init(void);
int irq_init(void), softirq_init(void), time_init(void);
int sched_init(void), timer_system_init(void), tasklet_system_init(void), ksoftirqd_init(void), workqueue_init(void),
	process_init(void);
int vfs_init(void), page_cache_init(void), buffer_init(void), writeback_init(void), blk_init(void), bdev_init(void);
int device_model_init(void), sysfs_init(void), chrdev_init(void), tty_init(void), tmpfs_init(void), devfs_init(void), procfs_init(void);
int tracing_init(void), mem_devices_init(void), proc_pid_init(void), proc_files_init(void);
int pci_init(void), platform_bus_init(void);
int rtc_init(void), serial_init(void), vga_tty_init(void), keyboard_init(void), ata_init(void), host_ports_init(void), fw_cfg_init(void), acpi_power_init(void);
int ext2_init(void), mount_root(void), start_init(void);

#endif
