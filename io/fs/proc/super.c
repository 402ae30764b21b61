/* The file system "proc". /proc/self leads to the process that reads it. */
#include "io/fs/proc/internal.h"
#include "kernel/init.h"

#define PROC_MAGIC 0x9fa0u

static void proc_evict_inode(struct inode *inode)
{
	if (proc_inode_is_pid(inode))
		proc_pid_evict(inode);
}

static const struct super_operations proc_sops = {
	.evict_inode = proc_evict_inode,
	.drop_inode = always_drop_inode,
	.statfs = simple_statfs,
};

static int proc_fill_super(struct super_block *sb, const char *options, bool silent)
{
	struct inode *root;

	sb->magic = PROC_MAGIC;
	sb->ops = &proc_sops;
	sb->blocksize = PAGE_SIZE;
	sb->blocksize_bits = PAGE_SHIFT;
	sb->max_bytes = ~0u;
	root = proc_entry_inode(sb, &proc_root);
	if (!root)
		return -ENOMEM;
	sb->root = d_make_root(root);
	return sb->root ? 0 : -ENOMEM;
}

static struct file_system_type proc_type = { .name = "proc", .single = true, .fill_super = proc_fill_super };

int procfs_init(void)
{
	int error = proc_symlink("self", NULL);

	if (!error)
		error = proc_symlink("mounts", "self/mounts");
	return error ? error : register_filesystem(&proc_type);
}
