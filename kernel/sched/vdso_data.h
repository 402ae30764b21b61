/*
 * What the kernel's clocks tell the vDSO (user/vdso): one page, shown read-only to every program as [vvar]. kernel/sched/time.c writes it
 * at each tick and when the wall clock is set, under `seq`, which readers check as kernel/sync/seqcount.h says.
 * A clock now: its value here, plus ((TSC - tsc) * mult + fraction) >> CLOCK_SHIFT nanoseconds. That is exactly what ktime_ns and
 * realtime_ns give, since `fraction` holds what their rounding has left over.
 */
#ifndef KERNEL_SCHED_VDSO_DATA_H
#define KERNEL_SCHED_VDSO_DATA_H

#include "kernel/sync/seqcount.h"

#define CLOCK_SHIFT 24

struct vdso_clock {
	u64 sec;
	u32 nsec, unused;
};

struct vdso_data {
	struct seqcount seq;
	u32 mult;
	u64 tsc;                             /* when the clocks were as below */
	u32 fraction;                        /* of a nanosecond, in units of 2^-CLOCK_SHIFT */
	s32 minuteswest, dsttime;            /* settimeofday's time zone, for programs that ask; nothing in the kernel uses it */
	u32 hrtimer_res;                     /* what clock_getres answers, ns */
	struct vdso_clock realtime, monotonic;
} __aligned(PAGE_SIZE); /* alone in its page */

#ifndef VDSO
extern struct vdso_data vdso_data;
#endif

#endif
