/* A tree that lives in memory: what tmpfs and the device folder share. Process context, may sleep. */
#ifndef IO_CONTRACT_MEMFS_H
#define IO_CONTRACT_MEMFS_H

#include "io/contract/filesystem.h"

/* fill_super for such a tree. options: size= (bytes, k m g, or % of memory), nr_inodes=, mode=, uid=, gid=. */
int memfs_fill_super(struct super_block *sb, const char *options, umode_t root_mode);
/* Make something under dir (lock held, d negative): mode has the type. No permission is asked. */
int memfs_mknod(struct inode *dir, struct dentry *d, umode_t mode, kdev_t dev);
int memfs_symlink(struct inode *dir, struct dentry *d, const char *target);
int memfs_mkdir(struct inode *dir, struct dentry *d, umode_t mode);
/* A regular file of such a tree without any name; sealable: F_ADD_SEALS may be used on it. ERR_PTR(-ENOSPC, -ENOMEM). */
struct inode *memfs_file_inode(struct super_block *sb, umode_t mode, bool sealable);
/* fcntl F_ADD_SEALS and F_GET_SEALS; -EINVAL for a file that is not in memory. */
long memfs_seals_fcntl(struct file *f, u32 cmd, u32 seals);

#endif
