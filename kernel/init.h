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

/* The functions of the table, in its order; a line each. */
int log_init(void);
int debugcon_log_init(void);
int vga_log_init(void);
int gdt_init(void);
int idt_init(void);
int page_alloc_init(void);
int slab_init(void);
int vmalloc_init(void);
int mm_init(void);
int irq_init(void);
int softirq_init(void);
int time_init(void);
int sched_init(void);
int hrtimers_init(void);
int timer_system_init(void);
int tasklet_system_init(void);
int ksoftirqd_init(void);
int workqueue_init(void);
int process_init(void);
int vdso_init(void);
int ferr_init(void);
int epoll_init(void);
int aio_init(void);
int timerfd_init(void);
int inotify_init(void);
int memfd_init(void);
int shm_init(void);
int sem_init(void);
int msg_init(void);
int unix_init(void);
int unix_proc_init(void);
int inet_init(void);
int vfs_init(void);
int page_cache_init(void);
int buffer_init(void);
int writeback_init(void);
int replacement_init(void);
int vfs_shrink_init(void);
int blk_init(void);
int bdev_init(void);
int device_model_init(void);
int cpus_init(void);
int resource_init(void);
int sysfs_init(void);
int io_buffer_init(void);
int chrdev_init(void);
int input_init(void);
int misc_init(void);
int uevent_dev_init(void);
int hotplug_init(void);
int tty_init(void);
int pty_init(void);
int tmpfs_init(void);
int devfs_init(void);
int devpts_init(void);
int procfs_init(void);
int modules_init(void);
int tracing_init(void);
int mem_devices_init(void);
int channel_dev_init(void);
int proc_pid_init(void);
int proc_files_init(void);
int pci_init(void);
int platform_bus_init(void);
int pc_devices_init(void);
int vt_keyboard_init(void);
int drivers_init(void);
int ext2_init(void);
int mount_root(void);
int start_init(void);

#endif
