/* An interrupt controller as kernel/irq sees it: the pair of 8259s now, the IOAPIC with the second CPU. */
#ifndef KERNEL_HAL_IRQ_CHIP_H
#define KERNEL_HAL_IRQ_CHIP_H

#include "kernel/lib/types.h"

#define NR_IRQS 16u

struct irq_chip {
	const char *name;
	void (*mask)(u32 irq);
	void (*unmask)(u32 irq);
	void (*eoi)(u32 irq);          /* acknowledge; called with interrupts off, before or after the handler as the chip wants */
	bool (*pending)(u32 irq);      /* asked for, masked or not, and not yet delivered */
	bool (*is_spurious)(u32 irq);  /* 8259: lines 7 and 15 with their ISR bit clear; sends the EOI the cascade still wants */
	void (*set_level)(u32 irq, bool level); /* ELCR */
};

extern const struct irq_chip i8259_chip;
/* Remap both 8259s to vectors 32..47, all lines masked but the cascade (Intel 8259A datasheet, "Initialization command words"). */
void i8259_init(void);

#endif
