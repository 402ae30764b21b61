/* Names for kernel addresses, from the table that the second link adds (tools/ksyms). Any context. */
#ifndef KERNEL_DEBUG_SYMBOLS_H
#define KERNEL_DEBUG_SYMBOLS_H

#include "kernel/lib/types.h"

/* The function that contains addr, how far in and how long it is; NULL when addr is not in kernel code. */
const char *symbol_lookup(u32 addr, u32 *offset, u32 *size);
/* Print the callers, from a frame pointer on, one line each. */
void backtrace_from(u32 ebp);
/* In the log alone: where a task that does not run stands, by its saved stack pointer. */
void backtrace_waiting(u32 kernel_esp);

#endif
