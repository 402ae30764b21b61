/*
 * The clock and memory of the PC behind ports 0x70 and 0x71: Motorola MC146818A datasheet, "Address map" and "Registers". Access is by index
 * and data register, so each goes through cmos_read and cmos_write, which keep the two together. The interrupts of registers A, B and C
 * are the clock driver's (drivers/char/rtc.c).
 */
#ifndef KERNEL_HAL_CMOS_H
#define KERNEL_HAL_CMOS_H

#include "kernel/lib/calendar.h"

#define RTC_SECONDS 0x00u
#define RTC_SECONDS_ALARM 0x01u
#define RTC_MINUTES 0x02u
#define RTC_MINUTES_ALARM 0x03u
#define RTC_HOURS 0x04u
#define RTC_HOURS_ALARM 0x05u
#define RTC_WEEKDAY 0x06u
#define RTC_DAY 0x07u
#define RTC_MONTH 0x08u
#define RTC_YEAR 0x09u
#define RTC_A 0x0Au
#define RTC_A_UPDATE 0x80u  /* R  an update is due within 244 us, or under way */
#define RTC_A_RATE 0x0Fu    /* RW periodic rate: 32768 >> (n - 1) Hz, 3..15; 0: none */
#define RTC_B 0x0Bu
#define RTC_B_SET 0x80u     /* RW hold updates while the time is written */
#define RTC_B_PIE 0x40u     /* RW periodic, alarm, update-ended interrupt enable */
#define RTC_B_AIE 0x20u
#define RTC_B_UIE 0x10u
#define RTC_B_BINARY 0x04u
#define RTC_B_24H 0x02u
#define RTC_B_DST 0x01u
#define RTC_C 0x0Cu         /* R  which interrupts are due, same bits as B; reading clears them and lets go of the line */
#define RTC_C_IRQF 0x80u
#define RTC_D 0x0Du
#define RTC_D_VALID 0x80u   /* R  the battery has kept the time */
#define RTC_CENTURY 0x32u   /* as ACPI's FADT names it on PCs */
#define RTC_HOURS_PM 0x80u

/* Any context. */
u8 cmos_read(u8 reg);
void cmos_write(u8 reg, u8 value);
/* A number as a time or alarm register holds it (BCD or binary), and back. */
u8 cmos_from_register(u8 reg, u8 value);
u8 cmos_to_register(u8 reg, u8 value);
/* The time; waits for an update to pass, at most 1 s (2 ms on a clock that works). Any context that may spend this. */
void cmos_get_time(struct calendar *c);
/* Set it; c is valid. 0, or -ERANGE: a year the registers cannot hold. */
int __must_check cmos_set_time(const struct calendar *c);

#endif
