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

int kobject_add_va(struct kobject *k, struct kobject *parent, const char *name_fmt, va_list ap);
/* bus.c */
int bus_add_device(struct device *d);   /* links and list; 0, -EEXIST, -ENOMEM */
void bus_remove_device(struct device *d);
void bus_probe_device(struct device *d); /* look for a driver */
/* driver.c */
int device_bind(struct device_driver *drv, struct device *d); /* 0: bound now; -EBUSY: has a driver; -ENODEV or what probe said */
void device_unbind(struct device *d, struct device_driver *only); /* only NULL: whatever driver it has */
void device_close(struct device *d);    /* from now on nothing binds; unbinds */
/* device.c */
int device_add_va(struct device *d, const char *name_fmt, va_list ap);
/* class.c */
int class_add_device(struct device *d);
void class_remove_device(struct device *d);

#endif
