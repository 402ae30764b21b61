/* Between the tick and the timers. The interface for everybody else is kernel/sched/time.h. */
#ifndef KERNEL_SCHED_TIMER_H
#define KERNEL_SCHED_TIMER_H

#include "kernel/lib/types.h"

/* From the tick, hard interrupt: raise the timer softirq when the first timer is due. */
void timer_tick(u64 now_ns);

#endif
