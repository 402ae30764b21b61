/*
 * Tracepoints at the layer boundaries: one fixed record into a ring per CPU, a few dozen instructions, any context. The id travels
 * kiocb -> bio -> request -> completion, so that the walk of one read can be put together again (iowalk, /sys/kernel/tracing/trace).
 * Off until something is written to /sys/kernel/tracing/tracing_on; when off a tracepoint costs a load and a jump.
 * The last records are part of a panic's report, so the block layer's points are recorded always (TRACE_ALWAYS).
 */
#ifndef KERNEL_DEBUG_TRACE_H
#define KERNEL_DEBUG_TRACE_H

#include "kernel/lib/types.h"

enum trace_layer { TRACE_SYSCALL, TRACE_VFS, TRACE_CACHE, TRACE_FS, TRACE_BLOCK, TRACE_DRIVER, TRACE_HAL, TRACE_IRQ, TRACE_SOFTIRQ, TRACE_SCHED };

/* One static descriptor per place; the record holds a pointer to it. */
struct trace_point {
	const char *function, *file;
	u32 line;
	u8 layer;        /* enum trace_layer */
	const char *fmt; /* for the two arguments, e.g. "ino=%u index=%u" */
};

struct trace_record {
	u64 tsc; /* turned into a time when it is shown */
	const struct trace_point *point;
	u32 id;   /* 0: not part of one I/O */
	s32 pid;
	u32 a, b;
};

extern volatile u32 trace_enabled;
void trace_write(const struct trace_point *p, u32 id, u32 a, u32 b);
/* A new id for a kiocb; never 0. */
extern u32 trace_last_id;
static inline u32 trace_new_id(void)
{
	return trace_last_id += 2; /* odd ones: 0 never comes */
}

#ifndef HOST_TEST
#define TRACE_RECORD(lay, format, ident, x, y) do { \
		static const struct trace_point tp_ = { __func__, __FILE__, __LINE__, lay, format }; \
		trace_write(&tp_, (ident), (u32)(x), (u32)(y)); \
	} while (0)
#define TRACE(lay, format, ident, x, y) do { if (unlikely(trace_enabled)) TRACE_RECORD(lay, format, ident, x, y); } while (0)
#define TRACE_ALWAYS(lay, format, ident, x, y) TRACE_RECORD(lay, format, ident, x, y)
#else
#define TRACE(lay, format, ident, x, y) do { (void)(ident); (void)(x); (void)(y); } while (0)
#define TRACE_ALWAYS(lay, format, ident, x, y) TRACE(lay, format, ident, x, y)
#endif
/* The newest n records to the log, for panic. */
void trace_dump_last(u32 n);

#endif
