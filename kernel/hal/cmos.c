/* The wall clock of the PC: Motorola MC146818A datasheet; the century register is the one ACPI's FADT names on PCs (0x32). */
#include "kernel/hal/cpu.h"
#include "kernel/hal/port.h"
#include "kernel/hal/time_hw.h"

#define CMOS_INDEX 0x70u
#define CMOS_DATA 0x71u
#define RTC_SECONDS 0x00
#define RTC_MINUTES 0x02
#define RTC_HOURS 0x04
#define RTC_DAY 0x07
#define RTC_MONTH 0x08
#define RTC_YEAR 0x09
#define RTC_A 0x0A
#define RTC_A_UPDATE 0x80
#define RTC_B 0x0B
#define RTC_B_24H 0x02
#define RTC_B_BINARY 0x04
#define RTC_CENTURY 0x32
#define RTC_HOURS_PM 0x80

struct rtc_time {
	u8 sec, min, hour, day, month, year, century;
};

static u8 cmos_read(u8 reg)
{
	u32 flags = irq_save();
	outb(CMOS_INDEX, reg);
	u8 v = inb(CMOS_DATA);
	irq_restore(flags);
	return v;
}

static struct rtc_time read_registers(void)
{
	return (struct rtc_time){ cmos_read(RTC_SECONDS), cmos_read(RTC_MINUTES), cmos_read(RTC_HOURS), cmos_read(RTC_DAY),
				  cmos_read(RTC_MONTH), cmos_read(RTC_YEAR), cmos_read(RTC_CENTURY) };
}

static bool same_time(const struct rtc_time *a, const struct rtc_time *b)
{
	return a->sec == b->sec && a->min == b->min && a->hour == b->hour && a->day == b->day && a->month == b->month && a->year == b->year;
}

static u8 from_bcd(u8 v) { return (u8)((v >> 4) * 10 + (v & 15)); }

static void decode(struct rtc_time *t)
{
	u8 mode = cmos_read(RTC_B);
	bool pm = !(mode & RTC_B_24H) && t->hour & RTC_HOURS_PM;

	if (!(mode & RTC_B_24H))
		t->hour &= (u8)~RTC_HOURS_PM;
	if (!(mode & RTC_B_BINARY)) {
		t->sec = from_bcd(t->sec);
		t->min = from_bcd(t->min);
		t->hour = from_bcd(t->hour);
		t->day = from_bcd(t->day);
		t->month = from_bcd(t->month);
		t->year = from_bcd(t->year);
		t->century = from_bcd(t->century);
	}
	if (!(mode & RTC_B_24H))
		t->hour = (u8)(t->hour % 12 + (pm ? 12 : 0));
	if (t->century < 19 || t->century > 29)
		t->century = t->year >= 70 ? 19 : 20;
}

/* Days from 1970-01-01 (proleptic Gregorian), by counting the leap days of the years that are over; March is month 0. */
static s32 days_since_1970(s32 year, s32 month, s32 day)
{
	if (month <= 2) {
		year--;
		month += 12;
	}
	return 365 * year + year / 4 - year / 100 + year / 400 + (153 * (month - 3) + 2) / 5 + day - 1 - 719468;
}

s64 cmos_read_time(void)
{
	struct rtc_time a, b;

	/* Twice the same outside an update, and no field is torn. An update takes 2 ms at most (datasheet, "Update cycle"). */
	for (u32 attempt = 0; attempt < 100; attempt++) {
		for (u32 i = 0; i < 1000 && cmos_read(RTC_A) & RTC_A_UPDATE; i++)
			udelay(10);
		a = read_registers();
		b = read_registers();
		if (same_time(&a, &b))
			break;
	}
	decode(&b);
	s32 days = days_since_1970(b.century * 100 + b.year, b.month, b.day);
	return (s64)days * 86400 + b.hour * 3600 + b.min * 60 + b.sec;
}
