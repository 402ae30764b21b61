/* Its init fails with the error it is told, after it has made and taken away what a driver makes. */
#include <linux/cdev.h>
#include <linux/module.h>

static int error = 5;
module_param(error, int, 0444);
static char *word = "none";
module_param(word, charp, 0444);
static const struct file_operations fops = { .owner = THIS_MODULE };
static struct cdev cdev;

static int __init badinit_init(void)
{
	dev_t dev;
	int e = alloc_chrdev_region(&dev, 0, 1, "badinit");

	if (e)
		return e;
	cdev_init(&cdev, &fops);
	e = cdev_add(&cdev, dev, 1);
	cdev_del(&cdev);
	unregister_chrdev_region(dev, 1);
	return e ? e : -error;
}
module_init(badinit_init);
MODULE_LICENSE("GPL");
