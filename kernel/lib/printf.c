/* The formatter behind printk, seq_printf and ksnprintf; what it knows is in printf.h. */
#include "kernel/lib/printf.h"
#include "kernel/lib/div64.h"
#include "kernel/lib/err.h"
#include "kernel/lib/errname.h"
#include "kernel/lib/string.h"

#define FLAG_LEFT 1u
#define FLAG_ZERO 2u
#define FLAG_PLUS 4u
#define FLAG_SPACE 8u
#define FLAG_ALT 16u
#define FLAG_UPPER 32u
#define FLAG_SIGNED 64u

struct out {
	char *buf;
	size_t size, pos; /* pos may run past size: it counts what would have been written */
};

struct spec {
	u32 flags;
	int width, precision; /* precision -1: not given */
	int length;           /* -2 hh, -1 h, 0, 1 l or z, 2 ll */
};

static void put(struct out *o, const char *s, size_t n)
{
	if (o->pos < o->size)
		memcpy(o->buf + o->pos, s, min(n, o->size - o->pos));
	o->pos += n;
}

static void pad(struct out *o, char c, int n)
{
	if (n <= 0)
		return;
	if (o->pos < o->size)
		memset(o->buf + o->pos, c, min((size_t)n, o->size - o->pos));
	o->pos += (size_t)n;
}

static void put_text(struct out *o, const struct spec *sp, const char *s, size_t n)
{
	int fill = sp->width - (int)n;

	if (!(sp->flags & FLAG_LEFT))
		pad(o, ' ', fill);
	put(o, s, n);
	if (sp->flags & FLAG_LEFT)
		pad(o, ' ', fill);
}

/* Digits of v, written backwards from end; returns the first. */
static char *digits(char *end, u64 v, unsigned base, bool upper)
{
	const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";

	while (v >> 32) {
		u32 rem;
		v = div_u64_rem(v, base, &rem);
		*--end = set[rem];
	}
	for (u32 w = (u32)v; w; w /= base)
		*--end = set[w % base];
	return end;
}

static void put_number(struct out *o, const struct spec *sp, u64 v, unsigned base, bool negative)
{
	char buf[24], prefix[3];
	char *end = buf + sizeof(buf), *s = digits(end, v, base, sp->flags & FLAG_UPPER);
	int n = (int)(end - s), np = 0, zeros = 0;

	if (negative)
		prefix[np++] = '-';
	else if (sp->flags & FLAG_SIGNED && sp->flags & (FLAG_PLUS | FLAG_SPACE))
		prefix[np++] = sp->flags & FLAG_PLUS ? '+' : ' ';
	if (sp->flags & FLAG_ALT && base == 16 && v) {
		prefix[np++] = '0';
		prefix[np++] = sp->flags & FLAG_UPPER ? 'X' : 'x';
	}
	if (sp->precision >= 0)
		zeros = sp->precision - n;
	else if (!n)
		zeros = 1;
	if (sp->flags & FLAG_ALT && base == 8 && zeros < 1 && (v || sp->precision == 0))
		zeros = 1;
	if (sp->precision < 0 && sp->flags & FLAG_ZERO && !(sp->flags & FLAG_LEFT))
		zeros = max(zeros, sp->width - np - n);
	zeros = max(zeros, 0);
	int fill = sp->width - np - zeros - n;
	if (!(sp->flags & FLAG_LEFT))
		pad(o, ' ', fill);
	put(o, prefix, (size_t)np);
	pad(o, '0', zeros);
	put(o, s, (size_t)n);
	if (sp->flags & FLAG_LEFT)
		pad(o, ' ', fill);
}

static void put_string(struct out *o, const struct spec *sp, const char *s)
{
	if (!s)
		s = "(null)";
	put_text(o, sp, s, sp->precision >= 0 ? strnlen(s, (size_t)sp->precision) : strlen(s));
}

/* %p with its extensions; returns how many letters after the p were used. */
static int put_pointer(struct out *o, const struct spec *sp, const char *next, const void *p)
{
	struct spec hex = *sp;

	if (*next == 'e') {
		const char *name = IS_ERR(p) ? errno_name((int)-PTR_ERR(p)) : NULL;
		if (name) {
			put_string(o, sp, name);
			return 1;
		}
	}
#ifndef HOST_TEST
	if (*next == 'S') {
		char text[80];
		symbol_format(text, sizeof(text), (u32)p);
		put_string(o, sp, text);
		return 1;
	}
#endif
	hex.precision = 2 * (int)sizeof(void *);
	put_number(o, &hex, (uintptr_t)p, 16, false);
	return *next == 'e' || *next == 'S';
}

static u64 fetch_unsigned(const struct spec *sp, va_list *ap)
{
	if (sp->length == 2)
		return va_arg(*ap, unsigned long long);
	if (sp->length == 1)
		return va_arg(*ap, unsigned long);
	unsigned v = va_arg(*ap, unsigned);
	return sp->length == -1 ? (u16)v : sp->length == -2 ? (u8)v : v;
}

static s64 fetch_signed(const struct spec *sp, va_list *ap)
{
	if (sp->length == 2)
		return va_arg(*ap, long long);
	if (sp->length == 1)
		return va_arg(*ap, long);
	int v = va_arg(*ap, int);
	return sp->length == -1 ? (s16)v : sp->length == -2 ? (s8)v : v;
}

static int parse_count(const char **fmt, va_list *ap)
{
	int n = 0;

	if (**fmt == '*') {
		++*fmt;
		return va_arg(*ap, int);
	}
	for (; **fmt >= '0' && **fmt <= '9'; ++*fmt)
		n = n * 10 + (**fmt - '0');
	return n;
}

static const char *parse_spec(struct spec *sp, const char *fmt, va_list *ap)
{
	*sp = (struct spec){ .precision = -1 };
	for (;; fmt++) {
		if (*fmt == '-')
			sp->flags |= FLAG_LEFT;
		else if (*fmt == '0')
			sp->flags |= FLAG_ZERO;
		else if (*fmt == '+')
			sp->flags |= FLAG_PLUS;
		else if (*fmt == ' ')
			sp->flags |= FLAG_SPACE;
		else if (*fmt == '#')
			sp->flags |= FLAG_ALT;
		else
			break;
	}
	sp->width = parse_count(&fmt, ap);
	if (sp->width < 0) {
		sp->flags |= FLAG_LEFT;
		sp->width = -sp->width;
	}
	if (*fmt == '.') {
		fmt++;
		sp->precision = parse_count(&fmt, ap);
	}
	for (;; fmt++) {
		if (*fmt == 'l')
			sp->length++;
		else if (*fmt == 'h')
			sp->length--;
		else if (*fmt == 'z')
			sp->length = 1;
		else
			return fmt;
	}
}

/* One conversion; fmt is at its letter; returns what follows it. */
static const char *convert(struct out *o, struct spec *sp, const char *fmt, va_list *ap)
{
	char c;
	s64 v;

	switch (*fmt) {
	case 'd':
	case 'i':
		sp->flags |= FLAG_SIGNED;
		v = fetch_signed(sp, ap);
		put_number(o, sp, v < 0 ? 0 - (u64)v : (u64)v, 10, v < 0);
		break;
	case 'u':
		put_number(o, sp, fetch_unsigned(sp, ap), 10, false);
		break;
	case 'X':
		sp->flags |= FLAG_UPPER;
		put_number(o, sp, fetch_unsigned(sp, ap), 16, false);
		break;
	case 'x':
		put_number(o, sp, fetch_unsigned(sp, ap), 16, false);
		break;
	case 'o':
		put_number(o, sp, fetch_unsigned(sp, ap), 8, false);
		break;
	case 'c':
		c = (char)va_arg(*ap, int);
		put_text(o, sp, &c, 1);
		break;
	case 's':
		put_string(o, sp, va_arg(*ap, const char *));
		break;
	case 'p':
		fmt += put_pointer(o, sp, fmt + 1, va_arg(*ap, const void *));
		break;
	case '%':
		put(o, "%", 1);
		break;
	default: /* not ours: show it as it stands */
		put(o, "%", 1);
		return fmt;
	}
	return fmt + 1;
}

int kvsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out o = { buf, size, 0 };
	struct spec sp;
	va_list args;

	va_copy(args, ap);
	while (*fmt) {
		const char *s = fmt;
		while (*fmt && *fmt != '%')
			fmt++;
		put(&o, s, (size_t)(fmt - s));
		if (*fmt)
			fmt = convert(&o, &sp, parse_spec(&sp, fmt + 1, &args), &args);
	}
	va_end(args);
	if (size)
		buf[min(o.pos, size - 1)] = '\0';
	return (int)o.pos;
}

int ksnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = kvsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}

int kscnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = kvsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return !size ? 0 : n < (int)size ? n : (int)size - 1;
}
