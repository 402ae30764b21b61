/* init_module, finit_module, delete_module: what insmod and rmmod call. Only root may. The work is kernel/module/load.c's. */
#include "io/contract/filesystem.h"
#include "io/vfs/files.h"
#include "kernel/hal/uaccess.h"
#include "kernel/module/load.h"
#include "kernel/module/module.h"
#include "kernel/sched/cred.h"
#include "kernel/syscall/calls.h"
#include "mm/alloc.h"

#define FILE_MAX (16u << 20) /* bytes */
#define MODULE_INIT_IGNORE_MODVERSIONS 1
#define MODULE_INIT_IGNORE_VERMAGIC 2

/* A program's string of at most a page, in kernel memory. ERR_PTR. */
static char *get_args(const char __user *args)
{
	char *text = kmalloc(PAGE_SIZE, GFP_KERNEL);
	ssize_t n;

	if (!text)
		return ERR_PTR(-ENOMEM);
	n = strncpy_from_user(text, args, PAGE_SIZE);
	if (n >= 0 && n < (ssize_t)PAGE_SIZE)
		return text;
	kfree(text);
	return ERR_PTR(n < 0 ? -EFAULT : -E2BIG);
}

/* Takes over image. */
static long load(u8 *image, u32 size, const char __user *user_args)
{
	char *args = get_args(user_args);
	long ret = IS_ERR(args) ? PTR_ERR(args) : module_load(image, size, args);

	if (!IS_ERR(args))
		kfree(args);
	vfree(image);
	return ret;
}

long sys_init_module(const void __user *image, size_t len, const char __user *args)
{
	u8 *copy;

	if (!capable())
		return -EPERM;
	if (!len || len > FILE_MAX)
		return -ENOEXEC;
	copy = vmalloc(len);
	if (!copy)
		return -ENOMEM;
	if (copy_from_user(copy, image, len)) {
		vfree(copy);
		return -EFAULT;
	}
	return load(copy, len, args);
}

/* All of a regular file in memory of its own. 0 or -errno. */
static long read_whole(struct file *f, u8 **image, u32 *size)
{
	loff_t len, pos = 0;
	ssize_t n;

	if (!(f->mode & FMODE_READ))
		return -EBADF;
	if (!S_ISREG(f->inode->mode))
		return -EINVAL;
	len = inode_size(f->inode);
	if (len <= 0 || len > FILE_MAX)
		return -ENOEXEC;
	*image = vmalloc((size_t)len);
	if (!*image)
		return -ENOMEM;
	while (pos < len) {
		n = kernel_read(f, *image + pos, (size_t)(len - pos), &pos);
		if (n <= 0) {
			vfree(*image);
			return n < 0 ? n : -ENOEXEC;
		}
	}
	*size = (u32)len;
	return 0;
}

long sys_finit_module(int fd, const char __user *args, int flags)
{
	struct file *f;
	u8 *image;
	u32 size;
	long error;

	if (!capable())
		return -EPERM;
	if (flags & ~(MODULE_INIT_IGNORE_MODVERSIONS | MODULE_INIT_IGNORE_VERMAGIC))
		return -EINVAL;
	if (flags) /* a module of another kernel is refused, by force or not */
		return -ENOEXEC;
	f = fget(fd);
	if (!f)
		return -EBADF;
	error = read_whole(f, &image, &size);
	fput(f);
	return error ? error : load(image, size, args);
}

long sys_delete_module(const char __user *name, u32 flags)
{
	char text[MODULE_NAME_LEN];
	ssize_t n;

	if (!capable())
		return -EPERM;
	n = strncpy_from_user(text, name, sizeof(text));
	if (n < 0)
		return -EFAULT;
	return n < (ssize_t)sizeof(text) ? module_unload(text) : -ENOENT;
}
