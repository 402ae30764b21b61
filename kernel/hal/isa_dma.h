/*
 * ISA DMA: the byte channels 0 to 3 of the first 8237A. A device asks for a byte at a time and the controller moves it between the device and
 * memory, without the CPU. It knows 24 address bits, of which the upper 8 stand still during a transfer: memory for it lies below 16 MiB
 * and does not cross 64 KiB. Channel 2 is the floppy controller's.
 */
#ifndef KERNEL_HAL_ISA_DMA_H
#define KERNEL_HAL_ISA_DMA_H

#include "kernel/lib/types.h"

#define ISA_DMA_MAX_BYTES 0x10000u
#define ISA_DMA_LIMIT 0x1000000u /* first address that cannot be reached */

enum isa_dma_direction { ISA_DMA_TO_MEMORY, ISA_DMA_FROM_MEMORY };

/* Take a channel for good or until freed; the name is kept, not copied. 0, -EINVAL, -EBUSY. Any context. */
int __must_check isa_dma_request(u32 channel, const char *name);
void isa_dma_free(u32 channel);
/*
 * Set a channel up and let it answer the device's requests; done before the device is told its command. len: 1 to 64 KiB, within one 64 KiB
 * block below 16 MiB. The channel is the caller's. Any context.
 */
void isa_dma_start(u32 channel, enum isa_dma_direction way, phys_addr_t addr, u32 len);
/* Let it answer no more; returns how many bytes of the transfer were not moved. */
u32 isa_dma_stop(u32 channel);
/* /proc/dma in Linux's format. */
struct seq_buf;
int isa_dma_show(struct seq_buf *s, void *arg);

#endif
