/* The switch of character devices: what the VFS needs to open an inode of type S_IFCHR. Drivers see io/contract/char_device.h. */
#ifndef IO_CHAR_CHRDEV_H
#define IO_CHAR_CHRDEV_H

#include "io/contract/char_device.h"

/* Operations of every S_IFCHR inode; open replaces file->ops by the driver's. */
extern const struct file_operations chrdev_fops;
int chrdev_init(void);

#endif
