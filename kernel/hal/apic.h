/*
 * The local APIC beside the 8259s: virtual wire mode, in which lines still come through the 8259s (LINT0 is ExtINT), and the APIC gives what
 * they do not have: a timer that interrupts once after a given time (Intel SDM volume 3, 10.5.4, one-shot mode). The hrtimers use it
 * (kernel/sched/hrtimer.c). Its interrupts have vectors of their own and do not count as a line.
 */
#ifndef KERNEL_HAL_APIC_H
#define KERNEL_HAL_APIC_H

#include "kernel/lib/types.h"

#define VECTOR_APIC_TIMER 0xEFu
#define VECTOR_APIC_SPURIOUS 0xFFu

/*
 * Find it, switch it on, let its timer count without interrupting. false: this CPU has none, or the kernel word nolapic says to leave it alone.
 * While the kernel starts, interrupts off. The timer's rate is then measured between this call and apic_timer_start, some milliseconds later.
 */
bool apic_init(void);
/* The rate is known from now on: tsc_hz is the TSC's. false: it makes no sense; there is no timer then. */
bool __must_check apic_timer_start(u64 tsc_hz);
/* One interrupt in ns nanoseconds (1 to 16 ms), not earlier; what was set before is forgotten. Interrupts off; after apic_timer_start. */
void apic_timer_set(u32 ns);
/* The end of an interrupt of the APIC's own; not of a spurious one. */
void apic_eoi(void);

#endif
