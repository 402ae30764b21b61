/*
 * The one init table. Each line brings up one subsystem; the levels say what works afterwards (kernel/init.h). boot.asm calls kernel_main
 * with the multiboot information; up to INIT_SCHED it runs on the boot stack, from there on in a thread that becomes pid 1.
 */
#include "kernel/init.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/boot_stop.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/multiboot.h"
#include "kernel/lib/err.h"
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
	{ "tasklet", INIT_SCHED, tasklet_system_init, "softirq" },
	{ "hrtimer", INIT_SCHED, hrtimers_init, "sched softirq" },
	{ "timer", INIT_SCHED, timer_system_init, "sched softirq" },
	/* Interrupts go on here, and the rest runs in a thread. */
	{ "ksoftirqd", INIT_SCHED, ksoftirqd_init, "sched" },
	{ "workqueue", INIT_SCHED, workqueue_init, "sched timer" },
	{ "process", INIT_SCHED, process_init, "sched" },
	{ "vdso", INIT_SCHED, vdso_init, "gdt time" },
	{ "ferr", INIT_SCHED, ferr_init, "process timer tasklet" },
	{ "vfs", INIT_CORE, vfs_init, "process" },
	{ "epoll", INIT_CORE, epoll_init, "vfs" },
	{ "timerfd", INIT_CORE, timerfd_init, "vfs" },
	{ "unix", INIT_CORE, unix_init, "vfs" },
	{ "page_cache", INIT_CORE, page_cache_init, "vfs" },
	{ "buffer", INIT_CORE, buffer_init, "page_cache" },
	{ "blk", INIT_CORE, blk_init, "softirq" },
	{ "bdev", INIT_CORE, bdev_init, "blk vfs page_cache" },
	{ "tmpfs", INIT_CORE, tmpfs_init, "vfs" },
	{ "memfd", INIT_CORE, memfd_init, "vfs page_cache" },
	{ "devfs", INIT_CORE, devfs_init, "tmpfs" },
	{ "devpts", INIT_CORE, devpts_init, "vfs" },
	{ "procfs", INIT_CORE, procfs_init, "vfs" },
	{ "proc_files", INIT_CORE, proc_files_init, "procfs" },
	{ "shm", INIT_CORE, shm_init, "memfd procfs" },
	{ "sem", INIT_CORE, sem_init, "procfs" },
	{ "msg", INIT_CORE, msg_init, "procfs" },
	{ "aio", INIT_CORE, aio_init, "vfs procfs" },
	{ "inotify", INIT_CORE, inotify_init, "vfs procfs" },
	{ "unix_proc", INIT_CORE, unix_proc_init, "procfs" },
	{ "inet", INIT_CORE, inet_init, "procfs" },
	{ "resources", INIT_CORE, resource_init, "procfs" },
	{ "sysfs", INIT_CORE, sysfs_init, "vfs" },
	{ "device_model", INIT_CORE, device_model_init, "sysfs devfs" },
	{ "cpus", INIT_CORE, cpus_init, "device_model" },
	{ "modules", INIT_CORE, modules_init, "sysfs procfs" },
	{ "tracing", INIT_CORE, tracing_init, "sysfs" },
	{ "writeback", INIT_CORE, writeback_init, "page_cache procfs" },
	{ "page_replacement", INIT_CORE, replacement_init, "page_cache procfs" },
	{ "io_buffer", INIT_CORE, io_buffer_init, "procfs" },
	{ "vfs_shrink", INIT_CORE, vfs_shrink_init, "vfs procfs" },
	{ "chrdev", INIT_CORE, chrdev_init, "vfs" },
	{ "misc", INIT_CORE, misc_init, "chrdev device_model" },
	{ "uevents", INIT_CORE, uevent_dev_init, "misc" },
	{ "hotplug", INIT_CORE, hotplug_init, "device_model procfs process" },
	{ "tty", INIT_CORE, tty_init, "chrdev device_model io_buffer" },
	{ "pty", INIT_CORE, pty_init, "tty devpts" },
	{ "input", INIT_CORE, input_init, "chrdev device_model procfs" },
	{ "mem_devices", INIT_CORE, mem_devices_init, "chrdev device_model" },
	{ "channel", INIT_CORE, channel_dev_init, "chrdev device_model bdev" },
	{ "pci", INIT_BUS, pci_init, "device_model" },
	{ "platform_bus", INIT_BUS, platform_bus_init, "device_model" },
	{ "pc_devices", INIT_BUS, pc_devices_init, "platform_bus" },
	{ "vt_keyboard", INIT_DRIVER, vt_keyboard_init, "input" },
	{ "drivers", INIT_DRIVER, drivers_init, "pci pc_devices chrdev tty input procfs blk bdev vt_keyboard" }, /* drivers/table.c */
	{ "ext2", INIT_FS, ext2_init, "buffer bdev" },
	{ "root", INIT_FS, mount_root, "ext2 devfs drivers" },
	{ "init", INIT_USER, start_init, "root process" },
};

#define MIN_RAM_MIB 16u

static const char *const level_names[] = { "EARLY", "MEM", "IRQ", "SCHED", "CORE", "BUS", "DRIVER", "FS", "USER" };
static enum step_state { STEP_NOT_RUN, STEP_DONE, STEP_FAILED } state[ARRAY_SIZE(steps)];

void kernel_main(u32 mbi_phys);
#ifdef CONFIG_DEBUG
void ktest_run(const char *prefix);
void crash_early(void), crash_late(void); /* the kernel word crash=, tests/kernel/crash.c */
#endif

/* The first step before `end` that is named in needs and is not done; NULL: none. A name that is not there at all is our mistake. */
static const char *unmet_need(const struct init_step *s, u32 end)
{
	for (const char *word = s->needs; *word;) {
		size_t n = (size_t)(strchr(word, ' ') ? strchr(word, ' ') - word : (ssize_t)strlen(word));
		u32 i = 0;
		while (i < end && (strncmp(steps[i].name, word, n) || steps[i].name[n]))
			i++;
		if (i == end)
			panic("init table: \"%s\" needs \"%.*s\", which does not come before it", s->name, (int)n, word);
		if (state[i] != STEP_DONE)
			return steps[i].name;
		word += n;
		while (*word == ' ')
			word++;
	}
	return NULL;
}

static void run_step(u32 i)
{
	const struct init_step *s = &steps[i];

	if (i && s->level < steps[i - 1].level)
		panic("init table: \"%s\" of level %s comes too late", s->name, level_names[s->level]);
	const char *missing = unmet_need(s, i);
	if (missing) {
		pr_err("init: %-6s %s left out: %s is not there\n", level_names[s->level], s->name, missing);
		state[i] = STEP_FAILED;
		return;
	}
	pr_info("init: %-6s %s\n", level_names[s->level], s->name);
	int ret = s->init();
	state[i] = ret < 0 ? STEP_FAILED : STEP_DONE;
	if (ret < 0 && s->level <= INIT_CORE)
		panic("init: %s failed: %pe", s->name, ERR_PTR(ret));
	if (ret < 0)
		pr_err("init: %s failed: %pe\n", s->name, ERR_PTR(ret));
}

/* Run steps from `i` up to and including the one called last (NULL: to the end); returns the next. */
static u32 run_steps(u32 i, const char *last)
{
	while (i < ARRAY_SIZE(steps)) {
#ifdef CONFIG_DEBUG
		if (steps[i].level == INIT_USER && steps[i - 1].level != INIT_USER) {
			if (cmdline_get("ktest"))
				ktest_run(cmdline_get("ktest"));
			crash_late();
		}
#endif
		run_step(i++);
		if (last && !strcmp(steps[i - 1].name, last))
			break;
	}
	return i;
}

static void check_memory(void)
{
	u32 mib = (u32)((boot_ram_end() + 0xfffff) >> 20);

	if (mib < MIN_RAM_MIB)
		boot_stop("Sluice needs at least %u MiB of memory; this machine has %u.", MIN_RAM_MIB, mib);
	pr_info("memory: %u MiB\n", (u32)(boot_ram_bytes() >> 20));
}

static int run_rest(void *first)
{
	run_steps((u32)first, NULL);
	panic("init: the last step has returned");
}

/* QEMU's own loader puts the path of the kernel before the words; GRUB does not. */
static const char *skip_kernel_path(const char *line)
{
	if (strcmp(boot_info()->loader, "qemu"))
		return line;
	while (*line && *line != ' ')
		line++;
	return *line ? line + 1 : line;
}

/* From boot.asm, on the boot stack, interrupts off. The boot stack stays the idle task's. */
void kernel_main(u32 mbi_phys)
{
	cpu_early_init();
	boot_info_init(mbi_phys);
	direct_map_init();
	cmdline_init(skip_kernel_path(boot_info()->cmdline));
	u32 next = run_steps(0, "idt");
	pr_info("Sluice, started by %s, command line: %s\n", boot_info()->loader, cmdline_all());
	check_memory();
#ifdef CONFIG_DEBUG
	crash_early();
#endif
	next = run_steps(next, "timer");
	irq_enable();
	struct task *t = kthread_run(run_rest, (void *)next, "init");
	if (IS_ERR(t))
		panic("no memory for the first thread: %pe", t);
	cpu_idle_loop();
}
