/*
 * memfd_create(2) and System V shared memory: a file of a tmpfs that is mounted nowhere, with a name that leads nowhere: it lives as long as it is open or mapped. The
 * links in /proc show it as "/memfd:NAME (deleted)".
 */
#include "io/vfs/memfd.h"
#include "io/contract/memfs.h"
#include "io/vfs/files.h"
#include "io/vfs/internal.h"
#include "kernel/hal/uaccess.h"
#include "kernel/init.h"

#define MFD_CLOEXEC 1u
#define MFD_ALLOW_SEALING 2u
#define PREFIX "memfd:"
#define PREFIX_LEN (sizeof(PREFIX) - 1)

static struct mount *memfd_mnt;

static int fill(struct super_block *sb, const char *options, bool silent) { return memfs_fill_super(sb, options, 0700); }

int memfd_init(void)
{
	static struct file_system_type type = { .name = "memfd", .fill_super = fill, .single = true };
	struct super_block *sb = single_super(&type);

	if (IS_ERR(sb))
		return (int)PTR_ERR(sb);
	memfd_mnt = kernel_mount(sb, "memfd");
	return IS_ERR(memfd_mnt) ? (int)PTR_ERR(memfd_mnt) : 0;
}

struct file *memory_file(const char *name, bool sealable)
{
	struct file *f;
	struct path p = { memfd_mnt, d_alloc(memfd_mnt->root, name, strlen(name)) };
	struct inode *i = p.dentry ? memfs_file_inode(memfd_mnt->sb, S_IFREG | S_IRWXUGO, sealable) : ERR_PTR(-ENOMEM);

	if (IS_ERR(i)) {
		dput(p.dentry);
		return ERR_CAST(i);
	}
	d_instantiate(p.dentry, i);
	f = alloc_file(O_RDWR | O_LARGEFILE);
	if (!IS_ERR(f)) {
		int err = file_setup(f, &p, i, O_RDWR | O_LARGEFILE);
		if (err) {
			free_file_unopened(f);
			f = ERR_PTR(err);
		}
	}
	dput(p.dentry);
	return f;
}

long sys_memfd_create(const char __user *user, u32 flags)
{
	char name[NAME_MAX + 1] = PREFIX;
	ssize_t len;

	if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING))
		return -EINVAL;
	len = strncpy_from_user(name + PREFIX_LEN, user, sizeof(name) - PREFIX_LEN);
	if (len < 0)
		return len;
	if ((size_t)len >= sizeof(name) - PREFIX_LEN)
		return -EINVAL;
	int fd = get_unused_fd(flags & MFD_CLOEXEC ? O_CLOEXEC : 0, 0);
	if (fd < 0)
		return fd;
	struct file *f = memory_file(name, flags & MFD_ALLOW_SEALING);
	if (IS_ERR(f)) {
		put_unused_fd(fd);
		return PTR_ERR(f);
	}
	fd_install(fd, f);
	return fd;
}
