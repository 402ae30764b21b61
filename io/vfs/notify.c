/* Watches of inodes and the delivery of events to them, see notify.h. One lock, because events are rare where somebody watches. */
#include "io/vfs/notify.h"
#include "io/vfs/internal.h"

DEFINE_SPINLOCK(notify_lock, RANK_FILES);
u32 nr_inode_watches;

u32 notify_new_cookie(void)
{
	static u32 last;

	return ++last ? last : ++last;
}

void inode_watch_add_locked(struct inode_watch *w, struct inode *inode)
{
	atomic_inc(&inode->refs); /* the caller has one */
	w->inode = inode;
	w->next = inode->watches;
	inode->watches = w;
	nr_inode_watches++;
}

void inode_watch_detach_locked(struct inode_watch *w, struct inode_watch **dead)
{
	struct inode_watch **at = &w->inode->watches;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	nr_inode_watches--;
	w->detached(w);
	w->next = *dead;
	*dead = w;
}

void inode_watch_reap(struct inode_watch *dead)
{
	while (dead) {
		struct inode_watch *w = dead;
		dead = w->next;
		iput(w->inode);
		w->free(w);
	}
}

/* Lock held. IN_IGNORED, and off. */
static void end_watch(struct inode_watch *w, struct inode_watch **dead)
{
	w->event(w, IN_IGNORED, 0, NULL, 0);
	inode_watch_detach_locked(w, dead);
}

/* Lock held. unlinked: the name leads nowhere any more. */
static void deliver(struct inode *i, u32 mask, u32 cookie, const char *name, u32 len, bool unlinked, struct inode_watch **dead)
{
	struct inode_watch *w, *next;

	for (w = i->watches; w; w = next) {
		next = w->next;
		if (!(w->mask & mask & (IN_ALL_EVENTS | IN_UNMOUNT)) || (unlinked && (w->mask & IN_EXCL_UNLINK)))
			continue;
		w->event(w, mask, cookie, name, len);
		if (w->mask & IN_ONESHOT)
			end_watch(w, dead);
	}
}

void __notify_inode(struct inode *i, u32 mask, u32 cookie, const char *name, u32 len)
{
	struct inode_watch *dead = NULL;

	if (!name && S_ISDIR(i->mode) && !(mask & (IN_DELETE_SELF | IN_MOVE_SELF)))
		mask |= IN_ISDIR;
	spin_lock(&notify_lock);
	deliver(i, mask, cookie, name, len, false, &dead);
	spin_unlock(&notify_lock);
	inode_watch_reap(dead);
}

void __notify_dentry(struct dentry *d, u32 mask)
{
	struct inode *inode = d->inode, *dir = d->parent->inode;
	struct inode_watch *dead = NULL;

	if (!inode || (!inode->watches && (!dir || !dir->watches)))
		return;
	if (S_ISDIR(inode->mode))
		mask |= IN_ISDIR;
	spin_lock(&notify_lock);
	spin_lock(&dcache_lock); /* a rename changes name and parent */
	dir = d->parent->inode;
	if (d->parent != d && dir)
		deliver(dir, mask, 0, d->name, d->len, !d_hashed(d), &dead);
	spin_unlock(&dcache_lock);
	deliver(inode, mask, 0, NULL, 0, false, &dead);
	spin_unlock(&notify_lock);
	inode_watch_reap(dead);
}

/* Tell all watches of an inode about its end. Lock held. */
static void end_all(struct inode *i, u32 mask, struct inode_watch **dead)
{
	while (i->watches) {
		struct inode_watch *w = i->watches;

		if (w->mask & mask)
			w->event(w, mask, 0, NULL, 0);
		end_watch(w, dead);
	}
}

void __notify_inode_gone(struct inode *i)
{
	struct inode_watch *dead = NULL;

	spin_lock(&notify_lock);
	end_all(i, IN_DELETE_SELF, &dead);
	spin_unlock(&notify_lock);
	inode_watch_reap(dead);
}

void __notify_unmount(struct super_block *sb)
{
	struct inode_watch *dead = NULL;
	struct inode *i;

	spin_lock(&notify_lock);
	spin_lock(&inode_lock);
	list_for_each_entry(i, &sb->inodes, sb_node)
		end_all(i, IN_UNMOUNT | (S_ISDIR(i->mode) ? IN_ISDIR : 0), &dead);
	spin_unlock(&inode_lock);
	spin_unlock(&notify_lock);
	inode_watch_reap(dead);
}
