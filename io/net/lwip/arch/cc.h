/* lwIP's view of the compiler and of this kernel (lwip/arch.h). */
#ifndef IO_NET_LWIP_ARCH_CC_H
#define IO_NET_LWIP_ARCH_CC_H

#include <stddef.h>
#include <stdint.h>

#define LWIP_NO_INTTYPES_H 1
#define LWIP_NO_LIMITS_H 1
#define SSIZE_MAX INT32_MAX
#define LWIP_NO_UNISTD_H 1
#define LWIP_NO_CTYPE_H 1
#define X8_F "02x"
#define U16_F "u"
#define S16_F "d"
#define X16_F "x"
#define U32_F "u"
#define S32_F "d"
#define X32_F "x"
#define SZT_F "u"
#define BYTE_ORDER LITTLE_ENDIAN

void panic(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
unsigned int net_random(void);
#define LWIP_RAND() net_random()
#define LWIP_PLATFORM_DIAG(x) do { } while (0)
#define LWIP_PLATFORM_ASSERT(x) panic("lwIP: %s, %s:%d", x, __FILE__, __LINE__)

#endif
