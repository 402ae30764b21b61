/* Between cache_machine.c (CPU, tasks, memory) and cache_disk.c (disk, files). */
#ifndef TESTS_HOST_CACHE_MACHINE_INTERNAL_H
#define TESTS_HOST_CACHE_MACHINE_INTERNAL_H

#include "kernel/lib/types.h"

bool disk_busy(void);         /* transfers are under way */
void disk_interrupt(void);    /* one of them ends now, in a softirq */
void disk_start(u32 kib);     /* a disk of random data, and its device's file */

#endif
