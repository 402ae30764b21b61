/*
 * Inside sysfs: the tree of nodes. It is plain memory that needs no set-up, so kobjects may come before the file system is mounted, or
 * even registered. A node lives as long as somebody holds a reference: the tree, an inode, or a link that leads to it. Taken out of the
 * tree it is dead: its files answer -ENODEV, and whoever took it out has waited for the show and store calls that were under way.
 */
#ifndef IO_FS_SYS_SYSFS_H
#define IO_FS_SYS_SYSFS_H

#include "io/contract/device.h"
#include "io/contract/filesystem.h"

enum sysfs_type { SYSFS_DIR, SYSFS_ATTR, SYSFS_BINARY, SYSFS_LINK };

struct sysfs_node {
	char *name;
	u32 hash;                       /* of the name */
	u32 ino;                        /* ever increasing: also the order in the folder, and the position for readdir */
	u8 type;                        /* enum sysfs_type */
	bool dead;                      /* sysfs_lock */
	u16 mode;                       /* permissions */
	u32 nr_dirs;                    /* folders in this folder; sysfs_lock */
	atomic_t refs;
	struct kobject *kobj;           /* whose folder this or the parent is; valid while not dead */
	struct sysfs_node *parent;      /* NULL once dead; sysfs_lock */
	struct list_head sibling;       /* sysfs_lock */
	struct list_head children;      /* SYSFS_DIR: by ino; sysfs_lock */
	struct list_head active;        /* calls into show, store, read under way; sysfs_lock */
	union {
		const struct kobj_attribute *attr;
		struct {
			ssize_t (*read)(void *arg, char *buf, size_t n, loff_t pos);
			void *arg;
			u32 size;
		} bin;
		struct sysfs_node *target;  /* with a reference */
	};
};

extern struct sysfs_node sysfs_root_node;
extern struct spinlock sysfs_lock; /* RANK_FILES */

static inline struct sysfs_node *sysfs_get(struct sysfs_node *n) { atomic_inc(&n->refs); return n; }
void sysfs_put(struct sysfs_node *n);

/* For io/model/kobject.c: the folder of k, under its parent's. 0, -EEXIST, -ENOENT, -ENOMEM. */
int __must_check sysfs_make_dir(struct kobject *k);
void sysfs_remove_dir(struct kobject *k);
/* The kobject with a folder of this name, with a reference; NULL: no such name; ERR_PTR(-EEXIST): not a folder; -EAGAIN: about to go. */
struct kobject *sysfs_find_dir(struct kobject *parent, const char *name);

/* For the file system: lookup by name, and the first child at or after a position; both with a reference, NULL: none. */
struct sysfs_node *sysfs_find_child(struct sysfs_node *dir, const char *name, u32 len);
struct sysfs_node *sysfs_child_from(struct sysfs_node *dir, u32 ino);
/* The way from a link to its target, e.g. "../../devices/platform"; its length or -errno. */
int sysfs_link_text(struct sysfs_node *link, char *buf, size_t size);

/* A call into the owner's code: begin pins the kobject and makes removal wait; false: dead. */
struct sysfs_active {
	struct list_head node;
	struct task *task;
};
bool sysfs_begin(struct sysfs_node *n, struct sysfs_active *a);
void sysfs_end(struct sysfs_node *n, struct sysfs_active *a);

extern const struct file_operations sysfs_attr_fops, sysfs_binary_fops;

#endif
