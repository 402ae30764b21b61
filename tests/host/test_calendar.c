/*
 * The calendar against the C library's.
 * SOURCES: kernel/lib/calendar.c
 */
#include "tests/host/host_test.h"

#include <time.h>

#include "kernel/lib/calendar.h"

static void check_moment(u64 seconds)
{
	struct calendar c;
	time_t t = (time_t)seconds;
	struct tm tm;

	gmtime_r(&t, &tm);
	calendar_from_seconds(seconds, &c);
	CHECK_EQ(c.year, (u32)tm.tm_year + 1900);
	CHECK_EQ(c.month, (u32)tm.tm_mon + 1);
	CHECK_EQ(c.day, (u32)tm.tm_mday);
	CHECK_EQ(c.hour, (u32)tm.tm_hour);
	CHECK_EQ(c.min, (u32)tm.tm_min);
	CHECK_EQ(c.sec, (u32)tm.tm_sec);
	CHECK_EQ(calendar_weekday(&c), (u32)tm.tm_wday);
	CHECK_EQ(calendar_yearday(&c), (u32)tm.tm_yday);
	CHECK(calendar_valid(&c));
	CHECK_EQ(calendar_to_seconds(&c), seconds);
}

TEST(every_day_of_a_thousand_years)
{
	for (u64 day = 0; day < 365243; day++)
		check_moment(day * 86400 + day % 86400);
}

TEST(what_does_not_exist)
{
	static const struct calendar wrong[] = {
		{ 1969, 12, 31, 0, 0, 0 }, { 10000, 1, 1, 0, 0, 0 }, { 2001, 2, 29, 0, 0, 0 }, { 2100, 2, 29, 0, 0, 0 }, { 2001, 0, 1, 0, 0, 0 },
		{ 2001, 13, 1, 0, 0, 0 }, { 2001, 4, 31, 0, 0, 0 }, { 2001, 1, 0, 0, 0, 0 }, { 2001, 1, 1, 24, 0, 0 }, { 2001, 1, 1, 0, 60, 0 },
		{ 2001, 1, 1, 0, 0, 60 }, { ~0u, ~0u, ~0u, ~0u, ~0u, ~0u },
	};
	struct calendar leap = { 2000, 2, 29, 23, 59, 59 };

	for (u32 i = 0; i < ARRAY_SIZE(wrong); i++)
		CHECK(!calendar_valid(&wrong[i]));
	CHECK(calendar_valid(&leap));
}

int main(void)
{
	RUN(every_day_of_a_thousand_years);
	RUN(what_does_not_exist);
	return host_test_end();
}
