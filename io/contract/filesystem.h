/*
 * What a file system sees of the VFS, and what the VFS wants of a file system. Names follow Linux. Below, "lock" of an inode is
 * inode->lock (mutex, RANK_INODE): held by the VFS around lookup, create, link, unlink, rename, iterate, setattr and writes.
 */
#ifndef IO_CONTRACT_FILESYSTEM_H
#define IO_CONTRACT_FILESYSTEM_H

#include "io/contract/file.h"
#include "io/contract/mapping.h"
#include "kernel/lib/string.h"
#include "kernel/sched/cred.h"
#include "kernel/uapi/stat.h"

struct block_device;
struct dentry;
struct inode;
struct super_block;

struct timespec_k { s64 sec; u32 nsec; };
struct timespec_k current_time_coarse(void); /* for file times */

/* ---- inodes ---- */
struct iattr { /* what setattr is to change */
	u32 valid;
	umode_t mode;
	uid_t uid;
	gid_t gid;
	loff_t size;
	struct timespec_k atime, mtime, ctime;
};
#define ATTR_MODE BIT(0)
#define ATTR_UID BIT(1)
#define ATTR_GID BIT(2)
#define ATTR_SIZE BIT(3)
#define ATTR_ATIME BIT(4)
#define ATTR_MTIME BIT(5)
#define ATTR_CTIME BIT(6)
#define ATTR_ATIME_SET BIT(7)
#define ATTR_MTIME_SET BIT(8)
#define ATTR_KILL_SUID BIT(9)
#define ATTR_KILL_SGID BIT(10)

struct kstat {
	kdev_t dev, rdev;
	u64 ino;
	umode_t mode;
	u32 nlink;
	uid_t uid;
	gid_t gid;
	loff_t size;
	struct timespec_k atime, mtime, ctime;
	u32 blksize;
	u64 blocks; /* 512-byte units */
};

#define RENAME_NOREPLACE 1u
#define RENAME_EXCHANGE 2u

struct inode_operations {
	/* Find dentry->name in dir: call d_add(dentry, inode or NULL) and return NULL, or ERR_PTR. dir's lock held. */
	struct dentry *(*lookup)(struct inode *dir, struct dentry *dentry);
	int (*create)(struct inode *dir, struct dentry *d, umode_t mode); /* regular file; d_instantiate on success */
	int (*link)(struct dentry *old, struct inode *dir, struct dentry *d);
	int (*unlink)(struct inode *dir, struct dentry *d);
	int (*symlink)(struct inode *dir, struct dentry *d, const char *target);
	int (*mkdir)(struct inode *dir, struct dentry *d, umode_t mode);
	int (*rmdir)(struct inode *dir, struct dentry *d);
	int (*mknod)(struct inode *dir, struct dentry *d, umode_t mode, kdev_t dev);
	/* flags: RENAME_*; EXCHANGE only reaches whom it does not surprise: -EINVAL otherwise. */
	int (*rename)(struct inode *old_dir, struct dentry *old, struct inode *new_dir, struct dentry *d, u32 flags);
	/* Copy the target into buf, terminated; its length or -errno. May sleep. */
	int (*readlink)(struct dentry *d, char *buf, size_t size);
	/* Magic links (/proc/PID/fd/N): jump to a path instead; takes references. Optional. */
	int (*get_path)(struct dentry *d, struct path *out);
	int (*setattr)(struct dentry *d, struct iattr *a); /* NULL: simple_setattr */
	int (*getattr)(struct inode *inode, struct kstat *st); /* NULL: generic_fillattr */
	int (*permission)(struct inode *inode, int mask);  /* NULL: generic_permission */
	int (*fallocate)(struct inode *inode, int mode, loff_t off, loff_t len); /* NULL: EOPNOTSUPP */
	/* O_TMPFILE: a regular file near dir, nlink 0; d_instantiate on success, no entry. NULL: EOPNOTSUPP. */
	int (*tmpfile)(struct inode *dir, struct dentry *d, umode_t mode);
};

#define I_NEW BIT(0)
#define I_DIRTY_SYNC BIT(1)     /* the inode itself */
#define I_DIRTY_DATASYNC BIT(2) /* ... in a way fdatasync cares for (size, blocks) */
#define I_DIRTY_PAGES BIT(3)
#define I_DIRTY (I_DIRTY_SYNC | I_DIRTY_DATASYNC | I_DIRTY_PAGES)
#define I_FREEING BIT(4)
#define I_SYNC BIT(5)           /* being written by somebody */
#define I_WRITEBACK BIT(6)      /* clean, but on its super block's list of those with pages under way to the device */
#define I_BAD BIT(7)            /* iget_failed: evict_inode is not called for it, only free_inode */

struct inode {
	atomic_t refs;
	u32 state;               /* I_*: i_lock of the inode cache */
	u32 ino;
	umode_t mode;
	u32 nlink;
	uid_t uid;
	gid_t gid;
	union {
		kdev_t rdev;
		kdev_t i_rdev;       /* the same: Linux's names, for driver files */
	};
	loff_t size;             /* written under lock; read through inode_size() */
	struct timespec_k atime, mtime, ctime;
	u64 blocks;              /* 512-byte units */
	u32 blkbits;
	u32 flags;               /* S_* below */
	u32 generation;
	struct mutex lock;
	struct super_block *sb;
	const struct inode_operations *iops;
	const struct file_operations *fops;
	struct mapping *mapping; /* &data, or the block device's */
	struct mapping data;
	struct list_head hash_node, sb_node, dirty_node, lru_node;
	u64 dirtied_when_ns;
	struct list_head assoc_buffers; /* data.lock: dirty metadata that fsync must write */
	atomic_t writers;        /* open for writing (>0) or denied by exec (<0) */
	void *flocks;            /* io/vfs/locks.c */
	struct inode_watch *watches; /* io/vfs/notify.h: who wants to know what happens to it */
	union {
		void *pipe;          /* FIFO */
		struct block_device *bdev;
		struct cdev *i_cdev; /* character device, from its open on: io/char/cdev.c */
		char *symlink;
	};
	union {
		void *private;
		void *i_private;
	};
};
#define S_NOATIME BIT(0)
#define S_IMMUTABLE BIT(1)
#define S_APPEND BIT(2)
#define S_SYNC BIT(3)
#define S_NOQUOTA BIT(4)
#define S_DEAD BIT(5) /* directory removed while open */
#define S_LINKABLE BIT(6) /* made by O_TMPFILE: linkat may give it its first name */

static inline loff_t inode_size(const struct inode *i)
{
	typedef u32 __attribute__((may_alias)) half_t;
	const volatile half_t *half = (const volatile half_t *)&i->size;
	u32 low, high;
	do { /* two loads on i386: read until the upper half stays */
		high = half[1];
		low = half[0];
	} while (unlikely(high != half[1]));
	return (loff_t)((u64)high << 32 | low);
}

/* ---- names ---- */
#define NAME_MAX 255
#define PATH_MAX 4096
#define DNAME_INLINE 32
struct dentry {
	atomic_t refs;
	u32 flags;
	u32 hash;
	u32 len;
	const char *name;        /* inline_name or allocated; terminated */
	struct inode *inode;     /* NULL: negative */
	struct dentry *parent;
	struct super_block *sb;
	struct list_head hash_node, lru_node, child_node, children, alias_node;
	const struct dentry_operations *dops;
	void *private;
	u32 seq;                 /* order of arrival among its parent's children: the position of simple directories */
	char inline_name[DNAME_INLINE];
};
struct dentry_operations {
	bool (*revalidate)(struct dentry *d); /* false: look it up again (procfs) */
	bool (*delete)(struct dentry *d);     /* true: do not keep it once unused */
};
/* Give a looked-up dentry its inode (consumes the inode reference; NULL: negative) and hash it. */
void d_add(struct dentry *d, struct inode *inode);
void d_instantiate(struct dentry *d, struct inode *inode); /* a new object got its inode; dentry is hashed already */
struct dentry *d_make_root(struct inode *root); /* consumes the reference, also on failure (NULL) */
void dput(struct dentry *d);
static inline struct dentry *dget(struct dentry *d) { atomic_inc(&d->refs); return d; }
void d_drop(struct dentry *d);   /* unhash: the next lookup asks the file system */
/* A new dentry under parent: refs 1, not hashed, no inode (d_add gives it one). Takes a reference of parent. NULL: no memory. */
struct dentry *d_alloc(struct dentry *parent, const char *name, u32 len);
/* The cached dentry of that name (it may be negative) with a reference, or NULL. */
struct dentry *d_lookup(struct dentry *parent, const char *name, u32 len);
/* The same, and ask the file system when it is not cached; the lock of the parent's inode is held. ERR_PTR. */
struct dentry *lookup_one(struct dentry *parent, const char *name, u32 len);
void d_rehash(struct dentry *d);
/* The object behind d is gone: d becomes negative, or is unhashed while others still use it. */
void d_delete(struct dentry *d);
static inline bool d_is_root(const struct dentry *d) { return d->parent == d; }
bool d_unhashed(const struct dentry *d);

/* The path from the current root, into buf from its end; pointer into buf or ERR_PTR. "(deleted)" is appended where due. */
char *d_path(const struct path *p, char *buf, size_t size);
void path_get(const struct path *p);
void path_put(const struct path *p);

/* ---- directories being read ---- */
struct dir_context {
	/* false: the buffer is full, stop. */
	bool (*emit)(struct dir_context *c, const char *name, u32 len, loff_t next_pos_of_this, u64 ino, u32 type);
	loff_t pos;
};
static inline bool dir_emit(struct dir_context *c, const char *name, u32 len, u64 ino, u32 type) { return c->emit(c, name, len, c->pos, ino, type); }
bool dir_emit_dots(struct file *f, struct dir_context *c); /* positions 0 and 1 */

/* ---- super blocks ---- */
#define SB_RDONLY BIT(0)
#define SB_NOSUID BIT(1)
#define SB_NODEV BIT(2)
#define SB_NOEXEC BIT(3)
#define SB_SYNCHRONOUS BIT(4)
#define SB_REMOUNT BIT(5)
#define SB_NOATIME BIT(10)
#define SB_NODIRATIME BIT(11)
#define SB_RELATIME BIT(21)
#define SB_NOWRITEBACK BIT(24) /* lives in memory: its inodes never go on a dirty list */
#define SB_ACTIVE BIT(30)      /* filled and not being taken down: unused inodes stay cached */

struct kstatfs {
	u32 type, bsize;
	u64 blocks, bfree, bavail, files, ffree;
	u32 fsid[2];
	u32 namelen, frsize, flags;
};

struct super_operations {
	struct inode *(*alloc_inode)(struct super_block *sb); /* NULL: plain struct inode */
	void (*free_inode)(struct inode *inode);
	void (*dirty_inode)(struct inode *inode);             /* optional */
	int (*write_inode)(struct inode *inode, bool sync);
	void (*evict_inode)(struct inode *inode);             /* last reference: nlink 0 means free its blocks; default truncates pages */
	bool (*drop_inode)(struct inode *inode);              /* true: do not cache; default: nlink == 0 */
	int (*sync_fs)(struct super_block *sb, bool wait);
	void (*put_super)(struct super_block *sb);
	int (*statfs)(struct super_block *sb, struct kstatfs *st);
	int (*remount)(struct super_block *sb, u32 *flags, const char *data);
	int (*show_options)(struct super_block *sb, char *buf, size_t size); /* ",errors=..." for /proc/mounts */
};

struct super_block {
	const struct file_system_type *type;
	const struct super_operations *ops;
	struct block_device *bdev;
	kdev_t dev;
	u32 flags;      /* SB_* */
	u32 blocksize, blocksize_bits;
	u64 max_bytes;
	u32 magic;
	struct dentry *root;
	atomic_t active; /* mounts and others that keep it alive */
	atomic_t write_ops; /* changes of names and attributes under way; a remount to read-only waits for them */
	struct list_head node, inodes;
	struct list_head dirty_inodes, writeback_inodes, syncing_inodes, wb_node; /* io/cache/writeback.c; wb_lock. All zero: none was dirty yet */
	u32 wb_state;
	char id[32];    /* device name as shown in mounts and logs */
	void *private;
};

struct file_system_type {
	const char *name;
	bool needs_dev;
	/* Fill sb (root, ops, magic ...) from the device or out of nothing. options: the text after -o without the common ones. */
	int (*fill_super)(struct super_block *sb, const char *options, bool silent);
	bool single;                  /* one super block however often it is mounted (dev, proc, sys); it stays alive without a mount */
	struct super_block *instance; /* of a single one, once it exists */
	struct list_head node;
};
int register_filesystem(struct file_system_type *t);
/* The super block of a `single` type, made if needed: for owners that fill the tree before it is mounted. ERR_PTR. */
struct super_block *single_super(struct file_system_type *t);

/* A super block that is never mounted: for inodes without names (block devices, pipes). Lives for ever. NULL: no memory. io/vfs/super.c */
struct super_block *pseudo_super(const char *name, const struct super_operations *ops);

/* ---- helpers for file systems ---- */
struct inode *new_inode(struct super_block *sb);              /* refs 1, not hashed; NULL: no memory */
struct inode *iget_locked(struct super_block *sb, u32 ino);   /* cached, or new with I_NEW set: fill and unlock_new_inode; NULL: no memory */
void unlock_new_inode(struct inode *inode);
void iget_failed(struct inode *inode);                        /* a new inode could not be read */
void insert_inode_hash(struct inode *inode);
void iput(struct inode *inode);
struct inode *igrab(struct inode *inode);
void inode_init_special(struct inode *inode, umode_t mode, kdev_t rdev); /* fops of devices, FIFOs, sockets */
void inode_init_owner(struct inode *inode, const struct inode *dir, umode_t mode); /* uid, gid, S_ISGID rules */
void mark_inode_dirty(struct inode *inode);                   /* I_DIRTY */
void mark_inode_dirty_flags(struct inode *inode, u32 flags);
void touch_atime(struct file *f);                             /* by mount options and relatime */
int file_update_time(struct file *f);
void inode_set_size(struct inode *inode, loff_t size);
static inline void inc_nlink(struct inode *i) { i->nlink++; }
static inline void drop_nlink(struct inode *i) { i->nlink--; }
static inline void clear_nlink(struct inode *i) { i->nlink = 0; }
void generic_fillattr(struct inode *inode, struct kstat *st);
int check_new_size(const struct inode *i, loff_t size);       /* do process and file system allow it? 0, or -EFBIG, by SIGXFSZ too */
int setattr_prepare(struct dentry *d, struct iattr *a);       /* may the caller? */
void setattr_copy(struct inode *inode, const struct iattr *a); /* all but size */
int simple_setattr(struct dentry *d, struct iattr *a);
#define MAY_EXEC 1
#define MAY_WRITE 2
#define MAY_READ 4
int generic_permission(struct inode *inode, int mask);        /* 0 or -EACCES */
int sb_set_blocksize(struct super_block *sb, u32 size);       /* 0 or -EINVAL */
/* Directory held in the name cache alone (tmpfs, devfs, sysfs). */
extern const struct file_operations simple_dir_operations;
struct dentry *simple_lookup(struct inode *dir, struct dentry *d); /* negative */
int simple_link(struct dentry *old, struct inode *dir, struct dentry *d);
int simple_unlink(struct inode *dir, struct dentry *d);
int simple_rmdir(struct inode *dir, struct dentry *d);
int simple_rename(struct inode *old_dir, struct dentry *old, struct inode *new_dir, struct dentry *d, u32 flags);
int simple_statfs(struct super_block *sb, struct kstatfs *st);
int simple_readlink(struct dentry *d, char *buf, size_t size); /* inode->symlink */
bool always_drop_inode(struct inode *inode);
/* A page of a file that lives in memory: zeros. For mapping_ops.read_page. */
int simple_read_page(struct file *f, struct page *page);
bool simple_empty(struct dentry *d);                          /* directory without positive children */
/* Parse ",key=value,flag": next option into key/value (cut in place); false at the end. */
bool next_mount_option(char **p, char **key, char **value);

#endif
