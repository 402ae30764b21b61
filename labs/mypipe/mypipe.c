/*
 * A pair of devices, /dev/mypipe0 and /dev/mypipe1: what is written to one is read from the other. A reader waits for data and a writer for
 * room, unless the file is O_NONBLOCK; poll, select and SIGIO work. docs/drivers.md walks through it.
 */
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/kfifo.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

static unsigned int size = 4096;
module_param(size, uint, 0444);
MODULE_PARM_DESC(size, "bytes that wait in each direction at most");

/* One device. Its fifo holds what has been written to the other one and not yet been read here. */
static struct end {
	struct kfifo fifo;
	struct mutex lock;             /* the fifo */
	wait_queue_head_t readers;     /* wait for data in the fifo */
	wait_queue_head_t writers;     /* of the other device: wait for room in the fifo */
	struct fasync_struct *async;   /* files of this device that want SIGIO (O_ASYNC) */
	struct end *other;
} ends[2];

static dev_t first;
static struct cdev cdev;
static struct class *class;

static int mypipe_open(struct inode *inode, struct file *filp)
{
	filp->private_data = &ends[iminor(inode)];
	return nonseekable_open(inode, filp);
}

/*
 * Lock e once `ready` says that there is something to do. Between waking up and taking the lock somebody else may have come first, so the
 * condition is looked at again with the lock held. 0, -EAGAIN, -ERESTARTSYS.
 */
static int lock_when(struct end *e, wait_queue_head_t *queue, bool (*ready)(const struct end *e), bool may_wait)
{
	for (;;) {
		if (mutex_lock_interruptible(&e->lock))
			return -ERESTARTSYS;
		if (ready(e))
			return 0;
		mutex_unlock(&e->lock);
		if (!may_wait)
			return -EAGAIN;
		if (wait_event_interruptible(*queue, ready(e)))
			return -ERESTARTSYS;
	}
}

static bool has_data(const struct end *e) { return !kfifo_is_empty(&e->fifo); }
static bool has_room(const struct end *e) { return !kfifo_is_full(&e->fifo); }

static ssize_t mypipe_read(struct file *filp, char __user *to, size_t count, loff_t *pos)
{
	struct end *e = filp->private_data;
	unsigned int done;
	int error;

	if (!count)
		return 0;
	error = lock_when(e, &e->readers, has_data, !(filp->f_flags & O_NONBLOCK));
	if (error)
		return error;
	error = kfifo_to_user(&e->fifo, to, count, &done);
	mutex_unlock(&e->lock);
	if (error)
		return error;
	wake_up_interruptible(&e->writers);
	kill_fasync(&e->other->async, SIGIO, POLL_OUT);
	return done;
}

/* As much as fits; the program writes the rest with its next call. */
static ssize_t mypipe_write(struct file *filp, const char __user *from, size_t count, loff_t *pos)
{
	struct end *e = ((struct end *)filp->private_data)->other;
	unsigned int done;
	int error;

	if (!count)
		return 0;
	error = lock_when(e, &e->writers, has_room, !(filp->f_flags & O_NONBLOCK));
	if (error)
		return error;
	error = kfifo_from_user(&e->fifo, from, count, &done);
	mutex_unlock(&e->lock);
	if (error)
		return error;
	wake_up_interruptible(&e->readers);
	kill_fasync(&e->async, SIGIO, POLL_IN);
	return done;
}

static __poll_t mypipe_poll(struct file *filp, poll_table *wait)
{
	struct end *e = filp->private_data;
	__poll_t ready = 0;

	poll_wait(filp, &e->readers, wait);
	poll_wait(filp, &e->other->writers, wait);
	if (has_data(e))
		ready |= EPOLLIN | EPOLLRDNORM;
	if (has_room(e->other))
		ready |= EPOLLOUT | EPOLLWRNORM;
	return ready;
}

/* O_ASYNC was set or cleared, or the file is closed. */
static int mypipe_fasync(int fd, struct file *filp, int on)
{
	struct end *e = filp->private_data;

	return fasync_helper(fd, filp, on, &e->async);
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.open = mypipe_open,
	.read = mypipe_read,
	.write = mypipe_write,
	.poll = mypipe_poll,
	.fasync = mypipe_fasync,
};

static int init_ends(void)
{
	for (int i = 0; i < 2; i++) {
		struct end *e = &ends[i];
		int error = kfifo_alloc(&e->fifo, size, GFP_KERNEL);

		if (error)
			return error;
		mutex_init(&e->lock);
		init_waitqueue_head(&e->readers);
		init_waitqueue_head(&e->writers);
		e->other = &ends[1 - i];
	}
	return 0;
}

static void free_ends(void)
{
	kfifo_free(&ends[0].fifo);
	kfifo_free(&ends[1].fifo);
}

/* The nodes /dev/mypipe0 and 1; all of them or none. */
static int make_nodes(void)
{
	class = class_create("mypipe");
	if (IS_ERR(class))
		return PTR_ERR(class);
	for (int i = 0; i < 2; i++) {
		struct device *d = device_create(class, NULL, first + i, NULL, "mypipe%d", i);

		if (IS_ERR(d)) {
			if (i)
				device_destroy(class, first);
			class_destroy(class);
			return PTR_ERR(d);
		}
	}
	return 0;
}

static int __init mypipe_init(void)
{
	int error = init_ends();

	if (error)
		goto no_ends;
	error = alloc_chrdev_region(&first, 0, 2, "mypipe");
	if (error)
		goto no_ends;
	cdev_init(&cdev, &fops);
	error = cdev_add(&cdev, first, 2);
	if (error)
		goto no_cdev;
	error = make_nodes();
	if (error)
		goto no_nodes;
	return 0;
no_nodes:
	cdev_del(&cdev);
no_cdev:
	unregister_chrdev_region(first, 2);
no_ends:
	free_ends();
	return error;
}

/* Nobody has the devices open: each open file holds the module. */
static void __exit mypipe_exit(void)
{
	device_destroy(class, first + 1);
	device_destroy(class, first);
	class_destroy(class);
	cdev_del(&cdev);
	unregister_chrdev_region(first, 2);
	free_ends();
}

module_init(mypipe_init);
module_exit(mypipe_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Two devices; what is written to one is read from the other");
