/*
 * The path walk, for namei.c, open.c and whoever works on the last component. A walk begins borrowed: it holds dcache_lock and no
 * references, and goes over cached names in a few dozen instructions each. The first thing that may sleep (a name that is not cached, a
 * symbolic link, a permission that the file system decides) makes it take references and drop the lock; from there on it goes by references.
 */
#ifndef IO_VFS_WALK_H
#define IO_VFS_WALK_H

#include "io/vfs/internal.h"
#include "io/vfs/namei.h"

enum last_type { LAST_NORMAL, LAST_ROOT, LAST_DOT, LAST_DOTDOT };

struct walk {
	struct path path;        /* where it stands; with references once walk_path has returned 0 */
	bool borrowed;
	bool must_be_dir;        /* a trailing slash, or LOOKUP_DIRECTORY */
	u8 last_type;            /* LOOKUP_PARENT: what the last component is ... */
	struct name_part last;   /* ... and its name; points into the caller's string or buf */
	u32 flags, links;        /* LOOKUP_*; symbolic links followed so far */
	char *buf;               /* rest of the path after a symbolic link */
	struct path scope;       /* LOOKUP_SCOPED: where it began, with references; otherwise empty */
	struct inode *victim;    /* for do_rename_at */
};

/* Walk name from dfd. 0: w->path holds references, end with walk_end. An error: nothing is held. */
int walk_path(struct walk *w, int dfd, const char *name, u32 flags);
/* Follow the symbolic link d in w->path (a directory) as the last component, with w->flags. As walk_path. */
int walk_link(struct walk *w, struct dentry *d);
void walk_end(struct walk *w);
/* The dentry w->last in directory w->path; its lock is held. May be negative. ERR_PTR. */
struct dentry *walk_last_locked(struct walk *w);
/* Go over the mounts on top of p; references are exchanged. */
void follow_mounts(struct path *p);

/* namei.c */
umode_t apply_umask(umode_t mode);

/* permission.c */
int may_create(struct inode *dir, const struct dentry *d);
int may_delete(struct inode *dir, const struct dentry *d, bool is_dir);

#endif
