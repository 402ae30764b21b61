/* Path walk and the operations on names, for system calls. All may sleep. Paths are kernel strings; user_path_at copies them in. */
#ifndef IO_VFS_NAMEI_H
#define IO_VFS_NAMEI_H

#include "io/contract/filesystem.h"

#define LOOKUP_FOLLOW BIT(0)
#define LOOKUP_DIRECTORY BIT(1)
#define LOOKUP_EMPTY BIT(2)
#define LOOKUP_PARENT BIT(3)
/* openat2: no other mount; no magic links; no links at all; stay below dfd or fail; take dfd for the root. */
#define LOOKUP_NO_XDEV BIT(4)
#define LOOKUP_NO_MAGICLINKS BIT(5)
#define LOOKUP_NO_SYMLINKS BIT(6)
#define LOOKUP_BENEATH BIT(7)
#define LOOKUP_IN_ROOT BIT(8)
#define LOOKUP_SCOPED (LOOKUP_BENEATH | LOOKUP_IN_ROOT)
#define LOOKUP_RESTRICT (LOOKUP_NO_XDEV | LOOKUP_NO_MAGICLINKS | LOOKUP_NO_SYMLINKS | LOOKUP_SCOPED)

/* Copy a path from user space; putname frees. ERR_PTR(-EFAULT, -ENAMETOOLONG, -ENOENT for ""). */
char *getname(const char __user *p);
char *getname_flags(const char __user *p, bool empty_ok);
void putname(char *name);

int __must_check path_lookup_at(int dfd, const char *name, u32 lookup, struct path *out);
int __must_check user_path_at(int dfd, const char __user *name, u32 lookup, struct path *out);
void path_get(const struct path *p);
void path_put(const struct path *p);
struct file *do_open_at(int dfd, const char *name, int flags, umode_t mode); /* ERR_PTR */
struct file *do_open_restricted(int dfd, const char *name, int flags, umode_t mode, u32 restrict_flags); /* with LOOKUP_RESTRICT flags */
struct file *dentry_open(const struct path *p, int flags);
/* A regular file that may be executed, to be read by the kernel, whether or not the caller may read it. Waits for nobody. ERR_PTR. */
struct file *dentry_open_exec(const struct path *p);
int do_mkdir_at(int dfd, const char *name, umode_t mode);
int do_mknod_at(int dfd, const char *name, umode_t mode, kdev_t dev);
int do_unlink_at(int dfd, const char *name);
int do_rmdir_at(int dfd, const char *name);
int do_symlink_at(const char *target, int dfd, const char *name);
int do_link_at(int olddfd, const char *old, int newdfd, const char *new, int flags);
int do_rename_at(int olddfd, const char *old, int newdfd, const char *new, u32 flags);
int inode_permission(struct inode *inode, int mask); /* with read-only mounts checked for MAY_WRITE */
int notify_change(const struct path *p, struct iattr *a);
/* A program that runs may not be written: -ETXTBSY while f's file is open for writing; pairs with allow_write_access. */
int deny_write_access(struct file *f);
void allow_write_access(struct file *f);
int vfs_truncate(const struct path *p, loff_t size);
int vfs_getattr(const struct path *p, struct kstat *st);
/* The path from the current root, into buf from its end; pointer into buf or ERR_PTR. "(deleted)" is appended where due. */
char *d_path(const struct path *p, char *buf, size_t size);
char *d_path_root(const struct path *p, const struct path *root, char *buf, size_t size);

#endif
