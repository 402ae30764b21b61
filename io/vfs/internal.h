/*
 * What the files of io/vfs share among themselves.
 *
 * Locks of the name space, outermost first: mount_lock (mutex: the tree of mounts, and renames between directories), inode->lock (contents of
 * a directory), dcache_lock (spinlock: names, parents, children, hash, LRU and reference counts that reach 0; the mount hash), inode_lock
 * (spinlock: inode hash, LRU, lists of super blocks' inodes, inode->state). dcache_lock and inode_lock are never held together.
 * Dentries and mounts are freed only under dcache_lock, so whoever holds it may walk them without references.
 */
#ifndef IO_VFS_INTERNAL_H
#define IO_VFS_INTERNAL_H

#include "io/contract/filesystem.h"
#include "io/vfs/mount.h"
#include "kernel/hal/percpu.h"
#include "kernel/lib/hash.h"
#include "kernel/sched/task.h"

/* dentry->flags, guarded by dcache_lock */
#define DCACHE_HASHED BIT(0)
#define DCACHE_ON_LRU BIT(1)
#define DCACHE_REFERENCED BIT(2)
#define DCACHE_MOUNTED BIT(3) /* the root of a mount covers it somewhere */
#define DCACHE_ANON BIT(4)    /* of a file without a name: shown as name:[ino] */

extern struct spinlock dcache_lock;
extern struct spinlock inode_lock;
extern struct mutex mount_lock;

/* Take one off a count unless it is the last; then nothing is done and false returned. */
static inline bool atomic_dec_unless_last(atomic_t *a)
{
	s32 o = a->v;
	while (o > 1) {
		if (__sync_bool_compare_and_swap(&a->v, o, o - 1))
			return true;
		o = a->v;
	}
	return false;
}

/* A name that is being looked up, with its hash. */
struct name_part {
	const char *name;
	u32 len, hash;
};
static inline struct name_part name_part(const char *name, u32 len) { return (struct name_part){ name, len, hash_name(name, len) }; }

/* dcache.c */
void dcache_init(void);
struct dentry *d_find_locked(const struct dentry *parent, const struct name_part *n); /* dcache_lock held; no reference taken */
struct dentry *d_alloc_part(struct dentry *parent, const struct name_part *n);
struct dentry *lookup_slow(struct dentry *parent, const struct name_part *n);        /* lock of the directory held. ERR_PTR */
struct dentry *d_alloc_anon(struct super_block *sb, const char *name, struct inode *inode); /* consumes the inode, also on failure */
void d_move(struct dentry *d, struct dentry *target);                                /* d takes target's place; both directories locked */
void d_exchange(struct dentry *a, struct dentry *b); /* the two change their places */
void shrink_dcache_for_umount(struct super_block *sb);
void shrink_dcache_children(struct dentry *d); /* forget the unused names below a removed directory */
void shrink_dcache_sb(struct super_block *sb);
bool d_is_ancestor(const struct dentry *a, const struct dentry *d); /* a is d or above it; dcache_lock not held */
u32 drop_unused_dentries(u32 nr);
static inline bool d_hashed(const struct dentry *d) { return d->flags & DCACHE_HASHED; }

/* inode.c */
void inode_cache_init(void);
u32 evict_unused_inodes(struct super_block *sb); /* all without users; returns how many are still in use */
u32 drop_unused_inodes(u32 nr);
bool sb_has_writers(struct super_block *sb);
int get_write_access(struct inode *inode);  /* -ETXTBSY while it is being executed */
void put_write_access(struct inode *inode);

/* shrink.c: how many of `unused` cached objects to look at when nr pages are wanted. *rest keeps fractions from one call to the next. */
u32 vfs_shrink_share(u32 unused, u32 nr, u32 *rest);
int vfs_shrink_init(void);

/* super.c */
/* The super block of type t on dev (0: without a device), shared if it is mounted already; one active reference; mount_lock held. ERR_PTR. */
struct super_block *get_super(struct file_system_type *t, kdev_t dev, const char *id, u32 flags, const char *options);
void deactivate_super(struct super_block *sb);
struct file_system_type *find_filesystem(const char *name);
#ifdef CONFIG_DEBUG
void tell_busy(struct mount *m); /* in the log: who keeps it from being unmounted; may sleep */
#else
static inline void tell_busy(struct mount *m) { }
#endif
int for_each_super(int (*fn)(struct super_block *sb, void *arg), void *arg); /* with an active reference around fn; may sleep */
int remount_super(struct super_block *sb, u32 flags, const char *options, bool force); /* force: to read-only although files are open for writing */
struct file_system_type *next_filesystem(struct file_system_type *t); /* NULL: first */

/* mount.c */
struct mount *mount_at_locked(const struct mount *parent, const struct dentry *d); /* dcache_lock held; no reference */
static inline void mntget(struct mount *m) { atomic_inc(&m->refs); }
void mntput(struct mount *m);
int mnt_want_write(struct mount *m);  /* -EROFS; pairs with mnt_drop_write */
void mnt_drop_write(struct mount *m);
static inline bool mnt_is_readonly(const struct mount *m) { return (m->flags & MNT_READONLY) || (m->sb->flags & SB_RDONLY); }
struct mount *kernel_mount(struct super_block *sb, const char *source); /* consumes the active reference; not in the tree. ERR_PTR */
void mount_init(void);
extern struct mount *root_mount;
int mount_root_device(struct file_system_type *t, kdev_t dev, const char *source, u32 flags);
void root_path(struct path *out); /* the root of the mount tree, with references; {NULL, NULL} before there is one */

/* file.c */
void file_init(void);
struct file *alloc_file(int flags);
void free_file_unopened(struct file *f);
int file_setup(struct file *f, const struct path *path, struct inode *inode, int flags);
struct mount *anon_mount(void);
void touch_atime_path(const struct path *p);

/* locks.c */
void locks_init(void);
void locks_remove_posix(struct file *f, void *owner);
void locks_remove_file(struct file *f);

/* pipe.c */
void pipe_init(void);
extern const struct file_operations fifo_fops;

/* attr.c */
int file_remove_privs(struct file *f); /* a write clears set-id bits; inode lock held */
int do_truncate(const struct path *p, loff_t size, bool opening); /* opening: O_TRUNC, times change in any case */

#endif
