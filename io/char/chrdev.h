/*
 * The switch of character devices: what the VFS needs to open an inode of type S_IFCHR, and what chrdev.c and cdev.c share. Drivers see
 * io/contract/char_device.h and io/contract/cdev.h.
 */
#ifndef IO_CHAR_CHRDEV_H
#define IO_CHAR_CHRDEV_H

#include "io/contract/cdev.h"
#include "io/contract/char_device.h"

/* Operations of every S_IFCHR inode; open replaces file->ops by the driver's. */
extern const struct file_operations chrdev_fops;
int chrdev_init(void);

/* A range of numbers that lead somewhere: to operations of the kernel's own drivers, or to the binding of a cdev. */
struct chrdev {
	struct list_head node; /* by number: chrdev_lock */
	kdev_t first;
	u32 count;
	const struct file_operations *ops;
	void *data;
	struct cdev_binding *binding; /* NULL: the kernel's own */
};
extern struct spinlock chrdev_lock; /* RANK_FILES */
/* 0, -EBUSY: some of its numbers lead somewhere already. c is the caller's memory until chrdev_remove. */
int chrdev_insert(struct chrdev *c);
void chrdev_remove(struct chrdev *c); /* harmless when it is not there */
/* The first range of which match says so; NULL: none. */
struct chrdev *chrdev_find(bool (*match)(const struct chrdev *c, const void *arg), const void *arg);
/* The binding that a number leads to; NULL: none. */
struct cdev_binding *chrdev_binding_at(kdev_t dev);
/* The binding, with a reference to it and to its module; NULL: going. chrdev_lock held. */
struct cdev_binding *cdev_binding_get(struct cdev_binding *b);
/* Open through a binding from cdev_binding_get. */
int cdev_open(struct cdev_binding *b, struct inode *inode, struct file *f);

#endif
