/* A device by misc_register: /dev/misctest. Each file has a buffer of its own; read gives what was written, upper case. */
#include <linux/ctype.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

struct text {
	size_t len;
	char bytes[64];
};
static struct miscdevice misctest;

static int misc_open(struct inode *inode, struct file *filp)
{
	if (filp->private_data != &misctest)
		return -EIO;
	filp->private_data = kzalloc(sizeof(struct text), GFP_KERNEL);
	return filp->private_data ? 0 : -ENOMEM;
}
static int misc_release(struct inode *inode, struct file *filp)
{
	kfree(filp->private_data);
	return 0;
}
static ssize_t misc_read(struct file *filp, char __user *to, size_t count, loff_t *pos)
{
	struct text *t = filp->private_data;

	return simple_read_from_buffer(to, count, pos, t->bytes, t->len);
}
static ssize_t misc_write(struct file *filp, const char __user *from, size_t count, loff_t *pos)
{
	struct text *t = filp->private_data;

	t->len = min(count, sizeof(t->bytes));
	*pos = 0;
	if (copy_from_user(t->bytes, from, t->len))
		return -EFAULT;
	for (size_t i = 0; i < t->len; i++)
		t->bytes[i] = toupper(t->bytes[i]);
	return t->len;
}
static const struct file_operations fops = {
	.owner = THIS_MODULE, .open = misc_open, .release = misc_release, .read = misc_read, .write = misc_write, .llseek = default_llseek,
};
static struct miscdevice misctest = { .minor = MISC_DYNAMIC_MINOR, .name = "misctest", .fops = &fops, .mode = 0666 };
static int level = 1;
static ssize_t level_show(struct device *dev, struct device_attribute *attr, char *buf) { return sysfs_emit(buf, "%d\n", level); }
static ssize_t level_store(struct device *dev, struct device_attribute *attr, const char *buf, size_t count)
{
	int error = kstrtoint(buf, 0, &level);

	return error ? error : (ssize_t)count;
}
static DEVICE_ATTR_RW(level);

static int __init misctest_init(void)
{
	int error = misc_register(&misctest);

	if (!error)
		error = device_create_file(misctest.this_device, &dev_attr_level);
	return error;
}
static void __exit misctest_exit(void) { misc_deregister(&misctest); }
module_init(misctest_init);
module_exit(misctest_exit);
MODULE_LICENSE("GPL");
