/* The devices that are only memory or the kernel itself: null, zero, full, random, urandom, kmsg. Numbers as in Linux (major 1). */
#include "io/contract/char_device.h"
#include "io/contract/device.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/uaccess.h"
#include "kernel/sched/random.h"
#include "kernel/lib/string.h"
#include "kernel/sched/cred.h"
#include "kernel/sched/task.h"
#include "kernel/uapi/stat.h"
#include "mm/alloc.h"
#include "mm/mm.h"

#define MEM_MAJOR 1
#define KMSG_LINE 512u

int mem_devices_init(void);

static loff_t null_llseek(struct file *f, loff_t off, int whence)
{
	f->pos = 0;
	return 0;
}

/* ---- null ---- */

static ssize_t read_nothing(struct kiocb *k, struct iov_iter *to) { return 0; }

static ssize_t write_away(struct kiocb *k, struct iov_iter *from)
{
	u32 n = from->count;
	iov_iter_advance(from, n);
	return (ssize_t)n;
}

static const struct file_operations null_fops = {
	.name = "null", .read_iter = read_nothing, .write_iter = write_away, .llseek = null_llseek, .no_splice = FMODE_READ,
};

/* ---- zero, full ---- */

static ssize_t read_zeros(struct kiocb *k, struct iov_iter *to)
{
	ssize_t done = 0;
	while (to->count) {
		u32 want = min(to->count, 16 * PAGE_SIZE), n = iov_iter_zero(want, to);
		done += (ssize_t)n;
		if (n < want)
			return done ? done : -EFAULT;
		if (signal_pending_current())
			break;
		cond_resched();
	}
	return done;
}

/* A private mapping is plain anonymous memory, a shared one is shared anonymous memory. */
static int zero_mmap(struct file *f, struct vm_area *a)
{
	if (a->flags & VM_SHARED)
		return mm_setup_shared_anon(a, NULL);
	a->ops = NULL;
	a->file = NULL;
	return 0;
}

static const struct file_operations zero_fops = {
	.name = "zero", .read_iter = read_zeros, .write_iter = write_away, .llseek = null_llseek, .mmap = zero_mmap,
};

static ssize_t write_full(struct kiocb *k, struct iov_iter *from) { return -ENOSPC; }

static const struct file_operations full_fops = {
	.name = "full", .read_iter = read_zeros, .write_iter = write_full, .llseek = null_llseek,
};

/* ---- random, urandom ---- */

static ssize_t random_read(struct kiocb *k, struct iov_iter *to)
{
	ssize_t done = 0;
	u8 block[256];

	while (to->count) {
		u32 want = min_t(u32, to->count, sizeof(block));
		get_random_bytes(block, want);
		u32 n = copy_to_iter(block, want, to);
		done += (ssize_t)n;
		if (n < want && !done)
			done = -EFAULT;
		if (n < want || signal_pending_current())
			break;
		cond_resched();
	}
	memset(block, 0, sizeof(block));
	return done;
}

/* What a program writes is mixed in: it can make the numbers better, never worse. */
static ssize_t random_write(struct kiocb *k, struct iov_iter *from)
{
	ssize_t done = 0;
	u8 block[256];

	while (from->count) {
		u32 want = min_t(u32, from->count, sizeof(block)), n = copy_from_iter(block, want, from);
		random_add(block, n);
		done += (ssize_t)n;
		if (n < want)
			return done ? done : -EFAULT;
		cond_resched();
	}
	return done;
}

static const struct file_operations random_fops = {
	.name = "random", .read_iter = random_read, .write_iter = random_write, .llseek = noop_llseek,
};

/* ---- kmsg: the log; a write adds a line, perhaps with <level> in front ---- */

static ssize_t kmsg_write(struct kiocb *k, struct iov_iter *from)
{
	char *line = kmalloc(KMSG_LINE, GFP_KERNEL), *text = line;
	u32 n = min(from->count, KMSG_LINE - 1);
	int level = LOG_INFO;

	if (!line)
		return -ENOMEM;
	ssize_t all = (ssize_t)from->count;
	if (copy_from_iter(line, n, from) < n) {
		kfree(line);
		return -EFAULT;
	}
	line[n] = 0;
	if (line[0] == '<' && line[1] >= '0' && line[1] <= '9') {
		char *end = strchr(line, '>');
		if (end && end - line <= 4) {
			int value = 0; /* facility * 8 + level */
			for (const char *c = line + 1; c < end; c++)
				value = value * 10 + (*c - '0');
			level = value & 7;
			text = end + 1;
		}
	}
	u32 len = (u32)strlen(text);
	while (len && text[len - 1] == '\n')
		text[--len] = 0;
	printk(level, "%s\n", text);
	kfree(line);
	return all;
}

/* Each open file reads on from where it is in the log; O_NONBLOCK or not, the end of the log is the end of the file. */
static ssize_t kmsg_read(struct kiocb *k, struct iov_iter *to)
{
	char *page = get_free_page(GFP_KERNEL);
	u64 pos = (u64)k->pos;

	if (!page)
		return -ENOMEM;
	size_t n = log_read(&pos, page, min(to->count, PAGE_SIZE));
	ssize_t done = n && copy_to_iter(page, (u32)n, to) < n ? -EFAULT : (ssize_t)n;
	if (done > 0)
		k->pos = (loff_t)pos;
	free_page(page);
	return done;
}

static loff_t kmsg_llseek(struct file *f, loff_t off, int whence)
{
	if (off)
		return -ESPIPE;
	switch (whence) {
	case SEEK_SET: f->pos = 0; break;
	case SEEK_DATA: f->pos = (loff_t)log_clear_pos(); break;
	case SEEK_END: f->pos = (loff_t)log_end(); break;
	default: return -EINVAL;
	}
	return 0;
}

static int kmsg_open(struct inode *inode, struct file *f)
{
	return (f->mode & FMODE_READ) && !capable() ? -EPERM : 0;
}

static const struct file_operations kmsg_fops = {
	.name = "kmsg", .read_iter = kmsg_read, .write_iter = kmsg_write, .llseek = kmsg_llseek, .open = kmsg_open,
};

/* ---- the table ---- */

static const struct {
	u32 minor;
	const char *name;
	u32 mode;
	const struct file_operations *ops;
} devices[] = {
	{ 3, "null", 0666, &null_fops },
	{ 5, "zero", 0666, &zero_fops },
	{ 7, "full", 0666, &full_fops },
	{ 8, "random", 0666, &random_fops },
	{ 9, "urandom", 0666, &random_fops },
	{ 11, "kmsg", 0644, &kmsg_fops },
};

static struct class mem_class = { .name = "mem" };

int mem_devices_init(void)
{
	int err = class_register(&mem_class);
	for (u32 i = 0; i < ARRAY_SIZE(devices) && !err; i++) {
		kdev_t dev = MKDEV(MEM_MAJOR, devices[i].minor);
		err = register_chrdev(dev, 1, "mem", devices[i].ops, NULL);
		if (err)
			break;
		struct device *d = device_create(&mem_class, NULL, dev, S_IFCHR | devices[i].mode, NULL, "%s", devices[i].name);
		if (IS_ERR(d))
			err = (int)PTR_ERR(d);
	}
	return err;
}
