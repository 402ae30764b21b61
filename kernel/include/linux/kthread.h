/* Kernel threads: kthread_run, kthread_should_stop, kthread_stop. */
#ifndef LINUX_KTHREAD_H
#define LINUX_KTHREAD_H

#include "kernel/include/sluice/prelude.h"
#include <linux/sched.h>

#endif
