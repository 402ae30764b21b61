/*
 * The first thing every header of kernel/include/linux includes: all of the kernel's own headers that the Linux names are made of. They come
 * first and all at once, because some Linux names are macros over functions of ours with the same name and other arguments.
 * For modules only (compiled with -DMODULE by tools/module.mk). docs/linux-api.md says what is there and where it differs from Linux.
 */
#ifndef SLUICE_PRELUDE_H
#define SLUICE_PRELUDE_H

#include "drivers/bus/pci.h"
#include "io/contract/cdev.h"
#include "io/contract/device.h"
#include "io/contract/filesystem.h"
#include "io/contract/misc.h"
#include "io/contract/resource.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/mmio.h"
#include "kernel/hal/time_hw.h"
#include "kernel/hal/uaccess.h"
#include "kernel/irq/irq.h"
#include "kernel/irq/tasklet.h"
#include "kernel/irq/workqueue.h"
#include "kernel/lib/div64.h"
#include "kernel/lib/err.h"
#include "kernel/lib/list.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/lib/types.h"
#include "kernel/module/module.h"
#include "kernel/sched/hrtimer.h"
#include "kernel/sched/random.h"
#include "kernel/sched/task.h"
#include "kernel/sched/time.h"
#include "kernel/sched/timer_list.h"
#include "kernel/sync/completion.h"
#include "kernel/sync/mutex.h"
#include "kernel/sync/spinlock.h"
#include "kernel/uapi/errno.h"
#include "kernel/uapi/fcntl.h"
#include "kernel/uapi/ioctl.h"
#include "kernel/uapi/poll.h"
#include "kernel/uapi/signal.h"
#include "kernel/uapi/stat.h"
#include "mm/alloc.h"
#include "mm/mm.h"

/* module_param(x, bool, ...) wants the word itself. */
#undef bool
typedef _Bool bool;

/* Names of ours that Linux does not have and that drivers like to give to functions of their own. */
#define device_init driver_device_init
#define misc_init driver_misc_init
#define timer_init driver_timer_init
#define chrdev_init driver_chrdev_init
#define pci_init driver_pci_init
#define tick driver_tick

#endif
