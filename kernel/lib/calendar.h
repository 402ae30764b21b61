/* The Gregorian calendar: seconds since 1970-01-01 00:00 UTC to a date and back, years 1970 to 9999. Pure. */
#ifndef KERNEL_LIB_CALENDAR_H
#define KERNEL_LIB_CALENDAR_H

#include "kernel/lib/types.h"

struct calendar {
	u32 year, month, day;  /* month 1..12, day 1..31 */
	u32 hour, min, sec;
};
u32 calendar_month_days(u32 year, u32 month);
/* Every field in its range, that day exists. */
bool calendar_valid(const struct calendar *c);
/* c must be valid. */
u64 calendar_to_seconds(const struct calendar *c);
void calendar_from_seconds(u64 seconds, struct calendar *c);
u32 calendar_weekday(const struct calendar *c); /* 0: Sunday */
u32 calendar_yearday(const struct calendar *c); /* 0: the first of January */

#endif
