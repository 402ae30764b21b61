/*
 * Binding: calling a driver's probe and remove. Whoever holds a device's DEV_BINDING bit may change its driver; others wait.
 * After a failed probe the device is as it was before.
 */
#include "io/model/model.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/module/module.h"
#include "kernel/sched/wait.h"

static DEFINE_WAIT_QUEUE(bind_wait);

static void bind_begin(struct device *d)
{
	wait_event(&bind_wait, !atomic_test_and_set(&d->state, DEV_BINDING));
}

static void bind_end(struct device *d)
{
	atomic_and(&d->state, ~DEV_BINDING);
	wake_up_all(&bind_wait);
}

static const char *driver_subsystem(struct kobject *k)
{
	return "drivers";
}
static const struct kobj_uevent_ops driver_uevent = { .subsystem = driver_subsystem };

/* bind and unbind take the name of a device: /sys/bus/pci/drivers/NAME/bind. */
static ssize_t bind_store(struct kobject *k, const struct kobj_attribute *a, const char *text, size_t len)
{
	struct device_driver *drv = container_of(k, struct device_driver, kobj);
	struct device *d = bus_find_named(drv->bus, text);
	int error = -ENODEV;

	if (!d)
		return -ENODEV;
	if (driver_pin(drv)) {
		error = bus_matches(d, drv) ? device_bind(drv, d) : -ENODEV;
		driver_unpin(drv);
	}
	put_device(d);
	return error ? error : (ssize_t)len;
}

static ssize_t unbind_store(struct kobject *k, const struct kobj_attribute *a, const char *text, size_t len)
{
	struct device_driver *drv = container_of(k, struct device_driver, kobj);
	struct device *d = bus_find_named(drv->bus, text);
	bool ours;

	if (!d)
		return -ENODEV;
	ours = device_unbind(d, drv);
	put_device(d);
	return ours ? (ssize_t)len : -ENODEV;
}

static const struct kobj_attribute driver_files[] = {
	{ .name = "bind", .mode = 0200, .store = bind_store },
	{ .name = "unbind", .mode = 0200, .store = unbind_store },
};

int driver_add_files(struct device_driver *drv)
{
	int error = drv->suppress_bind_attrs ? 0 : sysfs_add_files(&drv->kobj, driver_files, ARRAY_SIZE(driver_files));

	drv->kobj.uevent = &driver_uevent;
	if (!error)
		error = sysfs_add_file(&drv->kobj, &uevent_store_attr);
	return error || !drv->owner ? error : module_add_driver(drv->owner, &drv->kobj, drv->bus->name);
}

/* The links between device and driver; without them it works as well, so an error is only told. */
static void add_links(struct device_driver *drv, struct device *d)
{
	int error = sysfs_add_link(&d->kobj, "driver", &drv->kobj);

	if (!error)
		error = sysfs_add_link(&drv->kobj, device_name(d), &d->kobj);
	if (error)
		pr_warn("%s: no driver link in sysfs: error %d\n", device_name(d), error);
}

static void remove_links(struct device_driver *drv, struct device *d)
{
	sysfs_remove_link(&d->kobj, "driver");
	sysfs_remove_link(&drv->kobj, device_name(d));
}

static int bind_held(struct device_driver *drv, struct device *d)
{
	int error;

	if (d->state & DEV_GONE)
		return -ENODEV;
	if (d->driver)
		return -EBUSY;
	d->driver = drv;
	error = drv->probe ? drv->probe(d) : 0;
	if (error) {
		d->driver = NULL;
		d->driver_data = NULL;
		if (error != -ENODEV && error != -ENXIO)
			pr_err("%s: driver %s: probe failed with error %d\n", device_name(d), drv->name, error);
		return error;
	}
	add_links(drv, d);
	spin_lock(&model_lock);
	list_add_tail(&d->driver_node, &drv->devices);
	spin_unlock(&model_lock);
	kobject_uevent(&d->kobj, UEVENT_BIND);
	return 0;
}

int device_bind(struct device_driver *drv, struct device *d)
{
	int error;

	bind_begin(d);
	error = bind_held(drv, d);
	bind_end(d);
	return error;
}

static bool unbind_held(struct device *d, struct device_driver *only)
{
	struct device_driver *drv = d->driver;

	if (!drv || (only && drv != only))
		return false;
	remove_links(drv, d);
	if (drv->remove)
		drv->remove(d);
	spin_lock(&model_lock);
	list_del_init(&d->driver_node);
	spin_unlock(&model_lock);
	d->driver_data = NULL;
	d->driver = NULL;
	kobject_uevent(&d->kobj, UEVENT_UNBIND);
	return true;
}

bool device_unbind(struct device *d, struct device_driver *only)
{
	bool done;

	bind_begin(d);
	done = unbind_held(d, only);
	bind_end(d);
	return done;
}

void device_close(struct device *d)
{
	bind_begin(d);
	atomic_or(&d->state, DEV_GONE);
	unbind_held(d, NULL);
	bind_end(d);
}
