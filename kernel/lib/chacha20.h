/* One 64-byte block of the ChaCha20 key stream (RFC 8439, 2.3). Pure. */
#ifndef KERNEL_LIB_CHACHA20_H
#define KERNEL_LIB_CHACHA20_H

#include "kernel/lib/types.h"

void chacha20_block(const u32 key[8], u32 counter, const u32 nonce[3], u8 out[64]);

#endif
