/*
 * The files of a disk's queue/ that say how the page cache treats it: read_ahead_kb (Linux's: the largest read-ahead window of files opened
 * from now on; 0 switches it off) and write_policy ("write back": a write returns when it is in the cache; "write through": when it is on
 * the disk, past the disk's own cache).
 */
#include "io/block/queue.h"
#include "io/contract/device.h"
#include "kernel/lib/string.h"

#define MAX_READ_AHEAD_KB (64u << 10)

u32 blk_write_through_disks;

static struct gendisk *disk_of(struct kobject *queue)
{
	struct block_device *b = container_of(queue->parent, struct device, kobj)->driver_data;

	return b->disk;
}

static int show_read_ahead(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	seq_printf(s, "%u\n", disk_of(k)->ra_pages << (PAGE_SHIFT - 10));
	return 0;
}

static ssize_t store_read_ahead(struct kobject *k, const struct kobj_attribute *a, const char *text, size_t len)
{
	u32 kb;

	if (kstrtou32(text, 10, &kb) || kb > MAX_READ_AHEAD_KB)
		return -EINVAL;
	disk_of(k)->ra_pages = kb >> (PAGE_SHIFT - 10);
	return (ssize_t)len;
}

static int show_write_policy(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	seq_puts(s, disk_of(k)->write_through ? "write through\n" : "write back\n");
	return 0;
}

/* "write through", "write-through", "writethrough", with or without an end of line; and so for back. */
static bool says(const char *text, const char *word)
{
	if (strncmp(text, "write", 5))
		return false;
	text += 5;
	if (*text == ' ' || *text == '-' || *text == '_')
		text++;
	size_t n = strlen(word);

	return !strncmp(text, word, n) && (!text[n] || !strcmp(text + n, "\n"));
}

static ssize_t store_write_policy(struct kobject *k, const struct kobj_attribute *a, const char *text, size_t len)
{
	if (!says(text, "back") && !says(text, "through"))
		return -EINVAL;
	disk_of(k)->write_through = says(text, "through");
	blk_write_through_disks += disk_of(k)->write_through;
	return (ssize_t)len;
}

static const struct kobj_attribute files[] = {
	{ .name = "read_ahead_kb", .mode = 0644, .show = show_read_ahead, .store = store_read_ahead },
	{ .name = "write_policy", .mode = 0644, .show = show_write_policy, .store = store_write_policy },
};

int blk_cache_knobs_add(struct kobject *queue)
{
	int error = 0;

	for (u32 i = 0; i < ARRAY_SIZE(files) && !error; i++)
		error = sysfs_add_file(queue, &files[i]);
	return error;
}
