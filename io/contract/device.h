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
};
/* Adding, deleting and the last put: process context, may sleep. kobject_del waits until no show or store of its files runs. */
void kobject_init(struct kobject *k, void (*release)(struct kobject *));
/* 0, -EEXIST, -ENOMEM, -ENAMETOOLONG, -ENOENT (the parent's folder is gone). Takes a reference to parent until kobject_del. */
int __must_check kobject_add(struct kobject *k, struct kobject *parent, const char *name_fmt, ...) __printf(3, 4);
void kobject_del(struct kobject *k); /* harmless when not added, or twice */
struct kobject *kobject_get(struct kobject *k);
void kobject_put(struct kobject *k);
/*
 * A plain folder, e.g. /sys/kernel/tracing, with a reference; one that exists is shared. It goes away with its last reference.
 * parent NULL: the root of /sys. NULL on no memory, or when the name is taken by something else.
 */
struct kobject *kobject_create(const char *name, struct kobject *parent);

/*
 * A text file in a kobject's folder. show: 0 or -errno; it is called again with a larger buffer when it overflows. store gets the text
 * terminated and returns bytes taken or -errno. Both may sleep, and must not wait for a lock held by whoever removes the file.
 */
struct kobj_attribute {
	const char *name;
	u32 mode;
	int (*show)(struct kobject *k, const struct kobj_attribute *a, struct seq_buf *s);
	ssize_t (*store)(struct kobject *k, const struct kobj_attribute *a, const char *text, size_t len);
	void *arg;
};
int __must_check sysfs_add_file(struct kobject *k, const struct kobj_attribute *a); /* a must live as long as the file */
int __must_check sysfs_add_files(struct kobject *k, const struct kobj_attribute *a, u32 n); /* all of an array or none */
void sysfs_remove_file(struct kobject *k, const char *name);
int __must_check sysfs_add_link(struct kobject *k, const char *name, struct kobject *target);
void sysfs_remove_link(struct kobject *k, const char *name);
/* A file of raw bytes. read: bytes given from pos, 0 at the end, or -errno. */
int __must_check sysfs_add_binary(struct kobject *k, const char *name, u32 mode, u32 size,
				  ssize_t (*read)(void *arg, char *buf, size_t n, loff_t pos), void *arg);

#define DEV_BINDING BIT(0) /* a driver's probe or remove is under way */
#define DEV_GONE BIT(1)    /* device_del has begun: no driver binds any more */
struct device {
	struct kobject kobj;
	struct device *parent;
	struct bus_type *bus;
	struct device_driver *driver; /* bound one; changed only by the holder of DEV_BINDING */
	struct class *class;
	kdev_t devt;              /* 0: no node */
	u32 node_mode;            /* type and permissions of the node in /dev */
	const char *node_name;    /* NULL: the device's name */
	void *driver_data;
	volatile u32 state;       /* DEV_* */
	u32 seq;                  /* order of arrival on its bus */
	void (*release)(struct device *d);
	struct list_head bus_node, driver_node, class_node; /* lists of the model: model_lock in io/model */
};
struct device_driver {
	const char *name;
	struct bus_type *bus;
	int (*probe)(struct device *d);  /* 0: bound; -ENODEV: not mine after all; other: failed */
	void (*remove)(struct device *d);
	struct kobject kobj;
	struct list_head bus_node, devices; /* model_lock, like the next three */
	u32 seq;
	u32 users;                /* probes under way */
	bool dying;
};
struct bus_type {
	const char *name;
	bool (*match)(struct device *d, struct device_driver *drv); /* by comparing alone: called with a spinlock held; NULL: by name */
	struct kobject kobj, devices_kobj, drivers_kobj;
	struct list_head devices, drivers;
};
struct class {
	const char *name;
	struct kobject kobj;
	struct list_head devices;
};

/* All process context, may sleep. */
int __must_check bus_register(struct bus_type *b);
void device_init(struct device *d);
/* Makes folder and node, looks for a driver. 0 also when none fits; on an error nothing is left behind but the caller's reference. */
int __must_check device_add(struct device *d, const char *name_fmt, ...) __printf(2, 3);
void device_del(struct device *d);    /* unbinds, removes folder and node; the caller's reference stays */
static inline const char *device_name(const struct device *d) { return d->kobj.name; }
static inline struct device *get_device(struct device *d) { kobject_get(&d->kobj); return d; }
static inline void put_device(struct device *d) { kobject_put(&d->kobj); }
int __must_check driver_register(struct device_driver *drv); /* binds to devices that match; -EEXIST: the name is taken on this bus */
void driver_unregister(struct device_driver *drv); /* removes it from its devices; afterwards none of its functions runs */
int __must_check class_register(struct class *c);
/* A device of a class with a node in /dev (devt 0: none). ERR_PTR. */
struct device *device_create(struct class *c, struct device *parent, kdev_t devt, u32 node_mode, void *drvdata, const char *name_fmt, ...)
	__printf(6, 7);
void device_destroy(struct class *c, kdev_t devt);
int device_model_init(void);

#endif
