/*
 * Text under construction for a /proc or /sys file. Pure. A show function appends; when it overflows, the reader grows the buffer and calls
 * it again.
 */
#ifndef KERNEL_LIB_SEQ_BUF_H
#define KERNEL_LIB_SEQ_BUF_H

#include "kernel/lib/types.h"

struct seq_buf {
	char *buf;
	size_t size, len;
	bool overflow;
};
typedef int (*seq_show_t)(struct seq_buf *s, void *arg); /* 0 or -errno; may sleep */

static inline void seq_init(struct seq_buf *s, char *buf, size_t size) { *s = (struct seq_buf){ .buf = buf, .size = size }; }
void seq_printf(struct seq_buf *s, const char *fmt, ...) __printf(2, 3);
void seq_puts(struct seq_buf *s, const char *text);
void seq_putc(struct seq_buf *s, char c);
void seq_write(struct seq_buf *s, const void *data, size_t len);

#endif
