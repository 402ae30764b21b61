/* Between panic, the log and the consoles. */
#ifndef KERNEL_DEBUG_PANIC_H
#define KERNEL_DEBUG_PANIC_H

#include "kernel/lib/types.h"

/* The kernel is going down on this CPU: locks are not to be waited for any more. */
bool panic_in_progress(void);

#endif
