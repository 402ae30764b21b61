/* Timers with callbacks: timer_setup, mod_timer, del_timer_sync, from_timer. */
#ifndef LINUX_TIMER_H
#define LINUX_TIMER_H

#include "kernel/include/sluice/prelude.h"

#endif
