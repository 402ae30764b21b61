/*
 * Inside the device model. model_lock (spinlock, RANK_FILES) guards all its lists; match functions run under it, nothing else of a
 * driver's. A bind or unbind is exclusive per device through the state bit DEV_BINDING, not a lock: probe and remove run for long, sleep
 * and take locks of every rank. Kobjects and sysfs are handled outside model_lock.
 */
#ifndef IO_MODEL_MODEL_H
#define IO_MODEL_MODEL_H

#include "io/contract/device.h"
#include "kernel/sync/spinlock.h"

extern struct spinlock model_lock;

/* The way from /sys down to k's folder, with a slash in front; NULL: it has none, or size is too small. */
const char *kobject_path(struct kobject *k, char *buf, size_t size);
/* uevent.c: the variables that the bus, the class and the device itself add; 0 or -errno. */
int kobject_show_uevent(struct kobject *k, struct seq_buf *s);
int uevent_init(struct kobject *kernel_folder);
int kobject_set_name_va(struct kobject *k, const char *fmt, va_list ap);
int kobject_add_va(struct kobject *k, struct kobject *parent, const char *name_fmt, va_list ap);
/* bus.c */
int bus_add_device(struct device *d);   /* links and list; 0, -EEXIST, -ENOMEM */
void bus_remove_device(struct device *d);
void bus_probe_device(struct device *d); /* look for a driver */
bool bus_matches(struct device *d, struct device_driver *drv);
/* Keep a driver from going while its probe may run; false: it is going already. */
bool driver_pin(struct device_driver *drv);
void driver_unpin(struct device_driver *drv);
struct device *bus_find_named(struct bus_type *b, const char *text); /* by the text written to a file; with a reference, or NULL */
/* driver.c */
int device_bind(struct device_driver *drv, struct device *d); /* 0: bound now; -EBUSY: has a driver; -ENODEV or what probe said */
bool device_unbind(struct device *d, struct device_driver *only); /* only NULL: whatever driver it has; whether one was unbound */
void device_close(struct device *d);    /* from now on nothing binds; unbinds */
int driver_add_files(struct device_driver *drv);
/* device.c */
int device_add_va(struct device *d, const char *name_fmt, va_list ap);
/* class.c */
int class_add_device(struct device *d);
void class_remove_device(struct device *d);

#endif
