/* A character device with one number, one node and one call: misc_register. */
#ifndef LINUX_MISCDEVICE_H
#define LINUX_MISCDEVICE_H

#include "kernel/include/sluice/prelude.h"
#include <linux/fs.h>
#include <linux/module.h>

#define module_misc_device(m) module_driver(m, misc_register, misc_deregister)

#endif
