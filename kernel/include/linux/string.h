/* The string functions; strscpy for copies. */
#ifndef LINUX_STRING_H
#define LINUX_STRING_H

#include "kernel/include/sluice/prelude.h"

static inline char *strcpy(char *dst, const char *src) { return memcpy(dst, src, strlen(src) + 1); }
static inline char *strncpy(char *dst, const char *src, size_t n)
{
	size_t len = strnlen(src, n);

	memcpy(dst, src, len);
	memset(dst + len, 0, n - len);
	return dst;
}
static inline size_t strlcpy(char *dst, const char *src, size_t n)
{
	if (n)
		(void)!strscpy(dst, src, n);
	return strlen(src);
}
static inline char *strcat(char *dst, const char *src) { strcpy(dst + strlen(dst), src); return dst; }
static inline bool sysfs_streq(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++)
		;
	return *a == *b || (!*a && *b == '\n' && !b[1]) || (!*b && *a == '\n' && !a[1]);
}

#endif
