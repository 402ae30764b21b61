/* Memory and string functions with the C library's names and meanings. Pure. On the host the C library's own are used. */
#ifndef KERNEL_LIB_STRING_H
#define KERNEL_LIB_STRING_H

#include "kernel/lib/types.h"

#ifdef HOST_TEST
#include <string.h>
#else
void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *p, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *hay, const char *needle);
#endif

/* Copy with termination always; returns the length copied or -E2BIG when src was cut. size > 0. */
ssize_t strscpy(char *dst, const char *src, size_t size);
/* Parse an unsigned number (base 0: 0x, 0 prefixes; a trailing newline is allowed). 0 or -EINVAL, -ERANGE. */
int __must_check kstrtou64(const char *s, unsigned base, u64 *out);
int __must_check kstrtou32(const char *s, unsigned base, u32 *out);
int __must_check kstrtoint(const char *s, unsigned base, int *out);

#endif
