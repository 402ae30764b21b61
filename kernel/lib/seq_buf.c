/* See seq_buf.h. Once the buffer has overflowed nothing more is added: the text would only be thrown away. */
#include "kernel/lib/seq_buf.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"

void seq_write(struct seq_buf *s, const void *data, size_t len)
{
	if (s->overflow || len > s->size - s->len) {
		s->overflow = true;
		return;
	}
	memcpy(s->buf + s->len, data, len);
	s->len += len;
}

void seq_puts(struct seq_buf *s, const char *text) { seq_write(s, text, strlen(text)); }

void seq_putc(struct seq_buf *s, char c) { seq_write(s, &c, 1); }

void seq_printf(struct seq_buf *s, const char *fmt, ...)
{
	va_list ap;

	if (s->overflow)
		return;
	va_start(ap, fmt);
	size_t n = (size_t)kvsnprintf(s->buf + s->len, s->size - s->len, fmt, ap);
	va_end(ap);
	if (n >= s->size - s->len) /* the terminator needs its byte, too */
		s->overflow = true;
	else
		s->len += n;
}
