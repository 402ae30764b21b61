/* Classes and devices: what makes a node appear in /dev. */
#ifndef LINUX_DEVICE_H
#define LINUX_DEVICE_H

#include "kernel/include/sluice/prelude.h"
#include <linux/printk.h>
#include <linux/types.h>

/* Before Linux 6.4 class_create(THIS_MODULE, name), since then class_create(name): both are understood. ERR_PTR. */
#define CLASS_CREATE_1(name) (class_create)(name)
#define CLASS_CREATE_2(owner, name) (class_create)(name)
#define CLASS_CREATE_PICK(a, b, which, ...) which
#define class_create(...) CLASS_CREATE_PICK(__VA_ARGS__, CLASS_CREATE_2, CLASS_CREATE_1)(__VA_ARGS__)
/* device_create(class, parent, devt, drvdata, name format, ...): the node is for root (mode 0600). ERR_PTR. */
#define device_create(class, parent, devt, drvdata, ...) (device_create)((class), (parent), (devt), S_IFCHR | 0600, (drvdata), __VA_ARGS__)

/* Files in a device's folder: DEVICE_ATTR_RW(speed) with speed_show and speed_store, then device_create_file(dev, &dev_attr_speed). */
#define DEVICE_ATTR(name_, mode_, show_, store_) \
	struct device_attribute dev_attr_##name_ = { .attr = { .name = #name_, .mode = (mode_) }, .show = (show_), .store = (store_) }
#define DEVICE_ATTR_RW(name_) DEVICE_ATTR(name_, 0644, name_##_show, name_##_store)
#define DEVICE_ATTR_RO(name_) DEVICE_ATTR(name_, 0444, name_##_show, NULL)
#define DEVICE_ATTR_WO(name_) DEVICE_ATTR(name_, 0200, NULL, name_##_store)
#define sysfs_emit(buf, fmt, ...) kscnprintf((buf), PAGE_SIZE, fmt, ##__VA_ARGS__)

static inline const char *dev_name(const struct device *d) { return device_name(d); }
static inline void *dev_get_drvdata(const struct device *d) { return d->driver_data; }
static inline void dev_set_drvdata(struct device *d, void *data) { d->driver_data = data; }

/* Messages that begin with the names of the driver and the device. */
#define DEV_PRINTK(level, d, fmt, ...) _printk(level "%s %s: " fmt, (d)->driver ? (d)->driver->name : "", device_name(d), ##__VA_ARGS__)
#define dev_emerg(d, fmt, ...) DEV_PRINTK(KERN_EMERG, d, fmt, ##__VA_ARGS__)
#define dev_err(d, fmt, ...) DEV_PRINTK(KERN_ERR, d, fmt, ##__VA_ARGS__)
#define dev_warn(d, fmt, ...) DEV_PRINTK(KERN_WARNING, d, fmt, ##__VA_ARGS__)
#define dev_notice(d, fmt, ...) DEV_PRINTK(KERN_NOTICE, d, fmt, ##__VA_ARGS__)
#define dev_info(d, fmt, ...) DEV_PRINTK(KERN_INFO, d, fmt, ##__VA_ARGS__)
#ifdef DEBUG
#define dev_dbg(d, fmt, ...) DEV_PRINTK(KERN_DEBUG, d, fmt, ##__VA_ARGS__)
#else
#define dev_dbg(d, fmt, ...) ({ if (0) DEV_PRINTK(KERN_DEBUG, d, fmt, ##__VA_ARGS__); })
#endif

#endif
