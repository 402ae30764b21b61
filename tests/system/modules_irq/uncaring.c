/*
 * A bad driver of the edu device: it makes the device interrupt and does not acknowledge, so that the line stays up. handled=0: its handler
 * says that it was not its device (nobody cares); handled=1: that all is well (a storm).
 */
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/pci.h>

#define REG_IRQ_RAISE 0x60
#define REG_IRQ_ACK 0x64

static bool handled;
module_param(handled, bool, 0444);

static irqreturn_t uncaring(int irq, void *dev) { return handled ? IRQ_HANDLED : IRQ_NONE; }

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	void __iomem *regs;
	int error = pci_enable_device(pdev);

	if (error)
		return error;
	regs = pci_iomap(pdev, 0, 0);
	error = regs ? request_irq(pdev->irq, uncaring, IRQF_SHARED, "uncaring", pdev) : -ENOMEM;
	if (error) {
		pci_disable_device(pdev);
		return error;
	}
	pci_set_drvdata(pdev, regs);
	writel(4, regs + REG_IRQ_RAISE);
	return 0;
}

static void remove(struct pci_dev *pdev)
{
	void __iomem *regs = pci_get_drvdata(pdev);

	writel(~0u, regs + REG_IRQ_ACK);
	free_irq(pdev->irq, pdev);
	pci_iounmap(pdev, regs);
	pci_disable_device(pdev);
}

static const struct pci_device_id ids[] = { { PCI_DEVICE(0x1234, 0x11e8) }, { } };
static struct pci_driver uncaring_driver = { .name = "uncaring", .id_table = ids, .probe = probe, .remove = remove };
module_pci_driver(uncaring_driver);
MODULE_LICENSE("GPL");
