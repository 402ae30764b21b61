/*
 * Devices: the stable object of each piece of hardware (or of software that looks like it), its folder below /sys/devices, its node in
 * /dev, its links. Where the folder lies: in the parent's; a device of a class gets a folder named after the class in between (the "glue"),
 * unless the parent is of a class itself (a partition in its disk); without a parent it lies in /sys/devices/virtual/CLASS, or in
 * /sys/devices if it has no class either.
 */
#include "io/contract/devnode.h"
#include "io/model/model.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/lib/printf.h"
#include "kernel/uapi/stat.h"

static int dev_show(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	struct device *d = container_of(k, struct device, kobj);

	seq_printf(s, "%u:%u\n", MAJOR(d->devt), MINOR(d->devt));
	return 0;
}
static const struct kobj_attribute dev_attr = { .name = "dev", .mode = 0444, .show = dev_show };

static const char *node_name_of(const struct device *d)
{
	return d->node_name ? d->node_name : device_name(d);
}

static const char *device_subsystem(struct kobject *k)
{
	const struct device *d = container_of(k, struct device, kobj);

	return d->bus ? d->bus->name : d->class ? d->class->name : NULL;
}

static int node_vars(struct device *d, struct uevent_env *env)
{
	int error = add_uevent_var(env, "MAJOR=%u", MAJOR(d->devt));

	if (!error)
		error = add_uevent_var(env, "MINOR=%u", MINOR(d->devt));
	if (!error)
		error = add_uevent_var(env, "DEVNAME=%s", node_name_of(d));
	if (!error && S_ISCHR(d->node_mode) && (d->node_mode & 0777) != 0600)
		error = add_uevent_var(env, "DEVMODE=%#o", d->node_mode & 0777);
	return error;
}

static int device_vars(struct kobject *k, struct uevent_env *env)
{
	struct device *d = container_of(k, struct device, kobj);
	struct device_driver *drv = d->driver;
	int error = d->devt ? node_vars(d, env) : 0;

	if (!error && drv)
		error = add_uevent_var(env, "DRIVER=%s", drv->name);
	if (!error && d->bus && d->bus->uevent)
		error = d->bus->uevent(d, env);
	if (!error && d->class && d->class->uevent)
		error = d->class->uevent(d, env);
	return error;
}

static const struct kobj_uevent_ops device_uevent = { .subsystem = device_subsystem, .vars = device_vars };

static int uevent_show(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	return kobject_show_uevent(k, s);
}

static ssize_t uevent_store(struct kobject *k, const struct kobj_attribute *a, const char *text, size_t len)
{
	return kobject_synth_uevent(k, text, len);
}

static const struct kobj_attribute uevent_attr = { .name = "uevent", .mode = 0644, .show = uevent_show, .store = uevent_store };
const struct kobj_attribute uevent_store_attr = { .name = "uevent", .mode = 0200, .store = uevent_store };

static void device_kobj_release(struct kobject *k)
{
	struct device *d = container_of(k, struct device, kobj);

	if (d->release)
		d->release(d);
}

void device_init(struct device *d)
{
	*d = (struct device){ 0 };
	kobject_init(&d->kobj, device_kobj_release);
	d->kobj.uevent = &device_uevent;
	INIT_LIST_HEAD(&d->bus_node);
	INIT_LIST_HEAD(&d->driver_node);
	INIT_LIST_HEAD(&d->class_node);
}

/* The folder the device's own folder goes into, with a reference; NULL: no memory. */
static struct kobject *home_of(struct device *d)
{
	struct kobject *devices, *virtual, *home;

	if (d->parent) {
		if (d->class && !d->parent->class)
			return kobject_create(d->class->name, &d->parent->kobj);
		return kobject_get(&d->parent->kobj);
	}
	devices = kobject_create("devices", NULL);
	if (!devices || !d->class)
		return devices;
	virtual = kobject_create("virtual", devices);
	home = virtual ? kobject_create(d->class->name, virtual) : NULL;
	if (virtual)
		kobject_put(virtual);
	kobject_put(devices);
	return home;
}

/* The folder /sys/dev/block or /sys/dev/char, with a reference; NULL: no memory. */
static struct kobject *numbers_folder(const struct device *d)
{
	struct kobject *dev = kobject_create("dev", NULL), *k = NULL;

	if (dev) {
		k = kobject_create(S_ISBLK(d->node_mode) ? "block" : "char", dev);
		kobject_put(dev);
	}
	return k;
}

static void number_name(const struct device *d, char name[24])
{
	ksnprintf(name, 24, "%u:%u", MAJOR(d->devt), MINOR(d->devt));
}

/* /sys/dev/block/8:0 -> the device. The reference to the folder is kept until the link is removed. */
static int add_number_link(struct device *d)
{
	struct kobject *k = numbers_folder(d);
	char name[24];
	int error;

	if (!k)
		return -ENOMEM;
	number_name(d, name);
	error = sysfs_add_link(k, name, &d->kobj);
	if (error)
		kobject_put(k);
	return error;
}

static void remove_number_link(struct device *d)
{
	struct kobject *k = numbers_folder(d);
	char name[24];

	if (!k)
		return;
	number_name(d, name);
	sysfs_remove_link(k, name);
	kobject_put(k);
	kobject_put(k); /* add_number_link's */
}

/* The node in /dev and what tells its number. */
static int node_add(struct device *d)
{
	int error;

	if (!d->devt)
		return 0;
	error = sysfs_add_file(&d->kobj, &dev_attr);
	if (error)
		return error;
	error = add_number_link(d);
	if (error)
		goto no_link;
	error = devfs_add(node_name_of(d), (umode_t)d->node_mode, d->devt);
	if (error)
		goto no_node;
	return 0;
no_node:
	remove_number_link(d);
no_link:
	sysfs_remove_file(&d->kobj, dev_attr.name);
	return error;
}

static void node_remove(struct device *d)
{
	if (!d->devt)
		return;
	devfs_remove(node_name_of(d));
	remove_number_link(d);
	sysfs_remove_file(&d->kobj, dev_attr.name);
}

/* The files that the bus or the class gives each of its devices. */
static int add_files(struct device *d, const struct kobj_attribute *files)
{
	int error = 0;

	for (; files && files->name && !error; files++)
		error = sysfs_add_file(&d->kobj, files);
	return error;
}

int device_add_va(struct device *d, const char *name_fmt, va_list ap)
{
	struct kobject *home = home_of(d);
	int error;

	if (!home)
		return -ENOMEM;
	error = kobject_add_va(&d->kobj, home, name_fmt, ap); /* takes its own reference to home */
	kobject_put(home);
	if (error)
		return error;
	if (d->parent)
		get_device(d->parent);
	error = sysfs_add_file(&d->kobj, &uevent_attr);
	if (!error && d->bus)
		error = add_files(d, d->bus->dev_files);
	if (!error && d->class)
		error = add_files(d, d->class->dev_files);
	if (error)
		goto no_folder;
	error = class_add_device(d);
	if (error)
		goto no_folder;
	error = bus_add_device(d);
	if (error)
		goto no_bus;
	error = node_add(d);
	if (error)
		goto no_node;
	if (!d->class || !d->class->late_add)
		kobject_uevent(&d->kobj, UEVENT_ADD);
	if (d->bus && !d->bus->no_autoprobe)
		bus_probe_device(d);
	return 0;
no_node:
	bus_remove_device(d);
no_bus:
	class_remove_device(d);
no_folder:
	kobject_del(&d->kobj);
	if (d->parent)
		put_device(d->parent);
	return error;
}

int device_set_name(struct device *d, const char *fmt, ...)
{
	va_list ap;
	int error;

	va_start(ap, fmt);
	error = kobject_set_name_va(&d->kobj, fmt, ap);
	va_end(ap);
	return error;
}

int device_add(struct device *d, const char *name_fmt, ...)
{
	va_list ap;
	int error;

	va_start(ap, name_fmt);
	error = device_add_va(d, name_fmt, ap);
	va_end(ap);
	return error;
}

void device_del(struct device *d)
{
	device_close(d);
	node_remove(d);
	bus_remove_device(d);
	class_remove_device(d);
	kobject_uevent(&d->kobj, UEVENT_REMOVE);
	kobject_del(&d->kobj);
	if (d->parent)
		put_device(d->parent);
}

/* The folders of /sys that are there from the start; kept for good. */
int device_model_init(void)
{
	static const char *const folders[] = { "block", "bus", "class", "dev", "devices", "fs", "kernel" };

	for (u32 i = 0; i < ARRAY_SIZE(folders); i++)
		if (!kobject_create(folders[i], NULL))
			return -ENOMEM;
	return uevent_init(kobject_create("kernel", NULL));
}
