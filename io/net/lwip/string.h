/* For lwIP: the memory and string functions of the kernel under the name of the C library's header. */
#ifndef IO_NET_LWIP_STRING_H
#define IO_NET_LWIP_STRING_H

#include <stddef.h>

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strncmp(const char *a, const char *b, size_t n);

#endif
