/* mount and umount: copying the arguments in. The work is done in io/vfs/mount.c. */
#include "io/vfs/mount.h"
#include "io/vfs/namei.h"
#include "kernel/hal/uaccess.h"
#include "kernel/syscall/fs.h"
#include "mm/alloc.h"

/* A string argument that may be missing: NULL then. */
static int get_string(const char __user *user, char **out)
{
	*out = NULL;
	if (!user)
		return 0;
	char *s = getname_flags(user, true);
	if (IS_ERR(s))
		return (int)PTR_ERR(s);
	*out = s;
	return 0;
}

/* The data of a mount: up to a page, which may end before that because the memory does. */
static int get_data(const void __user *user, char **out)
{
	*out = NULL;
	if (!user)
		return 0;
	char *page = get_free_page(GFP_KERNEL | GFP_ZERO);
	if (!page)
		return -ENOMEM;
	if (copy_from_user(page, user, PAGE_SIZE - 1) == PAGE_SIZE - 1) {
		free_page(page);
		return -EFAULT;
	}
	page[PAGE_SIZE - 1] = 0;
	*out = page;
	return 0;
}

long sys_mount(const char __user *user_source, const char __user *user_target, const char __user *user_type, u32 flags,
	const void __user *user_data)
{
	char *source = NULL, *type = NULL, *data = NULL;
	char *target = getname(user_target);
	if (IS_ERR(target))
		return PTR_ERR(target);
	int err = get_string(user_source, &source);
	if (!err)
		err = get_string(user_type, &type);
	if (!err)
		err = get_data(user_data, &data);
	if (!err)
		err = do_mount(source, target, type, flags, data ? data : "");
	if (data)
		free_page(data);
	putname(type);
	putname(source);
	putname(target);
	return err;
}

long sys_umount(const char __user *user, int flags)
{
	char *target = getname(user);
	if (IS_ERR(target))
		return PTR_ERR(target);
	int err = do_umount(target, (u32)flags);
	putname(target);
	return err;
}

long sys_oldumount(const char __user *target) { return sys_umount(target, 0); }
