/*
 * Character devices as a Linux driver file sees them (kernel/include/linux/fs.h, cdev.h): numbers are reserved, a struct cdev binds the
 * driver's operations to them, and io/char turns each call on an open file into a call of the driver. All process context, may sleep.
 *
 * An open file holds its cdev's binding and a reference to the module that owns it (cdev_operations.owner). After cdev_del no file can be
 * opened, and every operation on files that are open still answers -ENODEV, poll says POLLERR | POLLHUP; only release is called, once for
 * each of them. Calls that were under way are not waited for: a driver whose device goes wakes those who sleep in its functions, and frees
 * what they use with the last of them (docs/drivers.md).
 */
#ifndef IO_CONTRACT_CDEV_H
#define IO_CONTRACT_CDEV_H

#include "io/contract/file.h"

struct module;
struct cdev_binding;

/* Linux's struct file_operations, the part of it that drivers use. What is NULL is as on Linux: see adapter_of in io/char/cdev.c. */
struct cdev_operations {
	struct module *owner;
	loff_t (*llseek)(struct file *filp, loff_t off, int whence);
	ssize_t (*read)(struct file *filp, char __user *buf, size_t count, loff_t *pos);
	ssize_t (*write)(struct file *filp, const char __user *buf, size_t count, loff_t *pos);
	u32 (*poll)(struct file *filp, struct poll_table *pt);
	long (*unlocked_ioctl)(struct file *filp, unsigned int cmd, unsigned long arg);
	int (*mmap)(struct file *filp, struct vm_area *vma);
	int (*open)(struct inode *inode, struct file *filp);
	int (*flush)(struct file *filp, void *id);
	int (*release)(struct inode *inode, struct file *filp);
	int (*fsync)(struct file *filp, loff_t start, loff_t end, int datasync);
	int (*fasync)(int fd, struct file *filp, int on);
};

/* Reserve numbers; the name is for /proc/devices. alloc chooses a free major. 0, -EBUSY (some are taken), -EINVAL, -ENOMEM. */
int alloc_chrdev_region(kdev_t *dev, unsigned int first_minor, unsigned int count, const char *name);
int register_chrdev_region(kdev_t from, unsigned int count, const char *name);
void unregister_chrdev_region(kdev_t from, unsigned int count);

struct cdev {
	struct module *owner;              /* if the operations name none */
	const struct cdev_operations *ops;
	kdev_t dev;
	unsigned int count;
	void *private_data;                /* what filp->private_data is when open is called */
	bool allocated;                    /* by cdev_alloc: cdev_del frees it */
	struct cdev_binding *binding;      /* while it is added */
};
void cdev_init(struct cdev *c, const struct cdev_operations *ops);
struct cdev *cdev_alloc(void);
/* From now on [dev, dev + count) can be opened. 0, -EBUSY, -EINVAL, -ENOMEM. */
int cdev_add(struct cdev *c, kdev_t dev, unsigned int count);
void cdev_del(struct cdev *c); /* harmless when it is not added */
/* A region and a cdev in one: 256 minors of major (0: choose one, and return it). Linux's register_chrdev. */
int register_chrdev_ops(unsigned int major, unsigned int first_minor, unsigned int count, const char *name, const struct cdev_operations *ops);
void unregister_chrdev_ops(unsigned int major, unsigned int first_minor, unsigned int count);

#endif
