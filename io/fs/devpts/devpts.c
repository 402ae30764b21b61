/*
 * devpts, mounted on /dev/pts: a character device for each pseudo-terminal slave, named by its number, while its master is open; and ptmx,
 * the way to a new master. There is one instance, for all mounts. Options as on Linux: uid= and gid= (otherwise those of who opens the
 * master), mode= of the slaves (0600), ptmxmode= (0). Programs cannot make or remove names here.
 */
#include "io/contract/devpts.h"
#include "io/contract/filesystem.h"
#include "kernel/debug/bug.h"
#include "kernel/init.h"
#include "kernel/lib/printf.h"
#include "kernel/sched/task.h"
#include "mm/alloc.h"

#define DEVPTS_MAGIC 0x1cd1u
#define INO_ROOT 1u
#define INO_PTMX 2u
#define INO_FIRST 3u /* of slave 0 */

static struct devpts_options {
	bool set_uid, set_gid;
	uid_t uid;
	gid_t gid;
	umode_t mode, ptmx_mode;
} opts = { .mode = 0600 };

static const struct inode_operations root_iops = { .lookup = simple_lookup };

static int parse(const char *text, struct devpts_options *o)
{
	char *copy = kstrdup(text, GFP_KERNEL), *p = copy, *key, *value;
	int err = copy ? 0 : -ENOMEM;

	*o = (struct devpts_options){ .mode = 0600 };
	while (!err && next_mount_option(&p, &key, &value)) {
		u32 v = 0;
		bool modes = !strcmp(key, "mode") || !strcmp(key, "ptmxmode");

		if (!strcmp(key, "newinstance")) /* a word without effect, on Linux too */
			continue;
		err = value ? kstrtou32(value, modes ? 8 : 10, &v) : -EINVAL;
		if (!strcmp(key, "uid")) {
			o->set_uid = true;
			o->uid = v;
		} else if (!strcmp(key, "gid")) {
			o->set_gid = true;
			o->gid = v;
		} else if (!strcmp(key, "mode")) {
			o->mode = (umode_t)(v & S_IALLUGO);
		} else if (!strcmp(key, "ptmxmode")) {
			o->ptmx_mode = (umode_t)(v & S_IALLUGO);
		} else {
			err = -EINVAL;
		}
	}
	kfree(copy);
	return err;
}

/* A node in the root folder, whose lock is held. */
static int add_node(struct dentry *root, const char *name, u32 ino, umode_t mode, kdev_t dev, uid_t uid, gid_t gid)
{
	struct dentry *d = lookup_one(root, name, (u32)strlen(name));
	struct inode *i;

	if (IS_ERR(d))
		return (int)PTR_ERR(d);
	if (d->inode) {
		dput(d);
		return -EEXIST;
	}
	i = new_inode(root->sb);
	if (!i) {
		dput(d);
		return -ENOMEM;
	}
	inode_init_owner(i, NULL, S_IFCHR | mode);
	i->ino = ino;
	i->uid = uid;
	i->gid = gid;
	i->atime = i->mtime = i->ctime = current_time_coarse();
	inode_init_special(i, i->mode, dev);
	d_instantiate(d, i); /* and the reference of lookup_one pins the name */
	return 0;
}

static int devpts_remount(struct super_block *sb, u32 *flags, const char *options)
{
	struct devpts_options new;
	int err = parse(options, &new);
	struct dentry *ptmx;

	if (err)
		return err;
	opts = new;
	ptmx = d_lookup(sb->root, "ptmx", 4);
	if (ptmx) {
		ptmx->inode->mode = S_IFCHR | new.ptmx_mode;
		dput(ptmx);
	}
	return 0;
}

static int devpts_show_options(struct super_block *sb, char *buf, size_t size)
{
	int n = 0;

	if (opts.set_uid)
		n += ksnprintf(buf, size, ",uid=%u", opts.uid);
	if (opts.set_gid)
		n += ksnprintf(buf + n, size - (size_t)n, ",gid=%u", opts.gid);
	return n + ksnprintf(buf + n, size - (size_t)n, ",mode=%03o,ptmxmode=%03o", opts.mode, opts.ptmx_mode);
}

static const struct super_operations devpts_sops = {
	.drop_inode = always_drop_inode,
	.statfs = simple_statfs,
	.remount = devpts_remount,
	.show_options = devpts_show_options,
};

static int devpts_fill_super(struct super_block *sb, const char *options, bool silent)
{
	struct inode *root;
	int err;

	sb->magic = DEVPTS_MAGIC;
	sb->ops = &devpts_sops;
	sb->flags |= SB_NOWRITEBACK;
	root = new_inode(sb);
	if (!root)
		return -ENOMEM;
	inode_init_owner(root, NULL, S_IFDIR | 0755);
	root->ino = INO_ROOT;
	root->uid = root->gid = 0;
	root->atime = root->mtime = root->ctime = current_time_coarse();
	root->iops = &root_iops;
	root->fops = &simple_dir_operations;
	root->nlink = 2;
	sb->root = d_make_root(root);
	if (!sb->root)
		return -ENOMEM;
	mutex_lock(&root->lock);
	err = add_node(sb->root, "ptmx", INO_PTMX, opts.ptmx_mode, PTMX_DEV, 0, 0);
	mutex_unlock(&root->lock);
	return err;
}

static struct file_system_type devpts_type = { .name = "devpts", .fill_super = devpts_fill_super, .single = true };

int devpts_add(u32 index)
{
	struct super_block *sb = single_super(&devpts_type);
	char name[12];
	int err;

	if (IS_ERR(sb))
		return (int)PTR_ERR(sb);
	ksnprintf(name, sizeof(name), "%u", index);
	mutex_lock(&sb->root->inode->lock);
	err = add_node(sb->root, name, INO_FIRST + index, opts.mode, PTS_DEV(index), opts.set_uid ? opts.uid : current_cred()->fsuid,
		       opts.set_gid ? opts.gid : current_cred()->fsgid);
	mutex_unlock(&sb->root->inode->lock);
	return err;
}

void devpts_remove(u32 index)
{
	struct super_block *sb = single_super(&devpts_type);
	struct dentry *d;
	char name[12];

	if (IS_ERR(sb))
		return;
	ksnprintf(name, sizeof(name), "%u", index);
	mutex_lock(&sb->root->inode->lock);
	d = lookup_one(sb->root, name, (u32)strlen(name));
	if (!IS_ERR(d)) {
		if (d->inode) {
			simple_unlink(sb->root->inode, d);
			d_delete(d);
		}
		dput(d);
	}
	mutex_unlock(&sb->root->inode->lock);
}

int devpts_init(void) { return register_filesystem(&devpts_type); }
