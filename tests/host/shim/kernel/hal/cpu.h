/* The host's stand-in for kernel/hal/cpu.h: one CPU that nothing interrupts. */
#ifndef TESTS_HOST_SHIM_CPU_H
#define TESTS_HOST_SHIM_CPU_H

#include "kernel/lib/types.h"

static inline u32 irq_save(void) { return 0; }
static inline void irq_restore(u32 flags) { (void)flags; }

#endif
