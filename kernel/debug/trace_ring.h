/* The trace ring for those who show it (io/fs/tracing.c): records have running numbers, [trace_first, trace_end). */
#ifndef KERNEL_DEBUG_TRACE_RING_H
#define KERNEL_DEBUG_TRACE_RING_H

#include "kernel/debug/trace.h"

int trace_set_enabled(bool on); /* 0 or -ENOMEM; process context */
void trace_clear(void);
u32 trace_first(void);
u32 trace_end(void);
/* One record as a line "TIME_US PID ID LAYER FUNCTION FILE:LINE ARGS\n" into buf; its length, 0 if the slot is empty. */
int trace_format(u32 n, char *buf, size_t size);

#endif
