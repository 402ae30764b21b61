/* Device numbers: 12 bits of major, 20 of minor. MKDEV, MAJOR, MINOR. */
#ifndef LINUX_KDEV_T_H
#define LINUX_KDEV_T_H

#include "kernel/include/sluice/prelude.h"

#endif
