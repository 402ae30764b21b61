/* Numbers out of text, strictly: the whole string must be one number, a newline may follow (string.h). */
#include "kernel/lib/err.h"
#include "kernel/lib/string.h"

static unsigned digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'z' ? (unsigned)(c - 'a') + 10 : 99;
}

/* Skip the prefix of hexadecimal and octal numbers; base 0 is decided by it. */
static const char *skip_prefix(const char *s, unsigned *base)
{
	bool hex = s[0] == '0' && (s[1] | 0x20) == 'x' && digit_value(s[2]) < 16;

	if (*base == 0)
		*base = hex ? 16 : s[0] == '0' ? 8 : 10;
	return hex && *base == 16 ? s + 2 : s;
}

int kstrtou64(const char *s, unsigned base, u64 *out)
{
	u64 v = 0;

	if (*s == '+')
		s++;
	s = skip_prefix(s, &base);
	if (digit_value(*s) >= base)
		return -EINVAL;
	for (unsigned d; (d = digit_value(*s)) < base; s++) {
		/* v * base in two halves: the upper one must stay below 2^32 */
		u64 hi = (v >> 32) * base + (((v & 0xffffffffu) * base) >> 32);
		u64 next = v * base + d;
		if (hi >> 32 || next < d)
			return -ERANGE;
		v = next;
	}
	if (*s == '\n')
		s++;
	if (*s)
		return -EINVAL;
	*out = v;
	return 0;
}

int kstrtou32(const char *s, unsigned base, u32 *out)
{
	u64 v;
	int ret = kstrtou64(s, base, &v);

	if (ret)
		return ret;
	if (v >> 32)
		return -ERANGE;
	*out = (u32)v;
	return 0;
}

int kstrtoint(const char *s, unsigned base, int *out)
{
	u64 v;
	bool negative = *s == '-';

	if (negative && s[1] == '+')
		return -EINVAL;
	int ret = kstrtou64(s + negative, base, &v);
	if (ret)
		return ret;
	if (v > 0x7fffffffu + (u64)negative)
		return -ERANGE;
	*out = negative ? (int)-(s64)v : (int)v;
	return 0;
}
