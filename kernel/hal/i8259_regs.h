/* Intel 8259A datasheet (231468-003): ports of the PC's pair, command words. */
#ifndef KERNEL_HAL_I8259_REGS_H
#define KERNEL_HAL_I8259_REGS_H

#define I8259_MASTER_CMD 0x20u
#define I8259_MASTER_DATA 0x21u
#define I8259_SLAVE_CMD 0xA0u
#define I8259_SLAVE_DATA 0xA1u
#define I8259_CASCADE_IRQ 2u /* input of the master where the slave sits */

#define ICW1_INIT 0x10u
#define ICW1_ICW4 0x01u
#define ICW4_8086 0x01u
#define OCW2_SPECIFIC_EOI 0x60u /* | line of the chip */
#define OCW3_READ_IRR 0x0Au
#define OCW3_READ_ISR 0x0Bu

/* Edge/level control register of the PIIX (82371SB datasheet, 2.5.4): a bit a line. */
#define ELCR_MASTER 0x4D0u
#define ELCR_SLAVE 0x4D1u

#endif
