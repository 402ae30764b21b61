/* Takes nothing away when it goes: its device, its timer, its interrupt handler. */
#include <linux/cdev.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/timer.h>

static struct cdev cdev;
static dev_t dev;
static struct timer_list timer;

static ssize_t forgetful_read(struct file *filp, char __user *to, size_t count, loff_t *pos) { return 0; }
static const struct file_operations fops = { .owner = THIS_MODULE, .read = forgetful_read };
static void on_timer(struct timer_list *t) { mod_timer(t, jiffies + 1); }
static irqreturn_t on_irq(int irq, void *id) { return IRQ_NONE; }

static int __init forgetful_init(void)
{
	int error = alloc_chrdev_region(&dev, 0, 1, "forgetful");

	if (error)
		return error;
	cdev_init(&cdev, &fops);
	error = cdev_add(&cdev, dev, 1);
	timer_setup(&timer, on_timer, 0);
	mod_timer(&timer, jiffies + 1);
	return error ? error : request_irq(11, on_irq, IRQF_SHARED, "forgetful", &cdev);
}
static void __exit forgetful_exit(void) { unregister_chrdev_region(dev, 1); }
module_init(forgetful_init);
module_exit(forgetful_exit);
MODULE_LICENSE("GPL");
