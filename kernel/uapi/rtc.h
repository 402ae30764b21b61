/* Real-time clocks, Linux i386 (include/uapi/linux/rtc.h). */
#ifndef KERNEL_UAPI_RTC_H
#define KERNEL_UAPI_RTC_H

#include "kernel/lib/types.h"

struct rtc_time {
	s32 tm_sec, tm_min, tm_hour, tm_mday, tm_mon, tm_year; /* month from 0, year from 1900 */
	s32 tm_wday, tm_yday, tm_isdst;
};
struct rtc_wkalrm {
	u8 enabled, pending;
	struct rtc_time time;
};
static_assert(sizeof(struct rtc_time) == 36 && sizeof(struct rtc_wkalrm) == 40, "ABI");

#define RTC_AIE_ON 0x7001u
#define RTC_AIE_OFF 0x7002u
#define RTC_UIE_ON 0x7003u
#define RTC_UIE_OFF 0x7004u
#define RTC_PIE_ON 0x7005u
#define RTC_PIE_OFF 0x7006u
#define RTC_ALM_SET 0x40247007u
#define RTC_ALM_READ 0x80247008u
#define RTC_RD_TIME 0x80247009u
#define RTC_SET_TIME 0x4024700au
#define RTC_IRQP_READ 0x8004700bu
#define RTC_IRQP_SET 0x4004700cu
#define RTC_WKALM_SET 0x4028700fu
#define RTC_WKALM_RD 0x80287010u

/* What a read gives: how many interrupts << 8 | which. */
#define RTC_IRQF 0x80u
#define RTC_PF 0x40u
#define RTC_AF 0x20u
#define RTC_UF 0x10u

#endif
