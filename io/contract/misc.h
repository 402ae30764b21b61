/*
 * Miscellaneous character devices: one number of major 10, one node, one call. For drivers that have a single device and want no class of
 * their own. Linux's names (linux/miscdevice.h).
 */
#ifndef IO_CONTRACT_MISC_H
#define IO_CONTRACT_MISC_H

#include "io/contract/cdev.h"

#define MISC_MAJOR 10u
#define MISC_DYNAMIC_MINOR 255

struct class;
struct device;
struct miscdevice {
	int minor;                            /* MISC_DYNAMIC_MINOR: choose one, and put it here */
	const char *name;                     /* of the node */
	const struct cdev_operations *fops;   /* in open, filp->private_data is the miscdevice */
	umode_t mode;                         /* permissions of the node; 0: 0600 */
	struct device *parent, *this_device;
	struct cdev cdev;                     /* misc.c's */
};
extern struct class misc_class;

/* 0, -EBUSY (the minor is taken, or there is no free one), -EEXIST (the name), -ENOMEM. Process context, may sleep. */
int misc_register(struct miscdevice *m);
void misc_deregister(struct miscdevice *m);

#endif
