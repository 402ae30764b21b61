/*
 * The device model as drivers see it. A bus matches devices with drivers and calls the driver's probe; each object is reference-counted
 * and has a folder in sysfs. A device is the stable object; what the driver allocates in probe is its own and goes in remove.
 * What comes, goes or changes is told to programs as an event (uevent). docs/devices.md tells the life of a device from end to end.
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
struct module;

struct kobject;
struct uevent_env;

/* What events of an object say. subsystem: the value of SUBSYSTEM, NULL: no events of this one. vars (may be NULL) adds its own variables. */
struct kobj_uevent_ops {
	const char *(*subsystem)(struct kobject *k);
	int (*vars)(struct kobject *k, struct uevent_env *env);
};

/* A named object with a parent and a count; its folder in /sys. */
#define KOBJ_NAME_LEN 64
struct kobject {
	char name[KOBJ_NAME_LEN];
	struct kobject *parent;
	atomic_t refs;
	void (*release)(struct kobject *k);
	const struct kobj_uevent_ops *uevent; /* NULL: no events of this one; set after kobject_init */
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

/*
 * Events (docs/devices.md, Documentation/kobject in Linux): each has ACTION, DEVPATH, SUBSYSTEM, what the bus and the class add, and SEQNUM.
 * They reach the readers of /dev/uevents and, when /proc/sys/kernel/hotplug names one, a helper program. The uevent file of an object shows
 * its variables, and an action written into it sends the event again.
 */
enum uevent_action { UEVENT_ADD, UEVENT_REMOVE, UEVENT_CHANGE, UEVENT_MOVE, UEVENT_ONLINE, UEVENT_OFFLINE, UEVENT_BIND, UEVENT_UNBIND };
#define UEVENT_MAX_VARS 64u
#define UEVENT_MAX_TEXT 2048u
struct uevent_env {
	struct seq_buf text;      /* NAME=value lines */
	u32 nr_vars;
};
/* One more variable, "NAME=value" without a line feed. -ENOMEM: 64 of them, or 2,048 bytes, are all. */
int __must_check add_uevent_var(struct uevent_env *env, const char *fmt, ...) __printf(2, 3);
/* Send an event. extra: further variables, NULL at the end, or NULL. 0, -ENOMEM, -ENOENT (no folder). Process context, may sleep. */
int kobject_uevent_env(struct kobject *k, enum uevent_action action, const char *const *extra);
int kobject_uevent(struct kobject *k, enum uevent_action action);
/* For the store function of a uevent file: the name of an action. len, -EINVAL. */
ssize_t kobject_synth_uevent(struct kobject *k, const char *text, size_t len);
/* The uevent file of an object that has no variables of its own. */
extern const struct kobj_attribute uevent_store_attr;

/* One event as its readers get it; shared, never changed. */
struct uevent {
	atomic_t refs;
	u32 len;
	char text[];              /* "ACTION=add\nDEVPATH=/...\n...SEQNUM=12\n" */
};
void uevent_put(struct uevent *e);
/*
 * A reader has a queue of its own, of at most max events. When it is full the oldest one is dropped and counted; the next event it is given
 * then says "ACTION=lost\nLOST=n\n". Process context.
 */
struct uevent_reader;
struct uevent_reader *uevent_reader_open(u32 max); /* NULL: no memory */
void uevent_reader_close(struct uevent_reader *r);
/* The next event with a reference; NULL: none now. Any context. */
struct uevent *uevent_next(struct uevent_reader *r);
bool uevent_waiting(struct uevent_reader *r);
struct wait_queue_head *uevent_wait(struct uevent_reader *r); /* woken when one came */

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
	u64 dma_mask;             /* the highest bus address it reaches by DMA; 0: all memory */
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
	struct module *owner;            /* NULL: part of the kernel */
	bool suppress_bind_attrs;        /* no bind and unbind files: once bound it stays */
	struct kobject kobj;
	struct list_head bus_node, devices; /* model_lock, like the next three */
	u32 seq;
	u32 users;                /* probes under way */
	bool dying;
};
struct bus_type {
	const char *name;
	bool (*match)(struct device *d, struct device_driver *drv); /* by comparing alone: called with a spinlock held; NULL: by name */
	int (*uevent)(struct device *d, struct uevent_env *env);   /* variables of its own (MODALIAS ...), or NULL */
	const struct kobj_attribute *bus_files, *dev_files;        /* of the bus's folder, and of each device's; up to one without a name */
	struct kobject kobj, devices_kobj, drivers_kobj;
	struct list_head devices, drivers;
	bool no_autoprobe;        /* devices and drivers wait for "bind" (drivers_autoprobe) */
};
struct class {
	const char *name;
	int (*uevent)(struct device *d, struct uevent_env *env);   /* or NULL */
	void (*release)(struct class *c);  /* unregistered and its last device gone; NULL: static */
	const struct kobj_attribute *dev_files; /* of each device's folder, up to one without a name; or NULL */
	bool late_add;            /* who makes its devices sends their "add" event, once their folders are complete */
	struct kobject kobj;
	struct list_head devices;
};

/* All process context, may sleep. */
int __must_check bus_register(struct bus_type *b); /* -EEXIST, -ENOMEM: nothing is left behind */
int __must_check bus_unregister(struct bus_type *b); /* -EBUSY: it still has devices or drivers */
/* The first device after `after` (NULL: from the start) of which match says true, with a reference; after's own is dropped. NULL: none. */
struct device *bus_find_device(struct bus_type *b, struct device *after, bool (*match)(struct device *d, const void *arg), const void *arg);
void device_init(struct device *d);
/* Give it its name before device_add, which then gets NULL for one. 0, -EINVAL (empty), -ENAMETOOLONG. */
int __must_check device_set_name(struct device *d, const char *fmt, ...) __printf(2, 3);
/* Makes folder and node, tells it, looks for a driver. 0 also when none fits; on an error nothing is left behind but the caller's reference. */
int __must_check device_add(struct device *d, const char *name_fmt, ...) __printf(2, 3);
void device_del(struct device *d);    /* unbinds, removes folder and node; the caller's reference stays */
static inline const char *device_name(const struct device *d) { return d->kobj.name; }
static inline struct device *get_device(struct device *d) { kobject_get(&d->kobj); return d; }
static inline void put_device(struct device *d) { kobject_put(&d->kobj); }
int __must_check driver_register(struct device_driver *drv); /* binds to devices that match; -EEXIST: the name is taken on this bus */
void driver_unregister(struct device_driver *drv); /* removes it from its devices; afterwards none of its functions runs */
int __must_check class_register(struct class *c);
/* Takes the folder away at once; c itself must stay until its devices are gone and release was called. */
void class_unregister(struct class *c);
/* A class made and taken away at run time, as drivers in modules do; the name is copied. ERR_PTR. class_destroy takes errors and NULL, too. */
struct class *class_create(const char *name);
void class_destroy(struct class *c);
/* The device of this number, with a reference; NULL: none. */
struct device *class_find_device(struct class *c, kdev_t devt);
/* A device of a class with a node in /dev (devt 0: none). ERR_PTR. */
struct device *device_create(struct class *c, struct device *parent, kdev_t devt, u32 node_mode, void *drvdata, const char *name_fmt, ...)
	__printf(6, 7);
void device_destroy(struct class *c, kdev_t devt);

/* A file in a device's folder as Linux drivers write it: show prints at most a page into buf and answers its length; store, the bytes taken. */
struct device_attribute {
	struct {
		const char *name;
		umode_t mode;
	} attr;
	ssize_t (*show)(struct device *d, struct device_attribute *attr, char *buf);
	ssize_t (*store)(struct device *d, struct device_attribute *attr, const char *buf, size_t count);
	struct kobj_attribute file; /* io/model/device_attr.c */
};
/* The attribute stays the driver's and may be given to several devices; removing the device removes its files. Process context, may sleep. */
int __must_check device_create_file(struct device *d, struct device_attribute *attr);
void device_remove_file(struct device *d, struct device_attribute *attr);
int device_model_init(void);

#endif
