/* Files: ioerr of a disk; queue/error_policy, error_recovery, online, io_timeout. */
#include "io/contract/block_device.h"
#include "io/contract/device.h"
#include "io/contract/io_error.h"
#include "kernel/lib/string.h"

static const char *const class_names[IOERR_CLASSES] = { "transient", "medium", "timeout", "gone", "protection", "unknown" };
static const char *const handler_names[IO_HANDLERS] = { "none", "retry", "split", "skip", "reset", "pio", "offline" };

static struct request_queue *disk_queue(struct kobject *disk)
{
	return ((struct block_device *)container_of(disk, struct device, kobj)->driver_data)->disk->queue;
}

static struct request_queue *queue_of(struct kobject *queue_folder)
{
	return disk_queue(queue_folder->parent);
}

static int show_ioerr(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	const struct io_errors *e = blk_queue_errors(disk_queue(k));

	for (u32 i = 0; i < IOERR_CLASSES; i++)
		seq_printf(s, "%s %u\n", class_names[i], e->seen[i]);
	for (u32 i = IOH_RETRY; i < IO_HANDLERS; i++)
		seq_printf(s, "%s %u\n", handler_names[i], e->handled[i]);
	seq_printf(s, "recovered %u\nfailed %u\n", e->recovered, e->failed);
	return 0;
}

static int show_policy(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	const struct io_errors *e = blk_queue_errors(queue_of(k));

	for (u32 i = 0; i < IOERR_CLASSES; i++) {
		seq_puts(s, class_names[i]);
		for (u32 j = 0; j < IO_CHAIN_MAX && e->chain[i][j]; j++)
			seq_printf(s, " %s", handler_names[e->chain[i][j]]);
		seq_putc(s, '\n');
	}
	return 0;
}

/* The next word of *text among names; -1: none of them, -2: no more words. */
static int next_word(const char **text, const char *const *names, u32 nr)
{
	const char *p = *text;
	size_t n = 0;

	while (*p == ' ' || *p == '\t' || *p == '\n')
		p++;
	while (p[n] && p[n] != ' ' && p[n] != '\t' && p[n] != '\n')
		n++;
	*text = p + n;
	if (!n)
		return -2;
	for (u32 i = 0; i < nr; i++)
		if (strlen(names[i]) == n && !strncmp(names[i], p, n))
			return (int)i;
	return -1;
}

/* "CLASS HANDLER...": the new chain of one class; none: its errors are given up at once. */
static ssize_t store_policy(struct kobject *k, const struct kobj_attribute *a, const char *text, size_t len)
{
	u8 chain[IO_CHAIN_MAX] = { 0 };
	int class = next_word(&text, class_names, IOERR_CLASSES), h;
	u32 n = 0;

	while (class >= 0 && (h = next_word(&text, handler_names, IO_HANDLERS)) != -2) {
		if (h < 0 || n == IO_CHAIN_MAX)
			return -EINVAL;
		if (h != IOH_NONE)
			chain[n++] = (u8)h;
	}
	if (class < 0)
		return -EINVAL;
	memcpy(blk_queue_errors(queue_of(k))->chain[class], chain, sizeof(chain));
	return (ssize_t)len;
}

enum { RECOVERY, ONLINE, TIMEOUT };

static int show_number(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	const struct io_errors *e = blk_queue_errors(queue_of(k));

	switch ((u32)(uintptr_t)a->arg) {
	case RECOVERY: seq_printf(s, "%u\n", !e->no_recovery); break;
	case ONLINE: seq_printf(s, "%u\n", !e->offline); break;
	case TIMEOUT: seq_printf(s, "%u\n", e->timeout_ms); break;
	}
	return 0;
}

static ssize_t store_number(struct kobject *k, const struct kobj_attribute *a, const char *text, size_t len)
{
	struct io_errors *e = blk_queue_errors(queue_of(k));
	u32 v;

	if (kstrtou32(text, 10, &v))
		return -EINVAL;
	switch ((u32)(uintptr_t)a->arg) {
	case RECOVERY:
		e->no_recovery = !v;
		break;
	case ONLINE:
		e->offline = !v;
		e->late_in_a_row = 0;
		break;
	case TIMEOUT:
		if (!v)
			return -EINVAL;
		e->timeout_ms = v;
		break;
	}
	return (ssize_t)len;
}

static const struct kobj_attribute ioerr_file = { .name = "ioerr", .mode = 0444, .show = show_ioerr };
static const struct kobj_attribute queue_files[] = {
	{ .name = "error_policy", .mode = 0644, .show = show_policy, .store = store_policy },
	{ .name = "error_recovery", .mode = 0644, .show = show_number, .store = store_number, .arg = (void *)RECOVERY },
	{ .name = "online", .mode = 0644, .show = show_number, .store = store_number, .arg = (void *)ONLINE },
	{ .name = "io_timeout", .mode = 0644, .show = show_number, .store = store_number, .arg = (void *)TIMEOUT },
};

int io_error_sysfs_add(struct kobject *disk, struct kobject *queue_folder)
{
	int error = sysfs_add_file(disk, &ioerr_file);

	return error ? error : sysfs_add_files(queue_folder, queue_files, ARRAY_SIZE(queue_files));
}
