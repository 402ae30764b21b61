/*
 * Buses: where devices and drivers meet. A bus has /sys/bus/NAME with devices/ (links to its devices) and drivers/ (a folder each).
 * The lists are walked without holding model_lock over the calls in between: the n-th step asks for the first entry that came after the
 * last one seen, so entries may come and go meanwhile.
 */
#include "io/model/model.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sched/wait.h"

DEFINE_SPINLOCK(model_lock, RANK_FILES);
static u32 last_seq; /* model_lock */
static DEFINE_WAIT_QUEUE(users_wait);

int bus_register(struct bus_type *b)
{
	struct kobject *top = kobject_create("bus", NULL);
	int error;

	if (!top)
		return -ENOMEM;
	INIT_LIST_HEAD(&b->devices);
	INIT_LIST_HEAD(&b->drivers);
	kobject_init(&b->kobj, NULL);
	kobject_init(&b->devices_kobj, NULL);
	kobject_init(&b->drivers_kobj, NULL);
	error = kobject_add(&b->kobj, top, "%s", b->name);
	if (!error)
		error = kobject_add(&b->devices_kobj, &b->kobj, "devices");
	if (!error)
		error = kobject_add(&b->drivers_kobj, &b->kobj, "drivers");
	if (error) {
		kobject_del(&b->devices_kobj);
		kobject_del(&b->kobj);
	}
	kobject_put(top);
	return error;
}

static bool bus_match(struct device *d, struct device_driver *drv)
{
	return drv->bus->match ? drv->bus->match(d, drv) : !strcmp(device_name(d), drv->name);
}

int bus_add_device(struct device *d)
{
	struct bus_type *b = d->bus;
	int error;

	if (!b)
		return 0;
	error = sysfs_add_link(&b->devices_kobj, device_name(d), &d->kobj);
	if (error)
		return error;
	error = sysfs_add_link(&d->kobj, "subsystem", &b->kobj);
	if (error) {
		sysfs_remove_link(&b->devices_kobj, device_name(d));
		return error;
	}
	spin_lock(&model_lock);
	d->seq = ++last_seq;
	list_add_tail(&d->bus_node, &b->devices);
	spin_unlock(&model_lock);
	return 0;
}

void bus_remove_device(struct device *d)
{
	struct bus_type *b = d->bus;

	if (!b)
		return;
	spin_lock(&model_lock);
	list_del_init(&d->bus_node);
	spin_unlock(&model_lock);
	sysfs_remove_link(&b->devices_kobj, device_name(d));
	sysfs_remove_link(&d->kobj, "subsystem");
}

/* The next driver after *seq that matches d, pinned by users; NULL: none. */
static struct device_driver *next_driver(struct device *d, u32 *seq)
{
	struct device_driver *drv, *found = NULL;

	spin_lock(&model_lock);
	list_for_each_entry(drv, &d->bus->drivers, bus_node)
		if (drv->seq > *seq && !drv->dying && bus_match(d, drv)) {
			found = drv;
			found->users++;
			*seq = found->seq;
			break;
		}
	spin_unlock(&model_lock);
	return found;
}

static void driver_unpin(struct device_driver *drv)
{
	bool wake;

	spin_lock(&model_lock);
	wake = --drv->users == 0 && drv->dying;
	spin_unlock(&model_lock);
	if (wake)
		wake_up_all(&users_wait);
}

void bus_probe_device(struct device *d)
{
	struct device_driver *drv;
	u32 seq = 0;

	if (!d->bus)
		return;
	while (!d->driver && (drv = next_driver(d, &seq))) {
		device_bind(drv, d);
		driver_unpin(drv);
	}
}

/* The next device after *seq that drv matches and that has no driver, with a reference; NULL: none. */
static struct device *next_device(struct device_driver *drv, u32 *seq)
{
	struct device *d, *found = NULL;

	spin_lock(&model_lock);
	list_for_each_entry(d, &drv->bus->devices, bus_node)
		if (d->seq > *seq && !d->driver && bus_match(d, drv)) {
			found = get_device(d);
			*seq = found->seq;
			break;
		}
	spin_unlock(&model_lock);
	return found;
}

int driver_register(struct device_driver *drv)
{
	struct device *d;
	u32 seq = 0;
	int error;

	kobject_init(&drv->kobj, NULL);
	INIT_LIST_HEAD(&drv->devices);
	drv->dying = false;
	error = kobject_add(&drv->kobj, &drv->bus->drivers_kobj, "%s", drv->name);
	if (error)
		return error;
	spin_lock(&model_lock);
	drv->seq = ++last_seq;
	drv->users = 1; /* this walk's */
	list_add_tail(&drv->bus_node, &drv->bus->drivers);
	spin_unlock(&model_lock);
	while ((d = next_device(drv, &seq))) {
		device_bind(drv, d);
		put_device(d);
	}
	driver_unpin(drv);
	return 0;
}

static bool driver_unused(struct device_driver *drv)
{
	bool unused;

	spin_lock(&model_lock);
	unused = !drv->users;
	spin_unlock(&model_lock);
	return unused;
}

void driver_unregister(struct device_driver *drv)
{
	struct device *d;

	spin_lock(&model_lock);
	drv->dying = true;
	list_del(&drv->bus_node);
	spin_unlock(&model_lock);
	wait_event(&users_wait, driver_unused(drv));
	for (;;) {
		spin_lock(&model_lock);
		d = list_empty(&drv->devices) ? NULL : get_device(list_first_entry(&drv->devices, struct device, driver_node));
		spin_unlock(&model_lock);
		if (!d)
			break;
		device_unbind(d, drv);
		put_device(d);
	}
	kobject_del(&drv->kobj);
}
