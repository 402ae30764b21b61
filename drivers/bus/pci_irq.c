/*
 * Which interrupt line a PCI function has got. The firmware has routed and written down the lines of all it found (configuration register
 * 0x3c); for a function plugged in later we do it. On a PC with a PIIX3, slot and pin choose one of four wires, and four routing registers
 * of the ISA bridge lead each wire to a line (Intel 82371SB datasheet, section 2.1.10, PIRQRC[A:D] at 0x60 of function 0). QEMU's machine pc
 * wires slot s, pin p (INTA 0) to PIRQ (s + p - 1) mod 4.
 */
#include "drivers/bus/pci.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/irq_chip.h"

#define VENDOR_INTEL 0x8086u
#define DEVICE_PIIX3_ISA 0x7000u
#define PIIX3_PIRQRC_A 0x60u
#define PIRQRC_OFF 0x80u         /* not routed */
#define PIRQRC_IRQ_MASK 0x0fu
#define DEFAULT_LINE 11u         /* for a wire that leads nowhere yet */
#define LINE_NONE 0xffu          /* PCI_INTERRUPT_LINE: unknown */

static bool is_router(struct device *d, const void *arg)
{
	const struct pci_dev *p = to_pci_dev(d);

	return p->vendor == VENDOR_INTEL && p->device == DEVICE_PIIX3_ISA;
}

/* The line the wire leads to. */
static u32 routed_line(struct pci_dev *router, u32 wire)
{
	u8 reg = (u8)(PIIX3_PIRQRC_A + wire), route = pci_read8(router, reg);

	if (route & PIRQRC_OFF) {
		i8259_chip.set_level(DEFAULT_LINE, true);
		pci_write8(router, reg, DEFAULT_LINE);
		return DEFAULT_LINE;
	}
	return route & PIRQRC_IRQ_MASK;
}

void pci_route_irq(struct pci_dev *p)
{
	u8 line = pci_read8(p, PCI_INTERRUPT_LINE);
	struct device *router;

	if (!p->pin)
		return;
	p->irq = line;
	if (line && line != LINE_NONE)
		return;
	p->irq = 0;
	router = p->bus->number ? NULL : bus_find_device(&pci_bus_type, NULL, is_router, NULL);
	if (!router) {
		pr_warn("pci %s: nobody knows where its interrupt goes\n", pci_name(p));
		return;
	}
	p->irq = routed_line(to_pci_dev(router), (PCI_SLOT(p->devfn) + p->pin + 2) & 3u); /* slot + (pin - 1) - 1, mod 4 */
	put_device(router);
	pci_write8(p, PCI_INTERRUPT_LINE, (u8)p->irq);
}
