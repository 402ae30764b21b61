/* __init code and data are thrown away once the module's init has run. */
#ifndef LINUX_INIT_H
#define LINUX_INIT_H

#include "kernel/include/sluice/prelude.h"
#include <linux/compiler.h>

#define __init __attribute__((section(".init.text"), cold))
#define __initdata __attribute__((section(".init.data")))
#define __initconst __attribute__((section(".init.rodata")))
#define __exit __attribute__((section(".exit.text"), used, cold))
#define __exitdata

#endif
