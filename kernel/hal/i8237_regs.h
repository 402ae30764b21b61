/*
 * Registers of the two 8237A DMA controllers of a PC (Intel 8237A data sheet, "Register description"; the page registers are the PC/AT's
 * own). Controller 1 moves bytes on channels 0 to 3; controller 2 moves words on 5 to 7, and its channel 4 is the cascade of the first.
 */
#ifndef KERNEL_HAL_I8237_REGS_H
#define KERNEL_HAL_I8237_REGS_H

/* Controller 1 */
#define DMA1_BASE_ADDRESS(channel) (0x00 + 2 * (channel)) /* RW low byte, then high byte (flip-flop) */
#define DMA1_BASE_COUNT(channel) (0x01 + 2 * (channel))   /* RW the same; one less than the bytes */
#define DMA1_STATUS 0x08       /* R    bits 0 to 3: terminal count reached (cleared by reading); 4 to 7: a request waits */
#define DMA1_SINGLE_MASK 0x0a  /*    W channel in bits 0 and 1; bit 2 set: masked */
#define DMA1_MODE 0x0b         /*    W */
#define DMA1_CLEAR_FLIP_FLOP 0x0c /* W any value: the next byte is a low one */

#define DMA_MASK_SET 0x04

/* DMA1_MODE: channel in bits 0 and 1 */
#define DMA_MODE_TO_MEMORY 0x04   /* "write transfer": from the device */
#define DMA_MODE_FROM_MEMORY 0x08 /* "read transfer": to the device */
#define DMA_MODE_SINGLE 0x40      /* one unit for each request: the CPU gets the bus in between */

/* Page registers: bits 16 to 23 of the address; in no order at all. */
#define DMA_PAGE_0 0x87
#define DMA_PAGE_1 0x83
#define DMA_PAGE_2 0x81
#define DMA_PAGE_3 0x82

#endif
