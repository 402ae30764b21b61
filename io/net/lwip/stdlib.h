/* For lwIP, which wants atoi of it: the number behind a device's name. */
#ifndef IO_NET_LWIP_STDLIB_H
#define IO_NET_LWIP_STDLIB_H

#include <stddef.h>

static inline int atoi(const char *s)
{
	int n = 0;

	while (*s >= '0' && *s <= '9')
		n = n * 10 + (*s++ - '0');
	return n;
}

#endif
