/*
 * /dev/held0 to 2: read waits until the device is gone, which writing to /sys/module/held/parameters/gone makes it; poll, mmap and ioctl
 * are there to be tried afterwards. /dev/held1 goes through register_chrdev's kind of numbers by a cdev of its own.
 */
#include <linux/cdev.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/wait.h>

static DECLARE_WAIT_QUEUE_HEAD(queue);
static DEFINE_MUTEX(mutex);
static bool is_gone;
static dev_t dev;
static struct cdev *cdev;
static struct class *class;
static unsigned long page;

static ssize_t held_read(struct file *filp, char __user *to, size_t count, loff_t *pos)
{
	if (wait_event_interruptible(queue, is_gone))
		return -ERESTARTSYS;
	return -ENODEV;
}
static __poll_t held_poll(struct file *filp, poll_table *pt)
{
	bool gone;

	poll_wait(filp, &queue, pt);
	mutex_lock(&mutex);
	gone = is_gone;
	mutex_unlock(&mutex);
	return gone ? EPOLLHUP : 0;
}
static long held_ioctl(struct file *filp, unsigned int cmd, unsigned long arg) { return cmd == 100 ? 42 : -ENOTTY; }
static int held_mmap(struct file *filp, struct vm_area_struct *vma)
{
	if (vma->vm_end - vma->vm_start > PAGE_SIZE)
		return -EINVAL;
	return remap_pfn_range(vma, vma->vm_start, virt_to_phys((void *)page) >> PAGE_SHIFT, PAGE_SIZE, vma->vm_page_prot);
}
static int held_open(struct inode *inode, struct file *filp)
{
	filp->private_data = inode->i_cdev;
	return iminor(inode) == 2 ? -EBUSY : 0;
}
static int held_release(struct inode *inode, struct file *filp)
{
	pr_info("held: release\n");
	return 0;
}
static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.open = held_open,
	.read = held_read,
	.poll = held_poll,
	.unlocked_ioctl = held_ioctl,
	.mmap = held_mmap,
	.release = held_release,
};

/* As a driver's remove does it: first the nodes, then nobody opens it any more, then who waits is woken. */
static void take_away(void)
{
	if (is_gone)
		return;
	for (int i = 0; i < 3; i++)
		device_destroy(class, dev + i);
	cdev_del(cdev);
	is_gone = true;
	wake_up_interruptible_all(&queue);
}
static int set_gone(const char *val, const struct kernel_param *kp)
{
	take_away();
	return 0;
}
static int get_gone(char *buffer, const struct kernel_param *kp) { return sprintf(buffer, "%d\n", is_gone); }
static const struct kernel_param_ops gone_ops = { .set = set_gone, .get = get_gone };
module_param_cb(gone, &gone_ops, &is_gone, 0644);

static int __init held_init(void)
{
	int error = alloc_chrdev_region(&dev, 0, 3, "held");

	if (error)
		return error;
	page = get_zeroed_page(GFP_KERNEL);
	cdev = cdev_alloc();
	class = class_create(THIS_MODULE, "held");
	if (!page || !cdev || IS_ERR(class))
		return -ENOMEM;
	strcpy((char *)page, "mapped");
	cdev->ops = &fops;
	error = cdev_add(cdev, dev, 3);
	for (int i = 0; i < 3 && !error; i++)
		error = PTR_ERR_OR_ZERO(device_create(class, NULL, dev + i, NULL, "held%d", i));
	return error;
}
static void __exit held_exit(void)
{
	take_away();
	class_destroy(class);
	unregister_chrdev_region(dev, 3);
	free_page(page);
}
module_init(held_init);
module_exit(held_exit);
MODULE_LICENSE("GPL");
