/* Classes: devices of one kind (block, tty, mem), whatever bus they sit on: /sys/class/NAME with a link to each. */
#include "io/model/model.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "mm/alloc.h"

static const char *class_subsystem(struct kobject *k)
{
	return "class";
}
static const struct kobj_uevent_ops class_uevent = { .subsystem = class_subsystem };

static void class_kobj_release(struct kobject *k)
{
	struct class *c = container_of(k, struct class, kobj);

	if (c->release)
		c->release(c);
}

int class_register(struct class *c)
{
	struct kobject *top = kobject_create("class", NULL);
	int error;

	if (!top)
		return -ENOMEM;
	INIT_LIST_HEAD(&c->devices);
	kobject_init(&c->kobj, class_kobj_release);
	c->kobj.uevent = &class_uevent;
	error = kobject_add(&c->kobj, top, "%s", c->name);
	kobject_put(top);
	if (!error)
		kobject_uevent(&c->kobj, UEVENT_ADD);
	return error;
}

void class_unregister(struct class *c)
{
	kobject_uevent(&c->kobj, UEVENT_REMOVE);
	kobject_del(&c->kobj);
	kobject_put(&c->kobj);
}

static void created_class_release(struct class *c)
{
	kfree(c->name);
	kfree(c);
}

struct class *class_create(const char *name)
{
	struct class *c = kzalloc(sizeof(*c), GFP_KERNEL);
	int error = -ENOMEM;

	if (!c)
		return ERR_PTR(-ENOMEM);
	c->name = kstrdup(name, GFP_KERNEL);
	c->release = created_class_release;
	if (c->name)
		error = class_register(c);
	if (!error)
		return c;
	created_class_release(c);
	return ERR_PTR(error);
}

void class_destroy(struct class *c)
{
	if (!IS_ERR_OR_NULL(c))
		class_unregister(c);
}

/* A class device is a view of the hardware it hangs on: the link "device" leads there. */
static bool wants_device_link(const struct device *d)
{
	return d->parent && !d->parent->class;
}

int class_add_device(struct device *d)
{
	struct class *c = d->class;
	int error;

	if (!c)
		return 0;
	error = sysfs_add_link(&c->kobj, device_name(d), &d->kobj);
	if (error)
		return error;
	if (!d->bus) /* its bus is the subsystem otherwise */
		error = sysfs_add_link(&d->kobj, "subsystem", &c->kobj);
	if (!error && wants_device_link(d))
		error = sysfs_add_link(&d->kobj, "device", &d->parent->kobj);
	if (error) { /* what is in d's own folder goes with that */
		sysfs_remove_link(&c->kobj, device_name(d));
		return error;
	}
	kobject_get(&c->kobj);
	spin_lock(&model_lock);
	list_add_tail(&d->class_node, &c->devices);
	spin_unlock(&model_lock);
	return 0;
}

void class_remove_device(struct device *d)
{
	if (!d->class)
		return;
	spin_lock(&model_lock);
	list_del_init(&d->class_node);
	spin_unlock(&model_lock);
	sysfs_remove_link(&d->class->kobj, device_name(d));
	if (!d->bus)
		sysfs_remove_link(&d->kobj, "subsystem");
	if (wants_device_link(d))
		sysfs_remove_link(&d->kobj, "device");
	kobject_put(&d->class->kobj);
}

static void created_release(struct device *d)
{
	kfree(d);
}

struct device *device_create(struct class *c, struct device *parent, kdev_t devt, u32 node_mode, void *drvdata, const char *name_fmt, ...)
{
	struct device *d = kmalloc(sizeof(*d), GFP_KERNEL);
	va_list ap;
	int error;

	if (!d)
		return ERR_PTR(-ENOMEM);
	device_init(d);
	d->class = c;
	d->parent = parent;
	d->devt = devt;
	d->node_mode = node_mode;
	d->driver_data = drvdata;
	d->release = created_release;
	va_start(ap, name_fmt);
	error = device_add_va(d, name_fmt, ap);
	va_end(ap);
	if (!error)
		return d;
	put_device(d);
	return ERR_PTR(error);
}

struct device *class_find_device(struct class *c, kdev_t devt)
{
	struct device *d, *found = NULL;

	spin_lock(&model_lock);
	list_for_each_entry(d, &c->devices, class_node)
		if (d->devt == devt) {
			found = get_device(d);
			break;
		}
	spin_unlock(&model_lock);
	return found;
}

void device_destroy(struct class *c, kdev_t devt)
{
	struct device *found = class_find_device(c, devt);

	if (!found)
		return;
	device_del(found);
	put_device(found); /* ours */
	put_device(found); /* device_create's */
}
