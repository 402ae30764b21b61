/*
 * The device model as drivers see it. A bus matches devices with drivers and calls the driver's probe; each object is reference-counted
 * and has a folder in sysfs. A device is the stable object; what the driver allocates in probe is its own and goes in remove.
 */
#ifndef IO_CONTRACT_DEVICE_H
#define IO_CONTRACT_DEVICE_H

#include "kernel/lib/err.h"
#include "kernel/lib/list.h"
#include "kernel/lib/seq_buf.h"
#include "kernel/sync/atomic.h"
#include "kernel/sync/mutex.h"

struct attribute_group;
struct bus_type;
struct class;
struct device;
struct device_driver;

/* A named object with a parent and a count; its folder in /sys. */
struct kobject {
	char name[32];
	struct kobject *parent;
	atomic_t refs;
	void (*release)(struct kobject *k);
	void *sysfs;              /* the folder, io/fs/sys */
	struct list_head node;
};
void kobject_init(struct kobject *k, void (*release)(struct kobject *));
int kobject_add(struct kobject *k, struct kobject *parent, const char *name_fmt, ...) __printf(3, 4); /* -EEXIST, -ENOMEM */
void kobject_del(struct kobject *k);
struct kobject *kobject_get(struct kobject *k);
void kobject_put(struct kobject *k);
/* A plain folder, e.g. /sys/kernel/tracing. parent NULL: the root of /sys. NULL on no memory. */
struct kobject *kobject_create(const char *name, struct kobject *parent);

/* A text file in a kobject's folder. show/store may sleep; store gets the text terminated, returns bytes taken or -errno. */
struct kobj_attribute {
	const char *name;
	u32 mode;
	int (*show)(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s);
	ssize_t (*store)(struct kobject *k, const struct kobj_attribute *a, const char *text, size_t len);
	void *arg;
};
int sysfs_add_file(struct kobject *k, const struct kobj_attribute *a); /* a must live as long as the file */
void sysfs_remove_file(struct kobject *k, const char *name);
int sysfs_add_link(struct kobject *k, const char *name, struct kobject *target);
void sysfs_remove_link(struct kobject *k, const char *name);
/* A file of raw bytes. read: bytes given from pos, 0 at the end, or -errno. */
int sysfs_add_binary(struct kobject *k, const char *name, u32 mode, u32 size, ssize_t (*read)(void *arg, char *buf, size_t n, loff_t pos), void *arg);

struct device {
	struct kobject kobj;
	struct device *parent;
	const struct bus_type *bus;
	struct device_driver *driver; /* bound one; lock */
	const struct class *class;
	kdev_t devt;              /* 0: no node */
	u32 node_mode;            /* type and permissions of the node in /dev */
	const char *node_name;    /* NULL: the device's name */
	void *driver_data;
	struct mutex lock;        /* bind and unbind */
	void (*release)(struct device *d);
	struct list_head bus_node, driver_node, class_node;
};
struct device_driver {
	const char *name;
	const struct bus_type *bus;
	int (*probe)(struct device *d);  /* 0: bound; -ENODEV: not mine after all; other: failed */
	void (*remove)(struct device *d);
	struct kobject kobj;
	struct list_head bus_node, devices;
};
struct bus_type {
	const char *name;
	bool (*match)(struct device *d, struct device_driver *drv);
	struct kobject kobj, devices_kobj, drivers_kobj;
	struct list_head node, devices, drivers;
	struct mutex lock;
};
struct class {
	const char *name;
	struct kobject kobj;
	struct list_head devices;
};

int bus_register(struct bus_type *b);
void device_init(struct device *d);
int device_add(struct device *d, const char *name_fmt, ...) __printf(2, 3); /* makes folder and node, looks for a driver */
void device_del(struct device *d);    /* unbinds, removes folder and node */
static inline struct device *get_device(struct device *d) { kobject_get(&d->kobj); return d; }
static inline void put_device(struct device *d) { kobject_put(&d->kobj); }
int driver_register(struct device_driver *drv); /* binds to devices that match */
void driver_unregister(struct device_driver *drv);
int class_register(struct class *c);
/* A device of a class with a node in /dev (devt 0: none). ERR_PTR. */
struct device *device_create(struct class *c, struct device *parent, kdev_t devt, u32 node_mode, void *drvdata, const char *name_fmt, ...) __printf(6, 7);
void device_destroy(struct class *c, kdev_t devt);
int device_model_init(void);

#endif
