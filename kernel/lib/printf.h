/*
 * Formatting without allocation. Pure.
 * Conversions: %d %i %u %x %X %o %c %s %p %% with flags - 0 + space #, width, precision, * and the lengths hh h l ll z;
 * beyond C: %pS an address as symbol+offset/size (kernel only), %pe an ERR_PTR as its errno name.
 */
#ifndef KERNEL_LIB_PRINTF_H
#define KERNEL_LIB_PRINTF_H

#include "kernel/lib/types.h"

/* Write at most size bytes with the terminator; return the length the whole text would have had (ksnprintf) or has (kscnprintf). */
int kvsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
int ksnprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
int kscnprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);

/* "name+0x12/0x40" for %pS; kernel/debug/backtrace.c supplies it. */
void symbol_format(char *buf, size_t size, u32 addr);

#endif
