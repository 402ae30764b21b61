/* System calls about the machine as a whole: its names, memory and load, random numbers, the log, switching off. */
#include "io/contract/char_device.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/percpu.h"
#include "kernel/hal/uaccess.h"
#include "kernel/lib/div64.h"
#include "kernel/lib/err.h"
#include "kernel/sched/random.h"
#include "kernel/lib/string.h"
#include "kernel/process/reboot.h"
#include "kernel/sched/signal.h"
#include "kernel/syscall/calls.h"
#include "kernel/syscall/utsname.h"
#include "mm/alloc.h"

/* ---- names ---- */

static struct utsname uts = { "Linux", "sluice", SLUICE_RELEASE, "Sluice " __DATE__ " " __TIME__, "i686", "(none)" };

const struct utsname *system_utsname(void) { return &uts; }

long sys_newuname(void __user *name) { return copy_to_user(name, &uts, sizeof(uts)) ? -EFAULT : 0; }

/* Without the domain name. */
long sys_olduname(void __user *name) { return copy_to_user(name, &uts, 5 * UTS_LEN) ? -EFAULT : 0; }

/* Five names of at most 8 characters. */
long sys_oldolduname(void __user *name)
{
	const char *const from[5] = { uts.sysname, uts.nodename, uts.release, uts.version, uts.machine };
	char out[5][9] = { { 0 } };

	for (u32 i = 0; i < 5; i++)
		strscpy(out[i], from[i], sizeof(out[i]));
	return copy_to_user(name, out, sizeof(out)) ? -EFAULT : 0;
}

static long set_name(char *to, const char __user *name, int len)
{
	char buf[UTS_LEN] = { 0 };

	if (!capable())
		return -EPERM;
	if (len < 0 || len >= UTS_LEN)
		return -EINVAL;
	if (copy_from_user(buf, name, (size_t)len))
		return -EFAULT;
	memcpy(to, buf, sizeof(buf));
	return 0;
}

long sys_sethostname(const char __user *name, int len) { return set_name(uts.nodename, name, len); }
long sys_setdomainname(const char __user *name, int len) { return set_name(uts.domainname, name, len); }

/* ---- memory and load ---- */

struct sysinfo_user {
	s32 uptime;
	u32 loads[3], totalram, freeram, sharedram, bufferram, totalswap, freeswap;
	u16 procs, pad;
	u32 totalhigh, freehigh, mem_unit;
	u8 unused[8];
};
static_assert(sizeof(struct sysinfo_user) == 64, "ABI");

long sys_sysinfo(void __user *info)
{
	struct sysinfo_user s = { 0 };
	u32 load[3];

	s.uptime = (s32)div_u64(ktime_ns() + NSEC_PER_SEC - 1, NSEC_PER_SEC);
	sched_loadavg(load);
	for (u32 i = 0; i < 3; i++)
		s.loads[i] = load[i] << 5; /* 11 to 16 fraction bits */
	s.totalram = nr_total_pages() << PAGE_SHIFT;
	s.freeram = nr_free_pages() << PAGE_SHIFT;
	s.procs = (u16)min(nr_tasks(), 65535u);
	s.mem_unit = 1;
	return copy_to_user(info, &s, sizeof(s)) ? -EFAULT : 0;
}

/* ---- random numbers ---- */

#define GRND_NONBLOCK 1u
#define GRND_RANDOM 2u
#define GRND_INSECURE 4u
#define RANDOM_CHUNK 256u

long sys_getrandom(void __user *buf, size_t n, u32 flags)
{
	u8 chunk[RANDOM_CHUNK];
	size_t done = 0;

	if (flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE) || (flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	n = min_t(size_t, n, 0x7fffffff);
	while (done < n) {
		size_t len = min_t(size_t, n - done, sizeof(chunk));
		get_random_bytes(chunk, len);
		if (copy_to_user((u8 *)buf + done, chunk, len))
			return done ? (long)done : -EFAULT;
		done += len;
		cond_resched();
		if (done < n && signal_pending_current())
			break;
	}
	memset(chunk, 0, sizeof(chunk));
	return (long)done;
}

/* ---- the way down ---- */

#define REBOOT_MAGIC1 0xfee1deadu
#define REBOOT_MAGIC2 672274793u
#define REBOOT_MAGIC2A 85072278u
#define REBOOT_MAGIC2B 369367448u
#define REBOOT_MAGIC2C 537993216u
#define REBOOT_RESTART 0x01234567u
#define REBOOT_RESTART2 0xa1b2c3d4u
#define REBOOT_HALT 0xcdef0123u
#define REBOOT_POWER_OFF 0x4321fedcu
#define REBOOT_CAD_ON 0x89abcdefu
#define REBOOT_CAD_OFF 0u

long sys_reboot(u32 magic1, u32 magic2, u32 cmd, const char __user *arg)
{
	if (!capable())
		return -EPERM;
	if (magic1 != REBOOT_MAGIC1 ||
	    (magic2 != REBOOT_MAGIC2 && magic2 != REBOOT_MAGIC2A && magic2 != REBOOT_MAGIC2B && magic2 != REBOOT_MAGIC2C))
		return -EINVAL;
	switch (cmd) {
	case REBOOT_POWER_OFF:
		kernel_power_off();
	case REBOOT_RESTART:
	case REBOOT_RESTART2:
		kernel_restart();
	case REBOOT_HALT:
		kernel_halt();
	case REBOOT_CAD_ON: /* Ctrl-Alt-Del does nothing either way */
	case REBOOT_CAD_OFF:
		return 0;
	default:
		return -EINVAL;
	}
}

/* ---- the log ---- */

#define SYSLOG_CLOSE 0
#define SYSLOG_OPEN 1
#define SYSLOG_READ 2
#define SYSLOG_READ_ALL 3
#define SYSLOG_READ_CLEAR 4
#define SYSLOG_CLEAR 5
#define SYSLOG_CONSOLE_OFF 6
#define SYSLOG_CONSOLE_ON 7
#define SYSLOG_CONSOLE_LEVEL 8
#define SYSLOG_SIZE_UNREAD 9
#define SYSLOG_SIZE_BUFFER 10
#define LOG_CHUNK 1024u
#define LOG_POLL_MS 100
#define DEFAULT_CONSOLE_LEVEL 7

static u64 syslog_pos; /* of SYSLOG_READ: one position for all readers */

/* Copy the log from *pos up to end; bytes or -errno. */
static long copy_log(u64 *pos, char __user *buf, u32 len)
{
	char *chunk = kmalloc(LOG_CHUNK, GFP_KERNEL);
	u32 done = 0;

	if (!chunk)
		return -ENOMEM;
	while (done < len) {
		size_t n = log_read(pos, chunk, min(len - done, LOG_CHUNK));
		if (!n)
			break;
		if (copy_to_user(buf + done, chunk, n)) {
			kfree(chunk);
			return -EFAULT;
		}
		done += n;
	}
	kfree(chunk);
	return (long)done;
}

/* The last len bytes since the log was cleared. */
static long read_last(char __user *buf, u32 len)
{
	u64 pos = log_clear_pos(), end = log_end();

	if (end > len && end - len > pos)
		pos = end - len;
	return copy_log(&pos, buf, len);
}

/* Wait until there is something new. printk may run anywhere and cannot wake; so this looks every now and then. */
static long read_next(char __user *buf, u32 len)
{
	while (syslog_pos >= log_end()) {
		if (signal_pending_current())
			return -ERESTARTSYS;
		set_current_state(TASK_INTERRUPTIBLE);
		schedule_until(deadline_ms(LOG_POLL_MS));
	}
	return copy_log(&syslog_pos, buf, len);
}

long sys_syslog(int type, char __user *buf, int len)
{
	long r;

	if (type != SYSLOG_READ_ALL && type != SYSLOG_SIZE_BUFFER && !capable())
		return -EPERM;
	switch (type) {
	case SYSLOG_CLOSE:
	case SYSLOG_OPEN:
		return 0;
	case SYSLOG_READ:
	case SYSLOG_READ_ALL:
	case SYSLOG_READ_CLEAR:
		if (!buf || len < 0)
			return -EINVAL;
		if (!len)
			return 0;
		r = type == SYSLOG_READ ? read_next(buf, (u32)len) : read_last(buf, (u32)len);
		if (type == SYSLOG_READ_CLEAR && r >= 0)
			log_clear();
		return r;
	case SYSLOG_CLEAR:
		log_clear();
		return 0;
	case SYSLOG_CONSOLE_OFF:
		console_set_level(1);
		return 0;
	case SYSLOG_CONSOLE_ON:
		console_set_level(DEFAULT_CONSOLE_LEVEL);
		return 0;
	case SYSLOG_CONSOLE_LEVEL:
		if (len < 1 || len > 8)
			return -EINVAL;
		console_set_level(len);
		return 0;
	case SYSLOG_SIZE_UNREAD:
		return (long)(log_end() - syslog_pos);
	case SYSLOG_SIZE_BUFFER:
		return 64 << 10;
	default:
		return -EINVAL;
	}
}

long sys_vhangup(void)
{
	struct tty *t = current->signal->tty;

	if (!capable())
		return -EPERM;
	if (t)
		tty_hangup(t);
	return 0;
}
