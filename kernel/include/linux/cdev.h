/* struct cdev: a driver's operations bound to device numbers. */
#ifndef LINUX_CDEV_H
#define LINUX_CDEV_H

#include "kernel/include/sluice/prelude.h"
#include <linux/fs.h>

#endif
