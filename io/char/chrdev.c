/*
 * The switch of character devices: ranges of numbers that lead to a driver's file operations. A file keeps the range it was opened through,
 * by number; chrdev_data finds the driver's pointer again.
 */
#include "io/char/chrdev.h"
#include "io/contract/filesystem.h"
#include "kernel/debug/bug.h"
#include "kernel/lib/seq_buf.h"
#include "mm/alloc.h"

struct chrdev {
	struct list_head node;
	kdev_t first;
	u32 count;
	char name[24];
	const struct file_operations *ops;
	void *data;
};

static DEFINE_SPINLOCK(chrdev_lock, RANK_FILES);
static LIST_HEAD(chrdevs); /* by number */

static struct chrdev *find_locked(kdev_t dev)
{
	struct chrdev *c;
	list_for_each_entry(c, &chrdevs, node)
		if (dev >= c->first && dev - c->first < c->count)
			return c;
	return NULL;
}

int register_chrdev(kdev_t dev, u32 count, const char *name, const struct file_operations *ops, void *data)
{
	struct chrdev *o, *fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);
	if (!fresh)
		return -ENOMEM;
	*fresh = (struct chrdev){ .first = dev, .count = count, .ops = ops, .data = data };
	strscpy(fresh->name, name, sizeof(fresh->name));
	spin_lock(&chrdev_lock);
	struct list_head *before = &chrdevs;
	list_for_each_entry(o, &chrdevs, node) {
		if (dev < o->first + o->count && o->first < dev + count) {
			spin_unlock(&chrdev_lock);
			kfree(fresh);
			return -EBUSY;
		}
		if (o->first > dev) {
			before = &o->node;
			break;
		}
	}
	list_add_tail(&fresh->node, before);
	spin_unlock(&chrdev_lock);
	return 0;
}

void unregister_chrdev(kdev_t dev, u32 count)
{
	spin_lock(&chrdev_lock);
	struct chrdev *c = find_locked(dev);
	if (c)
		list_del(&c->node);
	spin_unlock(&chrdev_lock);
	kfree(c);
}

void *chrdev_data(struct file *f)
{
	spin_lock(&chrdev_lock);
	struct chrdev *c = find_locked(f->inode->rdev);
	void *data = c ? c->data : NULL;
	spin_unlock(&chrdev_lock);
	return data;
}

static int chrdev_open(struct inode *inode, struct file *f)
{
	spin_lock(&chrdev_lock);
	struct chrdev *c = find_locked(inode->rdev);
	const struct file_operations *ops = c ? c->ops : NULL;
	spin_unlock(&chrdev_lock);
	if (!ops)
		return -ENXIO;
	f->ops = ops;
	return ops->open ? ops->open(inode, f) : 0;
}

const struct file_operations chrdev_fops = { .name = "character device", .open = chrdev_open };

int chrdev_show(struct seq_buf *s, void *arg)
{
	struct chrdev *c;
	u32 last_major = ~0u;
	const char *last_name = "";

	seq_puts(s, "Character devices:\n");
	spin_lock(&chrdev_lock);
	list_for_each_entry(c, &chrdevs, node) {
		if (MAJOR(c->first) == last_major && !strcmp(c->name, last_name))
			continue;
		last_major = MAJOR(c->first);
		last_name = c->name;
		seq_printf(s, "%3u %s\n", last_major, c->name);
	}
	spin_unlock(&chrdev_lock);
	return 0;
}

int chrdev_init(void) { return 0; }
