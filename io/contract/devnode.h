/* Nodes in /dev: the device model puts them there, devfs (io/fs/dev) shows them. May be called before devfs is mounted. Process context. */
#ifndef IO_CONTRACT_DEVNODE_H
#define IO_CONTRACT_DEVNODE_H

#include "kernel/lib/types.h"

/* name may hold folders ("input/mice"); mode has the type (S_IFCHR, S_IFBLK) and permissions. 0, -EEXIST, -ENOMEM. */
int devfs_add(const char *name, umode_t mode, kdev_t dev);
int devfs_symlink(const char *name, const char *target);
void devfs_remove(const char *name);

#endif
