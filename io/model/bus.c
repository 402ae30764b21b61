/*
 * Buses: where devices and drivers meet. A bus has /sys/bus/NAME with devices/ (links to its devices) and drivers/ (a folder each).
 * The lists are walked without holding model_lock over the calls in between: the n-th step asks for the first entry that came after the
 * last one seen, so entries may come and go meanwhile.
 */
#include "io/model/model.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/lib/string.h"
#include "kernel/module/module.h"
#include "kernel/sched/wait.h"

DEFINE_SPINLOCK(model_lock, RANK_FILES);
static u32 last_seq; /* model_lock */
static DEFINE_WAIT_QUEUE(users_wait);

static const char *bus_subsystem(struct kobject *k)
{
	return "bus";
}
static const struct kobj_uevent_ops bus_uevent = { .subsystem = bus_subsystem };

static struct bus_type *bus_of(struct kobject *k)
{
	return container_of(k, struct bus_type, kobj);
}

static int autoprobe_show(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	seq_printf(s, "%u\n", !bus_of(k)->no_autoprobe);
	return 0;
}

static ssize_t autoprobe_store(struct kobject *k, const struct kobj_attribute *a, const char *text, size_t len)
{
	if (len > 2 || (text[0] != '0' && text[0] != '1') || (len == 2 && text[1] != '\n'))
		return -EINVAL;
	bus_of(k)->no_autoprobe = text[0] == '0';
	return (ssize_t)len;
}

/* drivers_probe takes the name of a device: look for a driver for it now. */
static ssize_t probe_store(struct kobject *k, const struct kobj_attribute *a, const char *text, size_t len)
{
	struct device *d = bus_find_named(bus_of(k), text);

	if (!d)
		return -ENODEV;
	bus_probe_device(d);
	put_device(d);
	return (ssize_t)len;
}

static const struct kobj_attribute bus_files[] = {
	{ .name = "drivers_autoprobe", .mode = 0644, .show = autoprobe_show, .store = autoprobe_store },
	{ .name = "drivers_probe", .mode = 0200, .store = probe_store },
};

static int add_files(struct bus_type *b)
{
	int error = sysfs_add_files(&b->kobj, bus_files, ARRAY_SIZE(bus_files));

	if (!error)
		error = sysfs_add_file(&b->kobj, &uevent_store_attr);
	for (const struct kobj_attribute *a = b->bus_files; a && a->name && !error; a++)
		error = sysfs_add_file(&b->kobj, a);
	return error;
}

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
	b->kobj.uevent = &bus_uevent;
	b->no_autoprobe = false;
	error = kobject_add(&b->kobj, top, "%s", b->name);
	if (!error)
		error = kobject_add(&b->devices_kobj, &b->kobj, "devices");
	if (!error)
		error = kobject_add(&b->drivers_kobj, &b->kobj, "drivers");
	if (!error)
		error = add_files(b);
	if (error) {
		kobject_del(&b->drivers_kobj);
		kobject_del(&b->devices_kobj);
		kobject_del(&b->kobj);
	} else {
		kobject_uevent(&b->kobj, UEVENT_ADD);
	}
	kobject_put(top);
	return error;
}

int bus_unregister(struct bus_type *b)
{
	bool busy;

	spin_lock(&model_lock);
	busy = !list_empty(&b->devices) || !list_empty(&b->drivers);
	spin_unlock(&model_lock);
	if (busy)
		return -EBUSY;
	kobject_uevent(&b->kobj, UEVENT_REMOVE);
	kobject_del(&b->drivers_kobj);
	kobject_del(&b->devices_kobj);
	kobject_del(&b->kobj);
	return 0;
}

struct device *bus_find_device(struct bus_type *b, struct device *after, bool (*match)(struct device *d, const void *arg), const void *arg)
{
	struct device *d, *found = NULL;
	u32 seq = after ? after->seq : 0;

	spin_lock(&model_lock);
	list_for_each_entry(d, &b->devices, bus_node)
		if (d->seq > seq && match(d, arg)) {
			found = get_device(d);
			break;
		}
	spin_unlock(&model_lock);
	if (after)
		put_device(after);
	return found;
}

static bool has_name(struct device *d, const void *arg)
{
	const char *text = arg;
	size_t n = strlen(text);

	if (n && text[n - 1] == '\n')
		n--;
	return strlen(device_name(d)) == n && !memcmp(device_name(d), text, n);
}

struct device *bus_find_named(struct bus_type *b, const char *text)
{
	return bus_find_device(b, NULL, has_name, text);
}

bool bus_matches(struct device *d, struct device_driver *drv)
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
		if (drv->seq > *seq && !drv->dying && bus_matches(d, drv)) {
			found = drv;
			found->users++;
			*seq = found->seq;
			break;
		}
	spin_unlock(&model_lock);
	return found;
}

bool driver_pin(struct device_driver *drv)
{
	bool alive;

	spin_lock(&model_lock);
	alive = !drv->dying;
	drv->users += alive;
	spin_unlock(&model_lock);
	return alive;
}

void driver_unpin(struct device_driver *drv)
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
		if (d->seq > *seq && !d->driver && bus_matches(d, drv)) {
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
	error = driver_add_files(drv);
	if (error) {
		if (drv->owner)
			module_remove_driver(drv->owner, &drv->kobj, drv->bus->name);
		kobject_del(&drv->kobj);
		return error;
	}
	kobject_uevent(&drv->kobj, UEVENT_ADD);
	spin_lock(&model_lock);
	drv->seq = ++last_seq;
	drv->users = 1; /* this walk's */
	list_add_tail(&drv->bus_node, &drv->bus->drivers);
	spin_unlock(&model_lock);
	while (!drv->bus->no_autoprobe && (d = next_device(drv, &seq))) {
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
	kobject_uevent(&drv->kobj, UEVENT_REMOVE);
	if (drv->owner)
		module_remove_driver(drv->owner, &drv->kobj, drv->bus->name);
	kobject_del(&drv->kobj);
}
