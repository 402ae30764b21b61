/* The Internet checksum (RFC 1071). Pure. */
#ifndef KERNEL_LIB_CHECKSUM_H
#define KERNEL_LIB_CHECKSUM_H

#include "kernel/lib/types.h"

/*
 * The one's complement sum of n bytes taken as 16-bit words in the order of this machine, an odd last byte with a zero behind it: not yet
 * complemented. Sums of pieces of even length may be added. The data may lie at any address.
 */
u16 ip_sum(const void *data, int n);

#endif
