/*
 * QEMU's firmware configuration items as files, at Linux's place: /sys/firmware/qemu_fw_cfg/by_name/NAME/raw. Only the items below
 * "opt/" are shown, which are those the user of QEMU gave (-fw_cfg name=opt/...); tools/vm hands its command to init this way.
 */
#include "drivers/drivers.h"
#include "drivers/misc/fw_cfg_regs.h"
#include "io/contract/device.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/port.h"
#include "kernel/lib/string.h"
#include "kernel/sync/mutex.h"
#include "mm/alloc.h"

#define MAX_FILES 256u

struct item {
	u16 select;
	u32 size;
};

static DEFINE_MUTEX_RANK(fw_lock, RANK_OBJECT); /* selector and data belong together */

static u32 be32(u32 v) { return __builtin_bswap32(v); }
static u16 be16(u16 v) { return __builtin_bswap16(v); }

static ssize_t item_read(void *arg, char *buf, size_t n, loff_t pos)
{
	const struct item *item = arg;
	char skipped[64];

	if (pos >= item->size)
		return 0;
	n = min_t(size_t, n, item->size - (u32)pos);
	mutex_lock(&fw_lock);
	port_write16(FW_CFG_SELECTOR, item->select);
	for (u32 skip = (u32)pos; skip;) {
		u32 part = min_t(u32, skip, sizeof(skipped));

		port_read8_block(FW_CFG_DATA, skipped, part);
		skip -= part;
	}
	port_read8_block(FW_CFG_DATA, buf, n);
	mutex_unlock(&fw_lock);
	return (ssize_t)n;
}

/* The folder for a path like opt/sluice/argv below by_name, made as needed; NULL: no memory. */
static struct kobject *folder_for(struct kobject *at, char *path)
{
	static struct { char path[56]; struct kobject *k; } made[16];
	char *p = path;

	while (p && at) {
		char *slash = strchr(p, '/');
		struct kobject *k = NULL;
		u32 i;

		if (slash)
			*slash = 0;
		for (i = 0; i < ARRAY_SIZE(made) && made[i].k && !k; i++)
			if (made[i].k->parent == at && !strcmp(made[i].path, p))
				k = made[i].k;
		if (!k) {
			k = kobject_create(p, at);
			if (k && i < ARRAY_SIZE(made)) {
				strscpy(made[i].path, p, sizeof(made[i].path));
				made[i].k = k;
			}
		}
		at = k;
		p = slash ? slash + 1 : NULL;
	}
	return at;
}

static int add_item(struct kobject *by_name, struct fw_cfg_file *f)
{
	struct item *item = kmalloc(sizeof(*item), GFP_KERNEL);
	struct kobject *k;
	int error;

	if (!item)
		return -ENOMEM;
	*item = (struct item){ .select = be16(f->select), .size = be32(f->size) };
	f->name[sizeof(f->name) - 1] = 0;
	k = folder_for(by_name, f->name);
	error = k ? sysfs_add_binary(k, "raw", 0400, item->size, item_read, item) : -ENOMEM;
	if (error)
		kfree(item);
	return error;
}

static int fw_cfg_probe(struct platform_device *p)
{
	char signature[4];
	struct kobject *k;
	struct fw_cfg_file *files;
	u32 count;
	int error = 0;

	port_write16(FW_CFG_SELECTOR, FW_CFG_KEY_SIGNATURE);
	port_read8_block(FW_CFG_DATA, signature, sizeof(signature));
	if (memcmp(signature, "QEMU", 4))
		return -ENODEV; /* real hardware: nothing to show */
	port_write16(FW_CFG_SELECTOR, FW_CFG_KEY_FILE_DIR);
	port_read8_block(FW_CFG_DATA, &count, sizeof(count));
	count = min(be32(count), MAX_FILES);
	files = kmalloc(count * sizeof(*files), GFP_KERNEL);
	if (!files)
		return -ENOMEM;
	port_read8_block(FW_CFG_DATA, files, count * sizeof(*files));
	k = kobject_create("firmware", NULL);
	k = k ? kobject_create("qemu_fw_cfg", k) : NULL;
	k = k ? kobject_create("by_name", k) : NULL;
	if (!k)
		error = -ENOMEM;
	for (u32 i = 0; i < count && !error; i++)
		if (!strncmp(files[i].name, "opt/", 4) && strncmp(files[i].name, "opt/ovmf", 8))
			error = add_item(k, &files[i]);
	kfree(files);
	return error;
}

struct platform_driver fw_cfg_driver = { .name = "fw_cfg", .probe = fw_cfg_probe, .driver.suppress_bind_attrs = true };
