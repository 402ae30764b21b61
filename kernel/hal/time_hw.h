/* The hardware clocks: PIT (Intel 8254) and TSC. The CMOS real-time clock: cmos.h. */
#ifndef KERNEL_HAL_TIME_HW_H
#define KERNEL_HAL_TIME_HW_H

#include "kernel/lib/types.h"

#define HZ 250u
/* Start channel 0 as a rate generator (mode 2) at HZ. */
void pit_start_tick(void);
/* Ticks of 1193182 Hz left of the running period of channel 0 (latched read). */
u16 pit_read_count(void);
/* Measure the TSC against PIT channel 2, best of several; cycles per second. Interrupts may be off. About 30 ms. */
u64 tsc_calibrate(void);
/* What tsc_calibrate found; 0 before. */
u64 tsc_hz(void);
/* Busy waits. Any context, any time after the calibration. */
void udelay(u32 us);
void ndelay(u32 ns);

#endif
