/* See calendar.h. Days are counted from 0000-03-01, so that the leap day is the last of its year. */
#include "kernel/lib/calendar.h"
#include "kernel/lib/div64.h"

#define DAY_SECONDS 86400u
#define DAYS_TO_1970 719468u /* from 0000-03-01 */
#define DAYS_OF_400_YEARS 146097u

u32 calendar_month_days(u32 year, u32 month)
{
	static const u8 days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

bool calendar_valid(const struct calendar *c)
{
	return c->year >= 1970 && c->year <= 9999 && c->month >= 1 && c->month <= 12 && c->day >= 1 &&
	       c->day <= calendar_month_days(c->year, c->month) && c->hour < 24 && c->min < 60 && c->sec < 60;
}

static u32 days_since_1970(u32 year, u32 month, u32 day)
{
	if (month <= 2) {
		year--;
		month += 12;
	}
	return 365 * year + year / 4 - year / 100 + year / 400 + (153 * (month - 3) + 2) / 5 + day - 1 - DAYS_TO_1970;
}

u64 calendar_to_seconds(const struct calendar *c)
{
	return (u64)days_since_1970(c->year, c->month, c->day) * DAY_SECONDS + c->hour * 3600 + c->min * 60 + c->sec;
}

void calendar_from_seconds(u64 seconds, struct calendar *c)
{
	u32 rest, days = (u32)div_u64_rem(seconds, DAY_SECONDS, &rest) + DAYS_TO_1970;
	u32 era = days / DAYS_OF_400_YEARS, day = days % DAYS_OF_400_YEARS;
	u32 year = (day - day / 1460 + day / 36524 - day / 146096) / 365; /* of the era; leap days that are over do not count */
	u32 month;

	day -= 365 * year + year / 4 - year / 100;
	month = (5 * day + 2) / 153; /* 0: March */
	c->day = day - (153 * month + 2) / 5 + 1;
	c->month = month < 10 ? month + 3 : month - 9;
	c->year = era * 400 + year + (c->month <= 2);
	c->hour = rest / 3600;
	c->min = rest / 60 % 60;
	c->sec = rest % 60;
}

u32 calendar_weekday(const struct calendar *c)
{
	return (days_since_1970(c->year, c->month, c->day) + 4) % 7; /* 1970 began on a Thursday */
}

u32 calendar_yearday(const struct calendar *c)
{
	u32 n = c->day - 1;

	for (u32 m = 1; m < c->month; m++)
		n += calendar_month_days(c->year, m);
	return n;
}
