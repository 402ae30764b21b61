/*
 * Attributes of devices as Linux drivers write them: show prints into a page, store gets the text. They are files of sysfs like all others
 * (struct kobj_attribute); here the one form is turned into the other.
 */
#include "io/model/model.h"
#include "mm/alloc.h"

static int show(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	struct device_attribute *attr = a->arg;
	char *page;
	ssize_t n;

	if (!attr->show)
		return -EIO;
	page = kzalloc(PAGE_SIZE, GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	n = attr->show(container_of(k, struct device, kobj), attr, page);
	if (n > 0)
		seq_write(s, page, min((size_t)n, (size_t)PAGE_SIZE));
	kfree(page);
	return n < 0 ? (int)n : 0;
}

static ssize_t store(struct kobject *k, const struct kobj_attribute *a, const char *text, size_t len)
{
	struct device_attribute *attr = a->arg;

	return attr->store ? attr->store(container_of(k, struct device, kobj), attr, text, len) : -EIO;
}

int device_create_file(struct device *d, struct device_attribute *attr)
{
	attr->file = (struct kobj_attribute){ .name = attr->attr.name, .mode = attr->attr.mode, .show = show, .store = store, .arg = attr };
	return sysfs_add_file(&d->kobj, &attr->file);
}

void device_remove_file(struct device *d, struct device_attribute *attr)
{
	sysfs_remove_file(&d->kobj, attr->attr.name);
}
