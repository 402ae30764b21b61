/* The platform bus, see platform.h. */
#include "drivers/bus/platform.h"
#include "io/contract/resource.h"
#include "kernel/lib/string.h"

static struct device platform_root; /* /sys/devices/platform */

static bool platform_match(struct device *d, struct device_driver *drv)
{
	return !strcmp(to_platform_device(d)->name, drv->name);
}

static int platform_uevent(struct device *d, struct uevent_env *env)
{
	return add_uevent_var(env, "MODALIAS=platform:%s", to_platform_device(d)->name);
}

static int modalias_show(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s)
{
	seq_printf(s, "platform:%s\n", to_platform_device(container_of(k, struct device, kobj))->name);
	return 0;
}
static const struct kobj_attribute dev_files[] = { { .name = "modalias", .mode = 0444, .show = modalias_show }, { 0 } };

static struct bus_type platform_bus = { .name = "platform", .match = platform_match, .uevent = platform_uevent, .dev_files = dev_files };

/* The ports are the driver's while it is bound. */
static int platform_probe(struct device *d)
{
	struct platform_device *p = to_platform_device(d);
	int error;

	if (p->nr_ports && !request_region(p->port, p->nr_ports, p->name))
		return -EBUSY;
	error = container_of(d->driver, struct platform_driver, driver)->probe(p);
	if (error && p->nr_ports)
		release_region(p->port, p->nr_ports);
	return error;
}

static void platform_remove(struct device *d)
{
	struct platform_driver *drv = container_of(d->driver, struct platform_driver, driver);

	if (drv->remove)
		drv->remove(to_platform_device(d));
	if (to_platform_device(d)->nr_ports)
		release_region(to_platform_device(d)->port, to_platform_device(d)->nr_ports);
}

int platform_driver_register(struct platform_driver *d)
{
	int error;

	d->driver.name = d->name;
	d->driver.bus = &platform_bus;
	d->driver.probe = platform_probe;
	d->driver.remove = platform_remove;
	error = d->setup ? d->setup() : 0;
	return error ? error : driver_register(&d->driver);
}

void platform_driver_unregister(struct platform_driver *d)
{
	driver_unregister(&d->driver);
}

int platform_device_register(struct platform_device *p)
{
	device_init(&p->dev);
	p->dev.bus = &platform_bus;
	p->dev.parent = &platform_root;
	if (p->id < 0)
		return device_add(&p->dev, "%s", p->name);
	return device_add(&p->dev, "%s.%d", p->name, p->id);
}

int platform_bus_init(void)
{
	int error = bus_register(&platform_bus);

	if (error)
		return error;
	device_init(&platform_root);
	return device_add(&platform_root, "platform");
}
