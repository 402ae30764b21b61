/*
 * Mounting the root at boot: root= names the disk (default /dev/sda1, else /dev/sda), rootfstype= the type (default: all that need a
 * device are tried), ro and rw how. Then the kernel's own views are mounted where the root has folders for them.
 */
#include "io/block/bdev.h"
#include "io/vfs/internal.h"
#include "io/vfs/namei.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/init.h"
#include "kernel/lib/printf.h"
#include "kernel/sched/time.h"

#define ROOT_WAIT_MS 3000 /* a disk that is slow to spin up */

/* Try one disk with one type, or with all. 0 or the last error worth telling. */
static int try_device(const char *name, kdev_t dev, u32 flags)
{
	const char *type = cmdline_get("rootfstype");
	char source[48];
	int err = -ENODEV;

	ksnprintf(source, sizeof(source), "/dev/%s", name);
	for (struct file_system_type *t = next_filesystem(NULL); t; t = next_filesystem(t)) {
		if (!t->needs_dev || (type && *type && strcmp(type, t->name)))
			continue;
		int e = mount_root_device(t, dev, source, flags | (type ? 0 : MS_SILENT));
		if (e == -EROFS && !(flags & MS_RDONLY)) {
			pr_warn("root: %s is write-protected, mounting it read-only\n", source);
			e = mount_root_device(t, dev, source, flags | MS_RDONLY);
		}
		if (!e) {
			pr_info("root: %s (%s%s)\n", source, t->name, root_mount->sb->flags & SB_RDONLY ? ", read-only" : "");
			return 0;
		}
		if (e != -EINVAL || err == -ENODEV) /* EINVAL: not of this type */
			err = e;
	}
	return err;
}

/* Wait until one of the names is there; its index, or -1 after the deadline. */
static int wait_for_one(const char *const *names, u32 n)
{
	u64 deadline = deadline_ms(ROOT_WAIT_MS);
	for (;;) {
		for (u32 i = 0; i < n; i++)
			if (blkdev_number(names[i]))
				return (int)i;
		if (ktime_ns() > deadline)
			return -1;
		sleep_ms(20);
	}
}

static void mount_view(const char *type, const char *at)
{
	struct path p;
	if (path_lookup_at(AT_FDCWD, at, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &p))
		return;
	path_put(&p);
	int err = do_mount(type, at, type, 0, "");
	if (err)
		pr_warn("root: %s could not be mounted on %s (error %d)\n", type, at, err);
}

int mount_root(void)
{
	static const char *const defaults[] = { "sda1", "sda" };
	const char *root = cmdline_get("root"), *const *names = defaults;
	u32 n = ARRAY_SIZE(defaults), flags = cmdline_get("ro") ? MS_RDONLY : 0;
	char disks[160];
	int err = -ENODEV;

	if (root && *root) {
		if (!strncmp(root, "/dev/", 5))
			root += 5;
		names = &root;
		n = 1;
	}
	int first = wait_for_one(names, n);
	for (u32 i = first < 0 ? n : (u32)first; i < n && err; i++)
		if (blkdev_number(names[i]))
			err = try_device(names[i], blkdev_number(names[i]), flags);
	if (err) {
		blkdev_list(disks, sizeof(disks));
		panic("no root file system: %s %s (error %d). Disks found: %s. Say root=/dev/NAME on the kernel command line.",
			names[n - 1], first < 0 ? "did not appear" : "could not be mounted", -err, disks[0] ? disks : "none");
	}
	mount_view("devtmpfs", "/dev");
	mount_view("proc", "/proc");
	mount_view("sysfs", "/sys");
	return 0;
}
