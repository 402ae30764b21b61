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
/*
 * The open device with the smallest number above *dev, opened once more: the caller puts it. NULL: that was the last one. No lock is held in
 * between, so whoever goes through all of them this way may wait for I/O. May sleep.
 */
struct block_device *blkdev_get_next(kdev_t *dev);
/* Call fn for every disk and partition, under the lock that guards their list: fn waits for nothing. */
void blkdev_for_each(void (*fn)(struct block_device *b, void *arg), void *arg);

#endif
