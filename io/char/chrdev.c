/*
 * The switch of character devices. Two lists by number: the regions, which reserve numbers under a name (/proc/devices), and the ranges
 * that lead somewhere when opened. A file of the kernel's own drivers finds the driver's pointer again by number (chrdev_data).
 */
#include "io/char/chrdev.h"
#include "io/contract/filesystem.h"
#include "kernel/debug/bug.h"
#include "kernel/lib/seq_buf.h"
#include "mm/alloc.h"

#define MAJOR_MAX 511u /* majors are below 512, as on Linux */

struct region {
	struct list_head node;
	kdev_t first;
	u32 count;
	char name[64];
};

DEFINE_SPINLOCK(chrdev_lock, RANK_FILES);
static LIST_HEAD(regions); /* by number */
static LIST_HEAD(chrdevs); /* by number */

/* ---- regions ---- */

static int insert_region_locked(struct region *fresh)
{
	struct list_head *before = &regions;
	struct region *r;

	list_for_each_entry(r, &regions, node) {
		if (fresh->first < r->first + r->count && r->first < fresh->first + fresh->count)
			return -EBUSY;
		if (r->first > fresh->first) {
			before = &r->node;
			break;
		}
	}
	list_add_tail(&fresh->node, before);
	return 0;
}

static bool major_is_free(u32 major)
{
	struct region *r;

	list_for_each_entry(r, &regions, node)
		if (MAJOR(r->first) <= major && major <= MAJOR(r->first + r->count - 1))
			return false;
	return true;
}

/* The majors that Linux gives out dynamically (Documentation/admin-guide/devices.txt): 254 down to 234, then 511 down to 384. 0: none. */
static u32 free_major(void)
{
	for (u32 m = 254; m >= 234; m--)
		if (major_is_free(m))
			return m;
	for (u32 m = MAJOR_MAX; m >= 384; m--)
		if (major_is_free(m))
			return m;
	return 0;
}

/* dev NULL: first is given; otherwise a major is chosen, with first as the minor. */
static int add_region(kdev_t *dev, kdev_t first, u32 count, const char *name)
{
	struct region *r;
	int error = 0;

	if (!count || first + count < first || MAJOR(first + count - 1) > MAJOR_MAX || (dev && MAJOR(first + count - 1)))
		return -EINVAL;
	r = kzalloc(sizeof(*r), GFP_KERNEL);
	if (!r)
		return -ENOMEM;
	r->first = first;
	r->count = count;
	strscpy(r->name, name, sizeof(r->name));
	spin_lock(&chrdev_lock);
	if (dev) {
		u32 major = free_major();

		r->first = MKDEV(major, first);
		error = major ? 0 : -EBUSY;
	}
	if (!error)
		error = insert_region_locked(r);
	if (!error && dev)
		*dev = r->first;
	spin_unlock(&chrdev_lock);
	if (error)
		kfree(r);
	return error;
}

int alloc_chrdev_region(kdev_t *dev, unsigned int first_minor, unsigned int count, const char *name)
{
	return add_region(dev, first_minor, count, name);
}

int register_chrdev_region(kdev_t from, unsigned int count, const char *name)
{
	return add_region(NULL, from, count, name);
}

void unregister_chrdev_region(kdev_t from, unsigned int count)
{
	struct region *r, *found = NULL;

	spin_lock(&chrdev_lock);
	list_for_each_entry(r, &regions, node)
		if (r->first == from && r->count == count) {
			found = r;
			list_del(&r->node);
			break;
		}
	spin_unlock(&chrdev_lock);
	kfree(found);
}

/* The character half of /proc/devices: a line for each major and name. */
int chrdev_show(struct seq_buf *s, void *arg)
{
	struct region *r;
	u32 last_major = ~0u;
	const char *last_name = "";

	seq_puts(s, "Character devices:\n");
	spin_lock(&chrdev_lock);
	list_for_each_entry(r, &regions, node) {
		if (MAJOR(r->first) == last_major && !strcmp(r->name, last_name))
			continue;
		last_major = MAJOR(r->first);
		last_name = r->name;
		seq_printf(s, "%3u %s\n", last_major, r->name);
	}
	spin_unlock(&chrdev_lock);
	return 0;
}

/* ---- ranges ---- */

static struct chrdev *find_locked(kdev_t dev)
{
	struct chrdev *c;

	list_for_each_entry(c, &chrdevs, node)
		if (dev >= c->first && dev - c->first < c->count)
			return c;
	return NULL;
}

int chrdev_insert(struct chrdev *c)
{
	struct list_head *before = &chrdevs;
	struct chrdev *o;
	int error = 0;

	spin_lock(&chrdev_lock);
	list_for_each_entry(o, &chrdevs, node) {
		if (c->first < o->first + o->count && o->first < c->first + c->count) {
			error = -EBUSY;
			break;
		}
		if (o->first > c->first) {
			before = &o->node;
			break;
		}
	}
	if (!error)
		list_add_tail(&c->node, before);
	spin_unlock(&chrdev_lock);
	return error;
}

void chrdev_remove(struct chrdev *c)
{
	spin_lock(&chrdev_lock);
	if (c->node.next) {
		list_unlink(&c->node);
		c->node.next = NULL;
	}
	spin_unlock(&chrdev_lock);
}

int register_chrdev(kdev_t dev, u32 count, const char *name, const struct file_operations *ops, void *data)
{
	struct chrdev *fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);
	int error;

	if (!fresh)
		return -ENOMEM;
	*fresh = (struct chrdev){ .first = dev, .count = count, .ops = ops, .data = data };
	error = register_chrdev_region(dev, count, name);
	if (!error) {
		error = chrdev_insert(fresh);
		if (!error)
			return 0;
		unregister_chrdev_region(dev, count);
	}
	kfree(fresh);
	return error;
}

void unregister_chrdev(kdev_t dev, u32 count)
{
	struct chrdev *c;

	spin_lock(&chrdev_lock);
	c = find_locked(dev);
	if (c)
		list_del(&c->node);
	spin_unlock(&chrdev_lock);
	kfree(c);
	unregister_chrdev_region(dev, count);
}

void *chrdev_data(struct file *f)
{
	struct chrdev *c;
	void *data;

	spin_lock(&chrdev_lock);
	c = find_locked(f->inode->rdev);
	data = c ? c->data : NULL;
	spin_unlock(&chrdev_lock);
	return data;
}

struct cdev_binding *chrdev_binding_at(kdev_t dev)
{
	struct chrdev *c;

	spin_lock(&chrdev_lock);
	c = find_locked(dev);
	spin_unlock(&chrdev_lock);
	return c ? c->binding : NULL;
}

struct chrdev *chrdev_find(bool (*match)(const struct chrdev *c, const void *arg), const void *arg)
{
	struct chrdev *c, *found = NULL;

	spin_lock(&chrdev_lock);
	list_for_each_entry(c, &chrdevs, node)
		if (match(c, arg)) {
			found = c;
			break;
		}
	spin_unlock(&chrdev_lock);
	return found;
}

static int chrdev_open(struct inode *inode, struct file *f)
{
	const struct file_operations *ops;
	struct cdev_binding *b;
	struct chrdev *c;

	spin_lock(&chrdev_lock);
	c = find_locked(inode->rdev);
	ops = c ? c->ops : NULL;
	b = c && c->binding ? cdev_binding_get(c->binding) : NULL;
	spin_unlock(&chrdev_lock);
	if (b)
		return cdev_open(b, inode, f);
	if (!ops)
		return -ENXIO;
	f->ops = ops;
	return ops->open ? ops->open(inode, f) : 0;
}

const struct file_operations chrdev_fops = { .name = "character device", .open = chrdev_open };
