/* See cmos.h. cmos_lock keeps index and data register together. */
#include "kernel/hal/cmos.h"
#include "kernel/hal/port.h"
#include "kernel/hal/time_hw.h"
#include "kernel/lib/err.h"
#include "kernel/sync/spinlock.h"

#define CMOS_INDEX 0x70u
#define CMOS_DATA 0x71u
#define YEAR_FIRST 1900u /* what the century register and two digits can say for sure */
#define YEAR_END 3000u

static DEFINE_SPINLOCK(cmos_lock, RANK_CONSOLE); /* a leaf */

u8 cmos_read(u8 reg)
{
	u32 flags = spin_lock_irqsave(&cmos_lock);
	outb(CMOS_INDEX, reg);
	u8 v = inb(CMOS_DATA);
	spin_unlock_irqrestore(&cmos_lock, flags);
	return v;
}

void cmos_write(u8 reg, u8 value)
{
	u32 flags = spin_lock_irqsave(&cmos_lock);
	outb(CMOS_INDEX, reg);
	outb(CMOS_DATA, value);
	spin_unlock_irqrestore(&cmos_lock, flags);
}

static bool is_hours(u8 reg) { return reg == RTC_HOURS || reg == RTC_HOURS_ALARM; }

u8 cmos_from_register(u8 reg, u8 value)
{
	u8 mode = cmos_read(RTC_B);
	bool half_day = is_hours(reg) && !(mode & RTC_B_24H), pm = half_day && value & RTC_HOURS_PM;

	if (half_day)
		value &= (u8)~RTC_HOURS_PM;
	if (!(mode & RTC_B_BINARY))
		value = (u8)((value >> 4) * 10 + (value & 15));
	return half_day ? (u8)(value % 12 + (pm ? 12 : 0)) : value;
}

u8 cmos_to_register(u8 reg, u8 value)
{
	u8 mode = cmos_read(RTC_B);
	bool half_day = is_hours(reg) && !(mode & RTC_B_24H), pm = half_day && value >= 12;

	if (half_day)
		value = value % 12 ? value % 12 : 12;
	if (!(mode & RTC_B_BINARY))
		value = (u8)(value / 10 << 4 | value % 10);
	return pm ? value | RTC_HOURS_PM : value;
}

/* What cmos_get_time reads, in this order. */
static const u8 time_registers[] = { RTC_SECONDS, RTC_MINUTES, RTC_HOURS, RTC_DAY, RTC_MONTH, RTC_YEAR, RTC_CENTURY };

void cmos_get_time(struct calendar *c)
{
	u8 v[ARRAY_SIZE(time_registers)];
	bool same = false;

	/* Twice the same outside an update, and no field is torn. An update takes 2 ms at most (datasheet, "Update cycle"). */
	for (u32 attempt = 0; attempt < 100 && !same; attempt++) {
		for (u32 i = 0; i < 1000 && cmos_read(RTC_A) & RTC_A_UPDATE; i++)
			udelay(10);
		for (u32 i = 0; i < sizeof(v); i++)
			v[i] = cmos_read(time_registers[i]);
		same = true;
		for (u32 i = 0; i < sizeof(v); i++)
			same &= v[i] == cmos_read(time_registers[i]);
	}
	for (u32 i = 0; i < sizeof(v); i++)
		v[i] = cmos_from_register(time_registers[i], v[i]);
	if (v[6] < 19 || v[6] > 29)
		v[6] = v[5] >= 70 ? 19 : 20;
	*c = (struct calendar){ .year = v[6] * 100u + v[5], .month = v[4], .day = v[3], .hour = v[2], .min = v[1], .sec = v[0] };
}

int cmos_set_time(const struct calendar *c)
{
	const u8 v[] = { (u8)c->sec, (u8)c->min, (u8)c->hour, (u8)c->day, (u8)c->month, (u8)(c->year % 100), (u8)(c->year / 100) };
	u8 b;

	if (c->year < YEAR_FIRST || c->year >= YEAR_END)
		return -ERANGE;
	b = cmos_read(RTC_B);
	cmos_write(RTC_B, b | RTC_B_SET);
	for (u32 i = 0; i < sizeof(v); i++)
		cmos_write(time_registers[i], cmos_to_register(time_registers[i], v[i]));
	cmos_write(RTC_WEEKDAY, cmos_to_register(RTC_WEEKDAY, (u8)(calendar_weekday(c) + 1)));
	cmos_write(RTC_B, b);
	return 0;
}
