/*
 * A driver that only the hot-plug test uses, for QEMU's device edu: /dev/plugN for the one in slot N of the root bus. A number written makes
 * the device interrupt with it; read waits for that and gives it. After the removal everything answers -ENODEV.
 */
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/kref.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

/* docs/specs/edu.txt of QEMU 7.2 */
#define EDU_STATUS 0x24 /* R: which interrupts are pending */
#define EDU_RAISE 0x60  /* W */
#define EDU_ACK 0x64    /* W */

struct plug {
	struct kref refs; /* the driver's and one for each open file */
	struct cdev *cdev;
	struct pci_dev *pdev;
	void __iomem *regs;
	dev_t number;
	volatile u32 value;
	volatile bool gone;
	wait_queue_head_t wait;
};

static struct class *class;
static dev_t first;
static struct plug *plugs[32]; /* by slot */

static void plug_free(struct kref *k)
{
	kfree(container_of(k, struct plug, refs));
}

static irqreturn_t plug_irq(int irq, void *dev)
{
	struct plug *p = dev;
	u32 status = readl(p->regs + EDU_STATUS);

	if (!status || status == ~0u)
		return IRQ_NONE;
	writel(status, p->regs + EDU_ACK);
	p->value = status;
	wake_up_interruptible(&p->wait);
	return IRQ_HANDLED;
}

static int plug_open(struct inode *inode, struct file *filp)
{
	struct plug *p = plugs[iminor(inode)];

	if (!p)
		return -ENODEV;
	kref_get(&p->refs);
	filp->private_data = p;
	return nonseekable_open(inode, filp);
}

static int plug_release(struct inode *inode, struct file *filp)
{
	struct plug *p = filp->private_data;

	kref_put(&p->refs, plug_free);
	return 0;
}

static ssize_t plug_read(struct file *filp, char __user *to, size_t count, loff_t *pos)
{
	struct plug *p = filp->private_data;
	u32 v;

	if (count < sizeof(v))
		return -EINVAL;
	if (wait_event_interruptible(p->wait, p->value || p->gone))
		return -ERESTARTSYS;
	if (p->gone)
		return -ENODEV;
	v = p->value;
	p->value = 0;
	return copy_to_user(to, &v, sizeof(v)) ? -EFAULT : (ssize_t)sizeof(v);
}

static ssize_t plug_write(struct file *filp, const char __user *from, size_t count, loff_t *pos)
{
	struct plug *p = filp->private_data;
	u32 v;

	if (count != sizeof(v))
		return -EINVAL;
	if (copy_from_user(&v, from, sizeof(v)))
		return -EFAULT;
	if (p->gone)
		return -ENODEV;
	writel(v, p->regs + EDU_RAISE);
	return sizeof(v);
}

static __poll_t plug_poll(struct file *filp, poll_table *wait)
{
	struct plug *p = filp->private_data;

	poll_wait(filp, &p->wait, wait);
	return p->gone ? EPOLLERR | EPOLLHUP : p->value ? EPOLLIN : 0;
}

static const struct file_operations fops = {
	.owner = THIS_MODULE, .open = plug_open, .release = plug_release, .read = plug_read, .write = plug_write, .poll = plug_poll,
};

static int make_node(struct plug *p, unsigned int slot)
{
	struct device *d;
	int error;

	p->cdev = cdev_alloc();
	if (!p->cdev)
		return -ENOMEM;
	p->cdev->ops = &fops;
	p->number = first + slot;
	plugs[slot] = p;
	error = cdev_add(p->cdev, p->number, 1);
	if (error)
		return error;
	d = device_create(class, &p->pdev->dev, p->number, p, "plug%u", slot);
	if (!IS_ERR(d))
		return 0;
	cdev_del(p->cdev);
	return PTR_ERR(d);
}

static int plug_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct plug *p = kzalloc(sizeof(*p), GFP_KERNEL);
	int error = p ? pci_enable_device(pdev) : -ENOMEM;

	if (error)
		goto no_device;
	kref_init(&p->refs);
	p->pdev = pdev;
	init_waitqueue_head(&p->wait);
	error = pci_request_regions(pdev, "plug");
	if (error)
		goto no_regions;
	p->regs = pci_iomap(pdev, 0, 0);
	error = p->regs ? request_irq(pdev->irq, plug_irq, IRQF_SHARED, "plug", p) : -ENOMEM;
	if (error)
		goto no_irq;
	pci_set_drvdata(pdev, p);
	error = make_node(p, PCI_SLOT(pdev->devfn));
	if (!error)
		return 0;
	plugs[PCI_SLOT(pdev->devfn)] = NULL;
	free_irq(pdev->irq, p);
no_irq:
	if (p->regs)
		pci_iounmap(pdev, p->regs);
	pci_release_regions(pdev);
no_regions:
	pci_disable_device(pdev);
no_device:
	kfree(p);
	return error;
}

static void plug_remove(struct pci_dev *pdev)
{
	struct plug *p = pci_get_drvdata(pdev);

	device_destroy(class, p->number);
	cdev_del(p->cdev);
	plugs[PCI_SLOT(pdev->devfn)] = NULL;
	p->gone = true;
	wake_up_all(&p->wait);
	free_irq(pdev->irq, p);
	pci_iounmap(pdev, p->regs);
	pci_release_regions(pdev);
	pci_disable_device(pdev);
	kref_put(&p->refs, plug_free);
}

static const struct pci_device_id ids[] = { { PCI_DEVICE(0x1234, 0x11e8) }, { 0 } };
static struct pci_driver driver = { .name = "plug", .id_table = ids, .probe = plug_probe, .remove = plug_remove };

static int __init plug_init(void)
{
	int error = alloc_chrdev_region(&first, 0, 32, "plug");

	if (error)
		return error;
	class = class_create("plug");
	error = IS_ERR(class) ? PTR_ERR(class) : pci_register_driver(&driver);
	if (!error)
		return 0;
	if (!IS_ERR(class))
		class_destroy(class);
	unregister_chrdev_region(first, 32);
	return error;
}

static void __exit plug_exit(void)
{
	pci_unregister_driver(&driver);
	class_destroy(class);
	unregister_chrdev_region(first, 32);
}

module_init(plug_init);
module_exit(plug_exit);
MODULE_LICENSE("GPL");
