/* See string.h. Copies and fills use the string instructions, four bytes a step. On the host only what the C library lacks is built. */
#include "kernel/lib/string.h"
#include "kernel/lib/err.h"

#ifndef HOST_TEST
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-loop-distribute-patterns") /* or strlen becomes a call of strlen */
#endif

void *memcpy(void *dst, const void *src, size_t n)
{
	u32 d, s, c;
	__asm__ volatile("rep movsl\n\tmovl %6, %%ecx\n\tandl $3, %%ecx\n\trep movsb"
			 : "=&D"(d), "=&S"(s), "=&c"(c)
			 : "0"(dst), "1"(src), "2"(n >> 2), "r"(n)
			 : "memory");
	return dst;
}

static void copy_backwards(void *dst, const void *src, size_t n)
{
	u32 d, s, c;
	__asm__ volatile("std\n\trep movsb\n\tmovl %6, %%ecx\n\tsubl $3, %%edi\n\tsubl $3, %%esi\n\trep movsl\n\tcld"
			 : "=&D"(d), "=&S"(s), "=&c"(c)
			 : "0"((u8 *)dst + n - 1), "1"((const u8 *)src + n - 1), "2"(n & 3), "r"(n >> 2)
			 : "memory");
}

void *memmove(void *dst, const void *src, size_t n)
{
	if ((uintptr_t)dst - (uintptr_t)src >= n)
		return memcpy(dst, src, n);
	copy_backwards(dst, src, n);
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	u32 d, k;
	__asm__ volatile("rep stosl\n\tmovl %5, %%ecx\n\tandl $3, %%ecx\n\trep stosb"
			 : "=&D"(d), "=&c"(k)
			 : "0"(dst), "1"(n >> 2), "a"((u32)(u8)c * 0x01010101u), "r"(n)
			 : "memory");
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *p = a, *q = b;

	while (n >= 4 && *(const u32 *)p == *(const u32 *)q) {
		p += 4;
		q += 4;
		n -= 4;
	}
	for (; n; n--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

void *memchr(const void *p, int c, size_t n)
{
	for (const u8 *s = p; n; n--, s++)
		if (*s == (u8)c)
			return (void *)s;
	return NULL;
}

size_t strlen(const char *s)
{
	const char *p = s;
	while (*p)
		p++;
	return (size_t)(p - s);
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;
	while (n < max && s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (*a != *b || !*a)
			return (u8)*a - (u8)*b;
	return 0;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)s;
		if (!*s)
			return NULL;
	}
}

char *strrchr(const char *s, int c)
{
	const char *last = NULL;
	for (;; s++) {
		if (*s == (char)c)
			last = s;
		if (!*s)
			return (char *)last;
	}
}

char *strstr(const char *hay, const char *needle)
{
	size_t n = strlen(needle);
	for (; *hay; hay++)
		if (!strncmp(hay, needle, n))
			return (char *)hay;
	return n ? NULL : (char *)hay;
}
#endif

ssize_t strscpy(char *dst, const char *src, size_t size)
{
	size_t n = strnlen(src, size);

	if (n < size) {
		memcpy(dst, src, n + 1);
		return (ssize_t)n;
	}
	memcpy(dst, src, size - 1);
	dst[size - 1] = '\0';
	return -E2BIG;
}
