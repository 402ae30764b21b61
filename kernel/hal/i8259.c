/*
 * The two 8259s behind struct irq_chip. The mask is kept here as well, so that a change is one port write. All functions: interrupts off
 * or the descriptor's lock held (kernel/irq/irq.c).
 */
#include "kernel/hal/i8259_regs.h"
#include "kernel/hal/irq_chip.h"
#include "kernel/hal/port.h"
#include "kernel/hal/regs.h"

static u16 masked = 0xffff & ~BIT(I8259_CASCADE_IRQ);

static void write_mask(u32 irq)
{
	if (irq < 8)
		outb(I8259_MASTER_DATA, masked & 0xff);
	else
		outb(I8259_SLAVE_DATA, masked >> 8);
}

static void i8259_mask(u32 irq)
{
	masked |= (u16)BIT(irq);
	write_mask(irq);
}

static void i8259_unmask(u32 irq)
{
	masked &= (u16)~BIT(irq);
	write_mask(irq);
}

static void i8259_eoi(u32 irq)
{
	if (irq >= 8) {
		outb(I8259_SLAVE_CMD, OCW2_SPECIFIC_EOI | (irq - 8));
		irq = I8259_CASCADE_IRQ;
	}
	outb(I8259_MASTER_CMD, OCW2_SPECIFIC_EOI | irq);
}

static bool i8259_pending(u32 irq)
{
	u16 port = irq < 8 ? I8259_MASTER_CMD : I8259_SLAVE_CMD;

	outb(port, OCW3_READ_IRR);
	return inb(port) >> (irq & 7) & 1;
}

/* The line fell away before the CPU asked for the vector: the chip answers its lowest input, without setting the in-service bit. */
static bool i8259_is_spurious(u32 irq)
{
	if (irq == 7) {
		outb(I8259_MASTER_CMD, OCW3_READ_ISR);
		return !(inb(I8259_MASTER_CMD) & 0x80);
	}
	if (irq == 15) {
		outb(I8259_SLAVE_CMD, OCW3_READ_ISR);
		if (inb(I8259_SLAVE_CMD) & 0x80)
			return false;
		outb(I8259_MASTER_CMD, OCW2_SPECIFIC_EOI | I8259_CASCADE_IRQ); /* the master did see the cascade */
		return true;
	}
	return false;
}

static void i8259_set_level(u32 irq, bool level)
{
	u16 port = irq < 8 ? ELCR_MASTER : ELCR_SLAVE;
	u8 bit = (u8)BIT(irq & 7), old = inb(port);

	outb(port, level ? old | bit : old & (u8)~bit);
}

const struct irq_chip i8259_chip = {
	.name = "XT-PIC",
	.mask = i8259_mask,
	.unmask = i8259_unmask,
	.eoi = i8259_eoi,
	.pending = i8259_pending,
	.is_spurious = i8259_is_spurious,
	.set_level = i8259_set_level,
};

void i8259_init(void)
{
	outb(I8259_MASTER_CMD, ICW1_INIT | ICW1_ICW4);
	io_delay();
	outb(I8259_SLAVE_CMD, ICW1_INIT | ICW1_ICW4);
	io_delay();
	outb(I8259_MASTER_DATA, VECTOR_IRQ_BASE); /* ICW2: first vector */
	io_delay();
	outb(I8259_SLAVE_DATA, VECTOR_IRQ_BASE + 8);
	io_delay();
	outb(I8259_MASTER_DATA, BIT(I8259_CASCADE_IRQ)); /* ICW3: where the other one is */
	io_delay();
	outb(I8259_SLAVE_DATA, I8259_CASCADE_IRQ);
	io_delay();
	outb(I8259_MASTER_DATA, ICW4_8086);
	io_delay();
	outb(I8259_SLAVE_DATA, ICW4_8086);
	io_delay();
	outb(I8259_MASTER_DATA, masked & 0xff);
	outb(I8259_SLAVE_DATA, masked >> 8);
}
