/*
 * The file system "sysfs", mounted on /sys: inodes and folders over the tree of node.c. Nothing of it is kept: an inode lives while it is
 * in use, a name is looked up each time, so what the kernel adds and removes is seen at once.
 */
#include "io/fs/sys/sysfs.h"
#include "kernel/debug/bug.h"
#include "mm/alloc.h"

#define SYSFS_MAGIC 0x62656572u
#define ATTR_FILE_SIZE 4096 /* what stat says of a text file, as on Linux */

static const struct inode_operations dir_iops, file_iops, link_iops;
static const struct file_operations dir_fops;

static u16 type_bits(const struct sysfs_node *n)
{
	return n->type == SYSFS_DIR ? S_IFDIR : n->type == SYSFS_LINK ? S_IFLNK : S_IFREG;
}

/* The inode of a node; consumes the reference to it, also on failure. */
static struct inode *node_inode(struct super_block *sb, struct sysfs_node *n)
{
	struct inode *inode = iget_locked(sb, n->ino);

	if (!inode || !(inode->state & I_NEW)) {
		sysfs_put(n);
		return inode ? inode : ERR_PTR(-ENOMEM);
	}
	inode->mode = (umode_t)(type_bits(n) | n->mode);
	inode->nlink = 1;
	inode->private = n;
	inode->atime = inode->mtime = inode->ctime = current_time_coarse();
	switch (n->type) {
	case SYSFS_DIR:
		inode->iops = &dir_iops;
		inode->fops = &dir_fops;
		inode->nlink = 2 + n->nr_dirs;
		break;
	case SYSFS_LINK:
		inode->iops = &link_iops;
		break;
	case SYSFS_BINARY:
		inode->iops = &file_iops;
		inode->fops = &sysfs_binary_fops;
		inode->size = n->bin.size;
		break;
	default:
		inode->iops = &file_iops;
		inode->fops = &sysfs_attr_fops;
		inode->size = ATTR_FILE_SIZE;
	}
	unlock_new_inode(inode);
	return inode;
}

static bool sysfs_revalidate(struct dentry *d)
{
	const struct sysfs_node *n;

	if (!d->inode)
		return false;
	n = d->inode->private;
	return !READ_ONCE(n->dead);
}

static bool sysfs_dentry_delete(struct dentry *d)
{
	return true;
}

static const struct dentry_operations sysfs_dops = {
	.revalidate = sysfs_revalidate,
	.delete = sysfs_dentry_delete,
};

static struct dentry *sysfs_lookup(struct inode *dir, struct dentry *d)
{
	struct sysfs_node *n = sysfs_find_child(dir->private, d->name, d->len);
	struct inode *inode = NULL;

	if (n) {
		inode = node_inode(dir->sb, n);
		if (IS_ERR(inode))
			return ERR_CAST(inode);
	}
	d->dops = &sysfs_dops;
	d_add(d, inode);
	return NULL;
}

static u32 dirent_type(const struct sysfs_node *n)
{
	return n->type == SYSFS_DIR ? DT_DIR : n->type == SYSFS_LINK ? DT_LNK : DT_REG;
}

/* A child's position is its inode number; they only grow, so a folder that changes meanwhile is still read rightly. */
static int sysfs_iterate(struct file *f, struct dir_context *c)
{
	struct sysfs_node *n;

	if (!dir_emit_dots(f, c))
		return 0;
	while ((n = sysfs_child_from(f->inode->private, (u32)c->pos))) {
		bool more;

		c->pos = n->ino;
		more = dir_emit(c, n->name, (u32)strlen(n->name), n->ino, dirent_type(n));
		if (more)
			c->pos++;
		sysfs_put(n);
		if (!more)
			break;
	}
	return 0;
}

static int sysfs_readlink(struct dentry *d, char *buf, size_t size)
{
	return sysfs_link_text(d->inode->private, buf, size);
}

/* Mode changes are kept in the node; a truncation (open with O_TRUNC) has nothing to do. */
static int sysfs_setattr(struct dentry *d, struct iattr *a)
{
	struct sysfs_node *n = d->inode->private;
	int error;

	a->valid &= ~ATTR_SIZE;
	error = setattr_prepare(d, a);
	if (error)
		return error;
	setattr_copy(d->inode, a);
	if (a->valid & ATTR_MODE)
		n->mode = d->inode->mode & S_IALLUGO;
	return 0;
}

static const struct inode_operations dir_iops = { .lookup = sysfs_lookup, .setattr = sysfs_setattr };
static const struct inode_operations file_iops = { .setattr = sysfs_setattr };
static const struct inode_operations link_iops = { .readlink = sysfs_readlink, .setattr = sysfs_setattr };
static const struct file_operations dir_fops = { .name = "sysfs folder", .iterate = sysfs_iterate, .llseek = generic_llseek };

static void sysfs_evict_inode(struct inode *inode)
{
	if (inode->private)
		sysfs_put(inode->private);
}

static const struct super_operations sysfs_sops = {
	.evict_inode = sysfs_evict_inode,
	.drop_inode = always_drop_inode,
	.statfs = simple_statfs,
};

static int sysfs_fill_super(struct super_block *sb, const char *options, bool silent)
{
	struct inode *root;

	sb->magic = SYSFS_MAGIC;
	sb->ops = &sysfs_sops;
	sb->blocksize = PAGE_SIZE;
	sb->blocksize_bits = PAGE_SHIFT;
	root = node_inode(sb, sysfs_get(&sysfs_root_node));
	if (IS_ERR(root))
		return (int)PTR_ERR(root);
	sb->root = d_make_root(root);
	return sb->root ? 0 : -ENOMEM;
}

static struct file_system_type sysfs_type = { .name = "sysfs", .single = true, .fill_super = sysfs_fill_super };

int sysfs_init(void);
int sysfs_init(void)
{
	return register_filesystem(&sysfs_type);
}
