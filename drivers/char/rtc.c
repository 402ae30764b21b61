/*
 * The real-time clock on IRQ 8: /dev/rtc0 (rtc(4) of Linux). Time and alarm by ioctl; periodic, alarm and update interrupts by read and
 * poll. Registers: Motorola MC146818A datasheet (kernel/hal/cmos.h).
 * Halves: rtc_irq reads register C and counts; a reader takes the count. rtc.lock (irqsave) guards what both touch; rtc.mutex keeps the
 * sequences that set time and alarm whole. The device has one opener at a time, as on Linux.
 */
#include "drivers/drivers.h"
#include "io/contract/char_device.h"
#include "io/contract/devnode.h"
#include "io/contract/filesystem.h"
#include "io/contract/proc_file.h"
#include "kernel/hal/cmos.h"
#include "kernel/hal/uaccess.h"
#include "kernel/irq/irq.h"
#include "kernel/lib/string.h"
#include "kernel/sched/cred.h"
#include "kernel/uapi/ioctl.h"
#include "kernel/uapi/rtc.h"
#include "kernel/uapi/signal.h"
#include "kernel/uapi/stat.h"

#define RTC_DEV MKDEV(254, 0)
#define RTC_NODE_MODE (S_IFCHR | 0600)
#define RTC_IRQ 8
#define RTC_PORT 0x70
#define RTC_NR_PORTS 2
#define RTC_OSCILLATOR 32768u
#define FREQ_MIN 2u
#define FREQ_MAX 8192u
#define FREQ_USER_MAX 64u /* more is for root: 8192 interrupts a second cost the others their time */
#define FREQ_DEFAULT 1024u
#define DAY_SECONDS 86400u

static struct rtc {
	struct spinlock lock;
	u8 enabled;           /* lock: RTC_B_PIE, AIE, UIE as they are in register B */
	u32 data;             /* lock: what the next read gives; 0: nothing has happened */
	bool alive, open;     /* mutex; alive is also read by waiters */
	u32 freq;             /* mutex: of the periodic interrupt, Hz */
	u64 alarm;            /* mutex: seconds since 1970; 0: never set */
	struct mutex mutex;
	struct wait_queue_head wait;
	struct fasync_struct *fasync;
} rtc = {
	.lock = SPINLOCK_INIT("rtc", RANK_DRIVER),
	.freq = FREQ_DEFAULT,
	.mutex = MUTEX_INIT(rtc.mutex, "rtc", RANK_OBJECT),
	.wait = WAIT_QUEUE_INIT(rtc.wait),
};
static struct class rtc_class = { .name = "rtc" };

/* ---- interrupt side ---- */

/* Lock held. */
static void happened(u8 which)
{
	rtc.data = ((rtc.data + 0x100) & ~0xffu) | RTC_IRQF | which;
	wake_up_poll(&rtc.wait, POLLIN | POLLRDNORM);
	kill_fasync(&rtc.fasync, SIGIO, POLL_IN);
}

static void enable_locked(u8 which, bool on)
{
	rtc.enabled = (u8)(on ? rtc.enabled | which : rtc.enabled & ~which);
	cmos_write(RTC_B, (u8)((cmos_read(RTC_B) & ~(RTC_B_PIE | RTC_B_AIE | RTC_B_UIE)) | rtc.enabled));
}

static irqreturn_t rtc_irq(int irq, void *dev)
{
	irqreturn_t r = IRQ_NONE;
	u8 c, which;

	spin_lock(&rtc.lock);
	c = cmos_read(RTC_C);
	which = c & rtc.enabled; /* the flags are set whether their interrupt is enabled or not */
	if (c & RTC_C_IRQF)
		r = IRQ_HANDLED;
	if (which & RTC_AF)
		enable_locked(RTC_B_AIE, false); /* the registers have no date: it would come again every day */
	if (which)
		happened(which);
	spin_unlock(&rtc.lock);
	return r;
}

/* ---- time and alarm; mutex held ---- */

static void enable(u8 which, bool on)
{
	u32 flags = spin_lock_irqsave(&rtc.lock);

	enable_locked(which, on);
	spin_unlock_irqrestore(&rtc.lock, flags);
}

static void to_user_form(const struct calendar *c, struct rtc_time *t)
{
	*t = (struct rtc_time){ .tm_sec = (s32)c->sec, .tm_min = (s32)c->min, .tm_hour = (s32)c->hour, .tm_mday = (s32)c->day,
				.tm_mon = (s32)c->month - 1, .tm_year = (s32)c->year - 1900, .tm_wday = (s32)calendar_weekday(c),
				.tm_yday = (s32)calendar_yearday(c) };
}

/* 0 or -EINVAL. */
static int from_user_form(const struct rtc_time *t, struct calendar *c)
{
	*c = (struct calendar){ .year = (u32)t->tm_year + 1900, .month = (u32)t->tm_mon + 1, .day = (u32)t->tm_mday, .hour = (u32)t->tm_hour,
				.min = (u32)t->tm_min, .sec = (u32)t->tm_sec };
	return calendar_valid(c) ? 0 : -EINVAL;
}

/* 0, or -EINVAL: the clock has lost its time. */
static int read_time(struct calendar *c)
{
	cmos_get_time(c);
	return calendar_valid(c) ? 0 : -EINVAL;
}

static int set_freq(u32 freq)
{
	u8 rate = 1;

	if (freq < FREQ_MIN || freq > FREQ_MAX || freq & (freq - 1))
		return -EINVAL;
	while (RTC_OSCILLATOR >> (rate - 1) != freq)
		rate++;
	cmos_write(RTC_A, (u8)((cmos_read(RTC_A) & ~(RTC_A_UPDATE | RTC_A_RATE)) | rate));
	rtc.freq = freq;
	return 0;
}

/* The alarm at a moment: at most a day ahead, since the registers have no date; one that is over goes off at once. */
static int set_alarm(u64 when, bool on)
{
	struct calendar now, c;
	u32 flags;
	int error = read_time(&now);

	if (error)
		return error;
	if (when > calendar_to_seconds(&now) + DAY_SECONDS)
		return -EINVAL;
	calendar_from_seconds(when, &c);
	enable(RTC_B_AIE, false);
	cmos_write(RTC_HOURS_ALARM, cmos_to_register(RTC_HOURS_ALARM, (u8)c.hour));
	cmos_write(RTC_MINUTES_ALARM, cmos_to_register(RTC_MINUTES_ALARM, (u8)c.min));
	cmos_write(RTC_SECONDS_ALARM, cmos_to_register(RTC_SECONDS_ALARM, (u8)c.sec));
	rtc.alarm = when;
	if (!on)
		return 0;
	if (when > calendar_to_seconds(&now)) {
		enable(RTC_B_AIE, true);
		return 0;
	}
	flags = spin_lock_irqsave(&rtc.lock);
	happened(RTC_AF);
	spin_unlock_irqrestore(&rtc.lock, flags);
	return 0;
}

/* RTC_ALM_SET: a time of day, the next one that comes. It is not switched on. */
static int set_alarm_time(const struct rtc_time *t)
{
	struct calendar c;
	int error = read_time(&c);
	u64 now, when;

	if (error)
		return error;
	now = calendar_to_seconds(&c);
	c.hour = (u32)t->tm_hour;
	c.min = (u32)t->tm_min;
	c.sec = (u32)t->tm_sec;
	if (!calendar_valid(&c))
		return -EINVAL;
	when = calendar_to_seconds(&c);
	return set_alarm(when > now ? when : when + DAY_SECONDS, false);
}

static void get_alarm(struct rtc_wkalrm *a)
{
	struct calendar c;

	memset(a, 0, sizeof(*a));
	calendar_from_seconds(rtc.alarm, &c);
	to_user_form(&c, &a->time);
	a->enabled = !!(rtc.enabled & RTC_B_AIE);
}

/* ---- the file ---- */

static int rtc_open(struct inode *inode, struct file *f)
{
	int error = 0;
	u32 flags;

	mutex_lock(&rtc.mutex);
	if (!rtc.alive)
		error = -ENODEV;
	else if (rtc.open)
		error = -EBUSY;
	else
		rtc.open = true;
	mutex_unlock(&rtc.mutex);
	if (error)
		return error;
	flags = spin_lock_irqsave(&rtc.lock);
	rtc.data = 0;
	spin_unlock_irqrestore(&rtc.lock, flags);
	f->mode |= FMODE_STREAM;
	return 0;
}

/* What repeats ends with its reader; an alarm stays set. */
static void rtc_release(struct file *f)
{
	mutex_lock(&rtc.mutex);
	rtc.open = false;
	enable(RTC_B_PIE | RTC_B_UIE, false);
	mutex_unlock(&rtc.mutex);
}

static ssize_t rtc_read_iter(struct kiocb *k, struct iov_iter *to)
{
	u32 flags, v = 0;
	int error;

	if (iov_iter_count(to) < sizeof(v))
		return -EINVAL;
	do {
		if (!rtc.data && (k->file->flags & O_NONBLOCK))
			return -EAGAIN;
		error = (int)wait_event_interruptible(&rtc.wait, rtc.data || !rtc.alive);
		if (error)
			return error;
		if (!rtc.alive)
			return -ENODEV;
		flags = spin_lock_irqsave(&rtc.lock);
		v = rtc.data;
		rtc.data = 0;
		spin_unlock_irqrestore(&rtc.lock, flags);
	} while (!v); /* another thread was faster */
	return copy_to_iter(&v, sizeof(v), to) == sizeof(v) ? (ssize_t)sizeof(v) : -EFAULT;
}

static u32 rtc_poll(struct file *f, struct poll_table *pt)
{
	poll_wait(f, &rtc.wait, pt);
	if (!rtc.alive)
		return POLLERR | POLLHUP;
	return rtc.data ? POLLIN | POLLRDNORM : 0;
}

/* What the ioctls carry, in kernel memory: user memory is not touched with the mutex held, which ranks above the address space's lock. */
union rtc_arg {
	struct rtc_time time;
	struct rtc_wkalrm alarm;
	u32 freq;
};

static int do_set_time(const struct rtc_time *t)
{
	struct calendar c;
	int error;

	if (!capable())
		return -EACCES;
	error = from_user_form(t, &c);
	if (!error)
		error = cmos_set_time(&c);
	enable(0, true); /* register B once more: an alarm may have gone off meanwhile */
	return error;
}

static int do_get_time(struct rtc_time *t)
{
	struct calendar c;
	int error = read_time(&c);

	if (!error)
		to_user_form(&c, t);
	return error;
}

static int alarm_ioctl(u32 cmd, union rtc_arg *a)
{
	struct rtc_wkalrm now;
	struct calendar c;
	int error;

	switch (cmd) {
	case RTC_ALM_READ:
		get_alarm(&now);
		a->time = now.time;
		return 0;
	case RTC_WKALM_RD:
		get_alarm(&a->alarm);
		return 0;
	case RTC_ALM_SET:
		return set_alarm_time(&a->time);
	}
	error = from_user_form(&a->alarm.time, &c);
	return error ? error : set_alarm(calendar_to_seconds(&c), a->alarm.enabled);
}

static int ioctl_locked(u32 cmd, unsigned long arg, union rtc_arg *a)
{
	switch (cmd) {
	case RTC_RD_TIME:
		return do_get_time(&a->time);
	case RTC_SET_TIME:
		return do_set_time(&a->time);
	case RTC_ALM_READ:
	case RTC_ALM_SET:
	case RTC_WKALM_RD:
	case RTC_WKALM_SET:
		return alarm_ioctl(cmd, a);
	case RTC_IRQP_READ:
		a->freq = rtc.freq;
		return 0;
	case RTC_IRQP_SET:
		return arg > FREQ_USER_MAX && !capable() ? -EACCES : set_freq((u32)arg);
	case RTC_PIE_ON:
		if (rtc.freq > FREQ_USER_MAX && !capable())
			return -EACCES;
		enable(RTC_B_PIE, true);
		return 0;
	case RTC_AIE_ON:
	case RTC_AIE_OFF:
		enable(RTC_B_AIE, cmd == RTC_AIE_ON);
		return 0;
	case RTC_UIE_ON:
	case RTC_UIE_OFF:
		enable(RTC_B_UIE, cmd == RTC_UIE_ON);
		return 0;
	case RTC_PIE_OFF:
		enable(RTC_B_PIE, false);
		return 0;
	}
	return -ENOTTY;
}

static long rtc_ioctl(struct file *f, u32 cmd, unsigned long arg)
{
	void __user *p = (void __user *)arg;
	u32 size = IOC_SIZE(cmd);
	union rtc_arg a;
	long r;

	memset(&a, 0, sizeof(a));
	if (cmd == RTC_IRQP_SET) /* its argument is the number itself */
		size = 0;
	if (size > sizeof(a))
		return -ENOTTY;
	if ((cmd & IOC_WRITE) && copy_from_user(&a, p, size))
		return -EFAULT;
	mutex_lock(&rtc.mutex);
	r = rtc.alive ? ioctl_locked(cmd, arg, &a) : -ENODEV;
	mutex_unlock(&rtc.mutex);
	if (!r && (cmd & IOC_READ) && copy_to_user(p, &a, size))
		r = -EFAULT;
	return r;
}

static int rtc_fasync(int fd, struct file *f, int on)
{
	return fasync_helper(fd, f, on, &rtc.fasync);
}

static const struct file_operations rtc_fops = {
	.name = "rtc",
	.open = rtc_open,
	.release = rtc_release,
	.read_iter = rtc_read_iter,
	.poll = rtc_poll,
	.ioctl = rtc_ioctl,
	.fasync = rtc_fasync,
	.llseek = no_llseek,
};

/* ---- /sys/class/rtc/rtc0 and /proc/driver/rtc ---- */

enum { SHOW_NAME, SHOW_DATE, SHOW_TIME, SHOW_SECONDS, SHOW_MAX_FREQ, SHOW_HCTOSYS };

static int attr_show(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	struct calendar c;
	int error;

	mutex_lock(&rtc.mutex);
	error = read_time(&c);
	mutex_unlock(&rtc.mutex);
	switch ((u32)a->arg) {
	case SHOW_NAME: seq_puts(s, "rtc_cmos rtc_cmos\n"); return 0;
	case SHOW_MAX_FREQ: seq_printf(s, "%u\n", FREQ_USER_MAX); return 0;
	case SHOW_HCTOSYS: seq_puts(s, "1\n"); return 0; /* the wall clock started from it */
	}
	if (error)
		return error;
	if ((u32)a->arg == SHOW_DATE)
		seq_printf(s, "%04u-%02u-%02u\n", c.year, c.month, c.day);
	else if ((u32)a->arg == SHOW_TIME)
		seq_printf(s, "%02u:%02u:%02u\n", c.hour, c.min, c.sec);
	else
		seq_printf(s, "%llu\n", calendar_to_seconds(&c));
	return 0;
}

static const struct kobj_attribute rtc_attrs[] = {
	{ .name = "name", .mode = 0444, .show = attr_show, .arg = (void *)SHOW_NAME },
	{ .name = "date", .mode = 0444, .show = attr_show, .arg = (void *)SHOW_DATE },
	{ .name = "time", .mode = 0444, .show = attr_show, .arg = (void *)SHOW_TIME },
	{ .name = "since_epoch", .mode = 0444, .show = attr_show, .arg = (void *)SHOW_SECONDS },
	{ .name = "max_user_freq", .mode = 0444, .show = attr_show, .arg = (void *)SHOW_MAX_FREQ },
	{ .name = "hctosys", .mode = 0444, .show = attr_show, .arg = (void *)SHOW_HCTOSYS },
};

static const char *yes(bool on) { return on ? "yes" : "no"; }

static void show_moment(struct seq_buf *s, const char *what, const struct calendar *c)
{
	seq_printf(s, "%s_time\t: %02u:%02u:%02u\n%s_date\t: %04u-%02u-%02u\n", what, c->hour, c->min, c->sec, what, c->year, c->month, c->day);
}

static int proc_show(struct seq_buf *s, void *arg)
{
	struct calendar c;
	u8 on, b;

	mutex_lock(&rtc.mutex);
	if (!rtc.alive) {
		mutex_unlock(&rtc.mutex);
		return -ENODEV;
	}
	cmos_get_time(&c);
	show_moment(s, "rtc", &c);
	calendar_from_seconds(rtc.alarm, &c);
	show_moment(s, "alrm", &c);
	on = rtc.enabled;
	b = cmos_read(RTC_B);
	seq_printf(s, "alarm_IRQ\t: %s\nalrm_pending\t: no\nupdate IRQ enabled\t: %s\nperiodic IRQ enabled\t: %s\n", yes(on & RTC_B_AIE),
		   yes(on & RTC_B_UIE), yes(on & RTC_B_PIE));
	seq_printf(s, "periodic IRQ frequency\t: %u\nmax user IRQ frequency\t: %u\n24hr\t\t: %s\n", rtc.freq, FREQ_USER_MAX, yes(b & RTC_B_24H));
	seq_printf(s, "periodic_IRQ\t: %s\nupdate_IRQ\t: %s\nHPET_emulated\t: no\nBCD\t\t: %s\nDST_enable\t: %s\n", yes(on & RTC_B_PIE),
		   yes(on & RTC_B_UIE), yes(!(b & RTC_B_BINARY)), yes(b & RTC_B_DST));
	seq_printf(s, "periodic_freq\t: %u\nbatt_status\t: %s\n", rtc.freq, cmos_read(RTC_D) & RTC_D_VALID ? "okay" : "dead");
	mutex_unlock(&rtc.mutex);
	return 0;
}

/* ---- finding it ---- */

static void switch_on(bool on)
{
	mutex_lock(&rtc.mutex);
	rtc.alive = on;
	enable(RTC_B_PIE | RTC_B_AIE | RTC_B_UIE, false);
	mutex_unlock(&rtc.mutex);
	cmos_read(RTC_C); /* what the firmware left pending would hold the line */
	wake_up_all(&rtc.wait);
}

static int rtc_probe(struct platform_device *p)
{
	struct device *d;
	int error;

	if (cmos_read(RTC_A) == 0xff && cmos_read(RTC_B) == 0xff)
		return -ENODEV;
	mutex_lock(&rtc.mutex);
	error = set_freq(FREQ_DEFAULT);
	mutex_unlock(&rtc.mutex);
	switch_on(true);
	if (!error)
		error = request_irq((u32)p->irq, rtc_irq, 0, "rtc0", p);
	if (error)
		goto no_irq;
	error = register_chrdev(RTC_DEV, 1, "rtc", &rtc_fops, NULL);
	if (error)
		goto no_numbers;
	d = device_create(&rtc_class, &p->dev, RTC_DEV, RTC_NODE_MODE, NULL, "rtc0");
	error = IS_ERR(d) ? (int)PTR_ERR(d) : sysfs_add_files(&d->kobj, rtc_attrs, ARRAY_SIZE(rtc_attrs));
	if (!error)
		error = devfs_symlink("rtc", "rtc0"); /* the name from before there could be several */
	if (!error)
		return 0;
	if (!IS_ERR(d))
		device_destroy(&rtc_class, RTC_DEV);
	unregister_chrdev(RTC_DEV, 1);
no_numbers:
	free_irq((u32)p->irq, p);
no_irq:
	switch_on(false);
	return error;
}

static void rtc_remove(struct platform_device *p)
{
	switch_on(false);
	devfs_remove("rtc");
	device_destroy(&rtc_class, RTC_DEV);
	unregister_chrdev(RTC_DEV, 1);
	free_irq((u32)p->irq, p);
}

static int rtc_setup(void)
{
	int error = class_register(&rtc_class);

	return error ? error : proc_create("driver/rtc", 0444, proc_show, NULL, NULL);
}

struct platform_driver rtc_driver = { .name = "rtc_cmos", .setup = rtc_setup, .probe = rtc_probe, .remove = rtc_remove };
