/* Intel 8254 datasheet (231164-005) and the PC's wiring of channel 2 (port B, IBM PC/AT technical reference). */
#ifndef KERNEL_HAL_PIT_REGS_H
#define KERNEL_HAL_PIT_REGS_H

#define PIT_HZ 1193182u
#define PIT_CHANNEL0 0x40u
#define PIT_CHANNEL2 0x42u
#define PIT_CONTROL 0x43u
#define PIT_SELECT(ch) ((ch) << 6)
#define PIT_LATCH 0x00u
#define PIT_LOHI 0x30u
#define PIT_MODE_ONESHOT 0x00u /* mode 0: interrupt on terminal count */
#define PIT_MODE_RATE 0x04u    /* mode 2: rate generator */

#define PORT_B 0x61u
#define PORT_B_GATE2 0x01u
#define PORT_B_SPEAKER 0x02u

#endif
