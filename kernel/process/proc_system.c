/*
 * The system-wide files of /proc that belong to no single subsystem, in Linux's formats (proc(5)), since free, top, uptime, df and others
 * read them. The rest is registered by its owners.
 */
#include "io/cache/cache_stats.h"
#include "io/contract/block_device.h"
#include "io/contract/char_device.h"
#include "io/contract/proc_file.h"
#include "io/vfs/mount.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/debug/symbols.h"
#include "kernel/hal/cpu.h"
#include "kernel/hal/isa_dma.h"
#include "kernel/hal/power.h"
#include "kernel/init.h"
#include "kernel/irq/irq.h"
#include "kernel/irq/softirq.h"
#include "kernel/lib/div64.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/process/process.h"
#include "kernel/sched/time.h"
#include "kernel/syscall/utsname.h"
#include "mm/alloc.h"
#include "mm/mm.h"

#define USER_HZ 100u
#define NS_PER_USER_TICK (1000000000u / USER_HZ)

struct cpu_times {
	u64 user, system;
};

/* Times of all processes that are, and (through init's children) were. */
static struct cpu_times all_times(void)
{
	struct cpu_times sum = { 0, 0 };
	struct task *t;

	spin_lock_bh(&tasklist_lock);
	list_for_each_entry(t, &all_tasks, all_node) {
		u64 u, k;

		task_cputime(t, &u, &k);
		sum.user += u;
		sum.system += k;
		if (t->signal && t->pid == t->tgid) {
			sum.user += t->signal->cutime_ns + t->signal->utime_dead_ns;
			sum.system += t->signal->cstime_ns + t->signal->stime_dead_ns;
		}
	}
	spin_unlock_bh(&tasklist_lock);
	return sum;
}

static void stat_cpu(struct seq_buf *s, const char *name)
{
	struct cpu_times t = all_times();
	u64 iowait, idle = sched_idle_ns(&iowait);

	seq_printf(s, "%s %llu 0 %llu %llu %llu 0 0 0 0 0\n", name, div_u64(t.user, NS_PER_USER_TICK), div_u64(t.system, NS_PER_USER_TICK),
		   div_u64(idle - iowait, NS_PER_USER_TICK), div_u64(iowait, NS_PER_USER_TICK));
}

static int show_stat(struct seq_buf *s, void *arg)
{
	stat_cpu(s, "cpu ");
	stat_cpu(s, "cpu0");
	seq_printf(s, "intr %llu", irq_total());
	for (u32 i = 0; i < NR_IRQS; i++)
		seq_printf(s, " %u", irq_count(i));
	seq_printf(s, "\nctxt %llu\nbtime %llu\nprocesses %llu\nprocs_running %u\nprocs_blocked %u\nsoftirq %llu\n", sched_context_switches(),
		   div64_u64(realtime_ns() - ktime_ns(), NSEC_PER_SEC), sched_forks(), nr_running(), nr_blocked(), softirq_total());
	return 0;
}

static void seconds_hundredths(struct seq_buf *s, u64 ns)
{
	u32 hundredths;
	u64 sec = div_u64_rem(div_u64(ns, 10000000), 100, &hundredths);

	seq_printf(s, "%llu.%02u", sec, hundredths);
}

static int show_uptime(struct seq_buf *s, void *arg)
{
	seconds_hundredths(s, ktime_ns());
	seq_putc(s, ' ');
	seconds_hundredths(s, sched_idle_ns(NULL));
	seq_putc(s, '\n');
	return 0;
}

static int show_loadavg(struct seq_buf *s, void *arg)
{
	u32 avg[3], tasks = 0;
	struct task *t;
	pid_t last = 0;

	sched_loadavg(avg);
	for (u32 i = 0; i < 3; i++)
		seq_printf(s, "%u.%02u ", avg[i] >> 11, ((avg[i] & 2047) * 100) >> 11);
	spin_lock_bh(&tasklist_lock);
	list_for_each_entry(t, &all_tasks, all_node) {
		tasks++;
		last = max(last, t->pid);
	}
	spin_unlock_bh(&tasklist_lock);
	seq_printf(s, "%u/%u %d\n", nr_running(), tasks, last);
	return 0;
}

static int show_cmdline(struct seq_buf *s, void *arg)
{
	seq_printf(s, "%s\n", cmdline_all());
	return 0;
}

static int show_version(struct seq_buf *s, void *arg)
{
	const struct utsname *u = system_utsname();

	seq_printf(s, "%s version %s (Sluice) %s\n", u->sysname, u->release, u->version);
	return 0;
}

static int show_devices(struct seq_buf *s, void *arg)
{
	int error = chrdev_show(s, NULL);

	seq_puts(s, "\nBlock devices:\n");
	return error ? error : blkdevs_show(s, NULL);
}

/* ---- /proc/sysrq-trigger: the letters of Documentation/admin-guide/sysrq.rst that make sense here ---- */

static void sysrq_tasks(void)
{
	struct task *t;

	spin_lock_bh(&tasklist_lock);
	list_for_each_entry(t, &all_tasks, all_node) {
		pr_notice("%5d %5d %c %s\n", t->pid, t->parent ? t->parent->pid : 0, task_state_char(t), t->comm);
		if (t->state == TASK_INTERRUPTIBLE || t->state == TASK_UNINTERRUPTIBLE)
			backtrace_waiting(t->kernel_esp);
	}
	spin_unlock_bh(&tasklist_lock);
}

static ssize_t write_sysrq(void *arg, const char *text, size_t len)
{
	switch (len ? text[0] : 0) {
	case 'b':
		machine_reset();
	case 'c':
		panic("sysrq triggered crash");
	case 'm':
		pr_notice("%u of %u pages are free, %u cached, %u in slabs\n", nr_free_pages(), nr_total_pages(), nr_cached_pages(), slab_pages());
		break;
	case 'o':
		sync_filesystems(true);
		machine_power_off();
	case 's':
		sync_filesystems(true);
		break;
	case 't':
		sysrq_tasks();
		break;
	case 'u':
		umount_all();
		break;
	default:
		pr_notice("sysrq: b reset, c crash, m memory, o power off, s sync, t tasks, u unmount\n");
	}
	return (ssize_t)len;
}

static int show_ostype(struct seq_buf *s, void *arg)
{
	seq_printf(s, "%s\n", system_utsname()->sysname);
	return 0;
}

static int show_osrelease(struct seq_buf *s, void *arg)
{
	seq_printf(s, "%s\n", system_utsname()->release);
	return 0;
}

static int show_hostname(struct seq_buf *s, void *arg)
{
	seq_printf(s, "%s\n", system_utsname()->nodename);
	return 0;
}

static int show_rt_period(struct seq_buf *s, void *arg)
{
	seq_printf(s, "%u\n", sched_rt_period_us);
	return 0;
}

static int show_rt_runtime(struct seq_buf *s, void *arg)
{
	seq_printf(s, "%d\n", (s32)sched_rt_runtime_us);
	return 0;
}

static ssize_t write_rt_period(void *arg, const char *text, size_t len)
{
	u32 us;

	if (kstrtou32(text, 10, &us) || !us || us > INT32_MAX || (us < sched_rt_runtime_us && sched_rt_runtime_us != RT_RUNTIME_ALL))
		return -EINVAL;
	sched_rt_period_us = us;
	return (ssize_t)len;
}

static ssize_t write_rt_runtime(void *arg, const char *text, size_t len)
{
	u32 us = RT_RUNTIME_ALL;

	if (!(text[0] == '-' && text[1] == '1' && (!text[2] || text[2] == '\n')) && (kstrtou32(text, 10, &us) || us > sched_rt_period_us))
		return -EINVAL;
	sched_rt_runtime_us = us;
	return (ssize_t)len;
}

static const struct {
	const char *path;
	u32 mode;
	seq_show_t show;
	ssize_t (*write)(void *arg, const char *text, size_t len);
} files[] = {
	{ "cmdline", 0444, show_cmdline, NULL },
	{ "cpuinfo", 0444, cpu_show, NULL },
	{ "devices", 0444, show_devices, NULL },
	{ "dma", 0444, isa_dma_show, NULL },
	{ "filesystems", 0444, filesystems_show, NULL },
	{ "interrupts", 0444, irq_show_table, NULL },
	{ "timer_list", 0400, timer_show_list, NULL },
	{ "loadavg", 0444, show_loadavg, NULL },
	{ "meminfo", 0444, meminfo_show, NULL },
	{ "slabinfo", 0400, slab_show, NULL },
	{ "softirqs", 0444, softirq_show, NULL },
	{ "stat", 0444, show_stat, NULL },
	{ "sys/kernel/hostname", 0444, show_hostname, NULL },
	{ "sys/kernel/osrelease", 0444, show_osrelease, NULL },
	{ "sys/kernel/ostype", 0444, show_ostype, NULL },
	{ "sys/kernel/sched_rt_period_us", 0644, show_rt_period, write_rt_period },
	{ "sys/kernel/sched_rt_runtime_us", 0644, show_rt_runtime, write_rt_runtime },
	{ "sysrq-trigger", 0200, NULL, write_sysrq },
	{ "uptime", 0444, show_uptime, NULL },
	{ "version", 0444, show_version, NULL },
	{ "vmstat", 0444, vmstat_show, NULL },
};

int proc_files_init(void)
{
	int error = proc_pid_init();

	for (u32 i = 0; i < ARRAY_SIZE(files) && !error; i++)
		error = proc_create(files[i].path, files[i].mode, files[i].show, files[i].write, NULL);
	for (u32 irq = 0; irq < NR_IRQS && !error; irq++) {
		char path[24];
		ksnprintf(path, sizeof(path), "irq/%u/spurious", irq);
		error = proc_create(path, 0444, irq_show_spurious, NULL, (void *)irq);
	}
	return error;
}
