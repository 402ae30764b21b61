/*
 * The device folder (devtmpfs to programs): one tree in memory for all mounts, made before the first of them. The device model adds and
 * removes nodes through io/contract/devnode.h; programs may make and remove names of their own beside them.
 */
#include "io/contract/devnode.h"
#include "io/contract/memfs.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"

int devfs_init(void);

static int devfs_fill_super(struct super_block *sb, const char *options, bool silent) { return memfs_fill_super(sb, options, 0755); }

static struct file_system_type devfs_type = { .name = "devtmpfs", .fill_super = devfs_fill_super, .single = true };

/* The folder that the last component of *name lies in, folders on the way made if make is set. A reference; *name moves. ERR_PTR. */
static struct dentry *walk_to_folder(const char **name, bool make)
{
	struct super_block *sb = single_super(&devfs_type);
	if (IS_ERR(sb))
		return ERR_CAST(sb);
	struct dentry *at = dget(sb->root);
	const char *slash;

	while ((slash = strchr(*name, '/'))) {
		int err = 0;
		mutex_lock(&at->inode->lock);
		struct dentry *d = lookup_one(at, *name, (u32)(slash - *name));
		if (IS_ERR(d))
			err = (int)PTR_ERR(d);
		else if (!d->inode)
			err = make ? memfs_mkdir(at->inode, d, 0755) : -ENOENT;
		else if (!S_ISDIR(d->inode->mode))
			err = -ENOTDIR;
		mutex_unlock(&at->inode->lock);
		dput(at);
		if (err) {
			if (!IS_ERR(d))
				dput(d);
			return ERR_PTR(err);
		}
		at = d;
		*name = slash + 1;
	}
	return at;
}

/* Make a node (target NULL) or a symbolic link, owned by root. */
static int add(const char *name, umode_t mode, kdev_t dev, const char *target)
{
	struct dentry *folder = walk_to_folder(&name, true);
	if (IS_ERR(folder))
		return (int)PTR_ERR(folder);
	struct inode *dir = folder->inode;
	int err;

	mutex_lock(&dir->lock);
	struct dentry *d = lookup_one(folder, name, (u32)strlen(name));
	if (IS_ERR(d)) {
		err = (int)PTR_ERR(d);
	} else {
		if (d->inode)
			err = -EEXIST;
		else if (target)
			err = memfs_symlink(dir, d, target);
		else if (S_ISDIR(mode))
			err = memfs_mkdir(dir, d, mode);
		else
			err = memfs_mknod(dir, d, mode, dev);
		if (!err)
			d->inode->uid = d->inode->gid = 0;
		dput(d);
	}
	mutex_unlock(&dir->lock);
	dput(folder);
	return err;
}

int devfs_add(const char *name, umode_t mode, kdev_t dev) { return add(name, mode, dev, NULL); }

int devfs_symlink(const char *name, const char *target) { return add(name, 0, 0, target); }

void devfs_remove(const char *name)
{
	struct dentry *folder = walk_to_folder(&name, false);
	if (IS_ERR(folder))
		return;
	struct inode *dir = folder->inode;
	mutex_lock(&dir->lock);
	struct dentry *d = lookup_one(folder, name, (u32)strlen(name));
	if (!IS_ERR(d)) {
		if (d->inode && !S_ISDIR(d->inode->mode)) {
			simple_unlink(dir, d);
			d_delete(d);
		}
		dput(d);
	}
	mutex_unlock(&dir->lock);
	dput(folder);
}

int devfs_init(void)
{
	static const char *const links[][2] = {
		{ "fd", "/proc/self/fd" }, { "stdin", "/proc/self/fd/0" }, { "stdout", "/proc/self/fd/1" }, { "stderr", "/proc/self/fd/2" },
	};
	int err = register_filesystem(&devfs_type);
	for (u32 i = 0; i < ARRAY_SIZE(links) && !err; i++)
		err = add(links[i][0], 0, 0, links[i][1]);
	if (!err)
		err = add("pts", S_IFDIR | 0755, 0, NULL); /* where devpts is mounted */
	if (!err)
		err = add("shm", S_IFDIR | 01777, 0, NULL);
	return err;
}
