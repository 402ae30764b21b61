/* Open files and their operations, as a character driver sees them. */
#ifndef LINUX_FS_H
#define LINUX_FS_H

#include "kernel/include/sluice/prelude.h"
#include "kernel/include/sluice/common.h"
#include <linux/kdev_t.h>
#include <linux/types.h>

/* The kernel's own struct file_operations is another one; a driver's is io/contract/cdev.h's. */
#define file_operations cdev_operations

typedef void *fl_owner_t;

#define register_chrdev(major, name, fops) register_chrdev_ops((major), 0, 256, (name), (fops))
#define unregister_chrdev(major, name) unregister_chrdev_ops((major), 0, 256)

static inline unsigned int iminor(const struct inode *inode) { return MINOR(inode->rdev); }
static inline unsigned int imajor(const struct inode *inode) { return MAJOR(inode->rdev); }
static inline struct inode *file_inode(const struct file *filp) { return filp->inode; }
/* In open: the file has no position; lseek and pread answer -ESPIPE. */
static inline int nonseekable_open(struct inode *inode, struct file *filp)
{
	filp->mode |= FMODE_STREAM;
	return 0;
}
static inline int stream_open(struct inode *inode, struct file *filp) { return nonseekable_open(inode, filp); }
#define default_llseek generic_llseek
#define generic_file_llseek generic_llseek

/* Give a reader what is in a buffer of the driver, from *pos on, and the other way round. Bytes or -EFAULT, -EINVAL. */
#define simple_read_from_buffer driver_read_from_buffer
static inline ssize_t driver_read_from_buffer(void __user *to, size_t count, loff_t *pos, const void *from, size_t available)
{
	if (*pos < 0)
		return -EINVAL;
	if (*pos >= (loff_t)available || !count)
		return 0;
	size_t n = min(count, available - (size_t)*pos), left = copy_to_user(to, (const u8 *)from + (size_t)*pos, n);

	if (left == n)
		return -EFAULT;
	*pos += n - left;
	return (ssize_t)(n - left);
}
static inline ssize_t simple_write_to_buffer(void *to, size_t available, loff_t *pos, const void __user *from, size_t count)
{
	if (*pos < 0)
		return -EINVAL;
	if (*pos >= (loff_t)available || !count)
		return 0;
	size_t n = min(count, available - (size_t)*pos), left = copy_from_user((u8 *)to + (size_t)*pos, from, n);

	if (left == n)
		return -EFAULT;
	*pos += n - left;
	return (ssize_t)(n - left);
}

#endif
