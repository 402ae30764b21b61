/*
 * ACPI's fixed hardware: the switch to ACPI mode, the system control interrupt with its two groups of events (PM1 and general purpose), the
 * power management timer, and switching off. References: ACPI 6.4, section 4.8 (registers), 7.4 (sleep types); acpi_tables.h.
 * event_lock (irqsave) guards the handlers and the enable registers; the interrupt handler clears every event that came, since the line is
 * level triggered and shared.
 * /sys/firmware/acpi/interrupts counts them: sci (all), sci_not (somebody else's), ff_* (PM1) and gpe00 to gpe0F.
 */
#include "drivers/drivers.h"
#include "drivers/acpi/acpi.h"
#include "io/contract/resource.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/irq_chip.h"
#include "kernel/hal/port.h"
#include "kernel/hal/power.h"
#include "kernel/irq/irq.h"
#include "kernel/lib/printf.h"
#include "kernel/sched/task.h"
#include "kernel/sync/spinlock.h"

#define NR_PM1 16u
#define NR_GPE 16u
#define SCI_ROUNDS 16u        /* of one interrupt */
#define MODE_WAIT_MS 3000u    /* the firmware's handler may take this long (Linux waits as long) */
#define MODE_STEP_MS 1u

struct event {
	void (*fn)(void *arg);
	void *arg;
	u32 count;
};

static struct acpi_fixed hw;
static DEFINE_SPINLOCK(event_lock, RANK_DRIVER);
static struct event pm1[NR_PM1], gpe[NR_GPE]; /* event_lock */
static u32 sci_count, sci_not_ours;           /* event_lock */
static u64 pm_ticks;                          /* event_lock: of the timer, the part that its register forgets included */
static u32 pm_last;                           /* event_lock: what the register showed then */
static u8 off_type_a, off_type_b;             /* SLP_TYP of soft off */

const struct acpi_fixed *acpi_fixed_hardware(void) { return &hw; }

static u16 pm1_status(void) { return port_read16(hw.pm1_evt); }
static u16 pm1_enable_port(void) { return (u16)(hw.pm1_evt + hw.pm1_evt_len / 2); }
static u16 gpe_enable_port(u32 byte) { return (u16)(hw.gpe0 + hw.gpe0_len / 2 + byte); }
static u32 gpe_bytes(void) { return min(hw.gpe0_len / 2, NR_GPE / 8); }

/* ---- events ---- */

static void fire(struct event *e)
{
	e->count++;
	if (e->fn)
		e->fn(e->arg);
}

/* Clear and handle what is there and enabled; false: nothing. Lock held. */
static bool handle_pm1(void)
{
	u16 came = pm1_status() & port_read16(pm1_enable_port());

	if (!came)
		return false;
	port_write16(hw.pm1_evt, came);
	for (u32 i = 0; i < NR_PM1; i++)
		if (came & BIT(i))
			fire(&pm1[i]);
	return true;
}

static bool handle_gpe(void)
{
	bool any = false;

	for (u32 byte = 0; byte < gpe_bytes(); byte++) {
		u8 came = port_read8((u16)(hw.gpe0 + byte)) & port_read8(gpe_enable_port(byte));

		if (!came)
			continue;
		any = true;
		port_write8((u16)(hw.gpe0 + byte), came);
		for (u32 i = 0; i < 8; i++)
			if (came & BIT(i))
				fire(&gpe[byte * 8 + i]);
	}
	return any;
}

static irqreturn_t acpi_irq(int irq, void *dev)
{
	bool ours = false;

	spin_lock(&event_lock);
	for (u32 i = 0; i < SCI_ROUNDS; i++) {
		bool fixed = handle_pm1(), general = handle_gpe();

		if (!fixed && !general)
			break;
		ours = true;
	}
	if (ours)
		sci_count++;
	else
		sci_not_ours++;
	spin_unlock(&event_lock);
	return ours ? IRQ_HANDLED : IRQ_NONE;
}

static void pm1_switch(u32 bit, bool on)
{
	u16 old = port_read16(pm1_enable_port());

	port_write16(pm1_enable_port(), (u16)(on ? old | bit : old & ~bit));
}

int acpi_install_fixed_event(u32 bit, void (*fn)(void *arg), void *arg)
{
	struct event *e = &pm1[__builtin_ctz(bit)];
	int error = hw.pm1_evt ? 0 : -ENODEV;
	u32 flags = spin_lock_irqsave(&event_lock);

	if (!error && e->fn)
		error = -EBUSY;
	if (!error) {
		e->fn = fn;
		e->arg = arg;
		port_write16(hw.pm1_evt, (u16)bit); /* what came before counts for nobody */
		pm1_switch(bit, true);
	}
	spin_unlock_irqrestore(&event_lock, flags);
	return error;
}

void acpi_remove_fixed_event(u32 bit)
{
	u32 flags = spin_lock_irqsave(&event_lock);

	pm1_switch(bit, false);
	pm1[__builtin_ctz(bit)].fn = NULL;
	spin_unlock_irqrestore(&event_lock, flags);
}

static void gpe_switch(u32 n, bool on)
{
	u8 bit = (u8)(1u << (n & 7)), old = port_read8(gpe_enable_port(n / 8));

	port_write8(gpe_enable_port(n / 8), (u8)(on ? old | bit : old & ~bit));
}

int acpi_install_gpe(u32 n, void (*fn)(void *arg), void *arg)
{
	int error = n < gpe_bytes() * 8 ? 0 : -ENODEV;
	u32 flags = spin_lock_irqsave(&event_lock);

	if (!error && gpe[n].fn)
		error = -EBUSY;
	if (!error) {
		gpe[n].fn = fn;
		gpe[n].arg = arg;
		port_write8((u16)(hw.gpe0 + n / 8), (u8)(1u << (n & 7)));
		gpe_switch(n, true);
	}
	spin_unlock_irqrestore(&event_lock, flags);
	return error;
}

void acpi_remove_gpe(u32 n)
{
	u32 flags = spin_lock_irqsave(&event_lock);

	gpe_switch(n, false);
	gpe[n].fn = NULL;
	spin_unlock_irqrestore(&event_lock, flags);
}

/* ---- the timer: 3.58 MHz; its register has 24 or 32 bits, and whenever the highest one changes it interrupts ---- */

/* Lock held. */
static void pm_timer_update(void *arg)
{
	u32 now = port_read32(hw.pm_tmr) & hw.pm_tmr_mask;

	pm_ticks += (now - pm_last) & hw.pm_tmr_mask;
	pm_last = now;
}

static int pm_timer_show(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	u64 ticks;
	u32 flags;

	if (!hw.pm_tmr)
		return -ENODEV;
	flags = spin_lock_irqsave(&event_lock);
	pm_timer_update(NULL);
	ticks = pm_ticks;
	spin_unlock_irqrestore(&event_lock, flags);
	seq_printf(s, "%llu\n", ticks);
	return 0;
}

static const struct kobj_attribute pm_timer_file = { .name = "pm_timer", .mode = 0444, .show = pm_timer_show };

/* ---- counts, in the places where Linux has them ---- */

static int count_show(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	seq_printf(s, "%8u\n", *(const u32 *)a->arg);
	return 0;
}

#define COUNT(n, v) { .name = (n), .mode = 0444, .show = count_show, .arg = &(v) }
static const struct kobj_attribute count_files[] = {
	COUNT("sci", sci_count), COUNT("sci_not", sci_not_ours), COUNT("ff_pmtimer", pm1[0].count), COUNT("ff_gbl_lock", pm1[5].count),
	COUNT("ff_pwr_btn", pm1[8].count), COUNT("ff_slp_btn", pm1[9].count), COUNT("ff_rt_clk", pm1[10].count),
	COUNT("gpe00", gpe[0].count), COUNT("gpe01", gpe[1].count), COUNT("gpe02", gpe[2].count), COUNT("gpe03", gpe[3].count),
	COUNT("gpe04", gpe[4].count), COUNT("gpe05", gpe[5].count), COUNT("gpe06", gpe[6].count), COUNT("gpe07", gpe[7].count),
	COUNT("gpe08", gpe[8].count), COUNT("gpe09", gpe[9].count), COUNT("gpe0A", gpe[10].count), COUNT("gpe0B", gpe[11].count),
	COUNT("gpe0C", gpe[12].count), COUNT("gpe0D", gpe[13].count), COUNT("gpe0E", gpe[14].count), COUNT("gpe0F", gpe[15].count),
};

static void show_counts(void)
{
	struct kobject *acpi = acpi_folder(), *k = acpi ? kobject_create("interrupts", acpi) : NULL;

	if (!k || sysfs_add_files(k, count_files, ARRAY_SIZE(count_files)))
		pr_warn("acpi: no counts in /sys\n");
}

/* ---- on and off ---- */

static void acpi_power_off(void)
{
	port_write16(hw.pm1_cnt, (u16)(PM1_CNT_SCI_EN | (u32)off_type_a << PM1_CNT_SLP_TYP_SHIFT | PM1_CNT_SLP_EN));
	if (hw.pm1b_cnt)
		port_write16(hw.pm1b_cnt, (u16)(PM1_CNT_SCI_EN | (u32)off_type_b << PM1_CNT_SLP_TYP_SHIFT | PM1_CNT_SLP_EN));
}

/* Until then the firmware handles the events itself, in system management mode. */
static int enter_acpi_mode(void)
{
	if (port_read16(hw.pm1_cnt) & PM1_CNT_SCI_EN)
		return 0;
	if (!hw.smi_cmd || !hw.acpi_enable)
		return -ENODEV;
	port_write8((u16)hw.smi_cmd, hw.acpi_enable);
	for (u32 ms = 0; ms < MODE_WAIT_MS; ms += MODE_STEP_MS) {
		if (port_read16(hw.pm1_cnt) & PM1_CNT_SCI_EN)
			return 0;
		sleep_ms(MODE_STEP_MS);
	}
	return -ETIMEDOUT;
}

static void events_off(void)
{
	port_write16(pm1_enable_port(), 0);
	port_write16(hw.pm1_evt, 0xffff);
	for (u32 byte = 0; byte < gpe_bytes(); byte++) {
		port_write8(gpe_enable_port(byte), 0);
		port_write8((u16)(hw.gpe0 + byte), 0xff);
	}
}

static void claim_ports(void)
{
	static const char *const names[] = { "ACPI PM1a_EVT_BLK", "ACPI PM1a_CNT_BLK", "ACPI PM_TMR", "ACPI GPE0_BLK" };
	const u32 ports[][2] = { { hw.pm1_evt, hw.pm1_evt_len }, { hw.pm1_cnt, 2 }, { hw.pm_tmr, 4 }, { hw.gpe0, hw.gpe0_len } };

	for (u32 i = 0; i < ARRAY_SIZE(names); i++)
		if (ports[i][0] && !request_region(ports[i][0], ports[i][1], names[i]))
			pr_warn("acpi: the ports of %s are taken\n", names[i]);
}

static int read_tables(void)
{
	const struct acpi_header *fadt, *dsdt;
	int error = acpi_tables_init();

	if (error)
		return error;
	fadt = acpi_table("FACP");
	error = fadt ? acpi_fadt_decode((const struct acpi_fadt *)fadt, &hw) : -ENODEV;
	if (error) {
		hw = (struct acpi_fixed){ 0 };
		return error;
	}
	dsdt = acpi_table("DSDT");
	if (!dsdt || !acpi_find_s5((const u8 *)(dsdt + 1), dsdt->length - sizeof(*dsdt), &off_type_a, &off_type_b))
		return -ENODEV;
	return 0;
}

static int acpi_probe(struct platform_device *p)
{
	int error = read_tables();

	if (error)
		return error;
	error = enter_acpi_mode();
	if (error)
		return error;
	claim_ports();
	events_off();
	i8259_chip.set_level(hw.sci, true); /* the SCI is a level (4.8.1.2), whatever the firmware left there */
	error = request_irq(hw.sci, acpi_irq, IRQF_SHARED, "acpi", p);
	if (error)
		return error;
	power_off_hook = acpi_power_off;
	show_counts();
	if (hw.pm_tmr) {
		pm_last = port_read32(hw.pm_tmr) & hw.pm_tmr_mask;
		error = acpi_install_fixed_event(PM1_TMR, pm_timer_update, NULL);
		if (!error)
			error = sysfs_add_file(&p->dev.kobj, &pm_timer_file);
	}
	pr_info("acpi: SCI on line %u, soft off is type %u%s\n", hw.sci, off_type_a, error ? ", no timer" : "");
	return 0;
}

/* Without remove: the machine stays in ACPI mode, and the tables are kept. */
struct platform_driver acpi_driver = { .name = "acpi", .probe = acpi_probe, .driver.suppress_bind_attrs = true };
