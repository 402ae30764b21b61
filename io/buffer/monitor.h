/* Inside io/buffer: the list of all monitors, and the strategies by name. */
#ifndef IO_BUFFER_MONITOR_H
#define IO_BUFFER_MONITOR_H

#include "io/contract/buffer.h"

void buffer_monitor_add(struct buffer_monitor *m, const char *name, const char *discipline, u32 buffers, u32 size);
void buffer_monitor_del(struct buffer_monitor *m);
extern const struct buffer_strategy buffer_strategies[]; /* the first is the default */
extern const u32 buffer_nr_strategies;

#endif
