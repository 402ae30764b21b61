/* Block devices as files: what the VFS needs when an inode of type S_IFBLK is opened, and the views of /proc. */
#ifndef IO_BLOCK_BDEV_H
#define IO_BLOCK_BDEV_H

#include "io/contract/block_device.h"
#include "io/contract/filesystem.h"

/* File operations of every S_IFBLK inode (inode_init_special). open finds the device by inode->rdev and points file->inode at the device's own inode. */
extern const struct file_operations blkdev_fops;
/* "sda1" -> number, or 0; for root= and for the list in the panic message. */
int bdev_init(void);
kdev_t blkdev_number(const char *name);
struct seq_buf;
int partitions_show(struct seq_buf *s, void *arg);       /* /proc/partitions */
int diskstats_show(struct seq_buf *s, void *arg);        /* /proc/diskstats */
void blkdev_list(char *buf, size_t size);                /* names of all disks and partitions, for messages */
/* Call fn for every block device that is open (sync). May sleep. */
void blkdev_for_each(void (*fn)(struct block_device *b, void *arg), void *arg);

#endif
