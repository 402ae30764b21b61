/*
 * A character device that remembers what was written to it last: /dev/mychar. The driver of the design document's chapter 4.2, put right:
 * docs/drivers.md tells what was wrong with it and how the debug kernel finds it.
 */
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/uaccess.h>

#define BUF_SIZE 1024

static char buffer[BUF_SIZE];
static size_t used;           /* bytes of buffer that were written */
static DEFINE_MUTEX(lock);    /* buffer, used */
static dev_t number;
static struct cdev cdev;
static struct class *class;

/* From the position on, so that cat ends: at the end of what was written there is nothing more. */
static ssize_t mychar_read(struct file *filp, char __user *to, size_t count, loff_t *pos)
{
	ssize_t done;

	if (mutex_lock_interruptible(&lock))
		return -ERESTARTSYS;
	done = simple_read_from_buffer(to, count, pos, buffer, used);
	mutex_unlock(&lock);
	return done;
}

/* Each write replaces the contents; what does not fit is for the next write, as the returned count says. */
static ssize_t mychar_write(struct file *filp, const char __user *from, size_t count, loff_t *pos)
{
	size_t n = min(count, (size_t)BUF_SIZE);

	if (mutex_lock_interruptible(&lock))
		return -ERESTARTSYS;
	if (copy_from_user(buffer, from, n)) {
		used = 0;
		mutex_unlock(&lock);
		return -EFAULT;
	}
	used = n;
	pr_debug("written %zu bytes: %.*s\n", n, (int)n, buffer);
	mutex_unlock(&lock);
	return (ssize_t)n;
}

static long mychar_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	if (cmd != 0) /* 0: forget the contents */
		return -ENOTTY;
	mutex_lock(&lock);
	used = 0;
	mutex_unlock(&lock);
	return 0;
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.read = mychar_read,
	.write = mychar_write,
	.unlocked_ioctl = mychar_ioctl,
	.llseek = noop_llseek,
};

static int __init mychar_init(void)
{
	struct device *device;
	int error = alloc_chrdev_region(&number, 0, 1, "mychar");

	if (error)
		return error;
	cdev_init(&cdev, &fops);
	error = cdev_add(&cdev, number, 1);
	if (error)
		goto no_cdev;
	class = class_create("mychar");
	error = PTR_ERR_OR_ZERO(class);
	if (error)
		goto no_class;
	device = device_create(class, NULL, number, NULL, "mychar");
	error = PTR_ERR_OR_ZERO(device);
	if (error)
		goto no_device;
	pr_info("mychar: major %u\n", MAJOR(number));
	return 0;
no_device:
	class_destroy(class);
no_class:
	cdev_del(&cdev);
no_cdev:
	unregister_chrdev_region(number, 1);
	return error;
}

static void __exit mychar_exit(void)
{
	device_destroy(class, number);
	class_destroy(class);
	cdev_del(&cdev);
	unregister_chrdev_region(number, 1);
}

module_init(mychar_init);
module_exit(mychar_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A character device that remembers what was written to it last");
