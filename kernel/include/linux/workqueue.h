/* Work in process context: INIT_WORK, schedule_work, cancel_work_sync, delayed work. */
#ifndef LINUX_WORKQUEUE_H
#define LINUX_WORKQUEUE_H

#include "kernel/include/sluice/prelude.h"

#endif
