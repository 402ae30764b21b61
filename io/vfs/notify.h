/*
 * What happens to files, told to who watches their inodes (inotify). The VFS calls the functions below where things happen; as long as nobody
 * watches anything they are one comparison. Events carry the IN_* bits of inotify. Process context; no spinlock may be held.
 */
#ifndef IO_VFS_NOTIFY_H
#define IO_VFS_NOTIFY_H

#include "io/contract/filesystem.h"
#include "kernel/uapi/inotify.h"

/* One watch of one inode, part of its owner's structure. All is guarded by notify_lock; the callbacks run under it. */
struct inode_watch {
	struct inode_watch *next; /* of the same inode */
	struct inode *inode;      /* with a reference */
	u32 mask;                 /* events wanted, and IN_ONESHOT, IN_EXCL_UNLINK */
	void (*event)(struct inode_watch *w, u32 mask, u32 cookie, const char *name, u32 len); /* name NULL: the inode itself */
	void (*detached)(struct inode_watch *w); /* off its inode: the owner forgets it */
	void (*free)(struct inode_watch *w);     /* nobody knows it any more; no locks held, may sleep */
};
extern struct spinlock notify_lock; /* RANK_FILES */
extern u32 nr_inode_watches;

void inode_watch_add_locked(struct inode_watch *w, struct inode *inode); /* takes a reference of its own */
/* Take it off: `detached` is called now, `free` by inode_watch_reap(dead), once notify_lock is released. *dead starts as NULL. */
void inode_watch_detach_locked(struct inode_watch *w, struct inode_watch **dead);
void inode_watch_reap(struct inode_watch *dead);

void __notify_dentry(struct dentry *d, u32 mask);
void __notify_inode(struct inode *i, u32 mask, u32 cookie, const char *name, u32 len);
void __notify_inode_gone(struct inode *i);
void __notify_unmount(struct super_block *sb);
u32 notify_new_cookie(void); /* ties IN_MOVED_FROM to IN_MOVED_TO */

/* To the object and, with its name, to its directory. */
static inline void notify_dentry(struct dentry *d, u32 mask)
{
	if (unlikely(nr_inode_watches))
		__notify_dentry(d, mask);
}

static inline void notify_file(struct file *f, u32 mask) { notify_dentry(f->path.dentry, mask); }

/* To the inode alone. */
static inline void notify_inode(struct inode *i, u32 mask)
{
	if (unlikely(i->watches != NULL))
		__notify_inode(i, mask, 0, NULL, 0);
}

/* To the directory alone: something about one of its names. */
static inline void notify_name(struct inode *dir, u32 mask, const struct dentry *d, u32 cookie)
{
	if (unlikely(dir->watches != NULL))
		__notify_inode(dir, mask, cookie, d->name, d->len);
}

/* The last name of the inode is gone, and nobody has it open. */
static inline void notify_inode_gone(struct inode *i)
{
	if (unlikely(i->watches != NULL) && !i->nlink)
		__notify_inode_gone(i);
}

static inline void notify_unmount(struct super_block *sb)
{
	if (unlikely(nr_inode_watches))
		__notify_unmount(sb);
}

#endif
